/**
 * QEMU's main loop: one thread that runs file handlers and timers under the big lock (BQL).
 * Everything of the sound device happens here.
 *
 * Source: QEMU 10.0 util/main-loop.c (os_host_main_loop_wait), util/qemu-timer.c.
 */
import type { Machine } from '../../machine/machine.ts'
import { SleepLock } from '../../machine/sleep-lock.ts'
import type { TaskOptions } from '../../machine/task.ts'
import { EventLoop } from '../event-loop.ts'

export class MainLoop extends EventLoop {
  readonly bql: SleepLock

  constructor(host: Machine, name: string, task: TaskOptions = {}) {
    const lock = new SleepLock(host, 'BQL')
    super(host, { name, task, wakeCost: host.costs.main_loop_wake, lock })
    this.bql = lock
  }
}

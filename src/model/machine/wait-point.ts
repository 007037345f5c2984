/**
 * Where a thread of a plain machine (the host) sleeps: a flag and at most one waiter. A wake that
 * comes first is kept. Stands for eventfds, condition variables and poll() with a time-out.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import type { Context, Waitable } from './context.ts'
import type { Machine } from './machine.ts'
import { type Task, TaskState } from './task.ts'

export class WaitPoint implements Waitable {
  readonly machine: Machine
  readonly waitName: string
  signalled = false
  waiter: Task | null = null
  private readonly timer: Timer

  constructor(machine: Machine, name: string) {
    this.machine = machine
    this.waitName = name
    this.timer = machine.sim.timer(() => this.onTimeout(), Priority.clock)
  }

  waitOwner(): Context | null {
    return null
  }

  wake(): void {
    this.signalled = true
    if (this.waiter !== null) this.machine.wake(this.waiter)
  }

  /** For `waitUntil`. */
  armTimeout(atNs: Ns): void {
    this.timer.arm(atNs)
  }

  cancelTimeout(): void {
    this.timer.cancel()
  }

  private onTimeout(): void {
    if (this.waiter !== null) this.machine.wake(this.waiter)
  }
}

/** Sleeps until woken. */
export function* waitFor(point: WaitPoint): Proc {
  const task = point.machine.current.cpu.task
  while (!point.signalled) {
    point.waiter = task
    task.state = TaskState.INTERRUPTIBLE
    task.waitingOn = point
    yield Req.BLOCK
  }
  point.waiter = null
  point.signalled = false
}

/** Sleeps until woken or until `deadlineNs`; false if the time ran out. */
export function* waitUntil(point: WaitPoint, deadlineNs: Ns): Proc<boolean> {
  const { sim } = point.machine
  const task = point.machine.current.cpu.task
  while (!point.signalled && sim.now < deadlineNs) {
    point.waiter = task
    point.armTimeout(deadlineNs)
    task.state = TaskState.INTERRUPTIBLE
    task.waitingOn = point
    yield Req.BLOCK
  }
  point.waiter = null
  point.cancelTimeout()
  const { signalled } = point
  point.signalled = false
  return signalled
}

/**
 * QEMU's main loop: one thread that runs file handlers and timers under the big lock (BQL).
 * Everything of the sound device happens here. Times are ns of the virtual clock.
 *
 * Source: QEMU 10.0 util/main-loop.c (os_host_main_loop_wait), qemu-timer.c.
 */
import type { Ns } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import type { Machine } from '../../machine/machine.ts'
import { acquire, release, SleepLock, tryAcquire } from '../../machine/sleep-lock.ts'
import type { Task, TaskOptions } from '../../machine/task.ts'
import { WaitPoint, waitFor, waitUntil } from '../../machine/wait-point.ts'

/** Something that the loop calls under the BQL. */
export interface LoopHandler {
  handle(): Proc
}

/** A timer of the loop: expires once at `atNs`, in the loop's thread, when it gets round to it. */
export class LoopTimer {
  /** When it expires, -1 when not armed. */
  atNs: Ns = -1
  readonly handler: LoopHandler

  constructor(handler: LoopHandler) {
    this.handler = handler
  }

  /** Arms unless it expires earlier anyway. QEMU: timer_mod_anticipate_ns(). */
  anticipate(atNs: Ns): void {
    if (this.atNs < 0 || atNs < this.atNs) this.atNs = atNs
  }

  cancel(): void {
    this.atNs = -1
  }
}

export class MainLoop {
  readonly host: Machine
  readonly bql: SleepLock
  readonly task: Task
  private readonly point: WaitPoint
  private readonly handlers: LoopHandler[] = []
  private readonly ready: boolean[] = []
  private readonly timers: LoopTimer[] = []
  private readyCount = 0
  private waiting = false

  constructor(host: Machine, name: string, options: TaskOptions = {}) {
    this.host = host
    this.bql = new SleepLock(host, 'BQL')
    this.point = new WaitPoint(host, `${name}-poll`)
    this.task = host.spawn(name, 'host', () => this.run(), options)
  }

  /** Adds a handler; `signal` of the number returned makes the loop call it. */
  addHandler(handler: LoopHandler): number {
    this.ready.push(false)
    return this.handlers.push(handler) - 1
  }

  addTimer(handler: LoopHandler): LoopTimer {
    const timer = new LoopTimer(handler)
    this.timers.push(timer)
    return timer
  }

  /** The handler's file is readable. Plain; from any context. */
  signal(handler: number): void {
    if (this.ready[handler] === true) return
    this.ready[handler] = true
    this.readyCount++
    if (this.waiting) {
      this.waiting = false
      this.point.wake()
    }
  }

  private *run(): Proc {
    const { bql } = this
    if (!tryAcquire(bql)) yield* acquire(bql)
    for (;;) {
      const deadlineNs = this.deadlineNs()
      if (this.readyCount === 0 && this.host.sim.now < deadlineNs) yield* this.poll(deadlineNs)
      if (this.readyCount > 0) yield* this.dispatch()
      yield* this.runTimers()
    }
  }

  private deadlineNs(): Ns {
    let earliest = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.timers.length; i++) {
      const { atNs } = this.timers[i] as LoopTimer
      if (atNs >= 0 && atNs < earliest) earliest = atNs
    }
    return earliest
  }

  /** Sleeps without the BQL until a file or a timer wants attention. */
  private *poll(deadlineNs: Ns): Proc {
    const { host, bql, point } = this
    release(bql)
    this.waiting = true
    if (deadlineNs === Number.POSITIVE_INFINITY) yield* waitFor(point)
    else yield* waitUntil(point, deadlineNs)
    this.waiting = false
    if (!host.tryCharge(host.costs.main_loop_wake)) yield Req.CHARGE
    if (!tryAcquire(bql)) yield* acquire(bql)
  }

  /**
   * Newest handler first, as aio_dispatch_handlers() walks its list: rx, tx, event, control (the
   * captures show this order where all four are due).
   */
  private *dispatch(): Proc {
    const { ready, handlers } = this
    for (let i = handlers.length - 1; i >= 0; i--) {
      if (ready[i] !== true) continue
      // Cleared before the handler looks (event_notifier_test_and_clear): later kicks count anew.
      ready[i] = false
      this.readyCount--
      yield* (handlers[i] as LoopHandler).handle()
    }
  }

  private *runTimers(): Proc {
    for (let i = 0; i < this.timers.length; i++) {
      const timer = this.timers[i] as LoopTimer
      if (timer.atNs < 0 || timer.atNs > this.host.sim.now) continue
      timer.atNs = -1
      yield* timer.handler.handle()
    }
  }
}

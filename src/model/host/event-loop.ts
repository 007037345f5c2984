/**
 * A thread's event loop: waits for files and timers and calls their handlers, under a lock if it is
 * given one. QEMU's main loop and the threads of vhost-user daemons are such. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import type { Cost } from '../machine/cost.ts'
import type { Machine } from '../machine/machine.ts'
import { acquire, release, type SleepLock, tryAcquire } from '../machine/sleep-lock.ts'
import type { Task, TaskOptions } from '../machine/task.ts'
import { WaitPoint, waits, waitUntil } from '../machine/wait-point.ts'

/** Something that the loop calls. */
export interface LoopHandler {
  handle(): Proc
}

/** A timer of the loop: expires once at `atNs`, in the loop's thread, when it gets round to it. */
export class LoopTimer {
  /** When it expires, -1 when not armed. */
  atNs: Ns = -1
  /** While its clock stands still: how long it has still to go; -1: it is not armed or runs. */
  private leftNs: Ns = -1
  readonly handler: LoopHandler
  private readonly loop: EventLoop

  constructor(loop: EventLoop, handler: LoopHandler) {
    this.loop = loop
    this.handler = handler
  }

  /** Arms unless it expires earlier anyway. QEMU: timer_mod_anticipate_ns(). */
  anticipate(atNs: Ns): void {
    if (this.atNs >= 0 && atNs >= this.atNs) return
    this.atNs = atNs
    this.loop.rearm()
  }

  cancel(): void {
    this.atNs = -1
    this.leftNs = -1
  }

  /** Its clock stands still; what is left is kept. QEMU: QEMU_CLOCK_VIRTUAL of a stopped VM. */
  freeze(): void {
    if (this.atNs < 0) return
    const { now } = this.loop.host.sim
    this.leftNs = this.atNs > now ? this.atNs - now : 0
    this.atNs = -1
  }

  /** Its clock goes on. */
  thaw(): void {
    if (this.leftNs < 0) return
    const atNs = this.loop.host.sim.now + this.leftNs
    this.leftNs = -1
    this.anticipate(atNs)
  }
}

export interface LoopOptions {
  readonly name: string
  readonly task?: TaskOptions
  /** What a wake-up costs until the first handler runs. */
  readonly wakeCost: Cost
  /** Held except while waiting; QEMU's big lock. */
  readonly lock?: SleepLock
  /** What it waits for while no timer is set, and who alone can bring that; null: not one. */
  readonly awaits?: { readonly name: string; from(): Context | null }
}

export class EventLoop {
  readonly host: Machine
  readonly task: Task
  readonly lock: SleepLock | null
  private readonly wakeCost: Cost
  private readonly point: WaitPoint
  private readonly handlers: LoopHandler[] = []
  private readonly ready: boolean[] = []
  private readonly timers: LoopTimer[] = []
  private readyCount = 0
  private waiting = false
  private stalledUntilNs: Ns = 0
  private readonly stallPoint: WaitPoint

  constructor(host: Machine, options: LoopOptions) {
    this.host = host
    this.lock = options.lock ?? null
    this.wakeCost = options.wakeCost
    const { awaits } = options
    this.point = new WaitPoint(host, awaits?.name ?? `${options.name}-poll`, () => {
      return this.deadlineNs() === Number.POSITIVE_INFINITY ? (awaits?.from() ?? null) : null
    })
    this.stallPoint = new WaitPoint(host, `${options.name}-stall`)
    this.task = host.spawn(options.name, 'host', () => this.run(), options.task)
  }

  /** Adds a handler; `signal` of the number returned makes the loop call it. */
  addHandler(handler: LoopHandler): number {
    this.ready.push(false)
    return this.handlers.push(handler) - 1
  }

  addTimer(handler: LoopHandler): LoopTimer {
    const timer = new LoopTimer(this, handler)
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

  /** Another thread has set a timer: the poll has to end earlier. QEMU: timerlist_rearm(). */
  rearm(): void {
    if (!this.waiting) return
    this.waiting = false
    this.point.wake()
  }

  /** The thread handles nothing until then: it sits in a call, with the loop's lock. */
  stall(untilNs: Ns): void {
    this.stalledUntilNs = untilNs
  }

  private *sitOut(): Proc {
    while (this.host.sim.now < this.stalledUntilNs) {
      yield* waitUntil(this.stallPoint, this.stalledUntilNs)
    }
  }

  /** Runs a handler in another thread, under the loop's lock. QEMU: virtio_queue_notify(). */
  *callNow(handler: number): Proc {
    const { lock } = this
    if (lock !== null && !tryAcquire(lock)) yield* acquire(lock)
    yield* (this.handlers[handler] as LoopHandler).handle()
    if (lock !== null) release(lock)
  }

  /** The loop stands in one generator: what it calls in turn would be made anew at every round. */
  private *run(): Proc {
    const { host, lock, point } = this
    if (lock !== null && !tryAcquire(lock)) yield* acquire(lock)
    for (;;) {
      const deadlineNs = this.deadlineNs()
      if (this.readyCount === 0 && host.sim.now < deadlineNs) {
        // Sleeps without the lock until a file or a timer wants attention.
        if (lock !== null) release(lock)
        this.waiting = true
        while (waits(point, deadlineNs)) yield Req.BLOCK
        this.waiting = false
        if (!host.tryCharge(this.wakeCost)) yield Req.CHARGE
        if (lock !== null && !tryAcquire(lock)) yield* acquire(lock)
      }
      if (host.sim.now < this.stalledUntilNs) yield* this.sitOut()
      for (let i = this.handlers.length - 1; i >= 0 && this.readyCount > 0; i--) {
        if (this.takeReady(i)) yield* (this.handlers[i] as LoopHandler).handle()
      }
      for (let i = 0; i < this.timers.length; i++) {
        const timer = this.timers[i] as LoopTimer
        if (this.takeExpired(timer)) yield* timer.handler.handle()
      }
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

  /**
   * Handlers are asked newest first, as aio_dispatch_handlers() walks its list: rx, tx, event,
   * control (the captures show this order where all four are due).
   */
  private takeReady(handler: number): boolean {
    if (this.ready[handler] !== true) return false
    // Cleared before the handler looks (event_notifier_test_and_clear): later kicks count anew.
    this.ready[handler] = false
    this.readyCount--
    return true
  }

  private takeExpired(timer: LoopTimer): boolean {
    if (timer.atNs < 0 || timer.atNs > this.host.sim.now) return false
    timer.atNs = -1
    return true
  }
}

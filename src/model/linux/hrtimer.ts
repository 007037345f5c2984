/**
 * High-resolution timers: sleeps, and timers of drivers. Fair tasks get 50 us of slack, realtime
 * tasks none. Kernel: kernel/time/hrtimer.c, 6.1. Differs: only drivers' timers take the
 * lock of a processor's timers; hrtimer_cancel() spins on PREEMPT_RT too, where the kernel sleeps
 * on softirq_expiry_lock; hang detection is left out.
 */
import { Slot } from '../../base/slot.ts'
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { ClockTimer } from '../machine/clock-event.ts'
import type { Context, Waitable } from '../machine/context.ts'
import type { Cpu } from '../machine/cpu.ts'
import { TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import type { Kernel } from './kernel.ts'
import { currentTask } from './preempt.ts'
import { HRTIMER_SOFTIRQ } from './softirq.ts'
import {
  type IrqFlags,
  raw_spin_lock_init,
  type SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from './spinlock.ts'

/** Default timer_slack_ns of a fair task. */
export const TIMER_SLACK_NS = 50_000

/** Sleeps until `atNs` (plus slack) or a wake-up; true if the time ran out. */
export function* sleepUntil(k: Kernel, atNs: Ns, interruptible = true): Proc<boolean> {
  const task = currentTask(k)
  const clock = k.clockEvents[task.cpu.index] as (typeof k.clockEvents)[number]
  let expired = false
  const timer = new ClockTimer(task.cpu, () => {
    expired = true
    k.wake(task)
  })
  task.state = interruptible ? TaskState.INTERRUPTIBLE : TaskState.UNINTERRUPTIBLE
  if (atNs <= k.sim.now) {
    task.state = TaskState.RUNNING
    return true
  }
  clock.start(timer, atNs, task.isRealtime ? 0 : TIMER_SLACK_NS)
  yield Req.BLOCK
  clock.cancel(timer)
  return expired
}

/**
 * How the function of a timer is called. Today `unlocked`: in hardirq context with the lock of the
 * processor's timers let go. `irqsafe`: with that lock held, as in 2.6.27 (HRTIMER_CB_IRQSAFE).
 * `softirq`: from HRTIMER_SOFTIRQ, interrupts on (HRTIMER_CB_SOFTIRQ then,
 * HRTIMER_MODE_SOFT now; on PREEMPT_RT also where nothing is said).
 */
export type HrtimerCallback = 'unlocked' | 'irqsafe' | 'softirq'

/** A driver's timer. Kernel: struct hrtimer. */
export class Hrtimer implements Waitable {
  readonly k: Kernel
  readonly mode: HrtimerCallback
  /** Returns whether the timer goes on, at `expires`. */
  readonly fn: () => Proc<boolean>
  /** When it is due. */
  expires: Ns = 0
  /** Processor on whose timers it is, or was last. */
  base: HrtimerBase
  queued = false
  /** Where its function runs. Kernel: base->running. */
  running: Context | null = null
  readonly waiters: Context[] = []
  /** Kernel: HRTIMER_STATE_PENDING, to be called by the softirq. */
  pending = false
  private readonly clocks: readonly ClockTimer[]

  /** Kernel: hrtimer_init() and the function. */
  constructor(k: Kernel, mode: HrtimerCallback, fn: () => Proc<boolean>) {
    this.k = k
    this.mode = mode === 'unlocked' && k.config.preempt === 'rt' ? 'softirq' : mode
    this.fn = fn
    const bases = hrtimer_bases.of(k)
    this.base = bases[0] as HrtimerBase
    this.clocks = k.cpus.map((cpu) => {
      const handler = () => this.interrupt(bases[cpu.index] as HrtimerBase)
      const clock = new ClockTimer(cpu, () => {})
      clock.handler = handler
      return clock
    })
  }

  get waitName(): string {
    return 'hrtimer'
  }

  waitOwner(): Context | null {
    return this.running
  }

  /** Kernel: enqueue_hrtimer(). Context: base lock held. */
  enqueue(): void {
    const { now } = this.k.sim
    this.queued = true
    const { index } = this.base.cpu
    const event = this.k.clockEvents[index] as (typeof this.k.clockEvents)[number]
    event.start(this.clocks[index] as ClockTimer, this.expires < now ? now : this.expires, 0)
  }

  /** Kernel: remove_hrtimer(). Context: base lock held. */
  dequeue(): boolean {
    const { index } = this.base.cpu
    const event = this.k.clockEvents[index] as (typeof this.k.clockEvents)[number]
    event.cancel(this.clocks[index] as ClockTimer)
    const was = this.queued || this.pending
    this.queued = false
    this.pending = false
    return was
  }

  /** In the timer interrupt. Kernel: the body of __hrtimer_run_queues(). Context: hardirq. */
  private *interrupt(base: HrtimerBase): Proc {
    yield* spin_lock(base.lock)
    const clock = this.clocks[base.cpu.index] as ClockTimer
    if (base !== this.base || !this.queued || clock.armed) {
      // Taken off, moved or started anew before the interrupt had the lock.
      yield* spin_unlock(base.lock)
      return
    }
    this.queued = false
    if (this.mode === 'softirq') {
      this.pending = true
      base.expired.push(this)
      this.k.softirqs.raise(base.cpu, HRTIMER_SOFTIRQ)
    } else yield* this.call(this.mode === 'irqsafe')
    yield* spin_unlock(base.lock)
  }

  /** Kernel: __run_hrtimer(). Context: base lock held. */
  *call(locked: boolean): Proc {
    const { base } = this
    const { irqsOff } = this.k.current.cpu
    this.running = this.k.current
    if (!locked) yield* spin_unlock_irqrestore(base.lock, this.mode === 'softirq' ? false : irqsOff)
    const restart = yield* this.fn()
    if (!locked) yield* spin_lock_irq(base.lock)
    if (restart && !this.queued) this.enqueue()
    this.running = null
    for (const waiter of this.waiters.splice(0)) {
      waiter.waitingOn = null
      waiter.cpu.granted(waiter)
    }
  }
}

/** The timers of a processor. Kernel: struct hrtimer_cpu_base. */
class HrtimerBase {
  readonly cpu: Cpu
  readonly lock: SpinlockT
  /** Due, and left to the softirq. */
  readonly expired: Hrtimer[] = []

  constructor(k: Kernel, cpu: Cpu) {
    this.cpu = cpu
    this.lock = raw_spin_lock_init(k, 'hrtimer_bases.lock', `hrtimer_bases.lock/${cpu.index}`)
  }
}

const hrtimer_bases = new Slot<Kernel, readonly HrtimerBase[]>((k) => {
  const all = k.cpus.map((cpu) => new HrtimerBase(k, cpu))
  k.softirqs.open(HRTIMER_SOFTIRQ, (cpu) => hrtimer_run_softirq(all[cpu.index]))
  return all
})

/** Kernel: hrtimer_run_softirq(). */
function* hrtimer_run_softirq(base: HrtimerBase | undefined): Proc {
  if (base === undefined) return
  yield* spin_lock_irq(base.lock)
  for (let timer = base.expired.shift(); timer !== undefined; timer = base.expired.shift()) {
    if (!timer.pending) continue
    timer.pending = false
    yield* timer.call(false)
  }
  yield* spin_unlock_irq(base.lock)
}

/**
 * Starts it, in `ns` from now, on this processor; while its function runs it stays where that is.
 *
 * Kernel: hrtimer_start(HRTIMER_MODE_REL). Context: any. Locks: that of the processor's timers.
 */
export function* hrtimer_start(timer: Hrtimer, ns: Ns): Proc {
  const { k } = timer
  const flags = yield* lock_hrtimer_base(timer)
  timer.dequeue()
  timer.expires = k.sim.now + ns
  const here = hrtimer_bases.of(k)[k.current.cpu.index] as HrtimerBase
  const { base } = timer
  if (timer.running === null && here !== base) {
    yield* spin_unlock(base.lock)
    yield* spin_lock(here.lock)
    timer.base = here
  }
  timer.enqueue()
  yield* spin_unlock_irqrestore(timer.base.lock, flags)
}

/** Kernel: lock_hrtimer_base(): it may move to another processor meanwhile. */
function* lock_hrtimer_base(timer: Hrtimer): Proc<IrqFlags> {
  for (;;) {
    const { base } = timer
    const flags = yield* spin_lock_irqsave(base.lock)
    if (base === timer.base) return flags
    yield* spin_unlock_irqrestore(base.lock, flags)
  }
}

/** Moves it on past `now`, by whole intervals. Kernel: hrtimer_forward(). Context: its function. */
export function hrtimer_forward(timer: Hrtimer, now: Ns, interval: Ns): void {
  const late = now - timer.expires
  if (late < 0) return
  timer.expires += (Math.floor(late / interval) + 1) * interval
}

/**
 * Takes it off, and waits while its function runs.
 *
 * Kernel: hrtimer_cancel(). Context: without a lock that the function takes. Return: it was active.
 */
export function* hrtimer_cancel(timer: Hrtimer): Proc<boolean> {
  for (;;) {
    const flags = yield* lock_hrtimer_base(timer)
    const { running } = timer
    const was = running === null && timer.dequeue()
    yield* spin_unlock_irqrestore(timer.base.lock, flags)
    if (running === null) return was
    const { current } = timer.k
    if (timer.running === null) continue
    timer.waiters.push(current)
    current.waitingOn = timer
    checkWaitCycle(current)
    current.spinning = true
    yield Req.SPIN
  }
}

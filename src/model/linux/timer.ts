/**
 * The timer wheel: timers in jiffies, run in the timer softirq. Expiry is rounded up to the
 * granularity of the wheel's level: exact below 64 jiffies, then 8, 64, 512 ... A level adds one
 * granule so that no timer fires early, at level 0 too: a timer for n jiffies fires between n and
 * n + 1 ticks after it was started (calc_index() since 5.9; the captured write timeouts of 25
 * jiffies, 102 to 104 ms at HZ=250, agree).
 *
 * Kernel: kernel/time/timer.c (LVL_CLK_SHIFT 3, LVL_BITS 6), 6.1. Differs: one list instead of
 * buckets; run order within a jiffy is by expiry, then by start.
 */
import { removeAt } from '../../base/arrays.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { ClockTimer } from '../machine/clock-event.ts'
import type { Context, Waitable } from '../machine/context.ts'
import type { Cpu } from '../machine/cpu.ts'
import { Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import type { Kernel } from './kernel.ts'
import { LockMap } from './lock-base.ts'
import { local_irq_restore, local_irq_save } from './preempt.ts'
import { TIMER_SOFTIRQ } from './softirq.ts'

const LVL_CLK_SHIFT = 3
const LVL_SIZE = 64
const LVL_DEPTH = 9

/** Kernel: struct timer_list. */
export class TimerList implements Waitable {
  /** Of its records; 0 until it is started in a run that records accesses. */
  id = 0
  /** Jiffies of the wheel's bucket; -1 while not pending. */
  bucket = -1
  /** Jiffies asked for. */
  expires = 0
  readonly fn: () => Proc
  /** Lockdep map; null for one on a stack, which nobody waits for. */
  readonly map: LockMap | null
  /** Where its function runs now. Kernel: base->running_timer. */
  running: Context | null = null
  /** Those that wait until it has ended. */
  readonly waiters: Context[] = []

  constructor(fn: () => Proc, map: LockMap | null = null) {
    this.fn = fn
    this.map = map
  }

  get pending(): boolean {
    return this.bucket >= 0
  }

  get waitName(): string {
    return this.map?.className ?? 'timer'
  }

  waitOwner(): Context | null {
    return this.running
  }
}

/** A driver's timer. Kernel: timer_setup(); `className` is its first argument. */
export function timer_setup(k: Kernel, className: string, fn: () => Proc): TimerList {
  return new TimerList(fn, k.timers.mapOf(`(${className})`))
}

/** Jiffies at which a timer for `expires`, started at `clk`, fires. Kernel: calc_wheel_index(). */
export function wheelExpiry(expires: number, clk: number): number {
  const delta = expires - clk
  if (delta < 0) return clk
  let shift = 0
  for (let level = 1; level < LVL_DEPTH; level++) {
    // LVL_START(n): (LVL_SIZE - 1) << ((n - 1) * LVL_CLK_SHIFT)
    if (delta < (LVL_SIZE - 1) * 2 ** ((level - 1) * LVL_CLK_SHIFT)) break
    shift = level * LVL_CLK_SHIFT
  }
  const granule = 2 ** shift
  return (Math.floor(expires / granule) + 1) * granule
}

export class TimerBase {
  private readonly kernel: Kernel
  /** Pending timers of each processor, by bucket, then by start. */
  private readonly lists: TimerList[][]
  private readonly idleWake: ClockTimer[]
  private readonly maps = new Map<string, LockMap>()
  private lastId = 0

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.lists = kernel.cpus.map(() => [])
    this.idleWake = kernel.cpus.map((cpu) => new ClockTimer(cpu, () => {}))
  }

  /** The lockdep map of a class, made on first use. */
  mapOf(className: string): LockMap {
    let map = this.maps.get(className)
    if (map === undefined) {
      map = new LockMap(this.kernel, className)
      this.maps.set(className, map)
    }
    return map
  }

  /** Kernel: mod_timer(). */
  mod_timer(timer: TimerList, expires: number): void {
    this.timer_delete(timer)
    const cpu = this.kernel.current.cpu
    timer.expires = expires
    timer.bucket = wheelExpiry(expires, this.kernel.jiffies)
    if (this.kernel.sim.trace.accesses) this.recordStart(timer)
    const list = this.listOf(cpu)
    let at = list.length
    while (at > 0 && (list[at - 1] as TimerList).bucket > timer.bucket) at--
    list.splice(at, 0, timer)
    // From an interrupt of an idle processor, whose tick has stopped. Kernel: tick_nohz_irq_exit().
    if (cpu.isIdle) this.programIdle(cpu)
  }

  /** Kernel: timer_delete(); true if it was pending. */
  timer_delete(timer: TimerList): boolean {
    if (!timer.pending) return false
    timer.bucket = -1
    for (let i = 0; i < this.lists.length; i++) {
      const list = this.lists[i] as TimerList[]
      const at = list.indexOf(timer)
      if (at >= 0) removeAt(list, at)
    }
    return true
  }

  /**
   * As timer_delete(), and waits while the function runs on another processor; from the function
   * itself for ever. True if it was pending then.
   *
   * Kernel: timer_delete_sync(), del_timer_sync() in 6.1. Context: no lock held that the function
   * takes, and not hardirq. On PREEMPT_RT it sleeps (del_timer_wait_running()), elsewhere it spins.
   */
  *timer_delete_sync(timer: TimerList): Proc<boolean> {
    // For lockdep only, with interrupts off, because the function takes the map in a softirq.
    const flags = local_irq_save(this.kernel)
    timer.map?.acquire()
    timer.map?.release()
    yield* local_irq_restore(this.kernel, flags)
    while (timer.running !== null) {
      const { current } = this.kernel
      timer.waiters.push(current)
      current.waitingOn = timer
      checkWaitCycle(current)
      if (this.kernel.config.preempt === 'rt' && current instanceof Task) {
        current.state = TaskState.UNINTERRUPTIBLE
        yield Req.BLOCK
      } else {
        current.spinning = true
        yield Req.SPIN
      }
    }
    return this.timer_delete(timer)
  }

  /** In the timer interrupt: asks for the softirq if something is due. */
  checkExpired(cpu: Cpu): void {
    const first = this.listOf(cpu)[0]
    if (first !== undefined && first.bucket <= this.kernel.jiffies) {
      this.kernel.softirqs.raise(cpu, TIMER_SOFTIRQ)
    }
  }

  /** The tick stops: the clock event is programmed for the next timer instead. */
  programIdle(cpu: Cpu): void {
    const wake = this.idleWake[cpu.index] as ClockTimer
    const clock = this.kernel.clockEvents[cpu.index] as (typeof this.kernel.clockEvents)[number]
    const first = this.listOf(cpu)[0]
    if (first === undefined) {
      clock.cancel(wake)
      return
    }
    const atNs = this.kernel.jiffiesToNs(first.bucket)
    const { now } = this.kernel.sim
    if (!wake.armed || wake.hardNs !== atNs) clock.start(wake, atNs > now ? atNs : now, 0)
  }

  *run_timer_softirq(cpu: Cpu): Proc {
    const list = this.listOf(cpu)
    for (;;) {
      const first = list[0]
      if (first === undefined || first.bucket > this.kernel.jiffies) return
      list.shift()
      first.bucket = -1
      if (this.kernel.sim.trace.accesses) this.kernel.emit(T.timer_expire, first.id)
      if (first.map === null) yield* first.fn()
      else yield* this.call_timer_fn(first, first.map)
      yield Req.POINT
    }
  }

  /** Kernel: call_timer_fn(). The function may free the timer, not its map. */
  private *call_timer_fn(timer: TimerList, map: LockMap): Proc {
    timer.running = this.kernel.current
    map.acquire()
    yield* timer.fn()
    map.release()
    timer.running = null
    for (const waiter of timer.waiters.splice(0)) {
      waiter.waitingOn = null
      if (waiter.spinning) waiter.cpu.granted(waiter)
      else if (waiter instanceof Task) this.kernel.wake(waiter)
    }
  }

  private recordStart(timer: TimerList): void {
    if (timer.id === 0) timer.id = ++this.lastId
    this.kernel.emit(T.timer_start, timer.id, timer.expires)
  }

  private listOf(cpu: Cpu): TimerList[] {
    return this.lists[cpu.index] as TimerList[]
  }
}

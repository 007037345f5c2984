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
import type { Cpu } from '../machine/cpu.ts'
import type { Kernel } from './kernel.ts'
import { TIMER_SOFTIRQ } from './softirq.ts'

const LVL_CLK_SHIFT = 3
const LVL_SIZE = 64
const LVL_DEPTH = 9

/** Kernel: struct timer_list. */
export class TimerList {
  /** Of its records; 0 until it is started in a run that records accesses. */
  id = 0
  /** Jiffies of the wheel's bucket; -1 while not pending. */
  bucket = -1
  /** Jiffies asked for. */
  expires = 0
  readonly fn: () => Proc

  constructor(fn: () => Proc) {
    this.fn = fn
  }

  get pending(): boolean {
    return this.bucket >= 0
  }
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
  private lastId = 0

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.lists = kernel.cpus.map(() => [])
    this.idleWake = kernel.cpus.map((cpu) => new ClockTimer(cpu, () => {}))
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
      yield* first.fn()
      yield Req.POINT
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

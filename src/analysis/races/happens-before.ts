/**
 * What puts the pasts of contexts in order, of the records that say so: locks (completions and wait
 * queues have theirs), wake-ups, work items and flushes, timers, interrupts and their handlers, the
 * two halves of a virtqueue and of a Xen ring. Work item maps and RCU readers are no locks in this
 * sense. Queueing an item that is pending orders as queueing does.
 *
 * On one processor a section with interrupts off and a handler follow each other: there the
 * disabling is a lock between the two. It is seen where a lock is taken with interrupts off, until
 * that lock is given back. The same with soft interrupts. Handlers of different lines of one
 * processor follow each other too, but only by chance in this order, so that counts for nothing.
 * Kernel: Documentation/memory-barriers.txt; queue_work_on() on what it guarantees.
 */
import {
  LOCK_HARDIRQS_OFF,
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_READ_MASK,
  LOCK_SOFTIRQS_OFF,
} from '../../sim/lock-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { PerSymbol } from '../fold.ts'
import { Clocks } from './vector-clock.ts'

export const orderingKinds: readonly number[] = [
  T.lock_acquire,
  T.lock_acquired,
  T.lock_release,
  T.sched_waking,
  T.workqueue_queue_work,
  T.work_pending,
  T.workqueue_execute_start,
  T.irq_raise,
  T.irq_handler_entry,
  T.irq_handler_exit,
  T.softirq_entry,
  T.softirq_exit,
  T.workqueue_execute_end,
  T.work_flush,
  T.timer_start,
  T.timer_expire,
  T.virtqueue_add,
  T.virtqueue_pop,
  T.virtqueue_push,
  T.virtqueue_get_buf,
  T.xensnd_request,
  T.xensnd_serve,
]

export interface HeldLock {
  readonly lock: number
  readonly read: boolean
  readonly cpu: number
  /** Interrupts of that processor that cannot begin while it is held. */
  readonly shuts: readonly string[]
}

const NO_LOCKS: readonly string[] = ['map', 'rcu', 'rcu_bh', 'rcu_sched']

const RELEASES: ReadonlyMap<number, string> = new Map([
  [T.workqueue_queue_work, 'work'],
  [T.work_pending, 'work'],
  [T.workqueue_execute_end, 'worked'],
  [T.timer_start, 'timer'],
  [T.irq_raise, 'irq'],
  [T.virtqueue_add, 'avail'],
  [T.virtqueue_push, 'used'],
  [T.xensnd_request, 'xensnd'],
])
const ACQUIRES: ReadonlyMap<number, string> = new Map([
  [T.workqueue_execute_start, 'work'],
  [T.work_flush, 'worked'],
  [T.timer_expire, 'timer'],
  [T.virtqueue_pop, 'avail'],
  [T.virtqueue_get_buf, 'used'],
  [T.xensnd_serve, 'xensnd'],
])

/** Which interrupts of its processor cannot begin while a lock taken so is held. */
function shutsOf(flags: number): readonly string[] {
  const hard = (flags & LOCK_HARDIRQS_OFF) !== 0 && (flags & LOCK_IN_HARDIRQ) === 0
  const soft = (flags & (LOCK_IN_SOFTIRQ | LOCK_IN_HARDIRQ)) === 0
  if (hard) return soft ? HARD_AND_SOFT : HARD
  return soft && (flags & LOCK_SOFTIRQS_OFF) !== 0 ? SOFT : NONE
}

const NONE: readonly string[] = []
const HARD = ['hardirqs']
const SOFT = ['softirqs']
const HARD_AND_SOFT = [...HARD, ...SOFT]

export class HappensBefore {
  readonly clocks = new Clocks()
  readonly held = new PerSymbol<HeldLock[]>(() => [], 'context')
  private readonly isLock: PerSymbol<boolean>

  constructor(symbols: Symbols) {
    this.isLock = new PerSymbol(
      (id) => !NO_LOCKS.includes(symbols.entry('lock', id).kind ?? 'map'),
      'lock',
    )
  }

  record(r: TraceRecord): void {
    const { kind, context, a } = r
    if (kind === T.lock_acquire) this.take(r)
    else if (kind === T.lock_acquired) this.enter(context, a)
    else if (kind === T.lock_release) this.give(context, a)
    else if (kind === T.sched_waking) this.clocks.hand(context, a)
    else if (kind === T.irq_handler_entry || kind === T.softirq_entry) this.interrupt(r)
    else if (kind === T.irq_handler_exit || kind === T.softirq_exit) this.interruptEnd(r)
    else this.carry(r)
  }

  /** What one context leaves for whoever takes it up. */
  private carry({ kind, context, a, b }: TraceRecord): void {
    const released = RELEASES.get(kind)
    const acquired = ACQUIRES.get(kind)
    const id = kind === T.xensnd_request || kind === T.xensnd_serve ? b : a
    if (released !== undefined) this.clocks.release(context, `${released} ${id}`)
    if (acquired !== undefined) this.clocks.acquire(context, `${acquired} ${id}`)
  }

  private interrupt({ kind, context, cpu, a }: TraceRecord): void {
    const { clocks } = this
    const isSoft = kind === T.softirq_entry
    clocks.acquire(context, `hardirqs off ${cpu}`)
    if (isSoft) {
      clocks.acquire(context, `softirqs off ${cpu}`)
      clocks.acquire(context, `hardirqs ${cpu}`)
    } else clocks.acquire(context, `irq ${a}`)
  }

  private interruptEnd({ kind, context, cpu, a }: TraceRecord): void {
    const isSoft = kind === T.softirq_exit
    this.clocks.release(context, isSoft ? `softirqs ${cpu}` : `hardirqs ${cpu}`)
    if (!isSoft) this.clocks.release(context, `irq ${a}`)
  }

  /** Of a lock that is not free this is too early, but what it acquires then is past as well. */
  private take({ context, cpu, a: lock, b: flags }: TraceRecord): void {
    const read = (flags & LOCK_READ_MASK) !== 0
    const shuts = shutsOf(flags)
    this.held.get(context).push({ lock, read, cpu, shuts })
    for (const what of shuts) this.clocks.acquire(context, `${what} ${cpu}`)
    this.join(context, lock, read)
  }

  /** A reader comes after the writers only. */
  private join(context: number, lock: number, read: boolean): void {
    if (!this.isLock.get(lock)) return
    this.clocks.acquire(context, `written ${lock}`)
    if (!read) this.clocks.acquire(context, `read ${lock}`)
  }

  private enter(context: number, lock: number): void {
    const one = this.held.get(context).findLast((other) => other.lock === lock)
    this.join(context, lock, one?.read ?? false)
  }

  private give(context: number, lock: number): void {
    const held = this.held.get(context)
    const at = held.findLastIndex((one) => one.lock === lock)
    const { read = false, cpu = 0, shuts = [] } = held[at] ?? {}
    if (at >= 0) held.splice(at, 1)
    for (const what of shuts) this.clocks.release(context, `${what} off ${cpu}`)
    if (this.isLock.get(lock)) this.clocks.release(context, `${read ? 'read' : 'written'} ${lock}`)
  }
}

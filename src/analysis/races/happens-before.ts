/**
 * What puts the pasts of contexts in order, of the records that say so: locks, wake-ups, work
 * items, interrupts and their handlers, the two halves of a virtqueue and of a Xen
 * ring. Work item maps and RCU
 * readers are no locks in this sense. Queueing an item that is pending orders as queueing does.
 * Differs from a kernel: a timer does not carry the past of whoever armed it to its handler.
 * Kernel: Documentation/memory-barriers.txt; queue_work_on() on what it guarantees.
 */
import { LOCK_READ_MASK } from '../../sim/lock-flags.ts'
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
}

const NO_LOCKS: readonly string[] = ['map', 'rcu', 'rcu_bh', 'rcu_sched']

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
    const { clocks } = this
    const { kind, context, a } = r
    if (kind === T.lock_acquire) this.take(context, a, (r.b & LOCK_READ_MASK) !== 0)
    else if (kind === T.lock_acquired) this.enter(context, a)
    else if (kind === T.lock_release) this.give(context, a)
    else if (kind === T.sched_waking) clocks.hand(context, a)
    else if (kind === T.workqueue_queue_work || kind === T.work_pending)
      clocks.release(context, `work ${a}`)
    else if (kind === T.workqueue_execute_start) clocks.acquire(context, `work ${a}`)
    else if (kind === T.irq_raise || kind === T.irq_handler_exit)
      clocks.release(context, `irq ${a}`)
    else if (kind === T.irq_handler_entry) clocks.acquire(context, `irq ${a}`)
    else if (kind === T.virtqueue_add) clocks.release(context, `avail ${a}`)
    else if (kind === T.virtqueue_pop) clocks.acquire(context, `avail ${a}`)
    else if (kind === T.virtqueue_push) clocks.release(context, `used ${a}`)
    else if (kind === T.virtqueue_get_buf) clocks.acquire(context, `used ${a}`)
    else if (kind === T.xensnd_request) clocks.release(context, `xensnd ${r.b}`)
    else if (kind === T.xensnd_serve) clocks.acquire(context, `xensnd ${r.b}`)
  }

  /** Of a lock that is not free this is too early, but what it acquires then is past as well. */
  private take(context: number, lock: number, read: boolean): void {
    this.held.get(context).push({ lock, read })
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
    const read = held[at]?.read ?? false
    if (at >= 0) held.splice(at, 1)
    if (this.isLock.get(lock)) this.clocks.release(context, `${read ? 'read' : 'written'} ${lock}`)
  }
}

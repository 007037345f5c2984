/**
 * rwlock_t: spinning readers and writers; readers in interrupts may recurse even while a writer
 * waits, other readers queue behind it (queued rwlocks). Kernel: kernel/locking/qrwlock.c, 6.1.
 * Differs: on PREEMPT_RT it spins as well; there it should sleep.
 */
import { LOCK_READ, LOCK_READ_RECURSIVE } from '../../sim/lock-flags.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { warnUnlockImbalance } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import { LockBase } from './lock-base.ts'
import { local_irq_restore, local_irq_save } from './preempt.ts'
import type { IrqFlags } from './spinlock.ts'

interface RwSpinner {
  readonly context: Context
  readonly write: boolean
}

export class RwLock extends LockBase {
  writer: Context | null = null
  readonly readers: Context[] = []
  readonly queue: RwSpinner[] = []

  /** Kernel: rwlock_init(). */
  constructor(k: Kernel, className: string, instanceName?: string) {
    super(k, 'rwlock', className, instanceName)
  }

  waitOwner(): Context | null {
    return this.writer ?? this.readers[0] ?? null
  }
}

export function read_lock(lock: RwLock): Proc {
  return acquire(lock, false)
}

export function write_lock(lock: RwLock): Proc {
  return acquire(lock, true)
}

export function* read_lock_irqsave(lock: RwLock): Proc<IrqFlags> {
  const flags = local_irq_save(lock.k)
  yield* acquire(lock, false)
  return flags
}

export function* read_unlock_irqrestore(lock: RwLock, flags: IrqFlags): Proc {
  yield* read_unlock(lock)
  yield* local_irq_restore(lock.k, flags)
}

export function* write_lock_irqsave(lock: RwLock): Proc<IrqFlags> {
  const flags = local_irq_save(lock.k)
  yield* acquire(lock, true)
  return flags
}

export function* write_unlock_irqrestore(lock: RwLock, flags: IrqFlags): Proc {
  yield* write_unlock(lock)
  yield* local_irq_restore(lock.k, flags)
}

export function* write_lock_irq(lock: RwLock): Proc {
  local_irq_save(lock.k)
  yield* acquire(lock, true)
}

/** Unconditionally turns interrupts on. */
export function write_unlock_irq(lock: RwLock): Proc {
  return write_unlock_irqrestore(lock, false)
}

export function* read_unlock(lock: RwLock): Proc {
  const context = lock.k.current
  const at = lock.readers.indexOf(context)
  if (at < 0) warnUnlockImbalance(lock.k, lock)
  else lock.readers.splice(at, 1)
  yield* release(lock, context)
}

export function* write_unlock(lock: RwLock): Proc {
  const context = lock.k.current
  if (lock.writer !== context) warnUnlockImbalance(lock.k, lock)
  lock.writer = null
  yield* release(lock, context)
}

function mayTake(lock: RwLock, write: boolean, recursive: boolean): boolean {
  if (lock.writer !== null) return false
  if (write) return lock.readers.length === 0 && lock.queue.length === 0
  return recursive || lock.queue.length === 0
}

function* acquire(lock: RwLock, write: boolean): Proc {
  const { k } = lock
  const context = k.current
  const recursive = !write && !context.isTask
  context.preemptCount++
  if (!k.tryCharge(k.costs.spin_lock)) yield Req.CHARGE
  const how = write ? 0 : recursive ? LOCK_READ_RECURSIVE : LOCK_READ
  lock.recordAcquire(context, how, 0)
  if (mayTake(lock, write, recursive)) {
    take(lock, context, write)
    return
  }
  lock.recordContended(context)
  if (recursive) lock.queue.unshift({ context, write })
  else lock.queue.push({ context, write })
  context.waitingOn = lock
  context.spinning = true
  checkWaitCycle(context)
  yield Req.SPIN
  lock.recordAcquired(context)
  if (!k.tryCharge(k.costs.spin_transfer)) yield Req.CHARGE
}

function take(lock: RwLock, context: Context, write: boolean): void {
  if (write) lock.writer = context
  else lock.readers.push(context)
}

function* release(lock: RwLock, context: Context): Proc {
  lock.recordRelease(context)
  for (;;) {
    const next = lock.queue[0]
    if (next === undefined || lock.writer !== null) break
    if (next.write && lock.readers.length > 0) break
    lock.queue.shift()
    take(lock, next.context, next.write)
    next.context.waitingOn = null
    next.context.cpu.granted(next.context)
  }
  context.preemptCount--
  if (context.cpu.attention) yield Req.POINT
}

/**
 * Spinlocks. Waiters occupy their processors and are served first come, first served (queued
 * spinlocks); a lock may be handed to a processor whose time is stolen, which is how lock-holder
 * preemption hurts. On PREEMPT_RT a spinlock_t sleeps with priority inheritance (rt-mutex.ts) and
 * the irq variants leave interrupts alone; a raw lock spins everywhere.
 *
 * Kernel: kernel/locking/spinlock.c, qspinlock.c, 6.1.
 */
import { LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import {
  DONE,
  DONE_FALSE,
  DONE_TRUE,
  endedValue,
  type Proc,
  pause,
  Req,
  thenValue,
} from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { checkSpinRecursion, warnUnlockImbalance } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import { LockBase } from './lock-base.ts'
import { cond_resched, mightResched } from './preempt.ts'
import { RtMutexCore } from './rt-mutex.ts'

/** Whether interrupts were off before. Kernel: unsigned long flags. */
export type IrqFlags = boolean

export class SpinlockT extends LockBase {
  owner: Context | null = null
  readonly waiters: Context[] = []
  /** Set on PREEMPT_RT: the lock is a sleeping one. */
  readonly rt: RtMutexCore | null

  /** Kernel: spin_lock_init(). */
  constructor(k: Kernel, className: string, instanceName?: string, raw = false) {
    super(k, raw ? 'raw_spinlock' : 'spinlock', className, instanceName)
    this.rt = k.config.preempt === 'rt' && !raw ? new RtMutexCore(this) : null
  }

  waitOwner(): Context | null {
    return this.rt === null ? this.owner : this.rt.owner
  }
}

/** Kernel: raw_spin_lock_init(). */
export function raw_spin_lock_init(k: Kernel, className: string, instance?: string): SpinlockT {
  return new SpinlockT(k, className, instance, true)
}

export function spin_lock(lock: SpinlockT): Proc {
  return tryFast(lock, 0) ? DONE : acquire(lock, 0)
}

export function spin_lock_nested(lock: SpinlockT, subclass: number): Proc {
  return tryFast(lock, subclass) ? DONE : acquire(lock, subclass)
}

export function spin_unlock(lock: SpinlockT): Proc {
  return release(lock, lock.k.current.cpu.irqsOff)
}

export function spin_lock_irq(lock: SpinlockT): Proc {
  if (lock.rt === null) lock.k.current.cpu.irqsOff = true
  return spin_lock(lock)
}

/** Unconditionally turns interrupts on. */
export function spin_unlock_irq(lock: SpinlockT): Proc {
  return release(lock, false)
}

export function spin_lock_irqsave(lock: SpinlockT): Proc<IrqFlags> {
  return spin_lock_irqsave_nested(lock, 0)
}

export function spin_lock_irqsave_nested(lock: SpinlockT, subclass: number): Proc<IrqFlags> {
  const { cpu } = lock.k.current
  const flags = cpu.irqsOff
  if (lock.rt === null) cpu.irqsOff = true
  if (tryFast(lock, subclass)) return flags ? DONE_TRUE : DONE_FALSE
  return acquireThen(lock, subclass, flags)
}

export function spin_unlock_irqrestore(lock: SpinlockT, flags: IrqFlags): Proc {
  return release(lock, flags)
}

/**
 * `section(arg)`, which cannot wait, between spin_lock_irqsave() and spin_unlock_irqrestore(): no
 * generator where the lock is free.
 */
export function irqsaveSection<A, T>(lock: SpinlockT, section: (arg: A) => T, arg: A): Proc<T> {
  const taking = spin_lock_irqsave(lock)
  const flags = endedValue(taking)
  if (flags === undefined) return sectionLater(lock, section, arg, taking)
  const result = section(arg)
  return thenValue(release(lock, flags), result)
}

function* sectionLater<A, T>(
  lock: SpinlockT,
  section: (arg: A) => T,
  arg: A,
  taking: Proc<IrqFlags>,
): Proc<T> {
  const flags = yield* taking
  const result = section(arg)
  yield* release(lock, flags)
  return result
}

export function* spin_lock_bh(lock: SpinlockT): Proc {
  lock.k.softirqs.disable(lock.k.current.cpu)
  yield* spin_lock(lock)
}

export function* spin_unlock_bh(lock: SpinlockT): Proc {
  yield* release(lock, lock.k.current.cpu.irqsOff)
  yield* lock.k.softirqs.enable(lock.k.current.cpu)
}

/** Takes the lock if it is free. */
export function spin_trylock(lock: SpinlockT): boolean {
  const context = lock.k.current
  if (lock.rt !== null) return lock.rt.tryAcquire(context)
  if (lock.owner !== null) return false
  context.preemptCount++
  lock.owner = context
  lock.recordAcquire(context, LOCK_TRYLOCK, 0)
  return true
}

/** Takes a free lock when its price passes at once; else nothing but the price has been asked. */
function tryFast(lock: SpinlockT, subclass: number): boolean {
  if (lock.rt !== null) return false
  const { k } = lock
  const context = k.current
  context.preemptCount++
  if (!k.tryCharge(k.costs.spin_lock) || lock.owner !== null) return false
  lock.owner = context
  lock.recordAcquire(context, 0, subclass)
  return true
}

function* acquireThen(lock: SpinlockT, subclass: number, flags: IrqFlags): Proc<IrqFlags> {
  yield* acquire(lock, subclass)
  return flags
}

/** What `tryFast` could not do: waits for the price, then for the lock. */
function* acquire(lock: SpinlockT, subclass: number): Proc {
  const { k } = lock
  const context = k.current
  if (lock.rt !== null) {
    if (mightResched(k, 'kernel/locking/spinlock_rt.c:48')) yield* cond_resched(k)
    yield* lock.rt.acquire(subclass)
    return
  }
  if (context.remainingNs > 0 || lock.owner === null) yield Req.CHARGE
  lock.recordAcquire(context, 0, subclass)
  if (lock.owner === null) {
    lock.owner = context
    return
  }
  lock.recordContended(context)
  checkSpinRecursion(k, lock, lock.owner)
  lock.waiters.push(context)
  context.waitingOn = lock
  context.spinning = true
  checkWaitCycle(context)
  yield Req.SPIN
  lock.recordAcquired(context)
  // The lock's line comes over from the other processor.
  if (!k.tryCharge(k.costs.spin_transfer)) yield Req.CHARGE
}

function release(lock: SpinlockT, irqsOff: boolean): Proc {
  if (lock.rt !== null) return lock.rt.release()
  const { k } = lock
  const context = k.current
  if (lock.owner !== context) warnUnlockImbalance(k, lock)
  lock.recordRelease(context)
  lock.owner = null
  if (lock.waiters.length > 0) handOver(lock)
  context.preemptCount--
  const { cpu } = context
  if (cpu.irqsOff === irqsOff) return cpu.attention ? pause(Req.POINT) : DONE
  cpu.irqsOff = irqsOff
  return k.tryCharge(k.costs.irqrestore) ? DONE : pause(Req.CHARGE)
}

function handOver(lock: SpinlockT): void {
  const next = lock.waiters.shift() as Context
  lock.owner = next
  next.waitingOn = null
  next.cpu.granted(next)
}

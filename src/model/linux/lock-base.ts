/**
 * What every lock has: a name for reports, a class for the validator, and the records of taking and
 * giving it. The class is named after the init call's argument, as lockdep does.
 */
import { removeAt } from '../../base/arrays.ts'
import { T } from '../../sim/trace.ts'
import type { Context, Waitable } from '../machine/context.ts'
import type { Kernel } from './kernel.ts'
import { contextFlags } from './preempt.ts'

export type LockKind =
  | 'spinlock'
  | 'raw_spinlock'
  | 'rwlock'
  | 'mutex'
  | 'rwsem'
  | 'waitqueue'
  | 'rt_mutex'
  | 'map'

export abstract class LockBase implements Waitable {
  readonly k: Kernel
  readonly className: string
  /** Number in the trace's lock table. */
  readonly id: number
  readonly waitName: string
  /** It was last taken with interrupts off. */
  private takenIrqsOff = false

  constructor(k: Kernel, kind: LockKind, className: string, instanceName?: string) {
    this.k = k
    this.className = className
    const { symbols } = k.sim.trace
    const name = instanceName ?? `${className}@${symbols.entries('lock').length}`
    this.waitName = name
    this.id = symbols.define('lock', { name, kind, group: className })
  }

  abstract waitOwner(): Context | null

  recordAcquire(context: Context, how: number, subclass: number): void {
    const { k } = this
    if (!k.sim.trace.on) return
    const flags = how | contextFlags(k, context)
    this.takenIrqsOff = context.cpu.irqsOff
    k.sim.trace.emit(T.lock_acquire, context.cpu.index, context.id, this.id, flags, subclass)
  }

  recordContended(context: Context): void {
    this.k.sim.trace.emit(T.lock_contended, context.cpu.index, context.id, this.id)
  }

  recordAcquired(context: Context): void {
    this.k.sim.trace.emit(T.lock_acquired, context.cpu.index, context.id, this.id)
  }

  recordRelease(context: Context): void {
    const { trace } = this.k.sim
    const { cpu } = context
    if (this.takenIrqsOff && !cpu.irqsOff && trace.on) {
      this.takenIrqsOff = false
      trace.emit(T.lock_irqs_on, cpu.index, context.id, this.id, contextFlags(this.k, context))
    }
    trace.emit(T.lock_release, cpu.index, context.id, this.id)
  }

  /** Its init call runs again. */
  recordInit(context: Context): void {
    this.k.sim.trace.emit(T.lock_init, context.cpu.index, context.id, this.id)
  }

  /** The memory that it lies in is given back. */
  recordFree(context: Context): void {
    this.k.sim.trace.emit(T.lock_free, context.cpu.index, context.id, this.id)
  }
}

/** A lock that sleeps: its holders are remembered, for reports on what a task still holds. */
export abstract class SleepingLock extends LockBase {
  override recordAcquire(context: Context, how: number, subclass: number): void {
    context.cpu.task.heldLocks.push(this)
    super.recordAcquire(context, how, subclass)
  }

  override recordRelease(context: Context): void {
    const { heldLocks } = context.cpu.task
    const at = heldLocks.lastIndexOf(this)
    if (at >= 0) removeAt(heldLocks, at)
    super.recordRelease(context)
  }
}

/** A lockdep map without a lock behind it. */
export class LockMap extends LockBase {
  constructor(k: Kernel, className: string) {
    super(k, 'map', className, className)
  }

  waitOwner(): Context | null {
    return null
  }

  acquire(): void {
    this.recordAcquire(this.k.current, 0, 0)
  }

  release(): void {
    this.recordRelease(this.k.current)
  }
}

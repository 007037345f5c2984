/**
 * Usage marks: set where a lock is taken in an interrupt or with interrupts enabled, and for every
 * lock that is held when interrupts are enabled. Kernel: mark_lock(), mark_held_locks().
 */
import { LOCK_READ_MASK, LOCK_SOFTIRQS_OFF } from '../../sim/lock-flags.ts'
import { checkMark } from './checks.ts'
import { type Held, type HeldStack, noteMode } from './held.ts'
import type { OrderOwner } from './order.ts'
import { USAGE_ENABLED, USAGE_INITIAL, USAGE_READ, USAGE_SOFTIRQ } from './usage.ts'

export interface MarksOwner extends OrderOwner {
  readonly record: number
  readonly timeNs: number
}

export class Marks {
  private readonly engine: MarksOwner

  constructor(engine: MarksOwner) {
    this.engine = engine
  }

  /** The interrupt state of a context is known to be this. Kernel: trace_hardirqs_on() and kin. */
  followIrqs(stack: HeldStack, hardirqsOff: boolean, softirqsOff: boolean): void {
    const hardChanged = stack.hardirqsOff !== hardirqsOff
    const softChanged = stack.softirqsOff !== softirqsOff
    if (!hardChanged && !softChanged) return
    stack.hardirqsOff = hardirqsOff
    stack.softirqsOff = softirqsOff
    if (hardChanged) this.noteIrqEvent(stack, hardirqsOff ? 1 : 0)
    if (softChanged) this.noteIrqEvent(stack, softirqsOff ? 3 : 2)
    if (hardirqsOff) return
    if (hardChanged) this.markHeld(stack, USAGE_ENABLED)
    if (!softirqsOff) this.markHeld(stack, USAGE_ENABLED | USAGE_SOFTIRQ)
  }

  /** Kernel: mark_lock(). */
  mark(stack: HeldStack, held: Held, bit: number): void {
    const { class: lockClass } = held
    if (!this.engine.enabled || ((lockClass.usage | lockClass.badUsage) & (1 << bit)) !== 0) return
    lockClass.usageSites[bit] = this.engine.site(stack)
    const finding = checkMark(held, bit)
    if (finding === null) lockClass.usage |= 1 << bit
    else {
      lockClass.badUsage |= 1 << bit
      this.engine.report(finding, stack)
    }
  }

  /** Kernel: mark_lock() of LOCK_USED or LOCK_USED_READ. */
  noteUse(stack: HeldStack, { class: lockClass, flags }: Held): void {
    const bit = USAGE_INITIAL | ((flags & LOCK_READ_MASK) === 0 ? 0 : USAGE_READ)
    lockClass.usageSites[bit] ??= this.engine.site(stack)
  }

  private markHeld(stack: HeldStack, bit: number): void {
    for (let i = 0; i < stack.depth; i++) {
      const held = stack.held[i] as Held
      if (!held.class.type.check) continue
      noteMode(held.lock, held.flags, stack.softirqsOff ? LOCK_SOFTIRQS_OFF : 0)
      this.mark(stack, held, (held.flags & LOCK_READ_MASK) === 0 ? bit : bit | USAGE_READ)
    }
  }

  private noteIrqEvent(stack: HeldStack, which: number): void {
    const { record, timeNs } = this.engine
    const stamp = ++stack.irqEvents
    stack.lastIrqEvents[which] = { stamp, record, timeNs }
  }
}

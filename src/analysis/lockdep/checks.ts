/**
 * The judgements, each a pure function over what is held, what is wanted and the graph: a finding,
 * or null. Kernel: kernel/locking/lockdep.c, the function named at each.
 */
import {
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_IRQ_CONTEXT_MASK,
  LOCK_IRQ_THREADED,
  LOCK_READ_MASK,
  LOCK_READ_RECURSIVE,
  LOCK_TRYLOCK,
} from '../../sim/lock-flags.ts'
import type { Finding } from './findings.ts'
import { type Found, search } from './graph.ts'
import type { Held, HeldStack } from './held.ts'
import { WAIT_SPIN, type WaitLevels } from './lock-types.ts'
import type { LockClass } from './types.ts'
import {
  ENABLED_ALL,
  exclusiveBit,
  exclusiveMask,
  exclusiveMatch,
  USAGE_ENABLED,
  USAGE_READ,
  USED_ALL,
  WRITE_ALL,
} from './usage.ts'

/** The deepest wait that a context itself allows. Kernel: task_wait_context(). */
export function contextLimit(flags: number, levels: WaitLevels): number {
  if ((flags & LOCK_IN_HARDIRQ) !== 0) {
    return (flags & LOCK_IRQ_THREADED) !== 0 ? levels.config : WAIT_SPIN
  }
  return (flags & LOCK_IN_SOFTIRQ) !== 0 ? levels.config : levels.max
}

/** Kernel: check_wait_context(). */
export function checkWait(stack: HeldStack, wanted: Held, levels: WaitLevels): Finding | null {
  const { inner, outer } = wanted.class.type
  if (inner === 0 || (wanted.flags & LOCK_TRYLOCK) !== 0) return null
  let limit = contextLimit(wanted.flags, levels)
  for (let i = stack.depth - 1; i >= 0; i--) {
    const held = stack.held[i] as Held
    if (((held.flags ^ wanted.flags) & LOCK_IRQ_CONTEXT_MASK) !== 0) break
    const heldInner = held.class.type.inner
    if (heldInner !== 0 && heldInner < limit) limit = heldInner
  }
  if (outer <= limit) return null
  return { kind: 'wait-context', wanted, limit: contextLimit(wanted.flags, levels) }
}

/**
 * Whether a lock of the same class is held: null if not or if both read recursively, 'nested' if a
 * nest lock puts them in order, else the held one. Kernel: check_deadlock().
 */
export function checkDeadlock(stack: HeldStack, wanted: Held): Held | 'nested' | null {
  const recursive = (wanted.flags & LOCK_READ_MASK) === LOCK_READ_RECURSIVE
  let nested = false
  for (let i = 0; i < stack.depth; i++) {
    const held = stack.held[i] as Held
    if (wanted.nest !== null && held.lock === wanted.nest) nested = true
    if (held.class !== wanted.class) continue
    if (recursive && (held.flags & LOCK_READ_MASK) !== 0) continue
    return nested ? 'nested' : held
  }
  return null
}

/** A strong path from the wanted class back to the held one. Kernel: check_noncircular(). */
export function findCycle(held: Held, wanted: Held): Found | null {
  const heldWrites = (held.flags & LOCK_READ_MASK) === 0
  return search({
    root: wanted.class,
    weak: isRecursive(wanted),
    forwards: true,
    match: (at, weak) => at === held.class && (heldWrites || !weak),
  })
}

/** What `irq-order` needs beside the new dependency. */
export interface IrqOrder {
  readonly safe: Found
  readonly unsafe: Found
  readonly safeBit: number
  readonly unsafeBit: number
}

/** Kernel: check_irq_usage(). */
export function findIrqOrder(held: Held, wanted: Held): IrqOrder | null {
  const heldReads = (held.flags & LOCK_READ_MASK) !== 0
  const backwards = { root: held.class, weak: heldReads, forwards: false, skip: isPercpu }
  let used = 0
  const gather = (at: LockClass, weak: boolean): boolean => {
    used |= weak ? at.usage & WRITE_ALL : at.usage
    return false
  }
  search({ ...backwards, match: gather })
  used &= USED_ALL
  if (used === 0) return null
  const unsafe = search({
    root: wanted.class,
    weak: isRecursive(wanted),
    forwards: true,
    match: marked(exclusiveMask(used)),
    skip: isPercpu,
  })
  if (unsafe === null) return null
  const wantedBits = exclusiveMask(unsafe.target.usage & ENABLED_ALL)
  const safe = search({ ...backwards, match: marked(wantedBits) })
  const bits = safe === null ? null : exclusiveMatch(safe.target.usage, unsafe.target.usage)
  if (safe === null || bits === null) return null
  return { safe, unsafe, safeBit: bits[0], unsafeBit: bits[1] }
}

/** Whether a new mark contradicts others, of the class or of its neighbours: mark_lock_irq(). */
export function checkMark(taken: Held, newBit: number): Finding | null {
  const { usage } = taken.class
  const excl = exclusiveBit(newBit)
  if ((usage & (1 << excl)) !== 0) return { kind: 'inconsistent', taken, oldBit: excl, newBit }
  const exclRead = excl | USAGE_READ
  if ((newBit & USAGE_READ) === 0 && (usage & (1 << exclRead)) !== 0) {
    return { kind: 'inconsistent', taken, oldBit: exclRead, newBit }
  }
  const forwards = (newBit & USAGE_ENABLED) === 0
  const other = search({
    root: taken.class,
    weak: forwards ? isRecursive(taken) : (taken.flags & LOCK_READ_MASK) !== 0,
    forwards,
    match: marked((1 << excl) | (1 << exclRead)),
    skip: isPercpu,
  })
  if (other === null) return null
  const otherBit = (other.target.usage & (1 << excl)) !== 0 ? excl : exclRead
  return { kind: 'irq-inversion', taken, other, forwards, newBit, otherBit }
}

/** Is there a path at least as strong already? Kernel: check_redundant(), of LOCKDEP_SMALL only. */
export function isRedundant(held: Held, wanted: Held): boolean {
  const recursive = isRecursive(wanted)
  const path = search({
    root: held.class,
    weak: (held.flags & LOCK_READ_MASK) === 0,
    forwards: true,
    match: (at, weak) => at === wanted.class && (recursive || !weak),
    skip: isPercpu,
  })
  return path !== null
}

function marked(mask: number): (at: LockClass, weak: boolean) => boolean {
  return (at, weak) => (at.usage & (weak ? mask & WRITE_ALL : mask)) !== 0
}

function isRecursive(held: Held): boolean {
  return (held.flags & LOCK_READ_MASK) === LOCK_READ_RECURSIVE
}

/**
 * On one processor a local lock waits for nobody, and on PREEMPT_RT nothing that an interrupt takes
 * leads to it: it is in no inversion. Kernel: usage_skip().
 */
function isPercpu(at: LockClass): boolean {
  return at.type.percpu
}

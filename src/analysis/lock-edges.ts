/**
 * The lock order that a run showed, as lockdep would have recorded it: classes with their usage
 * marks, and direct dependencies. Facts, not verdicts: the validator judges them.
 *
 * Kernel: kernel/locking/lockdep.c, check_prevs_add (edges from each held lock back to and
 * including the last that is no trylock, within one irq context; none *to* a trylock), mark_usage.
 * Locks held while interrupts are enabled are seen at the next acquisition (mark_held_locks).
 * Differs: an edge is counted at each acquisition, not once for each chain. Locks of the host are
 * left out: the guest's lockdep cannot see them.
 */
import {
  LOCK_HARDIRQS_OFF,
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_IRQ_CONTEXT_MASK,
  LOCK_READ_MASK,
  LOCK_READ_RECURSIVE,
  LOCK_SOFTIRQS_OFF,
  LOCK_TRYLOCK,
} from '../sim/lock-flags.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'

export interface LockClass {
  readonly name: string
  /** Four characters: hardirq, hardirq-read, softirq, softirq-read. */
  readonly usage: string
}

export interface LockEdge {
  readonly before: string
  readonly after: string
  readonly count: number
}

export interface LockOrder {
  readonly classes: readonly LockClass[]
  readonly edges: readonly LockEdge[]
}

interface Held {
  lock: number
  class: number
  flags: number
}

interface HeldStack {
  readonly ofGuest: boolean
  readonly held: Held[]
  depth: number
}

/** lockdep's MAX_LOCK_DEPTH. */
const DEPTH_MAX = 48
const SUBCLASSES = 8
/** Usage bits of a class: used in hardirq, enabled hardirq, then the same for readers, softirq. */
const USED = 1
const ENABLED = 2
const READ_SHIFT = 2
const SOFTIRQ_SHIFT = 4
/** Classes are at most this many, so that a pair of them is one integer key. */
const CLASSES_MAX = 1 << 20

export class LockOrderFold implements Fold<LockOrder> {
  readonly kinds = [T.lock_acquire, T.lock_release]
  private readonly stacks: PerSymbol<HeldStack>
  /** Class number of each lock, times 8: the subclass is added. */
  private readonly classOfLock: PerSymbol<number>
  private readonly names: string[] = []
  private readonly numbers = new Map<string, number>()
  private readonly usage: number[] = []
  private readonly edges = new Map<number, number>()

  constructor(symbols: Symbols) {
    this.stacks = new PerSymbol(
      (id) => ({
        ofGuest: symbols.entries('ctx')[id]?.group !== 'host',
        held: [],
        depth: 0,
      }),
      'context',
    )
    this.classOfLock = new PerSymbol((id) => {
      const entry = symbols.entry('lock', id)
      return this.classNumber(entry.group ?? entry.name)
    }, 'lock')
  }

  record(r: TraceRecord): void {
    const stack = this.stacks.get(r.context)
    if (!stack.ofGuest) return
    if (r.kind === T.lock_release) release(stack, r.a)
    else this.acquire(stack, r.a, this.classOfLock.get(r.a) * SUBCLASSES + r.c, r.b)
  }

  finish(): LockOrder {
    const name = (number: number): string => {
      const subclass = number % SUBCLASSES
      const base = this.names[(number - subclass) / SUBCLASSES] as string
      return subclass === 0 ? base : `${base}/${subclass}`
    }
    const classes = this.usage.flatMap((bits, number) =>
      bits === undefined ? [] : [{ name: name(number), usage: usageText(bits) }],
    )
    const edges = [...this.edges].map(([pair, count]) => ({
      before: name(Math.floor(pair / CLASSES_MAX)),
      after: name(pair % CLASSES_MAX),
      count,
    }))
    return { classes: classes.sort(byName), edges: edges.sort(byEnds) }
  }

  private classNumber(name: string): number {
    const known = this.numbers.get(name)
    if (known !== undefined) return known
    this.numbers.set(name, this.names.length)
    return this.names.push(name) - 1
  }

  private acquire(stack: HeldStack, lock: number, lockClass: number, flags: number): void {
    this.usage[lockClass] = (this.usage[lockClass] ?? 0) | usageBits(flags)
    if ((flags & LOCK_HARDIRQS_OFF) === 0) this.markHeld(stack, flags)
    if ((flags & LOCK_TRYLOCK) === 0) this.addEdges(stack, lockClass, flags)
    if (stack.depth >= DEPTH_MAX) return
    const held = stack.held[stack.depth]
    if (held === undefined) stack.held.push({ lock, class: lockClass, flags })
    else {
      held.lock = lock
      held.class = lockClass
      held.flags = flags
    }
    stack.depth++
  }

  private addEdges(stack: HeldStack, lockClass: number, flags: number): void {
    for (let i = stack.depth - 1; i >= 0; i--) {
      const held = stack.held[i] as Held
      if (((held.flags ^ flags) & LOCK_IRQ_CONTEXT_MASK) !== 0) return
      if (held.class !== lockClass || !bothRecursive(held.flags, flags)) {
        const pair = held.class * CLASSES_MAX + lockClass
        this.edges.set(pair, (this.edges.get(pair) ?? 0) + 1)
      }
      if ((held.flags & LOCK_TRYLOCK) === 0) return
    }
  }

  /** Interrupts are on now: whatever is held is held with interrupts on. */
  private markHeld(stack: HeldStack, flags: number): void {
    for (let i = 0; i < stack.depth; i++) {
      const held = stack.held[i] as Held
      const mode = (flags & ~LOCK_READ_MASK) | (held.flags & LOCK_READ_MASK) | LOCK_TRYLOCK
      this.usage[held.class] = (this.usage[held.class] as number) | usageBits(mode)
    }
  }
}

function bothRecursive(a: number, b: number): boolean {
  return (
    (a & LOCK_READ_MASK) === LOCK_READ_RECURSIVE && (b & LOCK_READ_MASK) === LOCK_READ_RECURSIVE
  )
}

/** lockdep's mark_usage: IN bits unless a trylock, ENABLED bits where interrupts are on. */
function usageBits(flags: number): number {
  let bits = 0
  if ((flags & LOCK_TRYLOCK) === 0) {
    if ((flags & LOCK_IN_HARDIRQ) !== 0) bits |= USED
    if ((flags & LOCK_IN_SOFTIRQ) !== 0) bits |= USED << SOFTIRQ_SHIFT
  }
  if ((flags & LOCK_HARDIRQS_OFF) === 0) {
    bits |= ENABLED
    if ((flags & LOCK_SOFTIRQS_OFF) === 0) bits |= ENABLED << SOFTIRQ_SHIFT
  }
  return (flags & LOCK_READ_MASK) === 0 ? bits : bits << READ_SHIFT
}

/** Releases need not be in order: the topmost entry of this lock goes. */
function release(stack: HeldStack, lock: number): void {
  for (let i = stack.depth - 1; i >= 0; i--) {
    const found = stack.held[i] as Held
    if (found.lock !== lock) continue
    stack.depth--
    if (i === stack.depth) return
    stack.held.splice(i, 1)
    stack.held.push(found)
    return
  }
}

function usageText(bits: number): string {
  const marks = ['.', '-', '+', '?']
  return [0, READ_SHIFT, SOFTIRQ_SHIFT, SOFTIRQ_SHIFT + READ_SHIFT]
    .map((shift) => marks[(bits >> shift) & 3])
    .join('')
}

function byName(a: LockClass, b: LockClass): number {
  return a.name < b.name ? -1 : 1
}

function byEnds(a: LockEdge, b: LockEdge): number {
  if (a.before !== b.before) return a.before < b.before ? -1 : 1
  return a.after < b.after ? -1 : 1
}

/**
 * What a context holds, and the chain cache: a tree whose paths are the sequences of held classes,
 * so that a known chain is one look-up. Kernel: task_struct.held_locks, lookup_chain_cache_add().
 * Differs: a chain here also tells trylocks apart, because they decide which dependencies it forms.
 */
import {
  LOCK_HARDIRQS_OFF,
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_IRQ_CONTEXT_MASK,
  LOCK_READ_MASK,
  LOCK_SOFTIRQS_OFF,
  LOCK_TRYLOCK,
} from '../../sim/lock-flags.ts'
import type { Frame } from './site.ts'
import type { Dep, Lock, LockClass } from './types.ts'
import { USAGE_ENABLED, USAGE_READ, USAGE_SOFTIRQ } from './usage.ts'

/** Kernel: MAX_LOCK_DEPTH. */
export const DEPTH_MAX = 48

/** A dependency that a chain forms each time it is taken. */
export interface ChainDep {
  readonly dep: Dep
  /** How far below the new lock the held one stands. */
  readonly back: number
}

export class ChainNode {
  readonly children = new Map<number, ChainNode>()
  /** Interrupt states in which this chain passed every check: a bit for each. */
  seenModes = 0
  /** Its dependencies are in the graph. */
  validated = false
  /** Acquisitions that formed its dependencies. */
  count = 0
  deps: ChainDep[] = []
  /** The instances of the last acquisition. */
  lastHeld = -1
  lastWanted = -1
  irqContext = 0
  readonly parent: ChainNode | null
  readonly class: LockClass | null

  constructor(parent: ChainNode | null, lockClass: LockClass | null) {
    this.parent = parent
    this.class = lockClass
  }

  /** The chain with one more lock; the key holds class, read kind and trylock. */
  next(lockClass: LockClass, flags: number): ChainNode {
    const key = lockClass.index * 8 + (flags & (LOCK_READ_MASK | LOCK_TRYLOCK))
    const known = this.children.get(key)
    if (known !== undefined) return known
    const made = new ChainNode(this, lockClass)
    this.children.set(key, made)
    return made
  }
}

/** One held lock; the objects are used again. Kernel: struct held_lock. */
export interface Held {
  lock: Lock
  class: LockClass
  flags: number
  subclass: number
  nest: Lock | null
  /** Locks of one class that a nest lock let in on top of it. */
  references: number
  /** Chain below it. */
  before: ChainNode
  record: number
  timeNs: number
  frames: Frame | null
}

/** What one context holds, outermost first. */
export class HeldStack {
  readonly held: Held[] = []
  depth = 0
  chain: ChainNode
  /** Interrupt states as last seen. */
  hardirqsOff = false
  softirqsOff = false
  frames: Frame | null = null
  /** Changes of interrupt states, and the records of the last ones. */
  irqEvents = 0
  readonly lastIrqEvents: IrqEvent[] = []
  readonly name: string
  /** Of a task; -1: an interrupt. */
  readonly pid: number
  /** Of an interrupt: what it interrupted, if that is known. */
  interrupted: HeldStack | null = null

  constructor(root: ChainNode, name: string, pid: number) {
    this.chain = root
    this.name = name
    this.pid = pid
  }

  /** The current task, in an interrupt too: `swapper/0/0`. Kernel: current->comm, its pid. */
  get comm(): string {
    return this.interrupted === null ? this.context : this.interrupted.comm
  }

  /** The context itself: `aplay/2`, or of an interrupt `hardirq/virtio0`. */
  get context(): string {
    return this.pid < 0 ? this.name : `${this.name}/${this.pid}`
  }

  get top(): Held | null {
    return this.depth === 0 ? null : (this.held[this.depth - 1] as Held)
  }

  list(): Held[] {
    return this.held.slice(0, this.depth)
  }

  /** What the current task holds, with what it had when it was interrupted: held_locks. */
  ofTask(): readonly { readonly stack: HeldStack; readonly held: Held }[] {
    const own = this.list().map((held) => ({ stack: this, held }))
    return this.interrupted === null ? own : [...this.interrupted.ofTask(), ...own]
  }

  /** Fills the entry above the top; it is not held yet. */
  place(lock: Lock, lockClass: LockClass, flags: number, record: number, timeNs: number): Held {
    const { frames, chain: before } = this
    const old = this.held[this.depth]
    if (old === undefined) {
      const state = { subclass: 0, nest: null, references: 0, before }
      const made: Held = { lock, class: lockClass, flags, ...state, record, timeNs, frames }
      this.held.push(made)
      return made
    }
    old.lock = lock
    old.class = lockClass
    old.flags = flags
    old.references = 0
    old.before = before
    old.record = record
    old.timeNs = timeNs
    old.frames = frames
    return old
  }

  /** Position of a held lock, within the innermost interrupt context only; -1 if none. */
  find(lock: Lock): number {
    const { top } = this
    for (let i = this.depth - 1; i >= 0; i--) {
      const held = this.held[i] as Held
      if (((held.flags ^ (top as Held).flags) & LOCK_IRQ_CONTEXT_MASK) !== 0) return -1
      if (held.lock === lock) return i
      if (held.references > 0 && held.class === lock.classes[0]) return i
    }
    return -1
  }
}

/** A nest lock's second lock of one class is counted, not stacked. */
export function countedIn(top: Held | null, lockClass: LockClass): boolean {
  if (top === null || top.class !== lockClass) return false
  top.references = top.references === 0 ? 2 : top.references + 1
  return true
}

/** Order of `lastIrqEvents`, as the kernel prints them. */
export const IRQ_EVENTS = [
  'hardirqs last  enabled',
  'hardirqs last disabled',
  'softirqs last  enabled',
  'softirqs last disabled',
] as const

export interface IrqEvent {
  readonly stamp: number
  readonly record: number
  readonly timeNs: number
}

/** The interrupt part of the flags, as a number of 0..31. */
export function modeOf(flags: number): number {
  return (flags >> 3) & 31
}

/** A writer or a reader, as `how` says, had the lock in the interrupt state of `state`. */
export function noteMode(lock: Lock, how: number, state: number): void {
  const mode = 1 << modeOf(state)
  if ((how & LOCK_READ_MASK) === 0) lock.writeModes |= mode
  else lock.readModes |= mode
}

/** The marks that taking a lock in this state sets. Kernel: mark_usage(). */
export function usageBits(flags: number): number[] {
  const read = (flags & LOCK_READ_MASK) === 0 ? 0 : USAGE_READ
  const bits: number[] = []
  if ((flags & LOCK_TRYLOCK) === 0) {
    if ((flags & LOCK_IN_HARDIRQ) !== 0) bits.push(read)
    if ((flags & LOCK_IN_SOFTIRQ) !== 0) bits.push(USAGE_SOFTIRQ | read)
  }
  if ((flags & LOCK_HARDIRQS_OFF) === 0) {
    bits.push(USAGE_ENABLED | read)
    if ((flags & LOCK_SOFTIRQS_OFF) === 0) bits.push(USAGE_ENABLED | USAGE_SOFTIRQ | read)
  }
  return bits
}

/** All marks of the states in which an instance was taken. */
export function instanceUsage(lock: Lock): number {
  let mask = 0
  for (let mode = 0; mode < 32; mode++) {
    if (((lock.writeModes >>> mode) & 1) === 1) mask |= maskOf(usageBits(mode << 3))
    if (((lock.readModes >>> mode) & 1) === 1) mask |= maskOf(usageBits((mode << 3) | 1))
  }
  return mask
}

function maskOf(bits: readonly number[]): number {
  return bits.reduce((mask, bit) => mask | (1 << bit), 0)
}

/**
 * The validator: fed with what contexts do to locks, it keeps held stacks, marks and the graph, and
 * tells its owner of every finding. It knows neither records nor operation lists: trace-fold.ts and
 * cases.ts drive it. Kernel: __lock_acquire(), __lock_release(), mark_held_locks().
 * Differs: an irq context of one task is a context of its own in a trace, with its own stack.
 */
import {
  LOCK_HARDIRQS_OFF,
  LOCK_IRQ_CONTEXT_MASK,
  LOCK_READ,
  LOCK_READ_MASK,
  LOCK_SOFTIRQS_OFF,
  LOCK_TRYLOCK,
} from '../../sim/lock-flags.ts'
import { checkDeadlock, checkWait } from './checks.ts'
import { ClassRegistry, SUBCLASSES } from './classes.ts'
import type { Finding } from './findings.ts'
import {
  ChainNode,
  countedIn,
  DEPTH_MAX,
  type Held,
  HeldStack,
  modeOf,
  noteMode,
  usageBits,
} from './held.ts'
import { type WaitLevels, waitLevels } from './lock-types.ts'
import { Marks } from './marks.ts'
import { Order } from './order.ts'
import type { Frame, Site } from './site.ts'
import type { Lock } from './types.ts'
import { USAGE_ENABLED } from './usage.ts'

export interface EngineOptions {
  /** `once`: off after the first finding, as the kernel (debug_locks). */
  readonly mode: 'once' | 'continue'
  /** spinlock_t may not be taken under raw_spinlock_t (CONFIG_PROVE_RAW_LOCK_NESTING). */
  readonly proveRawLockNesting: boolean
  /** Dependencies that follow from others are not kept (CONFIG_LOCKDEP_SMALL). */
  readonly small: boolean
}

export const KERNEL_DEFAULTS: EngineOptions = {
  mode: 'continue',
  proveRawLockNesting: false,
  small: false,
}

/** Who hears of findings, and who knows the names of frames. */
export interface EngineOwner {
  found(finding: Finding, stack: HeldStack): void
  functionName(frame: Frame): string
}

export class Lockdep {
  readonly levels: WaitLevels
  readonly registry: ClassRegistry
  readonly order: Order
  private readonly marks: Marks
  readonly options: EngineOptions
  /** The moment: set by the driver before each call. */
  record = 0
  timeNs = 0
  /** Kernel: debug_locks. */
  enabled = true
  depthMax = 0
  private readonly root = new ChainNode(null, null)
  private readonly owner: EngineOwner

  constructor(options: EngineOptions, owner: EngineOwner) {
    this.options = options
    this.owner = owner
    this.levels = waitLevels(options.proveRawLockNesting)
    this.registry = new ClassRegistry(this.levels)
    this.order = new Order(this)
    this.marks = new Marks(this)
  }

  stack(name: string, pid: number): HeldStack {
    return new HeldStack(this.root, name, pid)
  }

  /** Where a context is now. */
  site(stack: HeldStack): Site {
    const { timeNs, record } = this
    return { context: stack.context, functions: this.functions(stack.frames), timeNs, record }
  }

  /** Where it took a lock. */
  siteOf(stack: HeldStack, held: Held): Site {
    const { timeNs, record } = held
    return { context: stack.context, functions: this.functions(held.frames), timeNs, record }
  }

  private functions(innermost: Frame | null): string[] {
    const names: string[] = []
    for (let at = innermost; at !== null; at = at.parent) names.push(this.owner.functionName(at))
    return names
  }

  report(finding: Finding, stack: HeldStack): void {
    if (!this.enabled) return
    if (this.options.mode === 'once') this.enabled = false
    this.owner.found(finding, stack)
  }

  /**
   * A context asks for a lock. The common case, a chain that was seen in this interrupt state, is
   * one look-up. `sync`: asked for and given back at once (flush_work, synchronize_srcu).
   */
  acquire(
    stack: HeldStack,
    lock: Lock,
    subclass: number,
    flags: number,
    nest: Lock | null = null,
    sync = false,
  ): void {
    if (!this.enabled) return
    if (!(subclass < SUBCLASSES)) {
      this.report({ kind: 'subclass', lock, subclass }, stack)
      this.enabled = false
      return
    }
    const lockClass = lock.classes[subclass] ?? this.registry.of(lock, subclass)
    lockClass.ops++
    const hardirqsOff = (flags & LOCK_HARDIRQS_OFF) !== 0
    const softirqsOff = (flags & LOCK_SOFTIRQS_OFF) !== 0
    this.marks.followIrqs(stack, hardirqsOff, softirqsOff)
    const { depth } = stack
    const top = stack.top
    if (nest !== null && !sync && countedIn(top, lockClass)) return
    const crossed = top !== null && ((top.flags ^ flags) & LOCK_IRQ_CONTEXT_MASK) !== 0
    const node = (crossed ? this.root : stack.chain).next(lockClass, flags)
    const held = stack.place(lock, lockClass, flags, this.record, this.timeNs)
    held.subclass = subclass
    held.nest = nest
    if ((flags & LOCK_TRYLOCK) === 0) noteMode(lock, flags, flags)
    const mode = 1 << modeOf(flags)
    if ((node.seenModes & mode) === 0 || nest !== null || sync) {
      this.check(stack, held, node, crossed || depth === 0, sync)
      if (!this.enabled) return
      if (nest === null && !sync) node.seenModes |= mode
    }
    this.order.count(stack, held, node)
    if (sync) return
    stack.chain = node
    stack.depth = depth + 1
    if (depth + 1 > this.depthMax) this.depthMax = depth + 1
    if (depth + 1 >= DEPTH_MAX) this.overflow(stack)
  }

  release(stack: HeldStack, lock: Lock): void {
    if (!this.enabled) return
    const at = stack.find(lock)
    if (at < 0) {
      this.report({ kind: 'bad-unlock', lock }, stack)
      return
    }
    const held = stack.held[at] as Held
    if (held.references > 1) {
      held.references--
      return
    }
    stack.chain = held.before
    if (at === stack.depth - 1) {
      stack.depth = at
      return
    }
    stack.held.splice(at, 1)
    stack.held.push(held)
    this.reacquire(stack, at, stack.depth - 1)
  }

  /** Kernel: lock_downgrade(). */
  downgrade(stack: HeldStack, lock: Lock): void {
    if (!this.enabled) return
    const at = stack.find(lock)
    if (at < 0) {
      this.report({ kind: 'bad-unlock', lock }, stack)
      return
    }
    const held = stack.held[at] as Held
    held.flags = (held.flags & ~LOCK_READ_MASK) | LOCK_READ
    stack.chain = held.before
    this.reacquire(stack, at, stack.depth)
  }

  /** The interrupt state of a context is known to be this. */
  followIrqs(stack: HeldStack, hardirqsOff: boolean, softirqsOff: boolean): void {
    if (this.enabled) this.marks.followIrqs(stack, hardirqsOff, softirqsOff)
  }

  /** Memory of a lock is written anew or given back. Kernel: debug_check_no_locks_freed(). */
  destroy(stack: HeldStack, lock: Lock, kind: 'init-held' | 'held-freed'): void {
    const held = stack.list().find((one) => one.lock === lock)
    if (held !== undefined) this.report({ kind, held }, stack)
  }

  /** The lock gets another key or subclass. Kernel: lockdep_set_class(), lockdep_set_subclass(). */
  setClass(stack: HeldStack, lock: Lock, key: string, subclass: number): void {
    if (!this.enabled) return
    if (!(subclass < SUBCLASSES)) {
      this.report({ kind: 'subclass', lock, subclass }, stack)
      this.enabled = false
      return
    }
    lock.key = key
    lock.classes.length = 0
    if (subclass > 0) lock.classes[0] = this.registry.of(lock, subclass)
  }

  private check(
    stack: HeldStack,
    held: Held,
    node: ChainNode,
    first: boolean,
    sync: boolean,
  ): void {
    const wait = checkWait(stack, held, this.levels)
    if (wait !== null) this.report(wait, stack)
    const { check } = held.class.type
    if (check) {
      for (const bit of usageBits(held.flags)) {
        if (!sync || (bit & USAGE_ENABLED) === 0) this.marks.mark(stack, held, bit)
      }
      this.marks.noteUse(stack, held)
    }
    if (held.nest !== null && !stack.list().some((one) => one.lock === held.nest)) {
      this.report({ kind: 'nest-lock', wanted: held, nest: held.nest }, stack)
    }
    if (!check || (held.flags & LOCK_TRYLOCK) !== 0 || !this.enabled) return
    if (node.validated && held.nest === null) return
    if (!node.validated) this.order.chains.push(node)
    node.validated = true
    node.irqContext = held.flags & LOCK_IRQ_CONTEXT_MASK
    const same = checkDeadlock(stack, held)
    if (same === 'nested') return
    if (same !== null) this.order.recursive(stack, same, held, node)
    else if (!first) this.order.validate(stack, held, node)
  }

  /** Takes the entries from `from` to `to` again, one below having gone: reacquire_held_locks(). */
  private reacquire(stack: HeldStack, from: number, to: number): void {
    const again = stack.held.slice(from, to).map((held) => ({ ...held }))
    stack.depth = from
    for (const old of again) {
      const { top } = stack
      const crossed = top !== null && ((top.flags ^ old.flags) & LOCK_IRQ_CONTEXT_MASK) !== 0
      const node = (crossed ? this.root : stack.chain).next(old.class, old.flags)
      const held = stack.place(old.lock, old.class, old.flags, old.record, old.timeNs)
      held.subclass = old.subclass
      held.nest = old.nest
      held.references = old.references
      held.frames = old.frames
      if (!node.validated) this.check(stack, held, node, crossed || from === 0, false)
      if (!this.enabled) return
      stack.chain = node
      stack.depth++
    }
  }

  private overflow(stack: HeldStack): void {
    this.report({ kind: 'depth' }, stack)
    this.enabled = false
  }
}

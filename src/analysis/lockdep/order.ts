/**
 * The part of the validator that makes dependencies: which held locks a new one depends on, whether
 * a dependency closes a cycle, and how often each was seen, by which instances.
 * Kernel: check_prevs_add(), check_prev_add(), add_lock_to_list().
 */
import { LOCK_IRQ_CONTEXT_MASK, LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import { findCycle, findIrqOrder, isRedundant } from './checks.ts'
import type { Finding } from './findings.ts'
import { depKind, pairKey } from './graph.ts'
import type { ChainNode, Held, HeldStack } from './held.ts'
import type { Site } from './site.ts'
import type { Dep, LockClass, Range } from './types.ts'

const CLASSES_MAX = 1 << 20
/** Pairs of instances kept for one dependency. */
const PAIRS_MAX = 4_096

/** What it needs of the validator. */
export interface OrderOwner {
  readonly enabled: boolean
  readonly options: { readonly small: boolean }
  site(stack: HeldStack): Site
  report(finding: Finding, stack: HeldStack): void
}

export class Order {
  /** Chains whose dependencies were checked, in order. */
  readonly chains: ChainNode[] = []
  /** Every dependency, the reported ones too, in the order of their discovery. */
  readonly deps: Dep[] = []
  private readonly byEnds = new Map<number, Dep>()
  private readonly engine: OrderOwner

  constructor(engine: OrderOwner) {
    this.engine = engine
  }

  /** One more acquisition of a chain that passed its checks. */
  count(stack: HeldStack, wanted: Held, node: ChainNode): void {
    node.count++
    const { deps } = node
    if (deps.length === 0) return
    const below = (stack.held[stack.depth - 1] as Held).lock.id
    if (deps.length === 1 && node.lastHeld === below && node.lastWanted === wanted.lock.id) return
    node.lastHeld = below
    node.lastWanted = wanted.lock.id
    for (const { dep, back } of deps) {
      const held = stack.held[stack.depth - back]
      if (held === undefined || dep.pairs.size >= PAIRS_MAX) continue
      dep.pairs.add(pairKey(held.lock.id, wanted.lock.id))
    }
  }

  /** From each held lock back to and including the last that is no trylock. */
  validate(stack: HeldStack, wanted: Held, node: ChainNode): void {
    this.eachPrevious(stack, wanted, (held, back) => {
      const dep = this.checkPrev(stack, held, wanted, back)
      if (dep !== null) node.deps.push({ dep, back })
      return this.engine.enabled
    })
  }

  /** A lock of a held class: the dependency is a fact, but not one for searches. */
  recursive(stack: HeldStack, same: Held, wanted: Held, node: ChainNode): void {
    let closing: Dep | null = null
    this.eachPrevious(stack, wanted, (held, back) => {
      const dep = this.byEnds.get(endsKey(held.class, wanted.class))
      const made = dep ?? this.make(stack, held, wanted, back, true)
      node.deps.push({ dep: made, back })
      if (held.class === wanted.class) closing = made
      return true
    })
    const sample = rangeOf(stack, same, wanted)
    this.engine.report({ kind: 'recursive', wanted, held: same, sample, closing }, stack)
  }

  private eachPrevious(
    stack: HeldStack,
    wanted: Held,
    visit: (held: Held, back: number) => boolean,
  ): void {
    for (let back = 1; back <= stack.depth; back++) {
      const held = stack.held[stack.depth - back] as Held
      if (((held.flags ^ wanted.flags) & LOCK_IRQ_CONTEXT_MASK) !== 0) return
      if (!held.class.type.check) continue
      if (!visit(held, back) || (held.flags & LOCK_TRYLOCK) === 0) return
    }
  }

  /** The dependency, or null if there is none of its own. */
  private checkPrev(stack: HeldStack, held: Held, wanted: Held, back: number): Dep | null {
    // Readers of one class that may nest: no path needs the loop.
    if (held.class === wanted.class) return null
    const kind = depKind(held.flags, wanted.flags)
    const known = this.byEnds.get(endsKey(held.class, wanted.class))
    if (known?.reported || ((known?.kinds ?? 0) & kind) !== 0) {
      if (known !== undefined && back === 1) known.distance = 1
      return known ?? null
    }
    const found = findCycle(held, wanted)
    if (found !== null) {
      const closing = this.make(stack, held, wanted, back, true)
      this.engine.report({ kind: 'circular', wanted, held, found, closing }, stack)
      return closing
    }
    const irq = findIrqOrder(held, wanted)
    if (irq !== null) {
      const closing = this.make(stack, held, wanted, back, true)
      this.engine.report({ kind: 'irq-order', wanted, held, ...irq, closing }, stack)
      return closing
    }
    if (known !== undefined) {
      known.kinds |= kind
      if (back === 1) known.distance = 1
      return known
    }
    if (this.engine.options.small && isRedundant(held, wanted)) return null
    return this.make(stack, held, wanted, back, false)
  }

  private make(stack: HeldStack, held: Held, wanted: Held, back: number, reported: boolean): Dep {
    const { engine } = this
    const dep: Dep = {
      from: held.class,
      to: wanted.class,
      kinds: depKind(held.flags, wanted.flags),
      distance: back,
      site: engine.site(stack),
      sample: rangeOf(stack, held, wanted),
      pairs: new Set([pairKey(held.lock.id, wanted.lock.id)]),
      reported,
    }
    const key = endsKey(held.class, wanted.class)
    const known = this.byEnds.get(key)
    this.byEnds.set(key, dep)
    if (reported) {
      if (known === undefined) this.deps.push(dep)
      return dep
    }
    this.deps.push(dep)
    held.class.after.push(dep)
    wanted.class.before.push(dep)
    return dep
  }
}

/** The records between taking one lock and asking for the next. */
export function rangeOf(stack: HeldStack, held: Held, wanted: Held): Range {
  return {
    context: stack.context,
    held: held.lock.name,
    fromRecord: held.record,
    fromTimeNs: held.timeNs,
    wanted: wanted.lock.name,
    toRecord: wanted.record,
    toTimeNs: wanted.timeNs,
  }
}

function endsKey(held: LockClass, wanted: LockClass): number {
  return held.index * CLASSES_MAX + wanted.index
}

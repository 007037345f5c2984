/**
 * The order that a run showed: classes with their usage marks and direct dependencies. Facts, not
 * verdicts. Differs from /proc/lockdep: a dependency is counted at each acquisition, and those that
 * were reported stand here too.
 */
import type { Lockdep } from './engine.ts'
import type { LockClass } from './types.ts'
import { usageText } from './usage.ts'

export interface ClassUsage {
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
  readonly classes: readonly ClassUsage[]
  readonly edges: readonly LockEdge[]
}

export function lockOrder(engine: Lockdep): LockOrder {
  const classes = engine.registry.all
    .filter((one) => one.type.check)
    .map((one) => ({ name: one.name, usage: usageText(one.usage | one.badUsage) }))
  const counts = new Map<LockClass, Map<LockClass, number>>()
  for (const chain of engine.order.chains) {
    for (const { dep } of chain.deps) {
      const row = counts.get(dep.from) ?? new Map<LockClass, number>()
      counts.set(dep.from, row)
      row.set(dep.to, (row.get(dep.to) ?? 0) + chain.count)
    }
  }
  const edges = [...counts].flatMap(([from, row]) =>
    [...row].map(([to, count]) => ({ before: from.name, after: to.name, count })),
  )
  return { classes: classes.sort(byName), edges: edges.sort(byEnds) }
}

function byName(a: ClassUsage, b: ClassUsage): number {
  return a.name < b.name ? -1 : 1
}

function byEnds(a: LockEdge, b: LockEdge): number {
  if (a.before !== b.before) return a.before < b.before ? -1 : 1
  return a.after < b.after ? -1 : 1
}

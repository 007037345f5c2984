/**
 * What a benchmark remembers of a run of its cases. Made to be kept in git: keys sorted, one value
 * a line, nothing of the machine or the day, so that branches that change different cases merge.
 *
 * Costs stand once for all cases; a case holds only those that it has otherwise.
 */
import type { MetricValue } from './metrics.ts'

export const BASELINE_SCHEMA = 1

/** Median of a timed metric, with the interval that holds it and the number of processes. */
export interface Timing {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly samples: number
}

/** Facts of one case; of a loop only `metrics`. */
export interface CaseFacts {
  readonly metrics: Readonly<Record<string, MetricValue>>
  readonly timing?: Readonly<Record<string, Timing>>
  /** The ladder of checks.ts. */
  readonly checks?: string
  /** Dependencies of lock classes, `a -> b`, and reports about them, sorted. */
  readonly locks?: readonly string[]
  /** Price of each step, as a scenario writes it. */
  readonly costs?: Readonly<Record<string, string>>
}

export interface Baseline {
  readonly schema: typeof BASELINE_SCHEMA
  readonly costs: Readonly<Record<string, string>>
  readonly cases: Readonly<Record<string, CaseFacts>>
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Facts by case into a baseline: what most cases pay for a step is said once. */
export function toBaseline(cases: ReadonlyMap<string, CaseFacts>): Baseline {
  const costs = commonCosts([...cases.values()].map((one) => one.costs ?? {}))
  const entries = [...cases].map(([name, facts]): [string, CaseFacts] => {
    const { costs: all, ...rest } = facts
    if (all === undefined) return [name, rest]
    const own = Object.entries(all).filter(([cost, price]) => costs[cost] !== price)
    return [name, { ...rest, costs: Object.fromEntries(own) }]
  })
  return { schema: BASELINE_SCHEMA, costs, cases: Object.fromEntries(entries) }
}

/** Facts of a case with all its costs; undefined if the baseline does not have it. */
export function factsIn(baseline: Baseline, name: string): CaseFacts | undefined {
  const facts = Object.hasOwn(baseline.cases, name) ? baseline.cases[name] : undefined
  if (facts?.costs === undefined) return facts
  return { ...facts, costs: { ...baseline.costs, ...facts.costs } }
}

function commonCosts(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const votes = new Map<string, Map<string, number>>()
  for (const costs of all) {
    for (const [cost, price] of Object.entries(costs)) {
      const prices = votes.get(cost) ?? new Map<string, number>()
      votes.set(cost, prices.set(price, (prices.get(price) ?? 0) + 1))
    }
  }
  const chosen = [...votes].map(([cost, prices]): [string, string] => {
    const ranked = [...prices].toSorted(([a, m], [b, n]) => n - m || byCodePoint(a, b))
    return [cost, ranked[0]?.[0] ?? '']
  })
  return Object.fromEntries(chosen)
}

/** A new baseline with the cases of the old one that were not run this time. */
export function merged(old: Baseline, now: ReadonlyMap<string, CaseFacts>): Baseline {
  const all = new Map<string, CaseFacts>()
  for (const name of Object.keys(old.cases)) all.set(name, factsIn(old, name) as CaseFacts)
  for (const [name, facts] of now) all.set(name, facts)
  return toBaseline(all)
}

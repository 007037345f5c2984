/**
 * Fits the host's slow stretches (model/machine/stretches.ts): how large a share of the time is
 * slow, how long it stays so, and how closely each stage follows. Nothing is assumed of the
 * distributions; only which samples are of a stage's slowest share counts. If x is 1 for those and
 * 0 for others, two samples t apart of stages that follow with the weights v and w have the
 * correlation v w exp(-t / mean), whether of one stage or of two. These products are fitted to the
 * correlations of all pairs, by distance. Times are ns.
 */
import { expFixed } from '../base/fixed-math.ts'
import type { Ns } from '../base/units.ts'
import type { Sample, Samples, Stage } from './stages.ts'

export interface FittedStretches {
  readonly slow: number
  readonly meanNs: Ns
  /** Of those that follow at all. */
  readonly weights: Readonly<Partial<Record<Stage, number>>>
}

/** Upper ends of the classes of distance, ns. */
const CLASSES = [4, 15, 30, 60, 100, 150, 250, 400, 700, 1000].map((ms) => ms * 1_000_000)
/** Fewer pairs say nothing of a correlation. */
const PAIRS_MIN = 30
/** Of each stage, the first so many. */
const SAMPLES_MAX = 2000
const SLOW = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
/** From 10 ms to 2 s. */
const MEANS_NS = Array.from({ length: 14 }, (_, i) => Math.round(10_000_000 * 1.5 ** i))
/** Fits that explain less of the correlations are of none that exist. */
const EXPLAINED_MIN = 1 / 3
/** A correlation of 0.04 with another that follows so little: chance makes as much. */
const WEIGHT_MIN = 0.2
const ITERATIONS = 30

interface Marked {
  readonly atNs: Ns
  /** Of mean 0 and variance 1. */
  readonly x: number
}

/** Correlation of two stages' samples that are about so far apart. */
interface Correlation {
  readonly a: number
  readonly b: number
  readonly apartNs: Ns
  readonly value: number
}

/** Null: the captured steps are slow each for itself. */
export function stretchesIn(samples: Samples, stages: readonly Stage[]): FittedStretches | null {
  let most = 0
  let best: FittedStretches | null = null
  for (const slow of SLOW) {
    const found = correlationsOf(stages.map((stage) => marked(samples[stage], slow)))
    const all = found.reduce((sum, { value }) => sum + value * value, 0)
    for (const meanNs of MEANS_NS) {
      const weights = weightsOf(found, meanNs, stages.length)
      const explained = all - leftBy(found, meanNs, weights)
      if (explained <= most || explained < EXPLAINED_MIN * all) continue
      most = explained
      const entries = stages.flatMap((stage, i): [Stage, number][] => {
        const weight = Math.round(100 * (weights[i] as number)) / 100
        return weight < WEIGHT_MIN ? [] : [[stage, weight]]
      })
      best = { slow, meanNs, weights: Object.fromEntries(entries) }
    }
  }
  return best !== null && Object.keys(best.weights).length > 0 ? best : null
}

function marked(samples: readonly Sample[], slow: number): readonly Marked[] {
  const of = samples.slice(0, SAMPLES_MAX).toSorted((a, b) => a.atNs - b.atNs)
  const ranked = of.map((_, i) => i).toSorted((i, j) => nsOf(of, i) - nsOf(of, j) || i - j)
  const from = Math.round(of.length * (1 - slow))
  const share = of.length === 0 ? 0 : 1 - from / of.length
  const deviation = Math.sqrt(share * (1 - share))
  if (deviation === 0) return []
  const isSlow = new Set(ranked.slice(from))
  return of.map(({ atNs }, i) => ({ atNs, x: ((isSlow.has(i) ? 1 : 0) - share) / deviation }))
}

function nsOf(samples: readonly Sample[], i: number): Ns {
  return (samples[i] as Sample).ns
}

function correlationsOf(stages: readonly (readonly Marked[])[]): readonly Correlation[] {
  const found: Correlation[] = []
  for (const [a, first] of stages.entries()) {
    for (let b = a; b < stages.length; b++) {
      const sums = CLASSES.map(() => ({ count: 0, apartNs: 0, value: 0 }))
      addPairs(first, stages[b] as readonly Marked[], a === b, sums)
      for (const { count, apartNs, value } of sums) {
        if (count < PAIRS_MIN) continue
        found.push({ a, b, apartNs: apartNs / count, value: value / count })
      }
    }
  }
  return found
}

/** Of one stage each pair once; of two stages before and after. */
function addPairs(
  first: readonly Marked[],
  second: readonly Marked[],
  isSame: boolean,
  sums: readonly { count: number; apartNs: number; value: number }[],
): void {
  const furthest = CLASSES.at(-1) as Ns
  let from = 0
  for (const [i, one] of first.entries()) {
    while ((second[from]?.atNs ?? Number.POSITIVE_INFINITY) < one.atNs - furthest) from++
    for (let j = isSame ? i + 1 : from; j < second.length; j++) {
      const other = second[j] as Marked
      const apartNs = Math.abs(other.atNs - one.atNs)
      if (other.atNs - one.atNs >= furthest) break
      const sum = sums[CLASSES.findIndex((end) => apartNs < end)]
      if (sum === undefined) continue
      sum.count++
      sum.apartNs += apartNs
      sum.value += one.x * other.x
    }
  }
}

/** Least squares, one stage after the other, half a step at a time. */
function weightsOf(found: readonly Correlation[], meanNs: Ns, count: number): readonly number[] {
  const weights = Array.from({ length: count }, () => 0.5)
  const decays = found.map(({ apartNs }) => expFixed(-apartNs / meanNs))
  for (let round = 0; round < ITERATIONS; round++) {
    for (let stage = 0; stage < count; stage++) {
      let [above, below] = [0, 0]
      for (const [i, { a, b, value }] of found.entries()) {
        if (a !== stage && b !== stage) continue
        const slope = (weights[a === stage ? b : a] as number) * (decays[i] as number)
        above += slope * value
        below += slope * slope
      }
      const next = below === 0 ? 0 : Math.min(1, Math.max(0, above / below))
      weights[stage] = ((weights[stage] as number) + next) / 2
    }
  }
  return weights
}

function leftBy(found: readonly Correlation[], meanNs: Ns, weights: readonly number[]): number {
  return found.reduce((sum, { a, b, apartNs, value }) => {
    const model = (weights[a] as number) * (weights[b] as number) * expFixed(-apartNs / meanNs)
    return sum + (value - model) * (value - model)
  }, 0)
}

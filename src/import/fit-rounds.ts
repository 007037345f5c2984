/**
 * The rounds of a fit: a run is simulated with some prices, each price is corrected by what the
 * simulated stage is short of at the same share of its samples, and so on; the round that came
 * nearest counts. All stages at once, because with two streams on one processor the later stages
 * of one are in the earlier stages of the other. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { between, type Fitted, LEVELS, sorted } from './fit.ts'
import type { Samples, Stage } from './stages.ts'

const ROUNDS = 10
/** So many rounds in which the error does not shrink to this share of the least end it. */
const PATIENCE = 3
const WORTH = 0.97
/** A round that leaves more of a stage's error than this is followed by half its corrections. */
const CONVERGES = 0.7
/** What is so many times the median is of another cause, if the model has such a cause. */
const OTHER_CAUSE = 5

/** The knobs at no price. */
export function freeOf(stages: readonly Stage[]): Fitted {
  return Object.fromEntries(stages.map((stage) => [stage, LEVELS.map(() => 0)]))
}

/** `trial`: samples of runs with these prices. */
export function fittedTo(
  captured: Samples,
  stages: readonly Stage[],
  trial: (fitted: Fitted) => Samples,
): Fitted {
  const bare = trial(freeOf(stages))
  const limits = new Map(stages.map((stage) => [stage, limitOf(captured[stage], bare[stage])]))
  const values = (of: Samples, stage: Stage): readonly Ns[] => {
    const limit = limits.get(stage) as Ns
    return sorted(of[stage]).filter((ns) => ns <= limit)
  }
  let tried = freeOf(stages)
  let got = bare
  let best = tried
  let least = Number.POSITIVE_INFINITY
  let at = 0
  const steps = new Map(stages.map((stage) => [stage, { part: 1, off: Number.POSITIVE_INFINITY }]))
  for (let round = 0; round < ROUNDS; round++) {
    const next = stages.map((stage) => {
      const { part } = steps.get(stage) as { part: number }
      const prices = tried[stage] as readonly Ns[]
      return [stage, corrected(prices, values(captured, stage), values(got, stage), part)]
    })
    tried = Object.fromEntries(next) as Fitted
    got = trial(tried)
    let sum = 0
    for (const stage of stages) {
      const step = steps.get(stage) as { part: number; off: number }
      const off = misfit(values(captured, stage), values(got, stage))
      // Where a price counts more than once in a sample, a whole correction goes too far.
      if (off > CONVERGES * step.off) step.part /= 2
      step.off = off
      sum += off
    }
    if (sum < WORTH * least) at = round
    if (sum < least) [best, least] = [tried, sum]
    if (round - at >= PATIENCE) break
  }
  return best
}

/**
 * Above which a stage's samples are not fitted: where the load that the replay has too makes, with
 * the knob at no price, at least half as many of those far beyond the median. To raise the knob as
 * well would count them twice.
 */
function limitOf(captured: Samples[Stage], bare: Samples[Stage]): Ns {
  const limit = OTHER_CAUSE * between(sorted(captured), 0.5)
  const share = (of: Samples[Stage]): number => {
    return of.length === 0 ? 0 : of.filter(({ ns }) => ns > limit).length / of.length
  }
  const [want, got] = [share(captured), share(bare)]
  return want > 0 && got >= want / 2 ? limit : Number.POSITIVE_INFINITY
}

function corrected(
  prices: readonly Ns[],
  captured: readonly Ns[],
  simulated: readonly Ns[],
  part: number,
): readonly Ns[] {
  if (captured.length === 0 || simulated.length === 0) return prices
  const raised = LEVELS.map((level, i) => {
    const short = between(captured, level) - between(simulated, level)
    return Math.max(0, (prices[i] as Ns) + part * short)
  })
  return ascending(raised).map(Math.round)
}

/** The nearest that ascends, by least squares: neighbours out of order share their mean. */
function ascending(prices: readonly Ns[]): readonly Ns[] {
  const blocks: { mean: number; weight: number; count: number }[] = []
  for (const [i, mean] of prices.entries()) {
    const weight = (LEVELS[i + 1] ?? 1) - (LEVELS[i - 1] ?? 0)
    let block = { mean, weight, count: 1 }
    for (let last = blocks.at(-1); last !== undefined && last.mean > block.mean; ) {
      blocks.pop()
      const both = last.weight + block.weight
      const sum = last.mean * last.weight + block.mean * block.weight
      block = { mean: sum / both, weight: both, count: last.count + block.count }
      last = blocks.at(-1)
    }
    blocks.push(block)
  }
  return blocks.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean))
}

/** The sum of relative errors at the levels that a capture of a hundred samples knows. */
function misfit(captured: readonly Ns[], simulated: readonly Ns[]): number {
  if (simulated.length === 0) return Number.POSITIVE_INFINITY
  const levels = LEVELS.filter((level) => level >= 0.1 && level <= 0.99)
  return levels.reduce((sum: number, level) => {
    const of = Math.max(1, between(captured, level))
    return sum + Math.abs(between(simulated, level) - of) / of
  }, 0)
}

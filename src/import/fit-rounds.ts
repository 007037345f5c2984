/**
 * The rounds of a fit: a run is simulated with some prices, each price is corrected by what the
 * simulated stage is short of at the same share of its samples, and so on. The first rounds come
 * near; each later one has chance of its own and corrects by a smaller part, 1/k of it, so that
 * their chance averages out (Robbins and Monro, "A stochastic approximation method", 1951): prices
 * that were fitted to one set of seeds would have the luck of that set. All stages at once, because
 * with two streams on one processor the later stages of one are in the earlier stages of the other.
 * Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { between, type Fitted, LEVELS, sorted } from './fit.ts'
import type { Samples, Stage } from './stages.ts'

/** Rounds that correct by the whole, and those that are averaged. */
const COARSE_ROUNDS = 2
const AVERAGED_ROUNDS = 8
/** What is so many times the median is of another cause, if the model has such a cause. */
const OTHER_CAUSE = 5

/** The knobs at no price. */
export function freeOf(stages: readonly Stage[]): Fitted {
  return Object.fromEntries(stages.map((stage) => [stage, LEVELS.map(() => 0)]))
}

/** `trial`: samples of runs with these prices; each round has seeds of its own. */
export function fittedTo(
  captured: Samples,
  stages: readonly Stage[],
  trial: (fitted: Fitted, round: number) => Samples,
): Fitted {
  let fitted = freeOf(stages)
  let got = trial(fitted, 0)
  const limits = new Map(stages.map((stage) => [stage, limitOf(captured[stage], got[stage])]))
  const values = (of: Samples, stage: Stage): readonly Ns[] => {
    const limit = limits.get(stage) as Ns
    return sorted(of[stage]).filter((ns) => ns <= limit)
  }
  for (let round = 1; round <= COARSE_ROUNDS + AVERAGED_ROUNDS; round++) {
    const part = 1 / Math.max(1, round - COARSE_ROUNDS)
    const next = stages.map((stage) => {
      const prices = fitted[stage] as readonly Ns[]
      return [stage, corrected(prices, values(captured, stage), values(got, stage), part)]
    })
    fitted = Object.fromEntries(next) as Fitted
    if (round < COARSE_ROUNDS + AVERAGED_ROUNDS) got = trial(fitted, round)
  }
  return fitted
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

/**
 * The nearest that ascends, by least absolute distance: neighbours out of order share their median.
 * Not by least squares: a few samples of another cause, which the captured run may not have, would
 * pull down all the prices below them.
 */
function ascending(prices: readonly Ns[]): readonly Ns[] {
  const blocks: { median: number; of: { price: number; weight: number }[] }[] = []
  for (const [i, price] of prices.entries()) {
    const weight = (LEVELS[i + 1] ?? 1) - (LEVELS[i - 1] ?? 0)
    let block = { median: price, of: [{ price, weight }] }
    for (let last = blocks.at(-1); last !== undefined && last.median > block.median; ) {
      blocks.pop()
      const of = [...last.of, ...block.of]
      block = { median: weightedMedian(of), of }
      last = blocks.at(-1)
    }
    blocks.push(block)
  }
  return blocks.flatMap(({ median, of }) => of.map(() => median))
}

function weightedMedian(of: readonly { price: number; weight: number }[]): number {
  const ascends = of.toSorted((a, b) => a.price - b.price)
  let left = ascends.reduce((sum, { weight }) => sum + weight, 0) / 2
  for (const { price, weight } of ascends) {
    left -= weight
    if (left <= 0) return price
  }
  return (ascends.at(-1) as { price: number }).price
}

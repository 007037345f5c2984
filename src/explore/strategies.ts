/** The ways to search, by name; the larger ones stand in files of their own. */
import type { Prng } from '../base/prng.ts'
import type { Answer } from '../sim/schedule.ts'
import { CoverageGuided } from './coverage-guided.ts'
import type { PointGroup } from './points.ts'
import {
  delaysAt,
  ordered,
  randomHolds,
  type Strategy,
  type StrategyContext,
  trialOf,
} from './strategy.ts'
import { Swarm } from './swarm.ts'
import type { Outcome, Trial } from './trial.ts'

export const STRATEGIES = {
  random: 'random walk: up to depth holds at random points, ties at random',
  pct: 'probabilistic concurrency testing: exactly depth - 1 changes of priority',
  delay: 'systematic: one hold at each conflicting point, then two, up to depth',
  exhaustive: 'every set of up to depth holds at every point',
  dpor: 'every set of up to depth holds at points where something conflicts',
  swarm: 'kinds and rates of faults drawn from the seed, and holds',
  coverage: 'varies schedules that showed something new',
  mixed: 'delay, coverage and random in turn',
} as const

export type StrategyName = keyof typeof STRATEGIES

export function makeStrategy(name: StrategyName, context: StrategyContext): Strategy {
  switch (name) {
    case 'random':
      return new RandomWalk(context)
    case 'pct':
      return new Pct(context)
    case 'delay':
      return new DelayBounded(context)
    case 'exhaustive':
      return new AllSets(context, false)
    case 'dpor':
      return new AllSets(context, true)
    case 'swarm':
      return new Swarm(context)
    case 'coverage':
      return new CoverageGuided(context)
    default:
      return new InTurn([
        new DelayBounded(context),
        new CoverageGuided(context),
        new RandomWalk(context),
      ])
  }
}

class RandomWalk implements Strategy {
  private readonly context: StrategyContext
  private readonly rng: Prng

  constructor(context: StrategyContext) {
    this.context = context
    this.rng = context.rng
  }

  next(): Trial {
    const { context, rng } = this
    const count = 1 + rng.below(context.depth)
    const holds = randomHolds(context, context.points, count, rng)
    return { ...trialOf(context, holds), tieSeed: rng.uint32() }
  }
}

/**
 * Contexts are equal until a change point; there the one that runs falls behind the others, for as
 * long as a context of its kind can. Change points are uniform over all visible operations.
 */
class Pct implements Strategy {
  private readonly context: StrategyContext

  constructor(context: StrategyContext) {
    this.context = context
  }

  next(): Trial {
    const { context } = this
    const { points, rng } = context
    const operationOf = (at: number): string =>
      points.groups.find((group) => group.members.includes(at))?.operation ?? ''
    const holds: Answer[] = []
    for (let i = 1; i < Math.max(context.depth, 2) && points.count > 0; i++) {
      const at = rng.below(points.count)
      const delays = delaysAt(context, operationOf(at), 0)
      if (delays.length > 0) holds.push({ at, value: delays[rng.below(delays.length)] as number })
    }
    return { ...trialOf(context, ordered(holds)), tieSeed: rng.uint32() }
  }
}

/**
 * One hold at a time through all groups in turn, within a group in an order that spreads over the
 * run; when single holds are used up, sets of two, and so on.
 */
class DelayBounded implements Strategy {
  private readonly context: StrategyContext
  private readonly single: readonly Answer[]
  private at = 0

  constructor(context: StrategyContext) {
    this.context = context
    this.single = [...singleHolds(context)]
  }

  next(): Trial | null {
    const { context, single } = this
    const hold = single[this.at++]
    if (hold !== undefined) return trialOf(context, [hold])
    if (context.depth < 2 || single.length < 2) return null
    const { rng } = context
    const count = 2 + rng.below(context.depth - 1)
    const holds = Array.from({ length: count }, () => single[rng.below(single.length)] as Answer)
    return trialOf(context, ordered(holds))
  }
}

/** Every hold of a conflicting point, the groups in turn. */
function* singleHolds(context: StrategyContext): Generator<Answer> {
  const { points } = context
  const queues = points.groups.map((group) => ({ group, order: spread(group.members.length) }))
  const most = Math.max(0, ...points.groups.map((group) => group.members.length))
  for (let round = 0; round < most; round++) {
    for (const { group, order } of queues) {
      const index = order[round]
      if (index === undefined) continue
      const at = group.members[index] as number
      const delays = delaysAt(context, group.operation, points.meetsNs[at] as number)
      for (const value of delays.toReversed()) yield { at, value }
    }
  }
}

/** 0 .. n - 1 in an order whose beginnings are spread evenly (van der Corput), the middle first. */
function spread(n: number): readonly number[] {
  const bits = Math.max(1, Math.ceil(bitLength(n)))
  const order: number[] = []
  for (let i = 1; i <= 2 ** bits; i++) {
    let reversed = 0
    for (let bit = 0; bit < bits; bit++) reversed = reversed * 2 + ((i >> bit) & 1)
    if (reversed < n) order.push(reversed)
  }
  return order
}

function bitLength(n: number): number {
  return 32 - Math.clz32(Math.max(n - 1, 1))
}

/** Sets of up to `depth` holds in lexical order; with `reduced`, only at conflicting points. */
class AllSets implements Strategy {
  private readonly context: StrategyContext
  private readonly sets: Generator<readonly Answer[]>

  constructor(context: StrategyContext, reduced: boolean) {
    this.context = context
    this.sets = subsets(reduced ? reducedHolds(context) : everyHold(context), context.depth)
  }

  next(): Trial | null {
    const set = this.sets.next()
    return set.done === true ? null : trialOf(this.context, set.value)
  }
}

function everyHold(context: StrategyContext): readonly Answer[] {
  const all = context.points.groups.flatMap((group: PointGroup) =>
    group.members.flatMap((at) =>
      delaysAt(context, group.operation, 0).map((value) => ({ at, value })),
    ),
  )
  return all.toSorted((a, b) => a.at - b.at || a.value - b.value)
}

function reducedHolds(context: StrategyContext): readonly Answer[] {
  return [...singleHolds(context)].toSorted((a, b) => a.at - b.at || a.value - b.value)
}

/** Sets of 1, then 2, ... up to `most` answers, at different operations. */
function* subsets(all: readonly Answer[], most: number): Generator<readonly Answer[]> {
  for (let size = 1; size <= most; size++) yield* subsetsOf(all, size, 0, [])
}

function* subsetsOf(
  all: readonly Answer[],
  size: number,
  from: number,
  begun: readonly Answer[],
): Generator<readonly Answer[]> {
  if (begun.length === size) {
    yield begun
    return
  }
  for (let i = from; i < all.length; i++) {
    const one = all[i] as Answer
    if (begun.at(-1)?.at === one.at) continue
    yield* subsetsOf(all, size, i + 1, [...begun, one])
  }
}

class InTurn implements Strategy {
  private readonly all: readonly Strategy[]
  private turn = 0

  constructor(all: readonly Strategy[]) {
    this.all = all
  }

  next(): Trial | null {
    for (let tries = 0; tries < this.all.length; tries++) {
      const one = this.all[this.turn++ % this.all.length] as Strategy
      const trial = one.next()
      if (trial !== null) return trial
    }
    return null
  }

  tell(trial: Trial, outcome: Outcome): void {
    // What one has seen helps the one that collects.
    for (const one of this.all) one.tell?.(trial, outcome)
  }
}

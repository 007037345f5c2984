/**
 * How a search chooses its next trials. A strategy sees the ordinary run's points and, after each
 * round, the outcomes; it draws from a stream of its own. Rounds have a fixed size, so that what is
 * found does not depend on how many threads run it.
 */
import type { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'
import { holdingOf, holdings } from '../scenario/holdings.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Answer } from '../sim/schedule.ts'
import type { PointGroup, Points } from './points.ts'
import type { Outcome, Trial } from './trial.ts'

export interface StrategyContext {
  readonly spec: ScenarioSpec
  /** Of the ordinary run. */
  readonly points: Points
  readonly rng: Prng
  /** Holds in one run at most (delay bound, PCT's depth). */
  readonly depth: number
  /** Lengths of holds, if the user states them. */
  readonly delaysNs: readonly Ns[] | null
  readonly seed: number
}

export interface Strategy {
  /** The next trial; null when there is nothing left to try. */
  next(): Trial | null
  tell?(trial: Trial, outcome: Outcome): void
}

/** Past the conflict by this much, so that the other one has gone first. */
const PAST_NS = 1000

/**
 * Lengths worth trying at a point: just past the conflicting access that follows, and the usual
 * ones that reach it. None: nothing conflicts within the longest hold of this kind.
 */
export function delaysAt(context: StrategyContext, operation: string, meetsNs: Ns): readonly Ns[] {
  const { delaysNs, maxNs } = holdings[holdingOf(operation)]
  if (context.delaysNs !== null) return context.delaysNs.filter((ns) => ns > meetsNs)
  if (meetsNs > maxNs) return []
  const usual = delaysNs.filter((ns) => ns > meetsNs)
  const [least] = usual
  const close = meetsNs + PAST_NS
  return least === undefined || close < least / 2 ? [close, ...usual] : usual
}

export function trialOf(context: StrategyContext, holds: readonly Answer[]): Trial {
  const { seed } = context
  return { holds, tieSeed: null, ties: [], faults: [], seed, list: false }
}

/** Ascending, one for each operation. */
export function ordered(holds: readonly Answer[]): readonly Answer[] {
  const byAt = new Map(holds.map((one) => [one.at, one]))
  return [...byAt.values()].toSorted((a, b) => a.at - b.at)
}

/** A hold at a random member of a random group; null where nothing conflicts. */
export function randomHold(context: StrategyContext, points: Points, rng: Prng): Answer | null {
  const { groups } = points
  if (groups.length === 0) return null
  const group = groups[rng.below(groups.length)] as PointGroup
  const at = group.members[rng.below(group.members.length)] as number
  const delays = delaysAt(context, group.operation, points.meetsNs[at] as number)
  if (delays.length === 0) return null
  return { at, value: delays[rng.below(delays.length)] as number }
}

/** Up to `count` random holds; tries a few times to find points where something conflicts. */
export function randomHolds(
  context: StrategyContext,
  points: Points,
  count: number,
  rng: Prng,
): readonly Answer[] {
  const holds: Answer[] = []
  for (let tries = 0; tries < 8 * count && holds.length < count; tries++) {
    const hold = randomHold(context, points, rng)
    if (hold !== null) holds.push(hold)
  }
  return ordered(holds)
}

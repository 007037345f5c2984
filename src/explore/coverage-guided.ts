/**
 * Keeps each schedule whose run did something new, asks once for that run's own points, and varies
 * it: one more hold after the last, another length, one hold less.
 */
import { ANSWERS_MAX, type Answer, parseSchedule } from '../sim/schedule.ts'
import type { Points } from './points.ts'
import {
  ordered,
  randomHold,
  randomHolds,
  type Strategy,
  type StrategyContext,
  trialOf,
} from './strategy.ts'
import type { Outcome, Trial } from './trial.ts'

interface Kept {
  readonly holds: readonly Answer[]
  points: Points | null
}

/** Schedules that are varied; the oldest without news gives way. */
const KEPT_MAX = 64

export class CoverageGuided implements Strategy {
  private readonly context: StrategyContext
  private readonly seen = new Set<string>()
  private readonly kept: Kept[] = []
  private readonly toList: Kept[] = []
  private readonly listing = new Map<string, Kept>()

  constructor(context: StrategyContext) {
    this.context = context
    this.kept.push({ holds: [], points: context.points })
  }

  next(): Trial {
    const { context, toList, kept } = this
    const waiting = toList.shift()
    if (waiting !== undefined) {
      this.listing.set(keyOf(waiting.holds), waiting)
      return { ...trialOf(context, waiting.holds), list: true }
    }
    const one = kept[context.rng.below(kept.length)] as Kept
    return trialOf(context, this.varied(one))
  }

  tell(trial: Trial, outcome: Outcome): void {
    const listed = trial.list ? this.listing.get(keyOf(trial.holds)) : undefined
    if (listed !== undefined) {
      listed.points = outcome.points
      this.listing.delete(keyOf(trial.holds))
      return
    }
    const before = this.seen.size
    for (const feature of outcome.features) this.seen.add(feature)
    const schedule = parseSchedule(outcome.schedule)
    if (this.seen.size === before || typeof schedule === 'string') return
    const { holds } = schedule
    if (holds.length === 0 || holds.length >= Math.min(this.context.depth, ANSWERS_MAX)) return
    const entry: Kept = { holds, points: null }
    this.kept.push(entry)
    this.toList.push(entry)
    if (this.kept.length > KEPT_MAX) this.kept.splice(1, 1)
  }

  private varied({ holds, points }: Kept): readonly Answer[] {
    const { context } = this
    const { rng } = context
    const what = rng.below(4)
    const at = rng.below(Math.max(holds.length, 1))
    const hold = holds[at]
    if (what === 0 && holds.length > 1) return holds.toSpliced(at, 1)
    if (what === 1 && hold !== undefined) {
      const value = Math.max(1, Math.floor((hold.value * (1 + rng.below(40))) / 20))
      return holds.with(at, { at: hold.at, value })
    }
    if (points === null) return randomHolds(context, context.points, 1 + holds.length, rng)
    const more = randomHold(context, points, rng)
    return more === null ? holds : ordered([...holds, more])
  }
}

function keyOf(holds: readonly Answer[]): string {
  return holds.map(({ at, value }) => `${at}=${value}`).join()
}

/**
 * A search: rounds of trials, the failures they showed, one schedule for each reason. Knows nothing
 * of threads; whoever runs a round gives its outcomes back in order. The same seed gives the same
 * trials and findings, whatever runs them.
 */
import { Prng } from '../base/prng.ts'
import type { Ns } from '../base/units.ts'
import type { InjectedFault } from '../scenario/fault-spec.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Failure } from './failures.ts'
import { makeStrategy, type StrategyName } from './strategies.ts'
import type { Strategy } from './strategy.ts'
import { type Outcome, ordinaryTrial, type Trial } from './trial.ts'

/** Trials of a round: all are chosen before the first of them is told. */
export const ROUND = 32

export interface SearchOptions {
  readonly strategy: StrategyName
  /** Of the search's own draws. */
  readonly seed: number
  /** Of the runs. */
  readonly runSeed: number
  readonly depth: number
  readonly delaysNs: readonly Ns[] | null
}

export interface Finding {
  readonly failure: Failure
  /** Number of the run that showed it first, from 1; 0 is the ordinary run. */
  readonly run: number
  readonly schedule: string
  readonly faults: readonly InjectedFault[]
  /** Runs that showed it. */
  times: number
}

export class Search {
  /** Runs so far, beside the ordinary one. */
  runs = 0
  /** Nothing is left to try. */
  exhausted = false
  /** What the ordinary run shows already, and what was found beyond it. */
  readonly known: readonly Failure[]
  private readonly found = new Map<string, Finding>()
  private readonly features: Set<string>
  private readonly schedules = new Set<string>()
  private readonly strategy: Strategy

  /** `ordinary` is the outcome of `firstTrial`. */
  constructor(spec: ScenarioSpec, ordinary: Outcome, options: SearchOptions) {
    const { points } = ordinary
    if (points === null) throw new RangeError('a search begins with the points of a run')
    this.known = ordinary.failures
    this.features = new Set(ordinary.features)
    const { seed, runSeed, depth, delaysNs } = options
    const rng = new Prng(seed, `explore/${options.strategy}`)
    const context = { spec, points, rng, depth, delaysNs, seed: runSeed }
    this.strategy = makeStrategy(options.strategy, context)
  }

  static firstTrial(options: SearchOptions): Trial {
    return ordinaryTrial(options.runSeed, true)
  }

  /** Up to ROUND trials, none of which was made before; fewer when nothing is left. */
  nextRound(most: number = ROUND): readonly Trial[] {
    const trials: Trial[] = []
    const size = Math.min(most, ROUND)
    for (let tries = 0; trials.length < size && tries < 20 * ROUND; tries++) {
      const trial = this.strategy.next()
      if (trial === null) {
        this.exhausted = true
        break
      }
      const key = JSON.stringify(trial)
      if (this.schedules.has(key)) continue
      this.schedules.add(key)
      trials.push(trial)
    }
    if (trials.length === 0) this.exhausted = true
    return trials
  }

  /** Takes the outcomes of a round, in its order. */
  take(trials: readonly Trial[], outcomes: readonly Outcome[]): void {
    for (const [i, trial] of trials.entries()) {
      const outcome = outcomes[i] as Outcome
      this.runs++
      for (const feature of outcome.features) this.features.add(feature)
      for (const failure of outcome.failures) this.note(failure, trial, outcome)
      this.strategy.tell?.(trial, outcome)
    }
  }

  get findings(): readonly Finding[] {
    return [...this.found.values()]
  }

  /** How many different orders and states were seen. */
  get coverage(): number {
    return this.features.size
  }

  private note(failure: Failure, trial: Trial, { schedule }: Outcome): void {
    if (this.known.some((one) => one.key === failure.key)) return
    const before = this.found.get(failure.key)
    if (before !== undefined) before.times++
    else {
      const { faults } = trial
      this.found.set(failure.key, { failure, run: this.runs, schedule, faults, times: 1 })
    }
  }
}

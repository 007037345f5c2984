/**
 * One run of a search as plain data, and what it answers: so that it can cross to a worker thread
 * and back. Pure: the same trial gives the same outcome everywhere.
 */
import { buildResult, type RunResult } from '../analysis/result.ts'
import { Prng } from '../base/prng.ts'
import type { Frames } from '../base/units.ts'
import { evaluateExpect } from '../scenario/expect.ts'
import type { InjectedFault } from '../scenario/fault-spec.ts'
import { type Run, runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import {
  type Answer,
  answerOf,
  type Decider,
  formatSchedule,
  SteeredPolicy,
} from '../sim/schedule.ts'
import type { ChunkPool } from '../sim/trace-columns.ts'
import { featuresOf } from './coverage.ts'
import { type Failure, failuresOf, type Oracle } from './failures.ts'
import { PointRecorder, type Points } from './points.ts'
import { holds, type Predicate } from './predicate.ts'

export interface Trial {
  /** Which contexts are held back: numbers of operations, ns; ascending. */
  readonly holds: readonly Answer[]
  /** Ties that are answered at random, from this seed; null: in order, or as `ties` says. */
  readonly tieSeed: number | null
  readonly ties: readonly Answer[]
  /** Faults beside those of the scenario. */
  readonly faults: readonly InjectedFault[]
  /** The seed of the run's own draws. */
  readonly seed: number
  /** Ask for the points of this run. */
  readonly list: boolean
}

export interface Outcome {
  /** Everything that was answered differently from an ordinary run. */
  readonly schedule: string
  readonly failures: readonly Failure[]
  /** What happened in this run that need not happen in others (coverage.ts). */
  readonly features: readonly string[]
  readonly points: Points | null
  /** Frames of silence that sinks played for want of data. */
  readonly silence: Frames
}

/** What is run, and what is looked for. */
export interface Target {
  readonly spec: ScenarioSpec
  readonly oracles: readonly Oracle[]
  readonly predicates: readonly Predicate[]
  /** Whether features are wanted; they cost a fold. */
  readonly features: boolean
}

/** Nothing held back, nothing reordered. */
export function ordinaryTrial(seed: number, list: boolean): Trial {
  return { holds: [], tieSeed: null, ties: [], faults: [], seed, list }
}

export function runTrial(target: Target, trial: Trial, pool: ChunkPool): Outcome {
  const { spec } = target
  const recorder = new PointRecorder(deciderOf(trial))
  const policy = new SteeredPolicy(trial.list ? withTies(recorder, trial) : deciderOf(trial))
  const faulty = trial.faults.length === 0 ? spec : withFaults(spec, trial.faults)
  const run = runScenario(faulty, trial.seed, {
    policy,
    pool,
    onSimulation: (sim) => recorder.attach(sim),
  })
  const result = resultOf(run, faulty, trial.seed)
  const outcome: Outcome = {
    schedule: formatSchedule(policy.schedule),
    failures: failuresIn(result, faulty, trial, target),
    features: target.features ? featuresOf(run.store) : [],
    points: trial.list ? recorder.points(run.store) : null,
    silence: Object.values(result.streams).reduce((sum, one) => sum + one.frames.silence, 0),
  }
  run.store.release()
  return outcome
}

function resultOf(run: Run, { name: scenario, variant }: ScenarioSpec, seed: number): RunResult {
  const { store, outcome, limit, virtualTimeNs, streamNames } = run
  const meta = { scenario, variant, seed, virtualTimeNs, outcome, limit, streamNames }
  return buildResult(store, { ...meta, fingerprint: '' })
}

function failuresIn(
  bare: RunResult,
  spec: ScenarioSpec,
  trial: Trial,
  { oracles, predicates }: Target,
): readonly Failure[] {
  const heldNs =
    trial.holds.reduce((sum, one) => sum + one.value, 0) +
    spec.faults.reduce((sum, one) => sum + (one.forNs ?? 0) + (one.byNs ?? 0), 0)
  const expectations = oracles.includes('expect') ? evaluateExpect(spec.expect, bare) : []
  const result = { ...bare, expectations }
  const own = predicates.flatMap((one): Failure[] =>
    holds(one, result)
      ? [{ oracle: 'expect', key: `find: ${one.text}`, text: one.text, timeNs: null, expect: {} }]
      : [],
  )
  return [...failuresOf(result, oracles, heldNs), ...own]
}

function withFaults(spec: ScenarioSpec, faults: readonly InjectedFault[]): ScenarioSpec {
  return { ...spec, faults: [...spec.faults, ...faults] }
}

function deciderOf(trial: Trial): Decider {
  const held = trial.holds.length > 0 ? { hold: answerOf(trial.holds) } : {}
  const { tieSeed, ties } = trial
  if (tieSeed !== null) return { ...held, tie: randomTies(tieSeed) }
  return ties.length > 0 ? { ...held, tie: answerOf(ties) } : held
}

/** The recorder asks for holds; ties go past it. */
function withTies(recorder: PointRecorder, trial: Trial): Decider {
  const { tie } = deciderOf(trial)
  const hold: Decider['hold'] = (at, context, operation) => recorder.hold(at, context, operation)
  return tie === undefined ? { hold } : { hold, tie }
}

function randomTies(seed: number): NonNullable<Decider['tie']> {
  const rng = new Prng(seed, 'ties')
  return (_, candidates) => (candidates.length === 1 ? 0 : rng.below(candidates.length))
}

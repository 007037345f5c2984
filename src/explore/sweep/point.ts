/**
 * One run of a sweep: what it came to, small enough to keep a million of them. Sums are over the
 * streams of the scenario; of a quantile the worst stream counts. Times are ns, sizes frames.
 */
import { FoldSet } from '../../analysis/fold.ts'
import { buildResult, type RunResult, type StreamResult } from '../../analysis/result.ts'
import { RingGapFold } from '../../analysis/ring-gap.ts'
import { isTail } from '../../analysis/silent-failures.ts'
import type { Stats } from '../../analysis/stats.ts'
import { StreamTable } from '../../analysis/streams.ts'
import { Prng } from '../../base/prng.ts'
import { evaluateExpect } from '../../scenario/expect.ts'
import { runScenario } from '../../scenario/run.ts'
import type { ScenarioSpec } from '../../scenario/spec.ts'
import type { ChunkPool } from '../../sim/trace-columns.ts'
import { holds, type Predicate } from '../predicate.ts'
import { type RunNearness, type SeededRun, type Splitting, split } from './splitting.ts'

/** The keys in the order in which files and tables have them. */
export interface PointResult {
  readonly outcome: RunResult['outcome']
  /** Whether the run is not what is asked for (FailRule). */
  readonly fails: boolean
  readonly xruns: number
  /** Silent failures but the stale read while a drain ends, which nobody hears. */
  readonly silentFailures: number
  readonly errors: number
  /** Frames of silence that sinks played for want of data. */
  readonly silence: number
  readonly played: number
  readonly periods: number
  readonly periodP50Ns: number
  readonly periodMaxNs: number
  /** Wake-ups of clients by period elapsed. */
  readonly wakeUps: number
  readonly wakeP50Ns: number
  readonly wakeP99Ns: number
  readonly wakeMaxNs: number
  readonly endToEndP50Ns: number
  readonly endToEndP99Ns: number
  readonly endToEndMaxNs: number
}

/** When a run fails. `expect`: when a verdict of the scenario is not met. */
export interface FailRule {
  /** Xruns, silent failures, or an outcome other than completed. */
  readonly audible: boolean
  readonly expect: boolean
  readonly predicates: readonly Predicate[]
}

export const AUDIBLE: FailRule = { audible: true, expect: false, predicates: [] }

const LIGHT_PATHS = ['streams', 'outcome', 'virtualTimeNs', 'log']

/** Whether the rule can be judged without lock order, memory and protocol. */
export function isLight(rule: FailRule): boolean {
  return !rule.expect && rule.predicates.every((one) => LIGHT_PATHS.includes(one.path[0] ?? ''))
}

export function runPoint(
  spec: ScenarioSpec,
  seed: number,
  rule: FailRule,
  pool: ChunkPool,
): PointResult {
  const { run, result } = simulated(spec, seed, rule, pool)
  run.store.release()
  return pointOf(result, judge(spec, result, rule))
}

/** What a search for rare failures is given. */
export interface SearchOptions {
  /** Runs that are alive at a time. */
  readonly particles: number
  /** After so many runs it ends without an estimate. */
  readonly runsMax: number
  readonly seed: number
}

/** Of the particles, so many are given up at each level. */
const KILLED_SHARE = 0.1

/** Search number `nth`, which knows nothing of the others, from its first run to its last. */
export function searchRare(
  spec: ScenarioSpec,
  { particles, runsMax, seed }: SearchOptions,
  nth: number,
  rule: FailRule,
  pool: ChunkPool,
): Splitting {
  const rng = new Prng(seed, `rare/${nth}`)
  const killed = Math.ceil(particles * KILLED_SHARE)
  const search = split({ particles, killed, runsMax, rng })
  let step = search.next()
  while (step.done !== true) {
    step = search.next(step.value.map((run) => runNearness(spec, run, rule, pool)))
  }
  return step.value
}

/** One run of a search for rare failures: whether it fails, and how near it came. */
function runNearness(
  spec: ScenarioSpec,
  { seed, reseed }: SeededRun,
  rule: FailRule,
  pool: ChunkPool,
): RunNearness {
  const { run, result } = simulated({ ...spec, reseed }, seed, rule, pool)
  const { store, virtualTimeNs } = run
  const folds = new FoldSet()
  const gaps = folds.add(new RingGapFold(folds.add(new StreamTable(store.symbols))))
  store.replay(folds)
  store.release()
  return { fails: judge(spec, result, rule), falls: gaps.finish(virtualTimeNs) }
}

function simulated(spec: ScenarioSpec, seed: number, rule: FailRule, pool: ChunkPool) {
  const run = runScenario(spec, seed, { pool })
  const { store, outcome, limit, virtualTimeNs, streamNames } = run
  const { name: scenario, variant } = spec
  const meta = { scenario, variant, seed, virtualTimeNs, outcome, limit, streamNames }
  const light = isLight(rule)
  const result = buildResult(store, { ...meta, fingerprint: '' }, light ? 'sound' : 'all')
  return { run, result }
}

function judge(spec: ScenarioSpec, bare: RunResult, rule: FailRule): boolean {
  if (rule.audible && isAudible(bare)) return true
  const expectations = rule.expect ? evaluateExpect(spec.expect, bare) : []
  if (expectations.some((one) => !one.pass)) return true
  return rule.predicates.some((one) => holds(one, { ...bare, expectations }))
}

function isAudible(result: RunResult): boolean {
  if (result.outcome !== 'completed') return true
  return Object.values(result.streams).some((one) => one.xruns.length > 0 || heard(one) > 0)
}

function heard(stream: StreamResult): number {
  return stream.silentFailures.filter((one) => !isTail(one)).length
}

function pointOf(result: RunResult, fails: boolean): PointResult {
  const streams = Object.values(result.streams)
  const sum = (count: (one: StreamResult) => number): number =>
    streams.reduce((total, one) => total + count(one), 0)
  const worst = (of: (one: StreamResult) => Stats, key: keyof Stats): number =>
    streams.reduce((most, one) => Math.max(most, of(one)[key]), 0)
  return {
    outcome: result.outcome,
    fails,
    xruns: sum((one) => one.xruns.length),
    silentFailures: sum(heard),
    errors: sum((one) => one.errors.length),
    silence: sum((one) => one.frames.silence),
    played: sum((one) => one.frames.played),
    periods: sum((one) => one.periodElapsed.count),
    periodP50Ns: worst((one) => one.periodElapsed.intervalNs, 'p50'),
    periodMaxNs: worst((one) => one.periodElapsed.intervalNs, 'max'),
    wakeUps: sum((one) => one.wakeLatencyNs.count),
    wakeP50Ns: worst((one) => one.wakeLatencyNs, 'p50'),
    wakeP99Ns: worst((one) => one.wakeLatencyNs, 'p99'),
    wakeMaxNs: worst((one) => one.wakeLatencyNs, 'max'),
    endToEndP50Ns: worst((one) => one.endToEndNs, 'p50'),
    endToEndP99Ns: worst((one) => one.endToEndNs, 'p99'),
    endToEndMaxNs: worst((one) => one.endToEndNs, 'max'),
  }
}

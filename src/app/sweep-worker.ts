/**
 * The entry of a worker thread that runs the points of a sweep, some seeds of one setting, or runs
 * of a search for rare failures.
 */
import { type FailRule, type PointResult, runNearness, runPoint } from '../explore/sweep/point.ts'
import type { RunNearness, SeededRun } from '../explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { filePool } from './record-file.ts'
import { answering, type ThreadAnswer } from './thread-answer.ts'

export interface PointBatch {
  readonly spec: ScenarioSpec
  readonly seeds: readonly number[]
  readonly rule: FailRule
}

export interface RareBatch {
  readonly spec: ScenarioSpec
  readonly runs: readonly SeededRun[]
  readonly rule: FailRule
}

/** A batch as it comes: batches of one setting have one number, and a copy of its scenario each. */
export type Numbered<B> = B & { readonly setting: number }

type Answer<R> = ThreadAnswer<readonly R[]>

const pool = filePool()
let setting = -1
let scenario: ScenarioSpec | null = null

/** The first copy of a setting: its distributions are compiled once (base/distribution.ts). */
function specOf(batch: Numbered<{ readonly spec: ScenarioSpec }>): ScenarioSpec {
  if (scenario === null || setting !== batch.setting) scenario = batch.spec
  setting = batch.setting
  return scenario
}

export default function points(batch: Numbered<PointBatch>): Answer<PointResult> {
  const spec = specOf(batch)
  return answering(() => batch.seeds.map((seed) => runPoint(spec, seed, batch.rule, pool)))
}

export function nearness(batch: Numbered<RareBatch>): Answer<RunNearness> {
  const spec = specOf(batch)
  return answering(() => batch.runs.map((run) => runNearness(spec, run, batch.rule, pool)))
}

/**
 * The entry of a worker thread that runs the points of a sweep: some seeds of one setting, or some
 * of its searches for rare failures.
 */
import {
  type FailRule,
  type PointResult,
  runPoint,
  type SearchOptions,
  searchRare,
} from '../explore/sweep/point.ts'
import type { Splitting } from '../explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { filePool } from './record-file.ts'
import { answering, type ThreadAnswer } from './thread-answer.ts'

export interface PointBatch {
  readonly spec: ScenarioSpec
  readonly seeds: readonly number[]
  readonly rule: FailRule
}

export interface SearchBatch {
  readonly spec: ScenarioSpec
  readonly search: SearchOptions
  /** Numbers of the searches. */
  readonly numbers: readonly number[]
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

export function searches(batch: Numbered<SearchBatch>): Answer<Splitting> {
  const spec = specOf(batch)
  const { search, numbers, rule } = batch
  return answering(() => numbers.map((nth) => searchRare(spec, search, nth, rule, pool)))
}

/**
 * The entry of a worker thread that runs the points of a sweep, some seeds of one setting, or runs
 * of a search for rare failures.
 */
import { type FailRule, type PointResult, runNearness, runPoint } from '../explore/sweep/point.ts'
import type { RunNearness, SeededRun } from '../explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { filePool } from './record-file.ts'

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

const pool = filePool()

export default function points({ spec, seeds, rule }: PointBatch): readonly PointResult[] {
  return seeds.map((seed) => runPoint(spec, seed, rule, pool))
}

export function nearness({ spec, runs, rule }: RareBatch): readonly RunNearness[] {
  return runs.map((run) => runNearness(spec, run, rule, pool))
}

/** The entry of a worker thread that runs the points of a sweep: some seeds of one setting. */
import { type FailRule, type PointResult, runPoint } from '../explore/sweep/point.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { filePool } from './record-file.ts'

export interface PointBatch {
  readonly spec: ScenarioSpec
  readonly seeds: readonly number[]
  readonly rule: FailRule
}

const pool = filePool()

export default function answer(batch: PointBatch): readonly PointResult[] {
  return batch.seeds.map((seed) => runPoint(batch.spec, seed, batch.rule, pool))
}

/**
 * How metrics went from one baseline to the next: the data of a trend chart. Pure; where the
 * baselines come from (the history of a file in git) is app/BenchTrend.ts.
 */
import type { Baseline } from './baseline.ts'
import { METRICS, type MetricValue, metricNames, type Unit } from './metrics.ts'

/** A baseline as it once stood. */
export interface Epoch {
  /** Short name of the revision. */
  readonly label: string
  readonly baseline: Baseline
}

export interface TrendPoint {
  /** Which epoch, from 0. */
  readonly epoch: number
  readonly value: MetricValue
  /** Of a timed metric. */
  readonly low?: number
  readonly high?: number
}

export interface Trend {
  readonly case: string
  readonly metric: string
  readonly unit: Unit
  /** Epochs that have no such value are left out. */
  readonly points: readonly TrendPoint[]
}

/** Every metric of every case that has a value, oldest first. */
export function trendsOf(epochs: readonly Epoch[]): readonly Trend[] {
  const names = new Set(epochs.flatMap(({ baseline }) => Object.keys(baseline.cases)))
  const cases = [...names].toSorted((a, b) => (a < b ? -1 : 1))
  return cases.flatMap((name) =>
    metricNames.flatMap((metric): Trend[] => {
      const points = epochs.flatMap(({ baseline }, epoch) => pointOf(baseline, name, metric, epoch))
      const unit = METRICS[metric]?.unit ?? 'count'
      return points.length === 0 ? [] : [{ case: name, metric, unit, points }]
    }),
  )
}

/** Whether a trend has more than one value. */
export function moves({ points }: Trend): boolean {
  return points.some(({ value }) => value !== points[0]?.value)
}

function pointOf(
  baseline: Baseline,
  name: string,
  metric: string,
  epoch: number,
): readonly TrendPoint[] {
  const facts = Object.hasOwn(baseline.cases, name) ? baseline.cases[name] : undefined
  const timing = facts?.timing?.[metric]
  if (timing !== undefined) {
    return [{ epoch, value: timing.median, low: timing.low, high: timing.high }]
  }
  const value = facts?.metrics[metric]
  return value === undefined ? [] : [{ epoch, value }]
}

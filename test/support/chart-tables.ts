/** Tables for the charts that show no single run. */
import type { GridTable } from '../../src/chart/layout/heat-map.ts'
import type { TrendSeries } from '../../src/chart/layout/trend.ts'

/** More xruns towards small periods and long sleeps; the first cell was not run. */
export function grid(columns: number, rows: number): GridTable {
  const xs = Array.from({ length: columns }, (_, i) => `${192 * (i + 1)}`)
  const ys = Array.from({ length: rows }, (_, j) => `${8 * (j + 1)}ms`)
  const cells = ys.map((_, j) =>
    xs.map((_, i) => {
      const value = i + j === 0 ? null : Math.max(0, 2 * j + (i % 4) - 1)
      return { value, fails: value !== null && value > 2 }
    }),
  )
  return {
    x: { name: 'streams.0.period_size', unit: 'frames', values: xs },
    y: { name: 'streams.0.stalls.0.for', unit: 'time', values: ys },
    what: 'xruns',
    unit: 'count',
    cells,
    about: 'client-stall · seed 1',
  }
}

export function trendSeries(count: number): readonly TrendSeries[] {
  const points = (base: number, last: number) =>
    Array.from({ length: count }, (_, i) => {
      const value = (i === count - 1 ? last : base) + (i % 3)
      return { label: `b${i}`, value, least: value * 0.98, most: value * 1.03 }
    })
  return [
    { name: 'first-light', unit: 'time', lessIsBetter: true, points: points(8e8, 1e9) },
    { name: 'rate', unit: 'records/s', lessIsBetter: false, points: points(5e6, 5e6) },
  ]
}

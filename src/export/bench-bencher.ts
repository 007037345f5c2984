/** For Bencher: `{case: {measure: {value, lower_value, upper_value}}}` (Bencher Metric Format). */
import type { BenchReport } from '../analysis/bench/show.ts'

export function bencherJson({ cases }: BenchReport): string {
  const entries = cases.flatMap((one) => {
    const measures = one.rows.flatMap(({ metric, now, nowTiming }) => {
      if (typeof now !== 'number') return []
      const bounds =
        nowTiming === undefined ? {} : { lower_value: nowTiming.low, upper_value: nowTiming.high }
      return [[metric, { value: now, ...bounds }] as const]
    })
    return measures.length === 0 ? [] : [[one.name, Object.fromEntries(measures)] as const]
  })
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}

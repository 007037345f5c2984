/**
 * For github-action-benchmark: an array of `{name, unit, value, range, extra}`. That tool takes one
 * direction for a file (`customSmallerIsBetter`), so what is better when it is larger is given as
 * its inverse, and says so in its unit.
 */
import { METRICS } from '../analysis/bench/metrics.ts'
import type { BenchReport } from '../analysis/bench/show.ts'

interface Entry {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly range?: string
  readonly extra?: string
}

export function benchActionJson({ cases }: BenchReport): string {
  const entries = cases.flatMap((one) =>
    one.rows.flatMap(({ metric, now, nowTiming, verdict }): Entry[] => {
      const known = METRICS[metric]
      if (typeof now !== 'number' || known === undefined) return []
      const isInverse = known.worse === 'down' && now !== 0
      const turned = (value: number): number => (isInverse ? 1 / value : value)
      const spread = nowTiming && Math.abs(turned(nowTiming.high) - turned(nowTiming.low)) / 2
      return [
        {
          name: `${one.name} ${metric}`,
          unit: isInverse ? `1/(${known.unit})` : known.unit,
          value: turned(now),
          ...(spread === undefined ? {} : { range: `± ${spread}` }),
          extra: verdict,
        },
      ]
    }),
  )
  return `${JSON.stringify(entries, null, 2)}\n`
}

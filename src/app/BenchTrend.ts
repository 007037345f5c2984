/**
 * `pcmsim bench --trend NAME`: how the metrics of a baseline went over the commits that changed
 * it. The history is git's; a baseline that this version cannot read is left out.
 */
import { spawnSync } from 'node:child_process'
import { basename, dirname } from 'node:path'
import * as Effect from 'effect/Effect'
import { METRICS } from '../analysis/bench/metrics.ts'
import { showValue } from '../analysis/bench/show.ts'
import type { Epoch } from '../analysis/bench/trend.ts'
import { moves, type Trend, type TrendPoint, trendsOf } from '../analysis/bench/trend.ts'
import { layoutTrend, type TrendSeries } from '../chart/layout/trend.ts'
import { baselinePath, parseBaseline, writeOutput } from './BenchBaseline.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { sortedJson } from './ResultJson.ts'
import { plural, table } from './report-format.ts'

export interface TrendOptions {
  readonly baselines: string
  readonly filter?: string
  readonly all: boolean
  readonly json: boolean
  /** File for the trend as a chart. */
  readonly chart?: string
}

const epochsMax = 200
const historyBytesMax = 2 ** 28

export function trendCommand(
  name: string,
  options: TrendOptions,
  console: Console,
): Promise<number> {
  const path = baselinePath(options.baselines, name)
  const program = trend(name, path, options, console)
  return exitCodeOf(program, console)
}

const trend = Effect.fnUntraced(function* (
  name: string,
  path: string,
  options: TrendOptions,
  console: Console,
) {
  const { filter, all, json, chart } = options
  const epochs = epochsOf(path)
  if (epochs.length === 0) {
    const line = `--trend ${path}: git has no history of it, allowed: a baseline that was committed`
    return yield* new InputError({ lines: [line] })
  }
  const trends = chosenTrends(epochs, filter).filter((one) => all || moves(one))
  const labels = epochs.map((one) => one.label)
  if (chart !== undefined) {
    yield* writeOutput(chart, yield* Effect.promise(() => trendChart(name, epochs, filter)))
  }
  console.out(json ? sortedJson({ schema: 1, epochs: labels, trends }) : text(labels, trends))
  return exitCodes.ok
})

function chosenTrends(epochs: readonly Epoch[], filter: string | undefined): readonly Trend[] {
  return trendsOf(epochs).filter((one) => filter === undefined || one.case.includes(filter))
}

/** The trend as an SVG: what moved last comes first, because a chart has room for a dozen. */
export async function trendChart(
  name: string,
  epochs: readonly Epoch[],
  filter: string | undefined,
): Promise<string> {
  const { svgText } = await import('./Charts.ts')
  const last = (one: Trend): number => changes(one.points).at(-1)?.epoch ?? 0
  const all = chosenTrends(epochs, filter)
  const moved = all.filter(moves)
  const trends = (moved.length > 0 ? moved : all).toSorted((a, b) => last(b) - last(a))
  const labels = epochs.map((one) => one.label)
  const series = trends.flatMap((one) => seriesOf(one, labels))
  return svgText(layoutTrend(name, series))
}

function seriesOf(one: Trend, labels: readonly string[]): readonly TrendSeries[] {
  if (one.points.some(({ value }) => typeof value === 'string')) return []
  const isBytes = one.unit === 'bytes'
  const turned = (value: number): number => (isBytes ? value / 1_048_576 : value)
  const points = one.points.map(({ epoch, value, low, high }) => ({
    label: labels[epoch] ?? '',
    value: turned(Number(value)),
    ...(low === undefined ? {} : { least: turned(low) }),
    ...(high === undefined ? {} : { most: turned(high) }),
  }))
  return [
    {
      name: `${one.case} ${one.metric}`,
      unit: one.unit === 'ns' ? 'time' : isBytes ? 'MiB' : one.unit,
      lessIsBetter: METRICS[one.metric]?.worse !== 'down',
      points,
    },
  ]
}

/** The baselines that stood in a file, oldest first; none if git does not know it. */
export function epochsOf(path: string): readonly Epoch[] {
  const git = (...args: readonly string[]): string | null => {
    const options = { encoding: 'utf8', maxBuffer: historyBytesMax } as const
    const run = spawnSync('git', ['-C', dirname(path), ...args], options)
    return run.status === 0 ? run.stdout : null
  }
  const file = `./${basename(path)}`
  const log = git('log', `--max-count=${epochsMax}`, '--format=%h', '--', file)
  const labels = (log ?? '')
    .split('\n')
    .filter((one) => one !== '')
    .toReversed()
  return labels.flatMap((label): Epoch[] => {
    const baseline = parseBaseline(git('show', `${label}:${file}`) ?? '')
    return typeof baseline === 'string' ? [] : [{ label, baseline }]
  })
}

function text(labels: readonly string[], trends: readonly Trend[]): string {
  const lines = trends.flatMap(({ case: name, metric, points }) => [
    `${name} ${metric}`,
    ...table(
      changes(points).map(({ epoch, value }) => [labels[epoch] ?? '', showValue(metric, value)]),
      '  ',
    ),
  ])
  const count = plural(labels.length, 'baseline')
  return `${[...lines, `${count}, ${plural(trends.length, 'trend')}`].join('\n')}\n`
}

/** The points that differ from the one before. */
function changes(points: readonly TrendPoint[]): readonly TrendPoint[] {
  return points.filter(({ value }, i) => i === 0 || value !== points[i - 1]?.value)
}

/**
 * `pcmsim bench --trend NAME`: how the metrics of a baseline went over the commits that changed
 * it. The history is git's; a baseline that this version cannot read is left out.
 */
import { spawnSync } from 'node:child_process'
import { basename, dirname } from 'node:path'
import * as Effect from 'effect/Effect'
import { showValue } from '../analysis/bench/show.ts'
import type { Epoch } from '../analysis/bench/trend.ts'
import { moves, type Trend, type TrendPoint, trendsOf } from '../analysis/bench/trend.ts'
import { baselinePath, parseBaseline } from './BenchBaseline.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { sortedJson } from './ResultJson.ts'
import { plural, table } from './report-format.ts'

export interface TrendOptions {
  readonly baselines: string
  readonly filter?: string
  readonly all: boolean
  readonly json: boolean
}

const epochsMax = 200

export function trendCommand(
  name: string,
  options: TrendOptions,
  console: Console,
): Promise<number> {
  const path = baselinePath(options.baselines, name)
  const program = epochsOf(path).pipe(
    Effect.map((epochs) => {
      const { filter, all, json } = options
      const trends = trendsOf(epochs)
        .filter((one) => filter === undefined || one.case.includes(filter))
        .filter((one) => all || moves(one))
      const labels = epochs.map((one) => one.label)
      console.out(json ? sortedJson({ schema: 1, epochs: labels, trends }) : text(labels, trends))
      return exitCodes.ok
    }),
  )
  return exitCodeOf(program, console)
}

const epochsOf = Effect.fnUntraced(function* (path: string) {
  const git = (...args: readonly string[]): string | null => {
    const run = spawnSync('git', ['-C', dirname(path), ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    return run.status === 0 ? run.stdout : null
  }
  const file = `./${basename(path)}`
  const log = git('log', `--max-count=${epochsMax}`, '--format=%h', '--', file)
  const labels = (log ?? '')
    .split('\n')
    .filter((one) => one !== '')
    .toReversed()
  const epochs = labels.flatMap((label): Epoch[] => {
    const baseline = parseBaseline(git('show', `${label}:${file}`) ?? '')
    return typeof baseline === 'string' ? [] : [{ label, baseline }]
  })
  if (epochs.length > 0) return epochs
  const line = `--trend ${path}: git has no history of it, allowed: a baseline that was committed`
  return yield* new InputError({ lines: [line] })
})

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

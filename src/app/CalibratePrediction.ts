/**
 * The part of a run that was not fitted: captured against simulated, and against what the fitted
 * part alone would say, which is all that a model of a steady machine can know. Times are ns.
 */
import { quantile, SAMPLES_MIN, SHARES, sorted, within } from '../import/fit.ts'
import { STAGES, type Stage } from '../import/stages.ts'
import type { Calibration } from './CalibrateFit.ts'

/** A prediction that is off by more misses. */
const MISS = 0.15

export interface Prediction {
  readonly stage: Stage
  readonly count: number
  /** Quantiles of the fitted part and of the rest, as captured, and of the rest as simulated. */
  readonly first: readonly number[]
  readonly captured: readonly number[]
  readonly predicted: readonly number[]
  /** Relative errors, and those of taking the first part's quantiles for the rest's. */
  readonly errors: readonly number[]
  readonly persistence: readonly number[]
  /** Between which values each captured quantile is known to lie, 95 %; null: no upper one. */
  readonly known: readonly (readonly [low: number, high: number | null])[]
}

/** Stages of too few samples are left out. */
export function predictions(found: Calibration): readonly Prediction[] {
  const { captured, simulated, fitNs, endNs } = found
  const fitted = within(captured, 0, fitNs)
  const rest = within(captured, fitNs, endNs)
  const model = within(simulated, fitNs, endNs)
  return (['interval', 'wake'] as const).flatMap((stage) => {
    const [a, b, c] = [sorted(rest[stage]), sorted(model[stage]), sorted(fitted[stage])]
    if (Math.min(a.length, b.length, c.length) < SAMPLES_MIN) return []
    const at = (values: readonly number[]) => SHARES.map((share) => quantile(values, share))
    const [want, got, first] = [at(a), at(b), at(c)]
    const off = (of: readonly number[]) => of.map((ns, i) => ns / (want[i] as number) - 1)
    const known = SHARES.map((share) => knownOf(a, share))
    const times = { first, captured: want, predicted: got }
    return [{ stage, count: a.length, ...times, errors: off(got), persistence: off(first), known }]
  })
}

/** By order statistics: the ranks between which the binomial distribution has 95 % (normal). */
function knownOf(values: readonly number[], share: number): readonly [number, number | null] {
  const n = values.length
  const spread = 1.96 * Math.sqrt(n * share * (1 - share))
  const low = Math.max(0, Math.floor(n * share - spread) - 1)
  const high = Math.ceil(n * share + spread)
  return [values[low] as number, high < n ? (values[high] as number) : null]
}

const misses = (error: number): boolean => Math.abs(error) > MISS

/** Which quantiles miss, and whether the first part's own do too: `no: p99`, `halves differ`. */
function verdictOf({ errors, persistence }: Prediction): string {
  const missed = errors.flatMap((error, i) => (misses(error) ? [i] : []))
  if (missed.length === 0) return 'yes'
  const names = (of: readonly number[]) => of.map((i) => `p${(SHARES[i] as number) * 100}`)
  const ours = missed.filter((i) => !misses(persistence[i] as number))
  if (ours.length > 0) return `no: ${names(ours).join(' ')}`
  return `halves differ: ${names(missed).join(' ')}`
}

/** In us, as all tables have it. */
export const us = (ns: number): string => (ns / 1000).toFixed(ns < 100_000 ? 1 : 0)
const percent = (error: number): string => `${error < 0 ? '' : '+'}${Math.round(100 * error)} %`

/** `row`: one line, with its first cell and the others. */
export function predictionText(
  all: readonly Prediction[],
  row: (first: string, cells: readonly string[]) => string,
): string {
  const parts = ['\n  the rest of the run, which was not fitted\n']
  for (const one of all) {
    parts.push(row(STAGES[one.stage], [`${one.count}`, ...one.captured.map(us)]))
    parts.push(row('  predicted', ['', ...one.predicted.map(us)]))
    parts.push(row('  error', ['', ...one.errors.map(percent)]))
    parts.push(row("  of the first part's own quantiles", ['', ...one.persistence.map(percent)]))
  }
  return parts.join('')
}

const HEAD = [
  'run',
  'of',
  'n',
  'first half',
  'second half',
  '95 % of its p99',
  'predicted',
  'error',
  'error of the first half',
  'within 15 %',
]

/** A row of a Markdown table for each run and two for its stages, then how many are predicted. */
export function predictionTable(all: readonly Calibration[]): string {
  const rows: string[][] = []
  const found: Prediction[] = []
  for (const one of all) {
    const { verdict, run } = one
    const same = verdict.xrunsCaptured === verdict.xrunsSimulated
    const xruns = `${verdict.xrunsCaptured}${same ? '' : ` (simulated ${verdict.xrunsSimulated})`}`
    const order = verdict.ordersAgree ? 'order agrees' : 'order differs'
    rows.push([run.name, `xruns ${xruns}, ${order}`, ...HEAD.slice(2).map(() => '')])
    for (const prediction of predictions(one)) {
      found.push(prediction)
      rows.push(['', prediction.stage, ...cellsOf(prediction)])
    }
  }
  const lines = [HEAD, HEAD.map(() => '---'), ...rows].map((one) => `| ${one.join(' | ')} |`)
  const sums = (['interval', 'wake'] as const).map((stage) =>
    summaryOf(
      stage,
      found.filter((one) => one.stage === stage),
    ),
  )
  return `${lines.join('\n')}\n\n${sums.join('\n')}\n`
}

function cellsOf(one: Prediction): readonly string[] {
  const [low, high] = one.known.at(-1) as readonly [number, number | null]
  return [
    `${one.count}`,
    one.first.map(us).join(' '),
    one.captured.map(us).join(' '),
    high === null ? `from ${us(low)}` : `${us(low)} to ${us(high)}`,
    one.predicted.map(us).join(' '),
    one.errors.map(percent).join(' '),
    one.persistence.map(percent).join(' '),
    verdictOf(one),
  ]
}

function summaryOf(stage: Stage, all: readonly Prediction[]): string {
  const good = (errors: readonly number[]): boolean => !errors.some(misses)
  const steady = all.filter(({ persistence }) => good(persistence))
  const hits = (of: readonly Prediction[]): number => of.filter(({ errors }) => good(errors)).length
  const each = (errorsOf: (one: Prediction) => readonly number[]): string =>
    SHARES.map((_, i) => all.filter((one) => !misses(errorsOf(one)[i] as number)).length).join(' ')
  const inside = all.filter(({ predicted, known }) => {
    const [low, high] = known.at(-1) as readonly [number, number | null]
    const ns = predicted.at(-1) as number
    return ns >= low && (high === null || ns <= high)
  }).length
  return [
    `- ${stage}: ${hits(all)} of ${all.length} rows are within 15 %;`,
    `in ${steady.length} rows the halves themselves are,`,
    `and of those ${hits(steady)} are predicted.`,
    `p50, p90, p99 within 15 %: ${each(({ errors }) => errors)}`,
    `(the first half's own: ${each(({ persistence }) => persistence)}).`,
    `p99 within its 95 % interval: ${inside}.`,
  ].join(' ')
}

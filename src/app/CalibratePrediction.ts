/**
 * The part of a run that was not fitted: captured against simulated, and against what the fitted
 * part alone would say, which is all that a model of a steady machine can know. Like is compared
 * with like: a quantile of a hundred captured samples with the same quantile of as many simulated
 * ones, the median of the replays. Times are ns.
 */
import { between, quantile, SAMPLES_MIN, SHARES, sorted } from '../import/fit.ts'
import { chosen } from '../import/part.ts'
import { type Samples, STAGES, type Stage } from '../import/stages.ts'
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
  /** Relative errors of all replays together in the part that was fitted. */
  readonly fitErrors: readonly number[]
  /** In which a captured quantile of the rest lies 19 times of 20 if the model is right. */
  readonly spread: readonly (readonly [low: number, high: number])[]
  /** How often a replay's own quantile would be predicted within the limit. */
  readonly attainable: readonly number[]
}

/** Stages of too few samples are left out. */
export function predictions({ captured, replays, part }: Calibration): readonly Prediction[] {
  const isRest = (atNs: number): boolean => atNs >= 0 && !part.has(atNs)
  const halves = (of: Samples) => [chosen(of, part.has), chosen(of, isRest)] as const
  const [fitted, rest] = halves(captured)
  const pairs = replays.map(halves)
  return (['interval', 'wake'] as const).flatMap((stage) => {
    const known = [fitted, rest, ...pairs.flat()].map((one) => one[stage].length)
    if (Math.min(...known) < SAMPLES_MIN) return []
    const at = (of: Samples) => SHARES.map((share) => quantile(sorted(of[stage]), share))
    const [first, want] = [at(fitted), at(rest)]
    const model = pairs.map(([a, b]) => [at(a), at(b)] as const)
    const got = SHARES.map((_, i) => median(model.map(([, b]) => b[i] as number)))
    const fit = sorted(pairs.flatMap(([one]) => one[stage]))
    const off = (of: readonly number[], from: readonly number[]) =>
      of.map((ns, i) => ns / (from[i] as number) - 1)
    const prediction: Prediction = {
      ...{ stage, count: rest[stage].length, first, captured: want, predicted: got },
      errors: off(got, want),
      persistence: off(first, want),
      fitErrors: SHARES.map(
        (share) => between(fit, share) / between(sorted(fitted[stage]), share) - 1,
      ),
      spread: SHARES.map((_, i) => spreadOf(first[i] as number, model, i)),
      attainable: SHARES.map((_, i) => {
        const hits = model.filter(([, b]) => !misses((got[i] as number) / (b[i] as number) - 1))
        return hits.length / model.length
      }),
    }
    return [prediction]
  })
}

type Halves = readonly (readonly [first: readonly number[], rest: readonly number[]])[]

/**
 * The captured first half is as much a matter of chance as a replay's. So what is taken from the
 * replays is by how much a quantile changes from one half to the other: the least and the greatest
 * such ratio of 39, times the captured first half's quantile.
 */
function spreadOf(first: number, model: Halves, i: number): readonly [number, number] {
  const ratios = model.map(([a, b]) => (b[i] as number) / (a[i] as number))
  return [first * Math.min(...ratios), first * Math.max(...ratios)]
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

const misses = (error: number): boolean => Math.abs(error) > MISS

const isInside = ({ captured, spread }: Prediction, i: number): boolean => {
  const [low, high] = spread[i] as readonly [number, number]
  const ns = captured[i] as number
  return ns >= low && ns <= high
}

/**
 * Which quantiles miss, and why: `fit`, the replays are off by more in the part that was fitted;
 * `chance`, it lies where the model says that it may; `no`, it does not.
 */
function verdictOf(one: Prediction): string {
  const whys = SHARES.map((_, i) => {
    if (!misses(one.errors[i] as number)) return 'yes'
    if (misses(one.fitErrors[i] as number)) return 'fit'
    return isInside(one, i) ? 'chance' : 'no'
  })
  const texts = ['fit', 'no', 'chance'].flatMap((why) => {
    const names = SHARES.flatMap((share, i) => (whys[i] === why ? [`p${share * 100}`] : []))
    return names.length === 0 ? [] : [`${why}: ${names.join(' ')}`]
  })
  return texts.length === 0 ? 'yes' : texts.join(', ')
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
    parts.push(row('  95 % of the replays, from', ['', ...one.spread.map(([low]) => us(low))]))
    parts.push(row('  95 % of the replays, to', ['', ...one.spread.map(([, high]) => us(high))]))
    parts.push(row('  error', ['', ...one.errors.map(percent)]))
    parts.push(row("  of the first part's own quantiles", ['', ...one.persistence.map(percent)]))
    parts.push(row('  of the replays in the fitted part', ['', ...one.fitErrors.map(percent)]))
  }
  return parts.join('')
}

const HEAD = [
  'run',
  'of',
  'n',
  'fitted half',
  'its error',
  'other half',
  'predicted',
  'error',
  '95 % of the replays',
  'error of the fitted half',
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
  return [
    `${one.count}`,
    one.first.map(us).join(' '),
    one.fitErrors.map(percent).join(' '),
    one.captured.map(us).join(' '),
    one.predicted.map(us).join(' '),
    one.errors.map(percent).join(' '),
    one.spread.map(([low, high]) => `${us(low)}-${us(high)}`).join(' '),
    one.persistence.map(percent).join(' '),
    verdictOf(one),
  ]
}

/** In the fitted half a quantile is met that is off by no more. */
const MET = 0.05

function summaryOf(stage: Stage, all: readonly Prediction[]): string {
  const good = (errors: readonly number[]): boolean => !errors.some(misses)
  const each = (of: (one: Prediction, i: number) => number, digits = 0): string =>
    SHARES.map((_, i) => all.reduce((sum, one) => sum + of(one, i), 0).toFixed(digits)).join(' ')
  const hit = (errors: readonly number[], i: number): number =>
    misses(errors[i] as number) ? 0 : 1
  const met = ({ fitErrors }: Prediction, i: number): number =>
    Math.abs(fitErrors[i] as number) <= MET ? 1 : 0
  return [
    `- ${stage}: ${all.filter(({ errors }) => good(errors)).length} of ${all.length} rows are`,
    `within 15 %; p50, p90, p99 ${each(({ errors }, i) => hit(errors, i))}`,
    `(of a model that is right ${each((one, i) => one.attainable[i] as number, 1)} expected,`,
    `the fitted half's own ${each(({ persistence }, i) => hit(persistence, i))}).`,
    `In the 95 % of the replays ${each((one, i) => (isInside(one, i) ? 1 : 0))}.`,
    `Within 5 % of the half that was fitted ${each(met)}.`,
  ].join(' ')
}

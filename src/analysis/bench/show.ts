/** Values of metrics in words, and the sentence of a commit message. Pure text, no layout. */
import type { CaseReport, Divergence, Row } from './compare.ts'
import { isFailing } from './compare.ts'
import { METRICS, type MetricValue, type Unit } from './metrics.ts'

/** What a run of a benchmark comes to. */
export interface BenchReport {
  /** What it was compared with, as the user named it; null: with nothing. */
  readonly against: string | null
  readonly cases: readonly CaseReport[]
  readonly failed: boolean
}

const NS_UNITS: readonly (readonly [string, number])[] = [
  ['s', 1e9],
  ['ms', 1e6],
  ['us', 1e3],
]

function duration(ns: number): string {
  const found = NS_UNITS.find(([, scale]) => Math.abs(ns) >= scale)
  if (found === undefined) return `${ns} ns`
  const [unit, scale] = found
  const digits = String(Math.trunc(Math.abs(ns) / scale)).length
  return `${(ns / scale).toFixed(Math.max(0, 6 - digits))} ${unit}`
}

function grouped(value: number): string {
  const [whole = '', fraction] = String(value).split('.')
  const text = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? text : `${text}.${fraction}`
}

/** Six digits of a time, four of a ratio, the exact number of a count. */
export function showValue(metric: string, value: MetricValue | null): string {
  if (value === null) return '-'
  if (typeof value === 'string') return metric === 'fingerprint' ? value.slice(0, 12) : value
  const unit: Unit | undefined = METRICS[metric]?.unit
  if (unit === 'ns') return duration(value)
  if (unit === 'bytes') return `${(value / 1_048_576).toFixed(1)} MiB`
  if (unit === 'ratio') return value.toPrecision(4)
  return unit === 'per second' ? `${grouped(value)}/s` : grouped(value)
}

/** Baseline and now; exactly, where they would look the same otherwise. */
export function showPair({ metric, baseline, now }: Row): readonly [was: string, is: string] {
  const short = [showValue(metric, baseline), showValue(metric, now)] as const
  if (short[0] !== short[1] || baseline === now || typeof now === 'string') return short
  const unit = METRICS[metric]?.unit ?? ''
  return [`${grouped(Number(baseline))} ${unit}`, `${grouped(Number(now))} ${unit}`]
}

/** `+1.5 %`, or the difference where the baseline is 0; empty for texts and equal values. */
export function showChange({ metric, baseline, now, verdict, change }: Row): string {
  if (change !== undefined) return `${change < 0 ? '' : '+'}${(100 * change).toFixed(2)} %`
  if (typeof baseline !== 'number' || typeof now !== 'number') return ''
  if (verdict === 'same' || baseline === now) return ''
  const sign = now > baseline ? '+' : '-'
  const size = Math.abs(now - baseline)
  if (baseline === 0 || METRICS[metric]?.unit === 'count') return sign + showValue(metric, size)
  const share = (100 * size) / Math.abs(baseline)
  return `${sign}${share >= 0.01 ? share.toFixed(2) : share.toPrecision(1)} %`
}

/** `low..high` of a timed value. */
export function showInterval(row: Row): string {
  const timing = row.nowTiming
  if (timing === undefined) return ''
  return `${showValue(row.metric, timing.low)}..${showValue(row.metric, timing.high)}`
}

export function showVerdict(row: Row): string {
  const { verdict, noise = 0, allowed = 0 } = row
  if (verdict !== 'noisy') return verdict
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
  return `not judged: noise ${percent(noise)} exceeds the threshold of ${percent(allowed)}`
}

function seconds(ns: number): string {
  const us = Math.floor(ns / 1000)
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')} s`
}

/** `record 812 (0.021304 s, kworker/0:1, snd_pcm:hwptr)`. */
export function showPlace({ from, to, timeNs, context, event, now }: Divergence): string {
  const range =
    from === to ? `record ${grouped(from)}` : `one of records ${grouped(from)} to ${grouped(to)}`
  if (now === null) return `${range}, where this run had ended`
  const at = [seconds(timeNs), context, event].filter((one) => one !== '').join(', ')
  return from === to ? `${range} (${at})` : `${range} (the first: ${at})`
}

function showRow(row: Row): string {
  const { metric, baseline, verdict } = row
  if (verdict === 'limit') return `exceeds its time limit of ${baseline}`
  const [was, is] = showPair(row)
  const change = showChange(row)
  const more = change === '' ? '' : ` (${change})`
  return `${metric} ${was} -> ${is}${more}`
}

const ROWS_IN_SENTENCE = 3

/** Prices that changed in any case, each once, with the number of cases. */
export function costsIn(report: BenchReport): readonly string[] {
  const counts = new Map<string, number>()
  for (const text of report.cases.flatMap((one) => one.costs)) {
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, count]) => `${text} (${count} ${count === 1 ? 'case' : 'cases'})`)
}

/**
 * One sentence for the commit that changes the baseline: what changed first, where, and what came
 * of it. Null if nothing fails.
 */
export function sentenceOf(report: BenchReport): string | null {
  const failing = report.cases.filter((one) => one.failed)
  const [first] = failing
  if (first === undefined) return null
  const rows = first.rows.filter((row) => isFailing(row.verdict) && row.metric !== 'fingerprint')
  const shown = rows.slice(0, ROWS_IN_SENTENCE).map(showRow)
  const rest = rows.length - shown.length
  const place = first.divergence === undefined ? '' : ` from ${showPlace(first.divergence)} on`
  const parts = [
    ...first.costs.map((text) => `cost ${text}`).slice(0, ROWS_IN_SENTENCE),
    ...first.locks.map((text) => `lock ${text}`).slice(0, ROWS_IN_SENTENCE),
    ...shown,
    ...(rest > 0 ? [`${rest} more`] : []),
  ]
  const more = failing.length - 1
  const others = more === 0 ? '' : `; so ${more === 1 ? 'does' : 'do'} ${more} more of the cases`
  const what = parts.length === 0 ? '' : `: ${parts.join(', ')}`
  return `${first.name} changes${place}${what}${others}.`
}

/**
 * Two sets of facts into verdicts. A metric of behaviour is exact, so any change counts unless the
 * suite allows it. A timed one is judged by its interval, and not at all when that is wider than
 * what is to be judged.
 */
import type { CaseFacts, Timing } from './baseline.ts'
import { METRICS, type Metric, type MetricValue, metricNames, type Worse } from './metrics.ts'

/** What a suite allows of a metric: the change may be as large as either of the two. */
export interface Threshold {
  readonly worse?: Worse
  readonly absolute?: number
  /** A share of the baseline. */
  readonly relative?: number
}

/**
 * `allowed`: changed within the threshold. `changed`: beyond it, in a metric where each direction
 * counts. `noisy`: not judged. `unjudged`: the suite says not to. `limit`: it ran out of time.
 */
export type Verdict =
  | 'same'
  | 'allowed'
  | 'better'
  | 'worse'
  | 'changed'
  | 'noisy'
  | 'unjudged'
  | 'new'
  | 'gone'
  | 'limit'

export interface Row {
  readonly metric: string
  readonly baseline: MetricValue | null
  readonly now: MetricValue | null
  readonly verdict: Verdict
  /** Of a timed metric. */
  readonly baselineTiming?: Timing
  readonly nowTiming?: Timing
  /** Of a timed metric: the median of the ratios if it was measured in pairs, less one. */
  readonly change?: number
  /** Half the width of the wider interval, or of that of the ratios, as a share of its median. */
  readonly noise?: number
  /** The share that the suite allows, where that is what the noise was compared with. */
  readonly allowed?: number
}

/** Where a run first differs from the baseline's. */
export interface Divergence {
  /** The first differing record lies in `from..to`; equal if it is known exactly. */
  readonly from: number
  readonly to: number
  readonly timeNs: number
  readonly context: string
  readonly event: string
  /** The record of this run, as its trace has it; null: this run had ended. */
  readonly now: string | null
  /** The record of the baseline's run; null: it had ended; undefined: nobody has kept it. */
  readonly was?: string | null
  /** The last record that both runs have; null: none. */
  readonly before: string | null
}

export interface CaseReport {
  readonly name: string
  readonly rows: readonly Row[]
  readonly failed: boolean
  readonly isNew: boolean
  readonly isGone: boolean
  readonly divergence?: Divergence
  /** Lock dependencies and reports, `+ a -> b`, `- b -> a`. */
  readonly locks: readonly string[]
  /** `guest.spin_lock: 15ns -> 25ns`. */
  readonly costs: readonly string[]
}

const FAILING: readonly Verdict[] = ['worse', 'changed', 'limit']

export function isFailing(verdict: Verdict): boolean {
  return FAILING.includes(verdict)
}

export function compareCase(
  name: string,
  before: CaseFacts | undefined,
  now: CaseFacts | undefined,
  thresholds: Readonly<Record<string, Threshold>>,
  /** Of timed metrics that were measured in pairs, how now is to before. */
  ratios: Readonly<Record<string, Timing>> = {},
): CaseReport {
  const rows = metricNames.flatMap((metric) => {
    const row = rowOf(metric, before, now, thresholds[metric] ?? {}, ratios[metric])
    return row === undefined ? [] : [row]
  })
  return {
    name,
    rows,
    failed: rows.some((row) => isFailing(row.verdict)),
    isNew: before === undefined,
    isGone: now === undefined,
    locks: listChanges(before?.locks, now?.locks),
    costs: costChanges(before?.costs, now?.costs),
  }
}

/** The report of a case that did not end in time. */
export function lateCase(name: string, limit: string): CaseReport {
  const row: Row = { metric: 'time_limit', baseline: limit, now: 'exceeded', verdict: 'limit' }
  return { name, rows: [row], failed: true, isNew: false, isGone: false, locks: [], costs: [] }
}

function rowOf(
  metric: string,
  before: CaseFacts | undefined,
  now: CaseFacts | undefined,
  threshold: Threshold,
  ratio: Timing | undefined,
): Row | undefined {
  const known = METRICS[metric] as Metric
  if (known.timed) {
    return timedRow(metric, before?.timing?.[metric], now?.timing?.[metric], threshold, ratio)
  }
  const was = before?.metrics[metric] ?? null
  const is = now?.metrics[metric] ?? null
  if (is === null && was === null) return undefined
  if (was === null) return { metric, baseline: was, now: is, verdict: 'new' }
  if (is === null) return { metric, baseline: was, now: is, verdict: 'gone' }
  return { metric, baseline: was, now: is, verdict: judged(was, is, known, threshold) }
}

function judged(was: MetricValue, is: MetricValue, metric: Metric, threshold: Threshold): Verdict {
  if (was === is) return 'same'
  const worse = threshold.worse ?? metric.worse
  if (worse === 'never') return 'unjudged'
  if (typeof was !== 'number' || typeof is !== 'number') return 'changed'
  const allowed = Math.max(threshold.absolute ?? 0, (threshold.relative ?? 0) * Math.abs(was))
  if (Math.abs(is - was) <= allowed) return 'allowed'
  if (worse === 'any') return 'changed'
  return is > was === (worse === 'up') ? 'worse' : 'better'
}

function timedRow(
  metric: string,
  was: Timing | undefined,
  is: Timing | undefined,
  threshold: Threshold,
  ratio: Timing | undefined,
): Row | undefined {
  if (is === undefined) return undefined
  const base = { metric, baseline: was?.median ?? null, now: is.median, nowTiming: is }
  if (was === undefined) return { ...base, verdict: 'new' }
  const { worse, relative = 0 } = METRICS[metric] as Metric
  const direction = threshold.worse ?? worse
  const allowed = threshold.relative ?? relative
  const noise = ratio === undefined ? Math.max(noiseOf(was), noiseOf(is)) : noiseOf(ratio)
  const change = (ratio?.median ?? is.median / was.median) - 1
  const row = { ...base, baselineTiming: was, change, noise, allowed }
  if (direction === 'never') return { ...row, verdict: 'unjudged' }
  if (noise > allowed) return { ...row, verdict: 'noisy' }
  const { absolute } = threshold
  const small = absolute !== undefined && Math.abs(is.median - was.median) <= absolute
  if (Math.abs(change) <= allowed || small) {
    return { ...row, verdict: change === 0 ? 'same' : 'allowed' }
  }
  if (direction === 'any') return { ...row, verdict: 'changed' }
  return { ...row, verdict: change > 0 === (direction === 'up') ? 'worse' : 'better' }
}

function noiseOf({ median, low, high }: Timing): number {
  return median === 0 ? 0 : Math.max(high - median, median - low) / median
}

function listChanges(
  before: readonly string[] | undefined,
  now: readonly string[] | undefined,
): readonly string[] {
  if (before === undefined || now === undefined) return []
  const gone = before.filter((one) => !now.includes(one)).map((one) => `- ${one}`)
  return [...now.filter((one) => !before.includes(one)).map((one) => `+ ${one}`), ...gone]
}

function costChanges(
  before: Readonly<Record<string, string>> | undefined,
  now: Readonly<Record<string, string>> | undefined,
): readonly string[] {
  if (before === undefined || now === undefined) return []
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return names
    .toSorted((a, b) => (a < b ? -1 : 1))
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name}: ${before[name] ?? 'none'} -> ${now[name] ?? 'none'}`)
}

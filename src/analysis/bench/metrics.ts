/**
 * The metrics of a benchmark: their names, units, and which direction is worse. Those of behaviour
 * are a pure function of a run, hence equal on every machine. Of quantiles of several streams the
 * worst counts. Times are integer ns, rates are per second of virtual time.
 */
import type { RunResult, StreamResult } from '../result.ts'
import type { Stats } from '../stats.ts'
import type { Counts } from './counts.ts'

export type Unit = 'count' | 'ns' | 'per second' | 'bytes' | 'ratio' | 'frames' | 'text'
/** `any`: each change counts. `never`: it is recorded and not judged. */
export type Worse = 'up' | 'down' | 'any' | 'never'
export type MetricValue = number | string

export interface Metric {
  readonly unit: Unit
  readonly worse: Worse
  /** Measured with a clock, so it has an interval and is judged by it. */
  readonly timed?: true
  /** What is allowed where a suite says nothing; nothing, for metrics of behaviour. */
  readonly relative?: number
}

const rising = (unit: Unit): Metric => ({ unit, worse: 'up' })
const quantiles = ['p50', 'p90', 'p99', 'p999', 'max'] as const
const kinds = ['stale', 'skipped', 'stalled', 'position', 'lost-event'] as const

function perQuantile(name: string): [string, Metric][] {
  return quantiles.map((one) => [`${name}.${one}`, rising('ns')])
}

/** All metrics in the order in which they are printed. */
export const METRICS: Readonly<Record<string, Metric>> = {
  outcome: { unit: 'text', worse: 'any' },
  expectations_failed: rising('count'),
  xruns: rising('count'),
  silent_failures: rising('count'),
  ...Object.fromEntries(kinds.map((kind) => [`silent_failures.${kind}`, rising('count')])),
  errors: rising('count'),
  memory: rising('count'),
  warnings: rising('count'),
  'locks.predicted': rising('count'),
  'locks.actual': rising('count'),
  'locks.edges': { unit: 'count', worse: 'any' },
  ...Object.fromEntries(['jitter', 'lateness', 'wake_latency', 'end_to_end'].flatMap(perQuantile)),
  periods: { unit: 'count', worse: 'any' },
  'frames.written': { unit: 'frames', worse: 'down' },
  'frames.played': { unit: 'frames', worse: 'down' },
  wakeups: rising('per second'),
  exits: rising('per second'),
  kicks: rising('per second'),
  interrupts: rising('per second'),
  notifications: rising('per second'),
  operations: { unit: 'count', worse: 'any' },
  check: { unit: 'count', worse: 'any' },
  records: { unit: 'count', worse: 'any' },
  virtual_time: { unit: 'ns', worse: 'any' },
  fingerprint: { unit: 'text', worse: 'any' },
  speed: { unit: 'ratio', worse: 'down', timed: true, relative: 0.15 },
  start_up: { unit: 'ratio', worse: 'up', timed: true, relative: 0.15 },
  peak_memory: { unit: 'bytes', worse: 'up', timed: true, relative: 0.15 },
}

export const metricNames: readonly string[] = Object.keys(METRICS)

/** A word of a suite: a metric, or all metrics whose names begin with it and a dot. */
export function metricsMeant(word: string): readonly string[] {
  return metricNames.filter((name) => name === word || name.startsWith(`${word}.`))
}

/** Words that a suite may use. */
export const metricWords: readonly string[] = [
  ...new Set(metricNames.flatMap((name) => [name, name.split('.')[0] as string])),
]

export function behaviourOf(result: RunResult, counts: Counts): Record<string, MetricValue> {
  const streams = Object.values(result.streams)
  const silent = streams.flatMap((one) => one.silentFailures)
  const perSecond = (count: number): number =>
    Math.round((count * 1e12) / Math.max(1, result.virtualTimeNs)) / 1000
  return {
    outcome: result.outcome,
    expectations_failed: result.expectations.filter((one) => !one.pass).length,
    xruns: total(streams, (one) => one.xruns.length),
    silent_failures: silent.length,
    ...Object.fromEntries(
      kinds.map((kind) => [
        `silent_failures.${kind}`,
        silent.filter((one) => one.kind === kind).length,
      ]),
    ),
    errors: total(streams, (one) => one.errors.length),
    memory: result.memory.length,
    warnings: result.warnings.length,
    'locks.predicted': result.locks.predicted.length,
    'locks.actual': result.locks.actual.length,
    'locks.edges': result.locks.edges.length,
    ...named('jitter', counts.jitterNs),
    ...named(
      'lateness',
      worst(streams, (one) => one.periodElapsed.latenessNs),
    ),
    ...named(
      'wake_latency',
      worst(streams, (one) => one.wakeLatencyNs),
    ),
    ...named(
      'end_to_end',
      worst(streams, (one) => one.endToEndNs),
    ),
    periods: total(streams, (one) => one.periodElapsed.count),
    'frames.written': total(streams, (one) => one.frames.written),
    'frames.played': total(streams, (one) => one.frames.played),
    wakeups: perSecond(counts.wakeups),
    exits: perSecond(counts.exits),
    kicks: perSecond(counts.kicks),
    interrupts: perSecond(counts.interrupts),
    notifications: perSecond(counts.kicks + counts.interrupts),
    records: result.records,
    virtual_time: result.virtualTimeNs,
    fingerprint: result.fingerprint,
  }
}

type Quantiles = Pick<Stats, (typeof quantiles)[number]>

function total(streams: readonly StreamResult[], of: (one: StreamResult) => number): number {
  return streams.reduce((sum, one) => sum + of(one), 0)
}

/** Of each quantile the largest of any stream that has samples; 0 if none has. */
function worst(streams: readonly StreamResult[], of: (one: StreamResult) => Stats): Quantiles {
  const all = streams.map(of).filter((one) => one.count > 0)
  const entries = quantiles.map((q) => [q, all.length === 0 ? 0 : largest(all.map((s) => s[q]))])
  return Object.fromEntries(entries) as Quantiles
}

function largest(values: readonly number[]): number {
  return values.reduce((most, one) => Math.max(most, one))
}

function named(name: string, stats: Quantiles): Record<string, number> {
  return Object.fromEntries(quantiles.map((q) => [`${name}.${q}`, stats[q]]))
}

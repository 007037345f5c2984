/**
 * Fits the prices of a few steps, the knobs, so that the stages of a simulated run have the
 * quantiles of the captured one. A stage is a sum: one step's price, which is fitted, and the rest,
 * which the model adds up. So a knob's quantiles are raised or lowered by what the simulated stage
 * is short of or beyond the captured one, and the run is simulated again. Times are ns.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import { logFixed, normalQuantile } from '../base/fixed-math.ts'
import type { Ns } from '../base/units.ts'
import type { Sample, Samples, Stage } from './stages.ts'

/** The step that takes up what a stage takes longer; `notify_to_irq` ends one of two ways. */
export const KNOBS = [
  { stage: 'tick_late', side: 'host', costs: ['main_loop_wake'] },
  { stage: 'notify_to_irq', side: 'host', costs: ['blocked_vcpu_wake', 'posted_interrupt'] },
  { stage: 'irq_to_elapsed', side: 'guest', costs: ['kworker_start'] },
  { stage: 'wake', side: 'guest', costs: ['period_elapsed'] },
] as const satisfies readonly {
  readonly stage: Stage
  readonly side: 'guest' | 'host'
  readonly costs: readonly string[]
}[]

/** Shares at which a fitted distribution has its points. */
export const LEVELS = [
  0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8,
  0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 1,
] as const

/** The quantiles that are compared. */
export const SHARES = [0.5, 0.9, 0.99] as const

/** Fewer samples than this say nothing of a distribution. */
export const SAMPLES_MIN = 10

/** The price of each fitted stage's step at each level. */
export type Fitted = Readonly<Partial<Record<Stage, readonly Ns[]>>>

export function sorted(samples: readonly Sample[]): readonly Ns[] {
  return samples.map(({ ns }) => ns).toSorted((a, b) => a - b)
}

/** The smallest value that the share of the values does not exceed. */
export function quantile(values: readonly Ns[], share: number): Ns {
  const at = Math.min(values.length - 1, Math.max(0, Math.ceil(values.length * share) - 1))
  return values[at] as Ns
}

/** Between the values, the ith of n being at the share (i - 1/2) / n (Hazen). */
export function between(values: readonly Ns[], share: number): Ns {
  const at = Math.min(values.length - 1, Math.max(0, values.length * share - 0.5))
  const low = values[Math.floor(at)] as Ns
  return low + ((values[Math.ceil(at)] as Ns) - low) * (at % 1)
}

/** Stages of which a capture has enough to fit. */
export function fittable(samples: Samples): readonly Stage[] {
  return KNOBS.flatMap(({ stage }) => (samples[stage].length >= SAMPLES_MIN ? [stage] : []))
}

export function distributionOf(prices: readonly Ns[]): DistributionSpec {
  const points = LEVELS.map((level, i): readonly [number, Ns] => [level, prices[i] as Ns])
  return { kind: 'quantiles', points }
}

/** As a scenario file writes it. */
export function quantilesIn(prices: readonly Ns[]): object {
  const entries = LEVELS.map((level, i) => [`p${percent(level)}`, `${prices[i]}ns`])
  return { quantiles: Object.fromEntries(entries) }
}

function percent(level: number): number {
  return Math.round(level * 1000) / 10
}

/**
 * Kolmogorov and Smirnov: the largest distance of two empirical distributions, and the distance
 * that two samples of one distribution exceed once in twenty times (asymptotic, so for both of 20
 * and more). Lateness of one tick depends on the last, so the limit is rather too strict.
 */
export interface Ks {
  readonly distance: number
  readonly limit: number
}

export function ksOf(a: readonly Ns[], b: readonly Ns[]): Ks | null {
  if (a.length === 0 || b.length === 0) return null
  let [i, j, distance] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] as Ns, b[j] as Ns)
    while (i < a.length && (a[i] as Ns) <= at) i++
    while (j < b.length && (b[j] as Ns) <= at) j++
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length))
  }
  return { distance, limit: 1.358 * Math.sqrt(1 / a.length + 1 / b.length) }
}

/** The lognormal distribution of the same median and spread, and how far the samples are off. */
export interface Lognormal {
  readonly medianNs: Ns
  readonly sigma: number
  readonly ks: Ks
}

/** Null: too few samples, or times of nothing. */
export function lognormalOf(values: readonly Ns[]): Lognormal | null {
  if (values.length < SAMPLES_MIN || (values[0] as Ns) <= 0) return null
  const medianNs = quantile(values, 0.5)
  const logs = values.map((ns) => logFixed(ns / medianNs))
  const squares = logs.reduce((sum, log) => sum + log * log, 0)
  const sigma = Math.sqrt(squares / values.length)
  if (!(sigma > 0)) return null
  let distance = 0
  for (const [i, log] of logs.entries()) {
    const share = normalShare(log / sigma)
    const [below, upTo] = [i / values.length, (i + 1) / values.length]
    distance = Math.max(distance, Math.abs(share - below), Math.abs(share - upTo))
  }
  return { medianNs, sigma, ks: { distance, limit: 1.358 / Math.sqrt(values.length) } }
}

/** The share of a standard normal distribution below z, by halving. */
function normalShare(z: number): number {
  let [low, high] = [0, 1]
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2
    if (normalQuantile(middle) < z) low = middle
    else high = middle
  }
  return low
}

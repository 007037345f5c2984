/**
 * Exact order statistics of integer samples. Quantiles are by nearest rank: the smallest sample
 * that at least the share q of all samples does not exceed, sorted[ceil(q * count) - 1]. Mean and
 * standard deviation (of the population) are rounded to integers. No samples: all zero.
 */
import { unreachable } from '../base/assert.ts'

export interface Stats {
  readonly count: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
}

export const NO_STATS: Stats = {
  count: 0,
  min: 0,
  p50: 0,
  p90: 0,
  p99: 0,
  p999: 0,
  max: 0,
  mean: 0,
  stddev: 0,
}

/** More samples than this in one column means that something else is wrong. */
const SAMPLES_MAX = 1 << 26

/** A growing column of samples. */
export class Samples {
  private column = new Float64Array(256)
  private length = 0

  get count(): number {
    return this.length
  }

  push(value: number): void {
    if (this.length === this.column.length) this.grow()
    this.column[this.length++] = value
  }

  /** The samples in the order in which they came. */
  values(): Float64Array {
    return this.column.slice(0, this.length)
  }

  stats(): Stats {
    return statsOf(this.values())
  }

  private grow(): void {
    if (!(this.length < SAMPLES_MAX)) unreachable(`more than ${SAMPLES_MAX} samples`)
    const wider = new Float64Array(this.column.length * 2)
    wider.set(this.column)
    this.column = wider
  }
}

/** Statistics of `values`, which are put in order on the way. */
export function statsOf(values: Float64Array): Stats {
  const count = values.length
  if (count === 0) return NO_STATS
  values.sort()
  const mean = meanOf(values)
  let squares = 0
  for (let i = 0; i < count; i++) squares += ((values[i] as number) - mean) ** 2
  return {
    count,
    min: values[0] as number,
    p50: ranked(values, 500),
    p90: ranked(values, 900),
    p99: ranked(values, 990),
    p999: ranked(values, 999),
    max: values[count - 1] as number,
    mean: integer(mean),
    stddev: integer(Math.sqrt(squares / count)),
  }
}

/** Mean as an offset from the first sample, so that the sum stays within the exact integers. */
function meanOf(sorted: Float64Array): number {
  const first = sorted[0] as number
  let sum = 0
  for (let i = 0; i < sorted.length; i++) sum += (sorted[i] as number) - first
  return first + sum / sorted.length
}

function ranked(sorted: Float64Array, perMille: number): number {
  return sorted[Math.ceil((perMille * sorted.length) / 1000) - 1] as number
}

/** Rounded, and never the negative zero that JSON cannot tell. */
function integer(value: number): number {
  return Math.round(value) + 0
}

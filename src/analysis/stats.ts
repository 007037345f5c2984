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

  private grow(): void {
    if (!(this.length < SAMPLES_MAX)) unreachable(`more than ${SAMPLES_MAX} samples`)
    const wider = new Float64Array(this.column.length * 2)
    wider.set(this.column)
    this.column = wider
  }
}

/** Samples one by one, from the least. */
export interface Sorted {
  next(): number
}

/** Statistics of `values`, which are put in order on the way. */
export function statsOf(values: Float64Array): Stats {
  values.sort()
  return sortedStats(values.length, () => {
    let at = 0
    return { next: () => values[at++] as number }
  })
}

/** Statistics of `count` samples that can be gone through twice. */
export function sortedStats(count: number, open: () => Sorted): Stats {
  if (count === 0) return NO_STATS
  const mean = meanOf(count, open())
  const quantiles = RANKED.map((perMille) => Math.ceil((perMille * count) / 1000))
  const [min, p50, p90, p99, p999, max] = [0, 0, 0, 0, 0, 0]
  const found = { min, p50, p90, p99, p999, max }
  const sorted = open()
  let squares = 0
  for (let nth = 1; nth <= count; nth++) {
    const value = sorted.next()
    if (nth === 1) found.min = value
    if (nth === quantiles[0]) found.p50 = value
    if (nth === quantiles[1]) found.p90 = value
    if (nth === quantiles[2]) found.p99 = value
    if (nth === quantiles[3]) found.p999 = value
    found.max = value
    squares += (value - mean) ** 2
  }
  const stddev = integer(Math.sqrt(squares / count))
  return { count, ...found, mean: integer(mean), stddev }
}

/** Shares of the quantiles, in thousandths. */
const RANKED = [500, 900, 990, 999]

/** Mean as an offset from the first sample, so that the sum stays within the exact integers. */
function meanOf(count: number, sorted: Sorted): number {
  const first = sorted.next()
  let sum = 0
  for (let nth = 1; nth < count; nth++) sum += sorted.next() - first
  return first + sum / count
}

/** Rounded, and never the negative zero that JSON cannot tell. */
function integer(value: number): number {
  return Math.round(value) + 0
}

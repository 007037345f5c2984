/**
 * Medians of timed samples, with an interval that holds the median of their distribution with at
 * least 90 % of chance, whatever that distribution is: between the kth smallest and the kth largest
 * sample, by the binomial law of how many samples lie below the median. Below five samples no such
 * interval exists; then all of them are in it.
 */
import type { Timing } from './baseline.ts'

const COVERAGE = 0.9

/** How many samples on each side lie outside the interval. */
function outside(count: number): number {
  let tail = 0
  // C(count, i) / 2^count, from i = 0 on.
  let share = 0.5 ** count
  let k = 0
  for (let i = 0; i < count / 2; i++) {
    tail += 2 * share
    if (tail > 1 - COVERAGE) break
    k = i + 1
    share = (share * (count - i)) / (i + 1)
  }
  return Math.max(0, k - 1)
}

export function timingOf(values: readonly number[]): Timing {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (place: number): number => sorted[place] as number
  const last = sorted.length - 1
  const k = outside(sorted.length)
  const median = (at(last >> 1) + at((last + 1) >> 1)) / 2
  return { median, low: at(k), high: at(last - k), samples: sorted.length }
}

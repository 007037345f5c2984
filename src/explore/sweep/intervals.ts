/**
 * Confidence intervals of a share: `k` of `n` runs did something. Only arithmetic that IEEE 754
 * fixes, so that tables are the same everywhere.
 */
import { expFixed, logFixed, normalQuantile } from '../../base/fixed-math.ts'

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Two-sided score interval. E. B. Wilson, "Probable Inference, the Law of Succession, and
 * Statistical Inference", JASA 22 (1927).
 */
export function wilson(k: number, n: number, confidence: number): Interval {
  if (n === 0) return { low: 0, high: 1 }
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const share = k / n
  const z2 = z * z
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n)
  const half = (z / (1 + z2 / n)) * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))
  return {
    low: k === 0 ? 0 : Math.max(0, centre - half),
    high: k === n ? 1 : Math.min(1, centre + half),
  }
}

/**
 * One-sided upper bound of Clopper and Pearson (Biometrika 26, 1934): the largest share under which
 * `k` or fewer of `n` are still seen with probability 1 - confidence. Of k = 0 it is
 * 1 - (1 - confidence)^(1/n).
 */
export function upperBound(k: number, n: number, confidence: number): number {
  if (k >= n) return 1
  const alpha = 1 - confidence
  let low = 0
  let high = 1
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (atMost(k, n, middle) > alpha) low = middle
    else high = middle
  }
  return high
}

/**
 * Mean of positive numbers that were found independently and whose distribution leans to the left,
 * as estimates by splitting do: Student's interval of the logarithm, by the delta method. Null: all
 * of them are 0, or there are fewer than three.
 */
export function meanInterval(values: readonly number[], confidence: number): Interval | null {
  const n = values.length
  const mean = meanOf(values)
  if (mean === 0 || n < 3) return null
  const half = (studentQuantile(n - 1, 1 - confidence) * spreadOf(values)) / Math.sqrt(n)
  return { low: mean * expFixed(-half), high: mean * expFixed(half) }
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Standard deviation in parts of the mean. */
export function spreadOf(values: readonly number[]): number {
  const mean = meanOf(values)
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0)
  return Math.sqrt(squares / (values.length - 1)) / mean
}

/**
 * Student's t with `n` degrees of freedom, two or more, that is exceeded on both sides together
 * with probability `p`. G. W. Hill, "Algorithm 396", Comm. ACM 13 (1970).
 */
export function studentQuantile(n: number, p: number): number {
  if (n === 2) return Math.sqrt(2 / (p * (2 - p)) - 2)
  const a = 1 / (n - 0.5)
  const b = 48 / (a * a)
  const c = (((20_700 * a) / b - 98) * a - 16) * a + 96.36
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n
  const y = expFixed((2 / n) * logFixed(d * p))
  if (y <= 0.05 + a) {
    const tail = 1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)
    return Math.sqrt(n * (((tail * y - 1) * (n + 1)) / (n + 2) + 1 / y))
  }
  const x = normalQuantile(p / 2)
  const x2 = x * x
  const near = n < 5 ? c + 0.3 * (n - 4.5) * (x + 0.6) : c
  const e = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + near
  const z = (((((0.4 * x2 + 6.3) * x2 + 36) * x2 + 94.5) / e - x2 - 3) / b + 1) * x
  return Math.sqrt(n * (expFixed(a * z * z) - 1))
}

/** Runs without a failure that show, with this confidence, that fewer than `share` of them fail. */
export function runsToShow(share: number, confidence: number): number {
  return Math.ceil(logFixed(1 - confidence) / logFixed(1 - share))
}

/** Probability of at most `k` of `n`, each with probability `p`. */
function atMost(k: number, n: number, p: number): number {
  const [logP, logQ] = [logFixed(p), logFixed(1 - p)]
  let logTerm = n * logQ
  let sum = 0
  for (let i = 0; i <= k; i++) {
    if (logTerm > -700) sum += expFixed(logTerm)
    logTerm += logFixed((n - i) / (i + 1)) + logP - logQ
  }
  return sum
}

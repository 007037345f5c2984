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

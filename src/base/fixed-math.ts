/**
 * Logarithm, exponential and normal quantile from + - * / and square root, which IEEE 754 fixes to
 * the last bit. About twice as slow as Math.log; accurate to a few units in the last place, which
 * is far more than a cost model needs. Own series, no library's coefficients except where said.
 */
const { LN2, SQRT1_2, SQRT2 } = Math

/** Natural logarithm of a positive normal number. */
export function logFixed(x: number): number {
  let mantissa = x
  let exponent = 0
  while (mantissa > SQRT2) {
    mantissa *= 0.5
    exponent++
  }
  while (mantissa < SQRT1_2) {
    mantissa *= 2
    exponent--
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); the argument stays below 0.172.
  const s = (mantissa - 1) / (mantissa + 1)
  const s2 = s * s
  let sum = 0
  for (let k = 21; k >= 1; k -= 2) sum = sum * s2 + 1 / k
  return exponent * LN2 + 2 * s * sum
}

/** e to the x for |x| below 700. */
export function expFixed(x: number): number {
  const k = Math.round(x / LN2)
  const r = x - k * LN2
  let sum = 1
  for (let n = 16; n >= 1; n--) sum = 1 + (r * sum) / n
  let power = 1
  const half = k < 0 ? 0.5 : 2
  for (let i = k < 0 ? -k : k; i > 0; i--) power *= half
  return sum * power
}

/**
 * Quantile of the standard normal distribution, for a probability in (0, 1). Rational
 * approximation by P. J. Acklam (2003), relative error below 1.15e-9.
 */
export function normalQuantile(p: number): number {
  if (p < 0.02425) return tail(Math.sqrt(-2 * logFixed(p)))
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * logFixed(1 - p)))
  const q = p - 0.5
  const r = q * q
  const top =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
      138.357751867269) *
      r -
      30.66479806614716) *
      r +
    2.506628277459239
  const bottom =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
      66.80131188771972) *
      r -
      13.28068155288572) *
      r +
    1
  return (top * q) / bottom
}

function tail(q: number): number {
  const top =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q -
      2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783
  const bottom =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q +
      3.754408661907416) *
      q +
    1
  return top / bottom
}

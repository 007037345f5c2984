/**
 * Products and quotients of intervals. Mirrors snd_interval_mul(), _muldivk() and _mulkdiv() of
 * sound/core/pcm_lib.c, the same in 6.1 and 6.12. Results that overflow become UINT_MAX, as there;
 * rests open the end that they are at.
 */
import { type SndInterval, UINT_MAX } from './pcm_interval.ts'

function saturate(value: number): number {
  return value >= UINT_MAX ? UINT_MAX : value
}

/** Lower end floor(a * b / c), open if there is a rest; upper end rounded up, open likewise. */
function setQuotient(
  to: SndInterval,
  lower: readonly [number, number, number, boolean],
  upper: readonly [number, number, number, boolean],
): void {
  const [a, b, c, openLower] = lower
  const low = c === 0 ? UINT_MAX : saturate(Math.floor((a * b) / c))
  // A product beyond 2^53 only occurs where the quotient overflows anyway.
  const lowRest = c !== 0 && low < UINT_MAX && (a * b) % c !== 0
  to.min = low
  to.openmin = lowRest || openLower
  const [d, e, f, openUpper] = upper
  const high = f === 0 ? UINT_MAX : saturate(Math.floor((d * e) / f))
  const highRest = f !== 0 && high < UINT_MAX && (d * e) % f !== 0
  to.max = highRest ? high + 1 : high
  to.openmax = highRest || (openUpper && f !== 0)
  to.integer = false
  to.empty = false
}

/** c = a * b. Kernel: snd_interval_mul(). */
export function snd_interval_mul(a: SndInterval, b: SndInterval, c: SndInterval): void {
  if (a.empty || b.empty) {
    c.empty = true
    return
  }
  c.empty = false
  c.min = saturate(a.min * b.min)
  c.openmin = a.openmin || b.openmin
  c.max = saturate(a.max * b.max)
  c.openmax = a.openmax || b.openmax
  c.integer = a.integer && b.integer
}

/** c = a * b / k. Kernel: snd_interval_muldivk(). */
export function snd_interval_muldivk(
  a: SndInterval,
  b: SndInterval,
  k: number,
  c: SndInterval,
): void {
  if (a.empty || b.empty) {
    c.empty = true
    return
  }
  setQuotient(
    c,
    [a.min, b.min, k, a.openmin || b.openmin],
    [a.max, b.max, k, a.openmax || b.openmax],
  )
}

/** c = a * k / b; with k = 1 the kernel's snd_interval_div(). Kernel: snd_interval_mulkdiv(). */
export function snd_interval_mulkdiv(
  a: SndInterval,
  k: number,
  b: SndInterval,
  c: SndInterval,
): void {
  if (a.empty || b.empty) {
    c.empty = true
    return
  }
  setQuotient(
    c,
    [a.min, k, b.max, a.openmin || b.openmax],
    [a.max, k, b.min, a.openmax || b.openmin],
  )
}

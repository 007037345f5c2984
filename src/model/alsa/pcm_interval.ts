/**
 * Interval arithmetic of the hardware parameters: ranges of unsigned 32-bit integers whose ends may
 * be open, which stands for "somewhere between two integers". Mirrors sound/core/pcm_lib.c,
 * snd_interval_*(). Results that overflow become UINT_MAX, as there.
 */
export const UINT_MAX = 0xffffffff
const EINVAL = 22

export class SndInterval {
  min = 0
  max = UINT_MAX
  openmin = false
  openmax = false
  integer = false
  empty = false

  copyFrom(other: SndInterval): void {
    this.min = other.min
    this.max = other.max
    this.openmin = other.openmin
    this.openmax = other.openmax
    this.integer = other.integer
    this.empty = other.empty
  }
}

export function snd_interval_any(i: SndInterval): void {
  i.copyFrom(new SndInterval())
}

/** One integer value only. */
export function intervalOf(value: number): SndInterval {
  return intervalBetween(value, value)
}

export function intervalBetween(min: number, max: number): SndInterval {
  const i = new SndInterval()
  i.min = min
  i.max = max
  i.integer = min === max
  return i
}

/** Whether one value is left. Kernel: snd_interval_single(), include/sound/pcm_params.h. */
export function snd_interval_single(i: SndInterval): boolean {
  return i.min === i.max || (i.min + 1 === i.max && (i.openmin || i.openmax))
}

/** The value of a single interval. */
export function snd_interval_value(i: SndInterval): number {
  return i.openmin && !i.openmax ? i.max : i.min
}

/** Whether `value` lies in the interval. Kernel: snd_interval_test(). */
export function snd_interval_test(i: SndInterval, value: number): boolean {
  if (value < i.min || (value === i.min && i.openmin)) return false
  return value < i.max || (value === i.max && !i.openmax)
}

function checkempty(i: SndInterval): boolean {
  return i.min > i.max || (i.min === i.max && (i.openmin || i.openmax))
}

/** With integer ends an open end is the next integer's closed one. Also catches what got empty. */
function settle(i: SndInterval): boolean {
  if (i.integer) {
    if (i.openmin) {
      i.min++
      i.openmin = false
    }
    if (i.openmax) {
      i.max--
      i.openmax = false
    }
  } else if (!i.openmin && !i.openmax && i.min === i.max) i.integer = true
  i.empty = checkempty(i)
  return i.empty
}

/**
 * Narrows `i` to what it has in common with `v`.
 *
 * Kernel: snd_interval_refine(). Return: 1 if it changed, 0 if not, -EINVAL if nothing is left.
 */
export function snd_interval_refine(i: SndInterval, v: SndInterval): number {
  if (i.empty) return -EINVAL
  let changed = refineLower(i, v.min, v.openmin)
  if (refineUpper(i, v.max, v.openmax)) changed = true
  if (!i.integer && v.integer) {
    i.integer = true
    changed = true
  }
  if (settle(i)) return -EINVAL
  return changed ? 1 : 0
}

function refineLower(i: SndInterval, min: number, open: boolean): boolean {
  if (i.min < min) {
    i.min = min
    i.openmin = open
    return true
  }
  if (i.min !== min || i.openmin || !open) return false
  i.openmin = true
  return true
}

function refineUpper(i: SndInterval, max: number, open: boolean): boolean {
  if (i.max > max) {
    i.max = max
    i.openmax = open
    return true
  }
  if (i.max !== max || i.openmax || !open) return false
  i.openmax = true
  return true
}

/** Leaves the least value. Kernel: snd_interval_refine_first(). Return: as snd_interval_refine. */
export function snd_interval_refine_first(i: SndInterval): number {
  if (i.empty) return -EINVAL
  if (snd_interval_single(i)) return 0
  const lastMax = i.max
  i.max = i.min
  if (i.openmin) i.max++
  // The old upper end counts only if it was the very next integer and open.
  i.openmax = i.openmax && i.max >= lastMax
  return 1
}

/**
 * Leaves the greatest value. Kernel: snd_interval_refine_last(). Return: as snd_interval_refine.
 */
export function snd_interval_refine_last(i: SndInterval): number {
  if (i.empty) return -EINVAL
  if (snd_interval_single(i)) return 0
  const lastMin = i.min
  i.min = i.max
  if (i.openmax) i.min--
  i.openmin = i.openmin && i.min <= lastMin
  return 1
}

/** Narrows to [min, max] with closed ends. Return: as snd_interval_refine. */
export function snd_interval_refine_minmax(i: SndInterval, min: number, max: number): number {
  const t = new SndInterval()
  t.min = min
  t.max = max
  return snd_interval_refine(i, t)
}

/** Narrows to one value. Return: as snd_interval_refine. */
export function snd_interval_refine_set(i: SndInterval, value: number): number {
  return snd_interval_refine(i, intervalOf(value))
}

/**
 * Narrows to the span of those values of a list that lie inside.
 *
 * Kernel: snd_interval_list(). Return: as snd_interval_refine.
 */
export function snd_interval_list(i: SndInterval, list: readonly number[]): number {
  const t = new SndInterval()
  t.min = UINT_MAX
  t.max = 0
  for (const value of list) {
    if (!snd_interval_test(i, value)) continue
    if (value < t.min) t.min = value
    if (value > t.max) t.max = value
  }
  if (list.length === 0 || t.min > t.max) {
    i.empty = true
    return -EINVAL
  }
  return snd_interval_refine(i, t)
}

/**
 * Narrows the ends to multiples of `step` (0 based).
 *
 * Kernel: snd_interval_step(). Return: as snd_interval_refine.
 */
export function snd_interval_step(i: SndInterval, step: number): number {
  let changed = false
  const low = i.min % step
  if (low !== 0 || i.openmin) {
    i.min += step - low
    i.openmin = false
    changed = true
  }
  const high = i.max % step
  if (high !== 0 || i.openmax) {
    i.max -= high !== 0 ? high : step
    i.openmax = false
    changed = true
  }
  if (checkempty(i)) {
    i.empty = true
    return -EINVAL
  }
  return changed ? 1 : 0
}

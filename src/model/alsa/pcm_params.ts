/**
 * The hardware parameters of one configuration request: three masks and twelve intervals, which
 * refinement narrows until one value of each is left. Mirrors struct snd_pcm_hw_params (uapi) and
 * include/sound/pcm_params.h. How they depend on each other: pcm_refine.ts.
 */
import { assert } from '../../base/assert.ts'
import { FORMATS_MAX } from './pcm_format.ts'
import {
  SndInterval,
  snd_interval_refine_set,
  snd_interval_single,
  snd_interval_value,
} from './pcm_interval.ts'

export const SNDRV_PCM_HW_PARAM_ACCESS = 0
export const SNDRV_PCM_HW_PARAM_FORMAT = 1
export const SNDRV_PCM_HW_PARAM_SUBFORMAT = 2
export const SNDRV_PCM_HW_PARAM_FIRST_INTERVAL = 8
export const SNDRV_PCM_HW_PARAM_SAMPLE_BITS = 8
export const SNDRV_PCM_HW_PARAM_FRAME_BITS = 9
export const SNDRV_PCM_HW_PARAM_CHANNELS = 10
export const SNDRV_PCM_HW_PARAM_RATE = 11
export const SNDRV_PCM_HW_PARAM_PERIOD_TIME = 12
export const SNDRV_PCM_HW_PARAM_PERIOD_SIZE = 13
export const SNDRV_PCM_HW_PARAM_PERIOD_BYTES = 14
export const SNDRV_PCM_HW_PARAM_PERIODS = 15
export const SNDRV_PCM_HW_PARAM_BUFFER_TIME = 16
export const SNDRV_PCM_HW_PARAM_BUFFER_SIZE = 17
export const SNDRV_PCM_HW_PARAM_BUFFER_BYTES = 18
export const SNDRV_PCM_HW_PARAM_TICK_TIME = 19
export const SNDRV_PCM_HW_PARAM_LAST_INTERVAL = 19

const MASKS = 3
const INTERVALS = 12
const EINVAL = 22

/** A set of small numbers, all of them at first. Kernel: struct snd_mask. */
export class SndMask {
  private low = 0xffffffff
  private high = 0xffffffff

  copyFrom(other: SndMask): void {
    this.low = other.low
    this.high = other.high
  }

  none(): void {
    this.low = 0
    this.high = 0
  }

  set(value: number): void {
    if (value < 32) this.low = (this.low | (1 << value)) >>> 0
    else this.high = (this.high | (1 << (value - 32))) >>> 0
  }

  test(value: number): boolean {
    if (value < 0 || value >= FORMATS_MAX) return false
    return value < 32 ? ((this.low >>> value) & 1) === 1 : ((this.high >>> (value - 32)) & 1) === 1
  }

  get empty(): boolean {
    return this.low === 0 && this.high === 0
  }

  /** Least member, -1 when empty. */
  get min(): number {
    for (let i = 0; i < FORMATS_MAX; i++) if (this.test(i)) return i
    return -1
  }

  /** Greatest member, -1 when empty. */
  get max(): number {
    for (let i = FORMATS_MAX - 1; i >= 0; i--) if (this.test(i)) return i
    return -1
  }

  get single(): boolean {
    return !this.empty && this.min === this.max
  }

  /** Kernel: snd_mask_refine(). Return: 1 if it changed, 0 if not, -EINVAL if nothing is left. */
  refine(other: SndMask): number {
    const { low, high } = this
    this.low = (low & other.low) >>> 0
    this.high = (high & other.high) >>> 0
    if (this.empty) return -EINVAL
    return this.low !== low || this.high !== high ? 1 : 0
  }

  /** Kernel: snd_mask_refine_set(). Return: as `refine`. */
  refineSet(value: number): number {
    return this.refine(maskOf(value))
  }
}

/** A mask of the given members only. */
export function maskOf(...values: readonly number[]): SndMask {
  const mask = new SndMask()
  mask.none()
  for (const value of values) mask.set(value)
  return mask
}

export class SndPcmHwParams {
  flags = 0
  readonly masks: readonly SndMask[]
  readonly intervals: readonly SndInterval[]
  /** Parameters (bits by number) that the caller changed, and that refinement changed. */
  rmask = 0
  cmask = 0
  info = 0

  constructor() {
    this.masks = Array.from({ length: MASKS }, () => new SndMask())
    this.intervals = Array.from({ length: INTERVALS }, () => new SndInterval())
  }

  copyFrom(other: SndPcmHwParams): void {
    this.flags = other.flags
    this.rmask = other.rmask
    this.cmask = other.cmask
    this.info = other.info
    for (let i = 0; i < MASKS; i++) hw_param_mask(this, i).copyFrom(hw_param_mask(other, i))
    for (let i = 0; i < INTERVALS; i++) {
      const v = i + SNDRV_PCM_HW_PARAM_FIRST_INTERVAL
      hw_param_interval(this, v).copyFrom(hw_param_interval(other, v))
    }
  }
}

export function isMaskParam(v: number): boolean {
  return v < MASKS
}

export function hw_param_mask(params: SndPcmHwParams, v: number): SndMask {
  const mask = params.masks[v]
  assert(mask !== undefined, `hardware parameter ${v} is no mask`)
  return mask
}

export function hw_param_interval(params: SndPcmHwParams, v: number): SndInterval {
  const interval = params.intervals[v - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL]
  assert(interval !== undefined, `hardware parameter ${v} is no interval`)
  return interval
}

/** Narrows a parameter to one value, as a client does. Return: 1, 0 or -EINVAL. */
export function setHwParam(params: SndPcmHwParams, v: number, value: number): number {
  params.rmask |= 1 << v
  if (isMaskParam(v)) return hw_param_mask(params, v).refineSet(value)
  return snd_interval_refine_set(hw_param_interval(params, v), value)
}

/** The value of a parameter that has only one left, else -1. */
export function hwParamValue(params: SndPcmHwParams, v: number): number {
  if (isMaskParam(v)) {
    const mask = hw_param_mask(params, v)
    return mask.single ? mask.min : -1
  }
  const interval = hw_param_interval(params, v)
  return snd_interval_single(interval) ? snd_interval_value(interval) : -1
}

// Accessors for drivers, named as in include/sound/pcm_params.h; the parameters must be chosen.

export function params_access(p: SndPcmHwParams): number {
  return hw_param_mask(p, SNDRV_PCM_HW_PARAM_ACCESS).min
}

export function params_format(p: SndPcmHwParams): number {
  return hw_param_mask(p, SNDRV_PCM_HW_PARAM_FORMAT).min
}

export function params_channels(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_CHANNELS).min
}

export function params_rate(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_RATE).min
}

export function params_period_size(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE).min
}

export function params_period_bytes(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_PERIOD_BYTES).min
}

export function params_periods(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_PERIODS).min
}

export function params_buffer_size(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_BUFFER_SIZE).min
}

export function params_buffer_bytes(p: SndPcmHwParams): number {
  return hw_param_interval(p, SNDRV_PCM_HW_PARAM_BUFFER_BYTES).min
}

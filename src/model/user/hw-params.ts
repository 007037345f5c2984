/**
 * How a client arrives at hardware parameters: it narrows what it cares about, takes the nearest
 * value where it may not be met exactly, and installs the result. Modelled on alsa-lib 1.2
 * (snd_pcm_hw_param_set_near, snd_pcm_hw_params). Sizes are frames, times us as the library's.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { Req } from '../../sim/process.ts'
import type { SndPcmSubstream } from '../alsa/pcm.ts'
import { SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP } from '../alsa/pcm_constants.ts'
import {
  SndInterval,
  snd_interval_refine,
  snd_interval_refine_first,
  snd_interval_refine_last,
  snd_interval_value,
} from '../alsa/pcm_interval.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import {
  hw_param_interval,
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_BUFFER_TIME,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_PERIOD_SIZE,
  SNDRV_PCM_HW_PARAM_PERIOD_TIME,
  SNDRV_PCM_HW_PARAM_PERIODS,
  SNDRV_PCM_HW_PARAM_RATE,
  SndPcmHwParams,
  setHwParam,
} from '../alsa/pcm_params.ts'
import { RMASK_ALL, snd_pcm_hw_refine } from '../alsa/pcm_refine.ts'
import { EINVAL } from '../linux/errno.ts'
import { sys_hw_params, sys_hw_refine, sys_prepare } from './syscall.ts'

/** aplay's longest buffer, and how many periods it makes of one. */
const BUFFER_TIME_US_MAX = 500_000
const PERIODS_OF_BUFFER = 4

/** What a client asks for. */
export interface HwRequest {
  /** Format number (pcm_format.ts). */
  readonly format: number
  readonly rate: number
  readonly channels: number
  /** Exact sizes; absent ones are chosen as aplay does, from the times. */
  readonly period_size?: Frames
  readonly buffer_size?: Frames
  readonly noPeriodWakeup?: boolean
  /** So many periods of exactly period_size, or the nearest number above. */
  readonly periods?: number
}

/** One REFINE ioctl of the library; its price is charged by the caller. */
function refine(substream: SndPcmSubstream, params: SndPcmHwParams): Proc<number> {
  params.rmask = RMASK_ALL
  return snd_pcm_hw_refine(substream, params)
}

/** Narrows a copy to one side of a value; returns the value nearest to it, or -1. */
function* edge(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  v: number,
  value: number,
  below: boolean,
): Proc<number> {
  const copy = new SndPcmHwParams()
  copy.copyFrom(params)
  const side = new SndInterval()
  if (below) side.max = value
  else side.min = value
  const interval = hw_param_interval(copy, v)
  if (snd_interval_refine(interval, side) < 0) return -1
  if ((yield* refine(substream, copy)) < 0) return -1
  const fixed = below ? snd_interval_refine_last(interval) : snd_interval_refine_first(interval)
  if (fixed < 0 || (yield* refine(substream, copy)) < 0) return -1
  return snd_interval_value(interval)
}

/**
 * Sets a parameter to the possible value nearest to the one wanted, the lower one on a tie.
 *
 * Library: snd_pcm_hw_param_set_near(). Return: the value, or -EINVAL.
 */
export function* setHwParamNear(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  v: number,
  wanted: number,
): Proc<number> {
  const low = yield* edge(substream, params, v, wanted, true)
  const high = low === wanted ? low : yield* edge(substream, params, v, wanted, false)
  if (low < 0 && high < 0) return -EINVAL
  const useHigh = low < 0 || (high >= 0 && high - wanted < wanted - low)
  const value = useHigh ? high : low
  setHwParam(params, v, value)
  return (yield* refine(substream, params)) < 0 ? -EINVAL : value
}

/** Sets a parameter to one value; a refusal leaves it as it was. Return: 0 or -errno. */
export function* setHwParamExactly(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  v: number,
  value: number,
): Proc<number> {
  const trial = new SndPcmHwParams()
  trial.copyFrom(params)
  if (setHwParam(trial, v, value) < 0) return -EINVAL
  const err = yield* refine(substream, trial)
  if (err < 0) return err
  params.copyFrom(trial)
  return 0
}

function* setExactly(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  request: HwRequest,
): Proc<number> {
  const values: readonly (readonly [number, number])[] = [
    [SNDRV_PCM_HW_PARAM_FORMAT, request.format],
    [SNDRV_PCM_HW_PARAM_CHANNELS, request.channels],
    [SNDRV_PCM_HW_PARAM_RATE, request.rate],
  ]
  for (const [v, value] of values) {
    if (setHwParam(params, v, value) < 0) return -EINVAL
    const err = yield* refine(substream, params)
    if (err < 0) return err
  }
  return 0
}

/**
 * jack2, alsa_driver_configure_stream(): the period as it is, a whole number of periods near the
 * one asked for and not below it, the buffer that follows. Return: 0 or -EINVAL.
 */
function* setPeriods(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  period_size: Frames,
  wanted: number,
): Proc<number> {
  hw_param_interval(params, SNDRV_PCM_HW_PARAM_PERIODS).integer = true
  const err = yield* setHwParamExactly(
    substream,
    params,
    SNDRV_PCM_HW_PARAM_PERIOD_SIZE,
    period_size,
  )
  if (err < 0) return err
  // Not fewer than asked for, where the card leaves the choice.
  const atLeast = new SndPcmHwParams()
  atLeast.copyFrom(params)
  const side = new SndInterval()
  side.min = wanted
  if (snd_interval_refine(hw_param_interval(atLeast, SNDRV_PCM_HW_PARAM_PERIODS), side) >= 0) {
    if ((yield* refine(substream, atLeast)) >= 0) params.copyFrom(atLeast)
  }
  const periods = yield* setHwParamNear(substream, params, SNDRV_PCM_HW_PARAM_PERIODS, wanted)
  if (periods < wanted) return -EINVAL
  const frames = periods * period_size
  return yield* setHwParamExactly(substream, params, SNDRV_PCM_HW_PARAM_BUFFER_SIZE, frames)
}

/** aplay: sizes that are not given follow from the times. Return: a size or -errno. */
function* setSizes(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  request: HwRequest,
): Proc<number> {
  const { period_size, buffer_size, periods } = request
  if (periods !== undefined && period_size !== undefined) {
    return yield* setPeriods(substream, params, period_size, periods)
  }
  const timeMax = hw_param_interval(params, SNDRV_PCM_HW_PARAM_BUFFER_TIME).max
  const buffer_time = timeMax < BUFFER_TIME_US_MAX ? timeMax : BUFFER_TIME_US_MAX
  const period =
    period_size === undefined
      ? buffer_size === undefined
        ? ([SNDRV_PCM_HW_PARAM_PERIOD_TIME, Math.floor(buffer_time / PERIODS_OF_BUFFER)] as const)
        : ([SNDRV_PCM_HW_PARAM_PERIOD_SIZE, Math.floor(buffer_size / PERIODS_OF_BUFFER)] as const)
      : ([SNDRV_PCM_HW_PARAM_PERIOD_SIZE, period_size] as const)
  const err = yield* setHwParamNear(substream, params, period[0], period[1])
  if (err < 0) return err
  const buffer =
    buffer_size === undefined
      ? ([SNDRV_PCM_HW_PARAM_BUFFER_TIME, buffer_time] as const)
      : ([SNDRV_PCM_HW_PARAM_BUFFER_SIZE, buffer_size] as const)
  return yield* setHwParamNear(substream, params, buffer[0], buffer[1])
}

/** REFINE ioctls that a negotiation of this kind takes. */
const REFINES = 12

/** Negotiates and installs the parameters. Return: 0, or -errno. */
export function* installHwParams(
  file: SndPcmFile,
  request: HwRequest,
  access: number,
): Proc<number> {
  const { substream } = file
  const { k } = substream
  const params = new SndPcmHwParams()
  if (request.noPeriodWakeup === true) params.flags |= SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP
  const ns = REFINES * (k.priceNs(k.costs.syscall_entry) + k.priceNs(k.costs.syscall_exit))
  if (!k.tryChargeNs(ns)) yield Req.CHARGE
  if (setHwParam(params, SNDRV_PCM_HW_PARAM_ACCESS, access) < 0) return -EINVAL
  let err = yield* refine(substream, params)
  if (err >= 0) err = yield* setExactly(substream, params, request)
  if (err >= 0) err = yield* setSizes(substream, params, request)
  if (err < 0) return err
  return yield* sys_hw_params(file, params)
}

const SIZES = [
  ['period_size', SNDRV_PCM_HW_PARAM_PERIOD_SIZE],
  ['buffer_size', SNDRV_PCM_HW_PARAM_BUFFER_SIZE],
  ['periods', SNDRV_PCM_HW_PARAM_PERIODS],
] as const

/**
 * One HW_REFINE ioctl by itself: what the hardware can still do with format, rate, channels and
 * access, and the sizes that the request states, as they are. Return: 0 or -errno; `left` then has
 * what each size may be.
 */
export function* refineHwParams(
  file: SndPcmFile,
  request: HwRequest,
  access: number,
  left: string[],
): Proc<number> {
  const params = new SndPcmHwParams()
  const wanted: readonly (readonly [number, number | undefined])[] = [
    [SNDRV_PCM_HW_PARAM_ACCESS, access],
    [SNDRV_PCM_HW_PARAM_FORMAT, request.format],
    [SNDRV_PCM_HW_PARAM_CHANNELS, request.channels],
    [SNDRV_PCM_HW_PARAM_RATE, request.rate],
    [SNDRV_PCM_HW_PARAM_PERIOD_SIZE, request.period_size],
    [SNDRV_PCM_HW_PARAM_BUFFER_SIZE, request.buffer_size],
  ]
  for (const [v, value] of wanted) if (value !== undefined) setHwParam(params, v, value)
  params.rmask = RMASK_ALL
  const err = yield* sys_hw_refine(file, params)
  if (err < 0) return err
  for (const [name, v] of SIZES) {
    const { min, max, openmin, openmax } = hw_param_interval(params, v)
    const range = `${openmin ? '(' : '['}${min} ${max}${openmax ? ')' : ']'}`
    left.push(`${name} ${min === max ? min : range}`)
  }
  return 0
}

/** installHwParams(), and a prepare as snd_pcm_hw_params() of the library does. Return: as it. */
export function* chooseHwParams(
  file: SndPcmFile,
  request: HwRequest,
  access: number,
): Proc<number> {
  const err = yield* installHwParams(file, request, access)
  return err < 0 ? err : yield* sys_prepare(file)
}

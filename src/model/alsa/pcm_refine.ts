/**
 * Refinement of hardware parameters: constraints narrow the masks and intervals of a request until
 * nothing changes any more; choosing fixes what is still open. Mirrors sound/core/pcm_native.c
 * (snd_pcm_hw_refine, snd_pcm_hw_params_choose), 6.1 and 6.12. The rules: pcm_rules.ts.
 */
import type { Proc } from '../../sim/process.ts'
import { EINVAL } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  type SndInterval,
  snd_interval_refine,
  snd_interval_refine_first,
  snd_interval_refine_last,
} from './pcm_interval.ts'
import {
  hw_param_interval,
  hw_param_mask,
  isMaskParam,
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_FIRST_INTERVAL,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_LAST_INTERVAL,
  SNDRV_PCM_HW_PARAM_PERIOD_TIME,
  SNDRV_PCM_HW_PARAM_RATE,
  SNDRV_PCM_HW_PARAM_SUBFORMAT,
  SNDRV_PCM_HW_PARAM_TICK_TIME,
  type SndMask,
  type SndPcmHwParams,
} from './pcm_params.ts'

/** A rule: narrows `var` from the values of `deps`. Kernel: struct snd_pcm_hw_rule. */
export interface HwRule {
  readonly var: number
  readonly deps: readonly number[]
  /**
   * Returns 1 if it changed something, 0 if not, -EINVAL if nothing is left, or another -errno of
   * the driver. A driver's rule may sleep: Xen's asks the back end each time.
   */
  readonly func: (params: SndPcmHwParams, rule: HwRule) => number | Proc<number>
}

/** What may be asked of an open stream. Kernel: struct snd_pcm_hw_constraints. */
export class SndPcmHwConstraints {
  readonly masks = new Map<number, SndMask>()
  readonly intervals = new Map<number, SndInterval>()
  readonly rules: HwRule[] = []
}

/** Every parameter's bit. */
export const RMASK_ALL = 0xfff07 >>> 0

const MASK_PARAMS = [
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_SUBFORMAT,
]

function constrainMasks(constraints: SndPcmHwConstraints, params: SndPcmHwParams): number {
  for (const v of MASK_PARAMS) {
    const limit = constraints.masks.get(v)
    if (limit === undefined || (params.rmask & (1 << v)) === 0) continue
    const changed = hw_param_mask(params, v).refine(limit)
    if (changed < 0) return changed
    if (changed > 0) params.cmask |= 1 << v
  }
  return 0
}

function constrainIntervals(constraints: SndPcmHwConstraints, params: SndPcmHwParams): number {
  const last = SNDRV_PCM_HW_PARAM_LAST_INTERVAL
  for (let v = SNDRV_PCM_HW_PARAM_FIRST_INTERVAL; v <= last; v++) {
    const limit = constraints.intervals.get(v)
    if (limit === undefined || (params.rmask & (1 << v)) === 0) continue
    const changed = snd_interval_refine(hw_param_interval(params, v), limit)
    if (changed < 0) return changed
    if (changed > 0) params.cmask |= 1 << v
  }
  return 0
}

/**
 * Applies the rules until they are all satisfied. A rule runs when one of its parameters changed
 * after it last ran; stamps, as in the kernel, keep the order of the table.
 */
function* constrainRules(constraints: SndPcmHwConstraints, params: SndPcmHwParams): Proc<number> {
  const { rules } = constraints
  const rstamps = new Array<number>(rules.length).fill(0)
  const vstamps = new Array<number>(SNDRV_PCM_HW_PARAM_LAST_INTERVAL + 1).fill(0)
  for (let v = 0; v < vstamps.length; v++) if ((params.rmask & (1 << v)) !== 0) vstamps[v] = 1
  let stamp = 2
  for (let again = true; again; ) {
    again = false
    for (const [i, rule] of rules.entries()) {
      const seen = rstamps[i] as number
      if (!rule.deps.some((dep) => (vstamps[dep] as number) > seen)) continue
      const answer = rule.func(params, rule)
      const changed = typeof answer === 'number' ? answer : yield* answer
      if (changed < 0) return changed
      rstamps[i] = stamp
      if (changed > 0) {
        params.cmask |= 1 << rule.var
        vstamps[rule.var] = stamp
        again = true
      }
      stamp++
    }
  }
  return 0
}

/**
 * Narrows a request to what the hardware can do.
 *
 * Kernel: snd_pcm_hw_refine(). Context: process; a driver's rule may sleep. Return: 0, -EINVAL if
 * nothing is left of a parameter, or what a driver's rule returned.
 */
export function* snd_pcm_hw_refine(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
): Proc<number> {
  const constraints = substream.runtime.hw_constraints
  let err = constrainMasks(constraints, params)
  if (err >= 0) err = constrainIntervals(constraints, params)
  if (err >= 0) err = yield* constrainRules(constraints, params)
  if (err < 0) return err
  params.info = substream.runtime.hw.info
  params.rmask = 0
  return 0
}

const CHOICE_ORDER = [
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_SUBFORMAT,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_RATE,
  SNDRV_PCM_HW_PARAM_PERIOD_TIME,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_TICK_TIME,
]

/** Leaves the first (least) value, or the last. Return: 1, 0 or -EINVAL. */
function fixParam(params: SndPcmHwParams, v: number, last: boolean): number {
  if (!isMaskParam(v)) {
    const interval = hw_param_interval(params, v)
    return last ? snd_interval_refine_last(interval) : snd_interval_refine_first(interval)
  }
  const mask = hw_param_mask(params, v)
  if (mask.empty) return -EINVAL
  return mask.refineSet(last ? mask.max : mask.min)
}

/** Narrows a parameter to its least or greatest value and the others with it. */
function* chooseParam(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
  v: number,
  last: boolean,
): Proc<number> {
  const changed = fixParam(params, v, last)
  if (changed <= 0) return changed
  params.cmask |= 1 << v
  params.rmask |= 1 << v
  return yield* snd_pcm_hw_refine(substream, params)
}

/**
 * Fixes one value of each parameter: the least, of the buffer size the greatest.
 *
 * Kernel: snd_pcm_hw_params_choose(). Return: 0, -EINVAL or what a driver's rule returned.
 */
export function* snd_pcm_hw_params_choose(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
): Proc<number> {
  for (const v of CHOICE_ORDER) {
    const err = yield* chooseParam(substream, params, v, v === SNDRV_PCM_HW_PARAM_BUFFER_SIZE)
    if (err < 0) return err
  }
  return 0
}

/**
 * Constraints that ask the back end: five rules with the same function, one round trip for each
 * evaluation. Buffer and period are frames.
 *
 * Kernel: alsa_hw_rule() and the format tables of sound/xen/xen_snd_front_alsa.c, v6.1.
 */
import type { Proc } from '../../../sim/process.ts'
import { SNDRV_PCM_FORMATS } from '../../alsa/pcm_format.ts'
import { SndInterval, snd_interval_refine } from '../../alsa/pcm_interval.ts'
import {
  hw_param_interval,
  hw_param_mask,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_PERIOD_SIZE,
  SNDRV_PCM_HW_PARAM_RATE,
  SndMask,
  type SndPcmHwParams,
} from '../../alsa/pcm_params.ts'
import type { SndPcmHwConstraints } from '../../alsa/pcm_refine.ts'
import { EINVAL, EIO, ETIMEDOUT } from '../../linux/errno.ts'
import { printk } from '../../linux/printk.ts'
import { XENSND_PCM_FORMATS, type XensndQueryHwParam, type XensndRange } from '../../xen/sndif.ts'
import { xen_snd_front_stream_query_hw_param } from './xen_snd_front.ts'
import type { StreamInfo } from './xen_snd_front_stream.ts'

/** ALSA's number of each protocol format, -1 where it has none or the driver's table does. */
const ALSA_SNDIF_FORMATS: readonly number[] = XENSND_PCM_FORMATS.map((name) => {
  return (SNDRV_PCM_FORMATS as Readonly<Record<string, number>>)[name] ?? -1
})

/** Kernel: to_sndif_format(). Return: the protocol's number or -EINVAL. */
export function to_sndif_format(format: number): number {
  const at = ALSA_SNDIF_FORMATS.indexOf(format)
  return at < 0 ? -EINVAL : at
}

/** Kernel: to_sndif_formats_mask(). */
function to_sndif_formats_mask(formats: SndMask): number {
  let mask = 0
  for (const [sndif, alsa] of ALSA_SNDIF_FORMATS.entries()) {
    if (alsa >= 0 && formats.test(alsa)) mask |= 1 << sndif
  }
  return mask
}

/** Kernel: to_alsa_formats_mask(). */
function to_alsa_formats_mask(formats: number): SndMask {
  const mask = new SndMask()
  mask.none()
  for (const [sndif, alsa] of ALSA_SNDIF_FORMATS.entries()) {
    if (alsa >= 0 && (formats & (1 << sndif)) !== 0) mask.set(alsa)
  }
  return mask
}

/** The intervals in the order in which the answer narrows them. */
const INTERVALS = [
  [SNDRV_PCM_HW_PARAM_RATE, 'rates'],
  [SNDRV_PCM_HW_PARAM_CHANNELS, 'channels'],
  [SNDRV_PCM_HW_PARAM_BUFFER_SIZE, 'buffer'],
  [SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 'period'],
] as const

function rangeOf(params: SndPcmHwParams, v: number): XensndRange {
  const { min, max } = hw_param_interval(params, v)
  return { min, max }
}

/**
 * Narrows all five parameters by the back end's answer, whichever of them the rule is for.
 *
 * Kernel: alsa_hw_rule(). Context: process; in hw_params under buffer_mutex. Return: 1 if anything
 * changed, 0, -EINVAL, or the error of the round trip, which ends the refinement.
 */
function* alsa_hw_rule(params: SndPcmHwParams, stream: StreamInfo): Proc<number> {
  const formats = hw_param_mask(params, SNDRV_PCM_HW_PARAM_FORMAT)
  const req: XensndQueryHwParam = {
    formats: to_sndif_formats_mask(formats),
    rates: rangeOf(params, SNDRV_PCM_HW_PARAM_RATE),
    channels: rangeOf(params, SNDRV_PCM_HW_PARAM_CHANNELS),
    buffer: rangeOf(params, SNDRV_PCM_HW_PARAM_BUFFER_SIZE),
    period: rangeOf(params, SNDRV_PCM_HW_PARAM_PERIOD_SIZE),
  }
  let resp = req
  const answer = (one: XensndQueryHwParam): void => {
    resp = one
  }
  const ret = yield* xen_snd_front_stream_query_hw_param(stream.evt_pair.req, req, answer)
  if (ret < 0) {
    if (ret === -EIO || ret === -ETIMEDOUT) {
      yield* printk(stream.xb_dev.k, 'vsnd: Failed to query ALSA HW parameters')
    }
    return ret
  }
  let changed = formats.refine(to_alsa_formats_mask(resp.formats))
  if (changed < 0) return changed
  for (const [v, name] of INTERVALS) {
    const one = narrow(params, v, resp[name])
    if (one < 0) return one
    changed |= one
  }
  return changed
}

function narrow(params: SndPcmHwParams, v: number, { min, max }: XensndRange): number {
  const interval = new SndInterval()
  interval.integer = true
  interval.min = min
  interval.max = max
  return snd_interval_refine(hw_param_interval(params, v), interval)
}

/** The parameters that have a rule, in the order of alsa_open(); each depends on itself. */
const RULES = [
  SNDRV_PCM_HW_PARAM_FORMAT,
  SNDRV_PCM_HW_PARAM_RATE,
  SNDRV_PCM_HW_PARAM_CHANNELS,
  SNDRV_PCM_HW_PARAM_PERIOD_SIZE,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE,
]

/** Kernel: the five snd_pcm_hw_rule_add() calls of alsa_open(). */
export function addHwRules(constraints: SndPcmHwConstraints, stream: StreamInfo): void {
  const func = (params: SndPcmHwParams): Proc<number> => alsa_hw_rule(params, stream)
  for (const v of RULES) constraints.rules.push({ var: v, deps: [v], func })
}

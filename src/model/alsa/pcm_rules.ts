/**
 * The constraints of an open stream: how the parameters depend on each other, and the limits of the
 * hardware. Mirrors snd_pcm_hw_constraints_init() and _complete() of sound/core/pcm_native.c and
 * the helpers of pcm_lib.c that drivers call in open; 6.1 and 6.12.
 */
import { EINVAL } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_ACCESS_MMAP_COMPLEX,
  SNDRV_PCM_ACCESS_MMAP_INTERLEAVED,
  SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED,
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_ACCESS_RW_NONINTERLEAVED,
  SNDRV_PCM_INFO_COMPLEX,
  SNDRV_PCM_INFO_INTERLEAVED,
  SNDRV_PCM_INFO_MMAP,
  SNDRV_PCM_INFO_NONINTERLEAVED,
} from './pcm_constants.ts'
import { FORMATS_MAX, snd_pcm_format_physical_width } from './pcm_format.ts'
import {
  SndInterval,
  snd_interval_list,
  snd_interval_refine,
  snd_interval_refine_minmax,
  snd_interval_step,
  snd_interval_test,
  UINT_MAX,
} from './pcm_interval.ts'
import {
  snd_interval_mul,
  snd_interval_muldivk,
  snd_interval_mulkdiv,
} from './pcm_interval_math.ts'
import {
  SNDRV_PCM_HW_PARAM_BUFFER_BYTES as BUFFER_BYTES,
  SNDRV_PCM_HW_PARAM_BUFFER_SIZE as BUFFER_SIZE,
  SNDRV_PCM_HW_PARAM_BUFFER_TIME as BUFFER_TIME,
  SNDRV_PCM_HW_PARAM_CHANNELS as CHANNELS,
  SNDRV_PCM_HW_PARAM_FORMAT as FORMAT,
  SNDRV_PCM_HW_PARAM_FRAME_BITS as FRAME_BITS,
  hw_param_interval,
  hw_param_mask,
  maskOf,
  SNDRV_PCM_HW_PARAM_PERIOD_BYTES as PERIOD_BYTES,
  SNDRV_PCM_HW_PARAM_PERIOD_SIZE as PERIOD_SIZE,
  SNDRV_PCM_HW_PARAM_PERIOD_TIME as PERIOD_TIME,
  SNDRV_PCM_HW_PARAM_PERIODS as PERIODS,
  SNDRV_PCM_HW_PARAM_RATE as RATE,
  SNDRV_PCM_HW_PARAM_SAMPLE_BITS as SAMPLE_BITS,
  SNDRV_PCM_HW_PARAM_ACCESS,
  SNDRV_PCM_HW_PARAM_SUBFORMAT,
  SndMask,
  type SndPcmHwParams,
} from './pcm_params.ts'
import { type HwRule, SndPcmHwConstraints } from './pcm_refine.ts'

const BITS = 8
const MICROS = 1_000_000

/** Reused by the rules: the value that the dependencies allow. */
const t = new SndInterval()

function narrow(params: SndPcmHwParams, rule: HwRule): number {
  return snd_interval_refine(hw_param_interval(params, rule.var), t)
}

function dep(params: SndPcmHwParams, rule: HwRule, i: number): SndInterval {
  return hw_param_interval(params, rule.deps[i] as number)
}

/** var = a * b. Kernel: snd_pcm_hw_rule_mul(). */
function mul(v: number, a: number, b: number): HwRule {
  const func = (params: SndPcmHwParams, rule: HwRule): number => {
    snd_interval_mul(dep(params, rule, 0), dep(params, rule, 1), t)
    return narrow(params, rule)
  }
  return { var: v, deps: [a, b], func }
}

/** var = a * k / b; with k = 1 the kernel's rule_div. Kernel: snd_pcm_hw_rule_mulkdiv(). */
function mulkdiv(v: number, k: number, a: number, b: number): HwRule {
  const func = (params: SndPcmHwParams, rule: HwRule): number => {
    snd_interval_mulkdiv(dep(params, rule, 0), k, dep(params, rule, 1), t)
    return narrow(params, rule)
  }
  return { var: v, deps: [a, b], func }
}

/** var = a * b / k. Kernel: snd_pcm_hw_rule_muldivk(). */
function muldivk(v: number, k: number, a: number, b: number): HwRule {
  const func = (params: SndPcmHwParams, rule: HwRule): number => {
    snd_interval_muldivk(dep(params, rule, 0), dep(params, rule, 1), k, t)
    return narrow(params, rule)
  }
  return { var: v, deps: [a, b], func }
}

/** Formats whose samples have an allowed number of bits. Kernel: snd_pcm_hw_rule_format(). */
function formatRule(params: SndPcmHwParams, rule: HwRule): number {
  const bits = dep(params, rule, 0)
  const allowed = new SndMask()
  allowed.none()
  for (let format = 0; format < FORMATS_MAX; format++) {
    const width = snd_pcm_format_physical_width(format)
    if (width > 0 && snd_interval_test(bits, width)) allowed.set(format)
  }
  return hw_param_mask(params, FORMAT).refine(allowed)
}

/** Sample bits span those of the formats left. Kernel: snd_pcm_hw_rule_sample_bits(). */
function sampleBitsRule(params: SndPcmHwParams): number {
  const formats = hw_param_mask(params, FORMAT)
  t.copyFrom(new SndInterval())
  t.min = UINT_MAX
  t.max = 0
  t.integer = true
  for (let format = 0; format < FORMATS_MAX; format++) {
    const width = formats.test(format) ? snd_pcm_format_physical_width(format) : 0
    if (width === 0) continue
    if (width < t.min) t.min = width
    if (width > t.max) t.max = width
  }
  return snd_interval_refine(hw_param_interval(params, SAMPLE_BITS), t)
}

/** The table of snd_pcm_hw_constraints_init(), in its order. */
const RULES: readonly HwRule[] = [
  { var: FORMAT, deps: [SAMPLE_BITS], func: formatRule },
  { var: SAMPLE_BITS, deps: [FORMAT, SAMPLE_BITS], func: sampleBitsRule },
  mulkdiv(SAMPLE_BITS, 1, FRAME_BITS, CHANNELS),
  mul(FRAME_BITS, SAMPLE_BITS, CHANNELS),
  mulkdiv(FRAME_BITS, BITS, PERIOD_BYTES, PERIOD_SIZE),
  mulkdiv(FRAME_BITS, BITS, BUFFER_BYTES, BUFFER_SIZE),
  mulkdiv(CHANNELS, 1, FRAME_BITS, SAMPLE_BITS),
  mulkdiv(RATE, MICROS, PERIOD_SIZE, PERIOD_TIME),
  mulkdiv(RATE, MICROS, BUFFER_SIZE, BUFFER_TIME),
  mulkdiv(PERIODS, 1, BUFFER_SIZE, PERIOD_SIZE),
  mulkdiv(PERIOD_SIZE, 1, BUFFER_SIZE, PERIODS),
  mulkdiv(PERIOD_SIZE, BITS, PERIOD_BYTES, FRAME_BITS),
  muldivk(PERIOD_SIZE, MICROS, PERIOD_TIME, RATE),
  mul(BUFFER_SIZE, PERIOD_SIZE, PERIODS),
  mulkdiv(BUFFER_SIZE, BITS, BUFFER_BYTES, FRAME_BITS),
  muldivk(BUFFER_SIZE, MICROS, BUFFER_TIME, RATE),
  muldivk(PERIOD_BYTES, BITS, PERIOD_SIZE, FRAME_BITS),
  muldivk(BUFFER_BYTES, BITS, BUFFER_SIZE, FRAME_BITS),
  mulkdiv(PERIOD_TIME, MICROS, PERIOD_SIZE, RATE),
  mulkdiv(BUFFER_TIME, MICROS, BUFFER_SIZE, RATE),
]

function limit(constraints: SndPcmHwConstraints, v: number): SndInterval {
  let interval = constraints.intervals.get(v)
  if (interval === undefined) {
    interval = new SndInterval()
    constraints.intervals.set(v, interval)
  }
  return interval
}

/** Kernel: snd_pcm_hw_constraints_init(): before ops->open. */
export function snd_pcm_hw_constraints_init(substream: SndPcmSubstream): void {
  const constraints = new SndPcmHwConstraints()
  for (const v of [CHANNELS, BUFFER_SIZE, BUFFER_BYTES, SAMPLE_BITS, FRAME_BITS]) {
    snd_pcm_hw_constraint_integer(constraints, v)
  }
  constraints.rules.push(...RULES)
  substream.runtime.hw_constraints = constraints
}

/** Kernel: snd_pcm_hw_constraint_integer(). Return: 1, 0 or -EINVAL. */
export function snd_pcm_hw_constraint_integer(constraints: SndPcmHwConstraints, v: number): number {
  const whole = new SndInterval()
  whole.integer = true
  return snd_interval_refine(limit(constraints, v), whole)
}

/** Kernel: snd_pcm_hw_constraint_minmax(). Return: 1, 0 or -EINVAL. */
export function snd_pcm_hw_constraint_minmax(
  constraints: SndPcmHwConstraints,
  v: number,
  min: number,
  max: number,
): number {
  return snd_interval_refine_minmax(limit(constraints, v), min, max)
}

/** Kernel: snd_pcm_hw_constraint_list(). */
export function snd_pcm_hw_constraint_list(
  constraints: SndPcmHwConstraints,
  v: number,
  list: readonly number[],
): void {
  const func = (params: SndPcmHwParams): number =>
    snd_interval_list(hw_param_interval(params, v), list)
  constraints.rules.push({ var: v, deps: [v], func })
}

/** Kernel: snd_pcm_hw_constraint_step(). */
export function snd_pcm_hw_constraint_step(
  constraints: SndPcmHwConstraints,
  v: number,
  step: number,
): void {
  const func = (params: SndPcmHwParams): number =>
    snd_interval_step(hw_param_interval(params, v), step)
  constraints.rules.push({ var: v, deps: [v], func })
}

function accessMask(info: number): SndMask {
  const mask = maskOf()
  const mmap = (info & SNDRV_PCM_INFO_MMAP) !== 0
  if ((info & SNDRV_PCM_INFO_INTERLEAVED) !== 0) {
    mask.set(SNDRV_PCM_ACCESS_RW_INTERLEAVED)
    if (mmap) mask.set(SNDRV_PCM_ACCESS_MMAP_INTERLEAVED)
  }
  if ((info & SNDRV_PCM_INFO_NONINTERLEAVED) !== 0) {
    mask.set(SNDRV_PCM_ACCESS_RW_NONINTERLEAVED)
    if (mmap) mask.set(SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED)
  }
  if ((info & SNDRV_PCM_INFO_COMPLEX) !== 0 && mmap) mask.set(SNDRV_PCM_ACCESS_MMAP_COMPLEX)
  return mask
}

/**
 * The limits of the hardware that ops->open has left in runtime.hw.
 *
 * Kernel: snd_pcm_hw_constraints_complete(). Return: 0 or -EINVAL if a limit excludes everything.
 */
export function snd_pcm_hw_constraints_complete(substream: SndPcmSubstream): number {
  const { runtime, dma_max } = substream
  const { hw, hw_constraints: constraints } = runtime
  constraints.masks.set(SNDRV_PCM_HW_PARAM_ACCESS, accessMask(hw.info))
  constraints.masks.set(FORMAT, maskOf(...hw.formats))
  constraints.masks.set(SNDRV_PCM_HW_PARAM_SUBFORMAT, maskOf(0))
  const bytesMax = Math.min(hw.buffer_bytes_max, dma_max)
  const limits: readonly (readonly [number, number, number])[] = [
    [CHANNELS, hw.channels_min, hw.channels_max],
    [RATE, hw.rate_min, hw.rate_max],
    [PERIOD_BYTES, hw.period_bytes_min, hw.period_bytes_max],
    [PERIODS, hw.periods_min, hw.periods_max],
    [BUFFER_BYTES, hw.period_bytes_min, bytesMax],
  ]
  for (const [v, min, max] of limits) {
    if (snd_pcm_hw_constraint_minmax(constraints, v, min, max) < 0) return -EINVAL
  }
  if (hw.rates !== 'continuous') snd_pcm_hw_constraint_list(constraints, RATE, hw.rates)
  return snd_pcm_hw_constraint_integer(constraints, PERIOD_SIZE) < 0 ? -EINVAL : 0
}

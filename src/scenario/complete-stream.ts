/**
 * Defaults and cross checks of one stream: sizes in frames, and the limits that the core and the
 * driver would answer with EINVAL, said here with the key that is at fault.
 */
import { type Frames, type Ns, nsToFramesFloor } from '../base/units.ts'
import { scenarioLimits, streamDefaults } from './defaults.ts'
import { type Fault, parsePath } from './fault.ts'
import type { StreamInput } from './input.ts'
import { type PcmLimits, sampleBytes } from './pcm-limits.ts'
import { formatDuration, type PcmSize } from './quantity.ts'
import type { StreamSpec } from './spec.ts'

export interface StreamContext {
  readonly durationNs: Ns
  readonly limits: PcmLimits
  readonly faults: Fault[]
}

/** Collects faults of one stream: the path prefix is said once. */
type Wrong = (key: string, what: string, allowed?: string) => void

interface Ring {
  readonly period_size: Frames
  readonly periods: number
  readonly buffer_size: Frames
}

function frames(size: PcmSize, rate: number): Frames {
  return size.unit === 'frames' ? size.frames : nsToFramesFloor(size.ns, rate)
}

function framesOr<T>(size: PcmSize | undefined, rate: number, otherwise: T): Frames | T {
  return size === undefined ? otherwise : frames(size, rate)
}

function thresholdOr(
  size: PcmSize | 'boundary' | undefined,
  rate: number,
  otherwise: Frames,
): Frames | 'boundary' {
  return size === 'boundary' ? size : framesOr(size, rate, otherwise)
}

export function completeStream(
  input: StreamInput,
  index: number,
  name: string,
  context: StreamContext,
): StreamSpec {
  const wrong: Wrong = (key, what, allowed) => {
    const fault = { path: ['streams', index, ...parsePath(key)], at: 'value', what } as const
    context.faults.push(allowed === undefined ? fault : { ...fault, allowed })
  }
  const rate = input.rate ?? streamDefaults.rate
  const format = input.format ?? streamDefaults.format
  const channels = input.channels ?? streamDefaults.channels
  const frameBytes = channels * (sampleBytes[format] ?? 1)
  const ring = completeRing(input, rate, frameBytes, context.limits, wrong)
  const spec: StreamSpec = {
    name,
    direction: input.direction ?? streamDefaults.direction,
    client: input.client ?? streamDefaults.client,
    format,
    rate,
    channels,
    ...ring,
    start_threshold: framesOr(input.start_threshold, rate, ring.buffer_size),
    stop_threshold: thresholdOr(input.stop_threshold, rate, ring.buffer_size),
    avail_min: framesOr(input.avail_min, rate, ring.period_size),
    silence_size: thresholdOr(input.silence_size, rate, 0),
    silence_threshold: framesOr(input.silence_threshold, rate, 0),
    startAtNs: input.start_at ?? 0,
    frames: framesToPlay(input, rate, wrong),
    stalls: (input.stalls ?? []).map((one) => ({ atNs: one.at, forNs: one.for })),
    onXrun: input.on_xrun ?? streamDefaults.onXrun,
  }
  checkSoftware(spec, wrong)
  checkTimes(spec, context.durationNs, wrong)
  return spec
}

/** What is not given follows from what is; nothing given is what aplay would ask for. */
function completeRing(
  input: StreamInput,
  rate: number,
  frameBytes: number,
  limits: PcmLimits,
  wrong: Wrong,
): Ring {
  const givenPeriod = framesOr(input.period_size, rate, undefined)
  const givenBuffer = framesOr(input.buffer_size, rate, undefined)
  const largest = Math.floor(limits.bufferBytesMax / frameBytes)
  const usualBuffer = Math.min(largest, nsToFramesFloor(streamDefaults.bufferNs, rate))
  const periods =
    input.periods ?? periodsThatFit(givenPeriod, givenBuffer) ?? streamDefaults.periods
  const usualPeriod = Math.floor((givenBuffer ?? usualBuffer) / Math.max(1, periods))
  const period_size = givenPeriod ?? usualPeriod
  const buffer_size = givenBuffer ?? period_size * periods
  const ring = { period_size, periods, buffer_size }
  checkRing(ring, frameBytes, limits, wrong)
  return ring
}

function periodsThatFit(
  period: Frames | undefined,
  buffer: Frames | undefined,
): number | undefined {
  if (period === undefined || buffer === undefined || period === 0) return undefined
  return buffer % period === 0 ? buffer / period : undefined
}

function checkRing(ring: Ring, frameBytes: number, limits: PcmLimits, wrong: Wrong): void {
  const { period_size, periods, buffer_size } = ring
  const shortest = Math.ceil(limits.periodBytesMin / frameBytes)
  const longest = Math.floor(limits.periodBytesMax / frameBytes)
  const largest = Math.floor(limits.bufferBytesMax / frameBytes)
  if (periods < limits.periodsMin || periods > limits.periodsMax) {
    const allowed = `${limits.periodsMin}..${limits.periodsMax}`
    wrong('periods', `${periods} periods are not possible on this driver`, allowed)
  }
  if (period_size < shortest || period_size > longest) {
    const what = `a period of ${period_size} frames is not possible on this driver`
    wrong('period_size', what, `${shortest}..${longest} frames`)
  }
  if (buffer_size > largest) {
    const what = `a buffer of ${buffer_size} frames is larger than this driver allows`
    wrong('buffer_size', what, `up to ${largest} frames`)
  }
  if (periods > 0 && period_size > 0 && buffer_size !== period_size * periods) {
    const what = `${buffer_size} frames are not period_size * periods (${period_size} * ${periods})`
    wrong('buffer_size', what, `${period_size * periods} frames, or leave one of the three out`)
  }
}

/** Kernel: sound/core/pcm_native.c, snd_pcm_sw_params(), which answers EINVAL. */
function checkSoftware(spec: StreamSpec, wrong: Wrong): void {
  if (spec.avail_min === 0) wrong('avail_min', 'must not be 0', `from 1 frame`)
  if (spec.silence_threshold > spec.buffer_size) {
    const what = `${spec.silence_threshold} frames are more than the buffer has`
    wrong('silence_threshold', what, `0..${spec.buffer_size} frames`)
  }
  if (spec.silence_size === 'boundary') {
    if (spec.silence_threshold !== 0) {
      wrong('silence_threshold', 'must be 0 while silence_size is boundary', '0')
    }
    return
  }
  if (spec.silence_size > spec.silence_threshold) {
    const what = `${spec.silence_size} frames are more than silence_threshold`
    wrong('silence_size', what, `0..${spec.silence_threshold} frames, or boundary`)
  }
}

function checkTimes(spec: StreamSpec, durationNs: Ns, wrong: Wrong): void {
  const end = formatDuration(durationNs)
  if (spec.startAtNs >= durationNs) {
    wrong('start_at', `the scenario ends at ${end}`, `less than ${end}`)
  }
  if (spec.stalls.length > scenarioLimits.stallsMax) {
    wrong('stalls', `${spec.stalls.length} entries`, `up to ${scenarioLimits.stallsMax}`)
  }
  spec.stalls.forEach((stall, i) => {
    if (stall.atNs < durationNs) return
    wrong(`stalls.${i}.at`, `the scenario ends at ${end}`, `less than ${end}`)
  })
}

function framesToPlay(input: StreamInput, rate: number, wrong: Wrong): Frames | null {
  if (input.frames !== undefined && input.length !== undefined) {
    wrong('length', 'frames and length say the same thing', 'one of them')
  }
  if (input.frames !== undefined) return input.frames
  return input.length === undefined ? null : nsToFramesFloor(input.length, rate)
}

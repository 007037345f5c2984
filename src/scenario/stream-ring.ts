/**
 * The ring of one stream: what is not given of period, periods and buffer, and whether the driver
 * can do it. Part of complete-stream.ts. Sizes are frames.
 */
import { type Frames, nsToFramesFloor } from '../base/units.ts'
import { type ClientDefaults, usualRing } from './client-defaults.ts'
import type { StreamInput } from './input.ts'
import type { PcmLimits } from './pcm-limits.ts'
import type { PcmSize } from './quantity.ts'

/** Collects faults of one stream: the path prefix is said once. */
export type Wrong = (
  key: string,
  what: string,
  allowed?: string,
  /** Keys of the stream that the check looked at, if those are all. */
  needs?: readonly string[],
) => void

export interface Ring {
  readonly period_size: Frames
  readonly periods: number
  readonly periodsAsked: number
  readonly buffer_size: Frames
}

/** A size at a rate. */
export function frames(size: PcmSize, rate: number): Frames {
  return size.unit === 'frames' ? size.frames : nsToFramesFloor(size.ns, rate)
}

export function framesOr<T>(size: PcmSize | undefined, rate: number, otherwise: T): Frames | T {
  return size === undefined ? otherwise : frames(size, rate)
}

/** What is not given follows from what is; nothing given is what aplay would ask for. */
export function completeRing(
  input: StreamInput,
  rate: number,
  frameBytes: number,
  limits: PcmLimits,
  usual: ClientDefaults,
  wrong: Wrong,
): Ring {
  const givenPeriod = framesOr(input.period_size, rate, undefined)
  const givenBuffer = framesOr(input.buffer_size, rate, undefined)
  const largest = Math.floor(limits.bufferBytesMax / frameBytes)
  const asked =
    givenPeriod === undefined ? usual : { ...usual, period: givenPeriod, halvedOnBatch: false }
  const wished = usualRing(asked, rate, largest, limits)
  const periodsAsked = input.periods ?? periodsThatFit(givenPeriod, givenBuffer) ?? wished.periods
  const takesMore = usual.takesMorePeriods === true && givenBuffer === undefined && periodsAsked > 0
  const periods = takesMore ? Math.max(periodsAsked, limits.periodsMin) : periodsAsked
  const period_size = givenPeriod ?? periodOf(usual, wished.period, givenBuffer, periods)
  const buffer_size = givenBuffer ?? period_size * periods
  const ring = { period_size, periods, periodsAsked, buffer_size }
  checkRing(ring, frameBytes, limits, wrong)
  return ring
}

/** A buffer's share, or what the client likes: one that thinks in buffers divides its own. */
function periodOf(
  usual: ClientDefaults,
  wished: Frames,
  buffer: Frames | undefined,
  periods: number,
): Frames {
  const parts = Math.max(1, periods)
  if (buffer !== undefined) return Math.floor(buffer / parts)
  if (usual.bufferNs === undefined || usual.periods === 'most') return wished
  return Math.floor((wished * usual.periods) / parts)
}

function periodsThatFit(
  period: Frames | undefined,
  buffer: Frames | undefined,
): number | undefined {
  if (period === undefined || buffer === undefined || period === 0) return undefined
  return buffer % period === 0 ? buffer / period : undefined
}

const ringKeys = ['period_size', 'periods', 'buffer_size', 'rate']

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
    wrong(
      'buffer_size',
      what,
      `${period_size * periods} frames, or leave one of the three out`,
      ringKeys,
    )
  }
}

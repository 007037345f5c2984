/**
 * Defaults and cross checks of one stream: sizes in frames, and the limits that the core and the
 * driver would answer with EINVAL, said here with the key that is at fault.
 */
import { type Frames, type Ns, nsToFramesFloor } from '../base/units.ts'
import { WATERMARK_NS, Watermark } from '../model/user/pulse-watermark.ts'
import {
  type ClientDefaults,
  clientDefaults,
  type DefaultThreshold,
  usesBothDirections,
} from './client-defaults.ts'
import { completeOptions } from './client-options.ts'
import { scenarioLimits, streamDefaults } from './defaults.ts'
import { type Fault, parsePath } from './fault.ts'
import type { StreamInput } from './input.ts'
import { didYouMean } from './near.ts'
import { type OnlyLimits, type PcmLimits, sampleBytes } from './pcm-limits.ts'
import { formatDuration, type PcmSize } from './quantity.ts'
import type { ClientKind, StreamDirection, StreamSpec } from './spec.ts'
import { completeRing, frames, framesOr, type Ring, type Wrong } from './stream-ring.ts'

export interface StreamContext {
  readonly durationNs: Ns
  readonly limits: PcmLimits
  readonly faults: Fault[]
  /** Processors of the guest. */
  readonly cpus: number
  /** Names of all streams. */
  readonly names: readonly string[]
}

function thresholdOr(
  size: PcmSize | 'boundary' | undefined,
  rate: number,
  otherwise: Frames | 'boundary',
): Frames | 'boundary' {
  return size === 'boundary' ? size : framesOr(size, rate, otherwise)
}

function usualFrames(usual: DefaultThreshold, buffer: Frames): Frames | 'boundary' {
  return usual === 'buffer' ? buffer : usual
}

export function completeStream(
  input: StreamInput,
  index: number,
  name: string,
  context: StreamContext,
): StreamSpec {
  const wrong: Wrong = (key, what, allowed, needs) => {
    context.faults.push({
      path: ['streams', index, ...parsePath(key)],
      at: 'value',
      what,
      ...(allowed === undefined ? {} : { allowed }),
      ...(needs === undefined ? {} : { needs: needs.map((one) => ['streams', index, one]) }),
    })
  }
  const { only } = context.limits
  const rate = input.rate ?? only?.rate ?? streamDefaults.rate
  const format = input.format ?? streamDefaults.format
  const channels = input.channels ?? only?.channels ?? streamDefaults.channels
  const frameBytes = channels * (sampleBytes[format] ?? 1)
  const client = input.client ?? streamDefaults.client
  const usual = clientDefaults(client, input.options ?? {})
  const ring = completeRing(input, rate, frameBytes, context.limits, usual, wrong)
  const spec: StreamSpec = {
    name,
    direction: direction(input, usual, wrong),
    client,
    format,
    rate,
    channels,
    ...ring,
    start_threshold: thresholdOr(
      input.start_threshold,
      rate,
      usualFrames(usual.start, ring.buffer_size),
    ),
    stop_threshold: thresholdOr(
      input.stop_threshold,
      rate,
      usualFrames(usual.stop, ring.buffer_size),
    ),
    avail_min: framesOr(input.avail_min, rate, usualAvailMin(client, input, ring)),
    usualAvailMin: input.avail_min === undefined,
    silence_size: thresholdOr(input.silence_size, rate, usual.silence),
    silence_threshold: framesOr(input.silence_threshold, rate, 0),
    startAtNs: input.start_at ?? 0,
    frames: framesToPlay(input, rate, wrong),
    stalls: (input.stalls ?? []).map((one) => ({ atNs: one.at, forNs: one.for })),
    onXrun: input.on_xrun ?? streamDefaults.onXrun,
    bothDirections: usesBothDirections(client, input.options ?? {}),
    shares: input.shares ?? null,
    pcmDevice: input.pcm_device ?? 0,
    options: completeOptions(input.options ?? {}, {
      client,
      path: ['streams', index, 'options'],
      cpus: context.cpus,
      frames: (size) => frames(size, rate),
      faults: context.faults,
    }),
  }
  checkShares(spec, context.names, wrong)
  checkPcmDevice(spec, context.limits, wrong)
  if (only !== null) checkOnly(spec, only, wrong)
  checkClient(spec, wrong)
  checkSoftware(spec, wrong)
  checkTimes(spec, context.durationNs, wrong)
  return spec
}

/** What a program sets when the scenario says nothing, if it gets the sizes that it asks for. */
function usualAvailMin(client: ClientKind, input: StreamInput, ring: Ring): Frames {
  const { period_size, periods, periodsAsked, buffer_size } = ring
  const { options, direction } = input
  if (client === 'jack' && direction !== 'capture') {
    return period_size * (periods - periodsAsked + 1)
  }
  if (client === 'pulse' && options?.tsched === true) {
    const rate = input.rate ?? streamDefaults.rate
    const watermark = new Watermark(rate, buffer_size, options.watermark ?? WATERMARK_NS)
    return 1 + watermark.sleepFrames
  }
  return period_size
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

function direction(input: StreamInput, usual: ClientDefaults, wrong: Wrong): StreamDirection {
  const [first = 'playback'] = usual.directions
  const wanted = input.direction ?? first
  if (usual.directions.includes(wanted)) return wanted
  const what = `${input.client ?? streamDefaults.client} has no ${wanted} direction`
  wrong('direction', what, usual.directions.join(', '))
  return first
}

function checkShares(spec: StreamSpec, names: readonly string[], wrong: Wrong): void {
  const { shares } = spec
  if (shares === null) return
  const others = names.filter((name) => name !== spec.name)
  if (others.includes(shares)) return
  wrong(
    'shares',
    `there is no other stream '${shares}'${didYouMean(shares, others)}`,
    [...new Set(others)].join(', ') || 'nothing, as there is one stream only',
  )
}

function checkPcmDevice({ pcmDevice }: StreamSpec, { pcmDevices }: PcmLimits, wrong: Wrong): void {
  if (pcmDevice < pcmDevices) return
  const allowed = pcmDevices === 1 ? '0' : `0..${pcmDevices - 1}`
  wrong('pcm_device', `the card has no PCM device ${pcmDevice}`, allowed)
}

function checkOnly(spec: StreamSpec, only: OnlyLimits, wrong: Wrong): void {
  const { rate, channels, format } = spec
  if (rate !== only.rate) wrong('rate', `${rate} Hz is not possible on this driver`, `${only.rate}`)
  if (channels !== only.channels) {
    wrong('channels', `${channels} are not possible on this driver`, `${only.channels}`)
  }
  if (!only.formats.includes(format)) {
    wrong('format', `${format} is not possible on this driver`, only.formats.join(', '))
  }
  if (spec.direction === 'capture' || spec.bothDirections) {
    wrong('client', 'this driver only plays', 'a client that does not record')
  }
}

function checkClient(spec: StreamSpec, wrong: Wrong): void {
  if (spec.onXrun === 'ignore' && spec.client !== 'poll') {
    wrong('on_xrun', `${spec.client} does not ignore xruns`, 'recover, stop')
  }
  if (spec.client === 'jack' && spec.direction === 'capture' && spec.bothDirections) {
    wrong('direction', 'with options.duplex jack plays and records', 'playback, or no duplex')
  }
  if (spec.client === 'scripted' && spec.options.script === undefined) {
    wrong('client', 'a scripted client needs options.script', 'a list of calls')
  }
  const threads = new Set((spec.options.script ?? []).map((step) => step.thread ?? '')).size
  const { threadsMax } = scenarioLimits
  if (threads > threadsMax) {
    wrong('options.script', `${threads} threads`, `up to ${threadsMax}, the main one counted`)
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

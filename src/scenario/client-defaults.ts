/**
 * What each client asks for when a scenario does not say: directions, ring and thresholds. The
 * figures are those of domain/userspace.md §2. Sizes are frames, times ns.
 */
import { type Frames, NS_PER_MS, NS_PER_SEC, type Ns, nsToFramesFloor } from '../base/units.ts'
import type { ClientOptionsInput } from './client-options.ts'
import type { PcmLimits } from './pcm-limits.ts'
import type { ClientKind, StreamDirection } from './spec.ts'

/** PipeWire's default clock: Hz. */
const PIPEWIRE_RATE = 48_000

/** A default of a threshold: frames, the whole buffer, or never. */
export type DefaultThreshold = Frames | 'buffer' | 'boundary'

export interface ClientDefaults {
  readonly directions: readonly StreamDirection[]
  /** Length of the buffer, or of a period. */
  readonly bufferNs?: Ns
  readonly periodNs?: Ns
  readonly period?: Frames
  /** `most`: as many as the driver allows. */
  readonly periods: number | 'most'
  readonly start: DefaultThreshold
  readonly stop: DefaultThreshold
  readonly silence: 0 | 'boundary'
  /** Halves the period where the pointer moves by whole periods only, and scales it by rate. */
  readonly halvedOnBatch?: boolean
  /** Takes what the card has where that is more periods than it asked for. */
  readonly takesMorePeriods?: boolean
}

/** aplay asks for min(maximum, 500 ms) of buffer in four periods. */
const blocking = { bufferNs: 500 * NS_PER_MS, periods: 4, stop: 'buffer', silence: 0 } as const

const table: Readonly<Record<ClientKind, ClientDefaults>> = {
  aplay: { ...blocking, directions: ['playback'], start: 'buffer' },
  arecord: { ...blocking, directions: ['capture'], start: 1 },
  poll: { ...blocking, directions: ['playback', 'capture'], start: 'buffer' },
  jack: {
    directions: ['playback', 'capture'],
    takesMorePeriods: true,
    period: 1024,
    periods: 2,
    start: 0,
    stop: 'buffer',
    silence: 0,
  },
  pulse: {
    directions: ['playback', 'capture'],
    periodNs: 25 * NS_PER_MS,
    periods: 4,
    start: 'boundary',
    stop: 'boundary',
    silence: 0,
  },
  pipewire: {
    directions: ['playback', 'capture'],
    // Half of it on a batch card, whose pointer moves by periods only: usualRing().
    period: 1024,
    halvedOnBatch: true,
    periods: 'most',
    start: 'boundary',
    stop: 'buffer',
    silence: 0,
  },
  mmap: {
    directions: ['playback'],
    period: 1024,
    periods: 4,
    start: 'boundary',
    stop: 'boundary',
    silence: 'boundary',
  },
  duplex: {
    directions: ['playback'],
    period: 1024,
    periods: 4,
    start: 'boundary',
    stop: 'buffer',
    silence: 0,
  },
  scripted: { ...blocking, directions: ['playback', 'capture'], start: 'buffer' },
}

/** Clients that exist, in the order in which they are listed. */
export const clientKinds = Object.keys(table) as readonly ClientKind[]

/** Defaults of a client with its options: some options stand for another way of working. */
export function clientDefaults(client: ClientKind, options: ClientOptionsInput): ClientDefaults {
  const usual = table[client]
  if (client === 'pulse' && options.tsched === true) {
    const { periodNs, ...others } = usual
    return { ...others, bufferNs: 2 * NS_PER_SEC }
  }
  if (client === 'mmap' && options.free_run === false) {
    return { ...usual, stop: 'buffer', silence: 0 }
  }
  return usual
}

/** Whether a client opens the other direction too. */
export function usesBothDirections(client: ClientKind, options: ClientOptionsInput): boolean {
  if (client === 'duplex') return true
  if (client === 'jack') return options.duplex === 'linked' || options.duplex === 'separate'
  return client === 'scripted' && (options.script ?? []).some((step) => step.on !== undefined)
}

/** Period and number of periods for a client that says neither, at most `largest` frames in all. */
export function usualRing(
  usual: ClientDefaults,
  rate: number,
  largest: Frames,
  { periodsMax, batch }: Pick<PcmLimits, 'periodsMax' | 'batch'>,
): { readonly period: Frames; readonly periods: number } {
  const { bufferNs, periodNs } = usual
  if (bufferNs !== undefined && usual.periods !== 'most') {
    const buffer = Math.min(largest, nsToFramesFloor(bufferNs, rate))
    return { period: Math.floor(buffer / usual.periods), periods: usual.periods }
  }
  let period = periodNs === undefined ? (usual.period ?? 0) : nsToFramesFloor(periodNs, rate)
  if (usual.halvedOnBatch === true) period = pipewirePeriod(period, rate, batch)
  const most = Math.min(periodsMax, Math.floor(largest / Math.max(1, period)))
  return { period, periods: usual.periods === 'most' ? most : usual.periods }
}

/** alsa-pcm.c: the quantum at 48 kHz, scaled by rate; on a batch card not more, and half of it. */
function pipewirePeriod(period: Frames, rate: number, batch: boolean): Frames {
  const scaled = Math.ceil((period * rate) / PIPEWIRE_RATE)
  return batch ? Math.floor(Math.min(scaled, period) / 2) : scaled
}

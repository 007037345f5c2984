/**
 * A sound device by its properties: how it paces, when it reads and completes, what it says and
 * what it checks. Real devices are settings of these (presets.ts). Times ns, sizes frames.
 */
import type { Distribution } from '../../../base/distribution.ts'
import type { Frames, Ns } from '../../../base/units.ts'
import { NO_SOUND_CONTROLS, type SoundControlsOptions } from '../sound-controls.ts'

/** How the device takes frames once a stream runs. */
export type Pacing =
  /** Every `tickNs` as much as fits into a bucket that drains at the rate. */
  | { readonly kind: 'timer-bucket'; readonly tickNs: Ns; readonly bucket: Frames }
  /** A host PCM: room for `periods`, woken after each of `periodNs`. */
  | { readonly kind: 'host-period'; readonly periodNs: Ns; readonly periods: number }
  /** Each cycle of a graph, a quantum of its clock, at most that, from the front message only. */
  | { readonly kind: 'pull'; readonly quantum: Frames }
  /** At once, whatever the rate. */
  | { readonly kind: 'free-run' }
  /** Each message at the instant at which its last frame has passed. */
  | { readonly kind: 'exact' }

/** The worker does nothing from `atNs` on for `forNs`. */
export interface DeviceStall {
  readonly atNs: Ns
  readonly forNs: Ns
}

/**
 * A queue between a thread that takes tx messages from the ring and the host's audio callback. The
 * thread waits while the queue is full, and gives messages back once they lie in the queue, all
 * that it found together. Source: sysprog21/semu virtio-snd.c, #130, #132.
 */
export interface HostQueue {
  /** Messages that fit. */
  readonly depth: number
  /**
   * The mutex that guards the number of kicks, while the thread hands over: `held` as before #132,
   * when nothing but the callback ended its wait; `released`, and RELEASE ends the wait.
   */
  readonly mutex: 'released' | 'held'
}

export interface GenericOptions {
  readonly name: string
  readonly streams: number
  readonly queueSize: number
  readonly formats: readonly string[]
  readonly rates: readonly number[]
  readonly channelsMax: number
  readonly pacing: Pacing
  /** When guest memory is read. */
  readonly copy: 'on-arrival' | 'at-consumption'
  /** When a message goes back: its data was taken, or its last frame was heard. */
  readonly completion: 'at-copy' | 'when-audible'
  /** latency_bytes: 0, what is left of the message, its length, or what is still to be heard. */
  readonly latency: 'zero' | 'remaining' | 'period' | 'true'
  /** What a request in the wrong state gets. */
  readonly lifecycle: 'none' | 'bad-msg' | 'crash'
  /** Answers to requests that were found together: an interrupt for each, or one for all. */
  readonly controlSignal: 'each' | 'batch'
  /** A device that runs free takes messages once it is started, or whenever they come. */
  readonly takes: 'started' | 'on-arrival'
  /** Time from a request's handling to its answer; null: at once. */
  readonly controlLatency: Distribution | null
  readonly release: 'flush-then-answer' | 'answer-then-flush' | 'never-flush'
  /** What STOP does with queued messages. */
  readonly stop: 'keep' | 'return'
  readonly events: 'none' | 'xrun'
  /** What a reset does with queued messages. */
  readonly reset: 'clears' | 'keeps'
  /**
   * Capture: how far a chunk moves the position in its message; `twice`: as far again
   * (vhost-device#638), so the place of every other chunk keeps what was there.
   */
  readonly advance: 'once' | 'twice'
  /** RELEASE leaves the back end's thread alone, or ends it for good (vhost-device before #573). */
  readonly worker: 'stays' | 'ends-with-release'
  /** Null: the thread that takes messages keeps them. */
  readonly hostQueue: HostQueue | null
  readonly stalls: readonly DeviceStall[]
  /** Jacks, channel maps, control elements. */
  readonly controls: SoundControlsOptions
}

export const GENERIC_DEFAULTS: GenericOptions = {
  name: 'virtio-sound',
  streams: 2,
  queueSize: 64,
  formats: ['U8', 'S16_LE', 'S24_LE', 'S32_LE'],
  rates: [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000],
  channelsMax: 6,
  pacing: { kind: 'exact' },
  copy: 'at-consumption',
  completion: 'at-copy',
  latency: 'zero',
  lifecycle: 'bad-msg',
  controlSignal: 'each',
  takes: 'started',
  controlLatency: null,
  release: 'flush-then-answer',
  stop: 'keep',
  events: 'none',
  reset: 'clears',
  advance: 'once',
  worker: 'stays',
  hostQueue: null,
  stalls: [],
  controls: NO_SOUND_CONTROLS,
}

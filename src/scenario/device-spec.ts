/**
 * The sound devices that a scenario may name, and what it may say of each. Data only; devices.ts
 * builds them. Times are nanoseconds, sizes frames.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import type { Frames, Ns } from '../base/units.ts'
import type {
  DeviceStall,
  GenericOptions,
  HostQueue,
  Pacing,
} from '../model/host/generic/options.ts'
import type { SoundControlsOptions } from '../model/host/sound-controls.ts'
import type { PositionStep, QueryShrink } from '../model/host/xen/options.ts'
import type { ControlsInput } from './complete-controls.ts'

/** Back ends of each kind, the first is the default; none: the device has no such choice. */
export const deviceBackends = {
  qemu: ['none', 'wav', 'alsa', 'pipewire', 'pulse'],
  'vhost-user': ['alsa', 'pipewire', 'null'],
  crosvm: [],
  semu: [],
  generic: [],
  xen: [],
} as const

export type DeviceKind = keyof typeof deviceBackends
export type BackendKind = (typeof deviceBackends)[DeviceKind][number]
export const deviceKinds = Object.keys(deviceBackends) as readonly DeviceKind[]
export const backendKinds: readonly BackendKind[] = [
  ...new Set(deviceKinds.flatMap((kind): readonly BackendKind[] => deviceBackends[kind])),
]

export const deviceTexts: Readonly<Record<DeviceKind, string>> = {
  qemu: 'QEMU virtio-sound-pci with its audio core, all in the main loop',
  'vhost-user': 'vhost-device-sound, a daemon with one thread or three',
  crosvm: 'a device that reads on arrival and completes when the buffer was heard',
  semu: "an emulator's device: kicks end in the vCPU's thread, messages in a host queue",
  generic: 'a device by its properties; the others but QEMU are settings of it',
  xen: "a back end of Xen's sound protocol in another domain, for the driver xen-snd",
}

/** How the device's rings and interrupts are. */
export type VectorMode = 'per-queue' | 'shared' | 'intx'

/** Words of the properties that every device but QEMU has. */
export const propertyWords = {
  copy: ['on-arrival', 'at-consumption'],
  completion: ['at-copy', 'when-audible'],
  latency: ['zero', 'remaining', 'period', 'true'],
  lifecycle: ['none', 'bad-msg', 'crash'],
  release: ['flush-then-answer', 'answer-then-flush', 'never-flush'],
  stop: ['keep', 'return'],
  events: ['none', 'xrun'],
  reset: ['clears', 'keeps'],
  advance: ['once', 'twice'],
  worker: ['stays', 'ends-with-release'],
} as const satisfies { readonly [K in keyof GenericOptions]?: readonly GenericOptions[K][] }

type PropertyWords = {
  readonly [K in keyof typeof propertyWords]: (typeof propertyWords)[K][number]
}

/** Properties as the model takes them; those not given are the device's own. */
export type DeviceProperties = Partial<
  PropertyWords & { readonly pacing: Pacing; readonly stalls: readonly DeviceStall[] }
>

export const queueMutexes = ['released', 'held'] as const satisfies readonly HostQueue['mutex'][]

/** Words of the properties that Xen's back end has. */
export const xenWords = {
  position_reset: ['keeps', 'on-start'],
  event_ids: ['continue', 'restart'],
  events_after_stop: ['none', 'go-on'],
  outstanding: ['one', 'many'],
  removal: ['init-wait', 'stays'],
} as const

type XenWords = { readonly [K in keyof typeof xenWords]: (typeof xenWords)[K][number] }

/** Xen's back end: what the model takes, but for the names and numbers of its streams. */
export interface XenDeviceSpec {
  readonly turnAround: DistributionSpec
  readonly positionEvery: PositionStep
  readonly positionFirst: PositionStep | null
  readonly positionReset: XenWords['position_reset']
  readonly eventIds: XenWords['event_ids']
  readonly eventsAfterStop: XenWords['events_after_stop']
  readonly outstanding: XenWords['outstanding']
  readonly queryShrink: QueryShrink | null
  readonly removal: XenWords['removal']
}

export interface DeviceSpec {
  readonly kind: DeviceKind
  /** Null: the kind has none. */
  readonly backend: BackendKind | null
  readonly timerPeriodNs: Ns
  /** QEMU: the back end is fed through the mixing engine (`out.mixing-engine`). */
  readonly mixingEngine: boolean
  /** QEMU: the back end has 44100 Hz whatever the guest has (`out.fixed-settings`). */
  readonly fixedSettings: boolean
  /** Host CPUs of the device's threads; null: all. */
  readonly pin: readonly number[] | null
  readonly queue_size: number
  /** Feature bits of the rings. */
  readonly indirect: boolean
  readonly eventIdx: boolean
  /** Threads of a vhost-user daemon: one, or one each for control and events, tx, rx. */
  readonly threads: 1 | 3
  /** How much faster the sound device's clock runs than the guest's, in parts per million. */
  readonly clockPpm: number
  /** A slow triangular change on top: its peak and its period. */
  readonly wanderPpm: number
  readonly wanderPeriodNs: Ns
  readonly vectors: VectorMode
  readonly properties: DeviceProperties
  readonly controlLatency: DistributionSpec | null
  /** semu: the queue to its audio callback; null: no other device has one. */
  readonly hostQueue: HostQueue | null
  /** Jacks, channel maps and control elements. */
  readonly controls: SoundControlsOptions
  readonly xen: XenDeviceSpec
}

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** `pacing` as a file has it: one kind, with what it takes. */
export type PacingInput = { readonly kind: Pacing['kind'] } & Maybe<{
  tick: Ns
  bucket: Frames
  period: Ns
  periods: number
  quantum: Frames
}>

export type DeviceInput = Maybe<
  PropertyWords &
    ControlsInput &
    XenWords & {
      kind: DeviceKind
      backend: BackendKind
      timer_period: Ns
      mixing_engine: boolean
      fixed_settings: boolean
      pin: readonly number[]
      queue_size: number
      indirect: boolean
      event_idx: boolean
      threads: 1 | 3
      clock: number
      clock_wander: { readonly ppm: number; readonly period: Ns }
      vectors: VectorMode
      pacing: PacingInput
      control_latency: DistributionSpec
      host_queue: Maybe<HostQueue>
      stalls: readonly { readonly at: Ns; readonly for: Ns }[]
      turn_around: DistributionSpec
      position_every: PositionStep
      position_first: PositionStep
      query_shrink: { readonly after: number; readonly buffer_max: Frames }
    }
>

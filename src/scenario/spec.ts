/**
 * The decoded scenario: defaulted, checked and without unit suffixes. What the world is built from.
 * Not the shape of the file (app/ScenarioSchema.ts) and not the defaults (defaults.ts).
 * Times are integer nanoseconds, PCM sizes are frames. PCM parameters keep ALSA's names.
 */
import type { DistributionSpec } from '../base/distribution.ts'
import type { Frames, Ns } from '../base/units.ts'
import type { AloopOptions } from '../model/guest/aloop/aloop_hardware.ts'
import type { PcspOptions } from '../model/guest/pcsp/pcsp_hardware.ts'
import type { SoundwireOptions } from '../model/guest/soundwire/sof_sdw_hardware.ts'
import type { VirtioSndVariant } from '../model/guest/virtio-snd/variant.ts'
import type { VirtioSndVersion } from '../model/guest/virtio-snd/versions.ts'
import type { XenSndVariant } from '../model/guest/xen-snd/variant.ts'
import type { KernelCommit } from '../model/linux/kernel-commits.ts'
import type { LoadSpec } from '../model/machine/load.ts'
import type { SchedPolicy } from '../model/machine/task.ts'
import type { Schedule } from '../sim/schedule.ts'
import type { Reseed } from '../sim/scheduler.ts'
import type { ClientOptions } from './client-options.ts'
import type { GuestCost, HostCost } from './costs.ts'
import type { DeviceSpec } from './device-spec.ts'
import type { driverKinds } from './driver-kinds.ts'
import type { ExpectSpec } from './expect.ts'
import type { InjectedFault } from './fault-spec.ts'

export type KernelVersion = '6.1' | '6.12'
export type PreemptModel = 'none' | 'voluntary' | 'full' | 'rt'
export type FairFlavour = 'cfs' | 'eevdf'
/** How a doorbell of the guest reaches the device. */
export type KickPath = 'ioeventfd' | 'userspace'
/** How the device's thread reaches the guest's interrupt. */
export type IrqRoute = 'ioctl' | 'irqfd'
export type DriverKind = keyof typeof driverKinds
export type DriverVersion = VirtioSndVersion
export type StreamDirection = 'playback' | 'capture'
export type ClientKind =
  | 'aplay'
  | 'arecord'
  | 'poll'
  | 'jack'
  | 'pulse'
  | 'pipewire'
  | 'mmap'
  | 'duplex'
  | 'scripted'
export type XrunPolicy = 'recover' | 'stop' | 'ignore'

/** How long a step takes. */
export type CostDist = DistributionSpec

export type GuestCosts = Readonly<Record<GuestCost, CostDist>>
export type HostCosts = Readonly<Record<HostCost, CostDist>>

export interface GuestSpec {
  readonly kernel: KernelVersion
  /** Commits that the kernel is built without. */
  readonly revert: readonly KernelCommit[]
  readonly hz: number
  readonly preempt: PreemptModel
  readonly fair: FairFlavour
  /** sched_rt_runtime_us; negative: no limit. */
  readonly rtRuntimeNs: Ns
  /** The `threadirqs` parameter: every handler runs in a thread. */
  readonly threadirqs: boolean
  /** Bits of /proc/asound/.../xrun_debug: 1 lines, 2 stacks, 4 jiffies check. */
  readonly xrunDebug: number
  readonly cpus: number
  /** Processor of each interrupt line by its name; 0 for those that are not named. */
  readonly irqAffinity: Readonly<Record<string, number>>
  readonly tasks: readonly LoadSpec[]
  readonly costs: GuestCosts
}

/** Scheduling of a vCPU thread. */
export interface VcpuSpec {
  /** Host CPUs that it may run on. */
  readonly affinity: readonly number[]
  readonly policy: SchedPolicy
  readonly priority: number
  readonly nice: number
}

export interface HostSpec {
  readonly cpus: number
  readonly hz: number
  readonly fair: FairFlavour
  readonly rtRuntimeNs: Ns
  readonly kick: KickPath
  readonly irqRoute: IrqRoute
  /** One for each vCPU that the file speaks of; the others are ordinary threads. */
  readonly vcpus: readonly VcpuSpec[]
  readonly tasks: readonly LoadSpec[]
  /** KVM's halt_poll_ns: how long an idle vCPU polls before its host task sleeps. 0: never. */
  readonly haltPollNs: Ns
  readonly costs: HostCosts
  /** Null: costs are drawn each for itself. */
  readonly stretches: StretchesSpec | null
}

/** When the host is slow, and which costs of both machines follow (model/machine/stretches.ts). */
export interface StretchesSpec {
  /** Share of the time, 0 to 1. */
  readonly slow: number
  /** After a time of this mean it is drawn anew whether the host is slow. */
  readonly meanNs: Ns
  /** By cost, how much of its variation follows: 0 not at all, 1 every value. */
  readonly follow: Readonly<Partial<Record<GuestCost | HostCost, number>>>
}

/** Module parameters of virtio_snd; all times in milliseconds, as the kernel takes them. */
export interface DriverOptions {
  readonly msg_timeout_ms: number
  readonly pcm_buffer_ms: number
  readonly pcm_periods_min: number
  readonly pcm_periods_max: number
  readonly pcm_period_ms_min: number
  readonly pcm_period_ms_max: number
}

export interface DriverSpec {
  readonly kind: DriverKind
  readonly version: DriverVersion
  readonly options: DriverOptions
  /** Changes of the code that the review talked about. */
  readonly variant: VirtioSndVariant
  /** The same of the Xen front end's code. */
  readonly xen: XenSndVariant
  /** Module parameters of snd-aloop. */
  readonly aloop: AloopOptions
  readonly pcsp: PcspOptions
  readonly soundwire: SoundwireOptions
  /** Module parameters of the ideal card. */
  readonly ideal: IdealFaults
}

/** The faults of the kernel's test driver (sound/drivers/pcmtest.c), by their names there. */
export interface IdealFaults {
  /** Jiffies. */
  readonly inject_delay: number
  readonly inject_hwpars_err: boolean
  readonly inject_prepare_err: boolean
  readonly inject_trigger_err: boolean
}

/** The client sleeps `forNs` before the first write that it would begin at or after `atNs`. */
export interface StallSpec {
  readonly atNs: Ns
  readonly forNs: Ns
}

export interface StreamSpec {
  readonly name: string
  readonly direction: StreamDirection
  readonly client: ClientKind
  readonly format: string
  readonly rate: number
  readonly channels: number
  readonly period_size: Frames
  readonly periods: number
  /** Periods that the program asks for, where the card has more of them at least. */
  readonly periodsAsked: number
  readonly buffer_size: Frames
  /** `boundary`: never by itself; the model knows the boundary of this buffer. */
  readonly start_threshold: Frames | 'boundary'
  /** `boundary`: never stop. */
  readonly stop_threshold: Frames | 'boundary'
  readonly avail_min: Frames
  /** The scenario says nothing of avail_min: the program sets what it thinks right. */
  readonly usualAvailMin: boolean
  /** `boundary`: free-run silencing. */
  readonly silence_size: Frames | 'boundary'
  readonly silence_threshold: Frames
  readonly startAtNs: Ns
  /** Frames that the client has to play; null: it writes until the scenario ends. */
  readonly frames: Frames | null
  readonly stalls: readonly StallSpec[]
  readonly onXrun: XrunPolicy
  /** The client opens the other direction too, as `<name>-capture`. */
  readonly bothDirections: boolean
  /** Name of the stream whose substream this one wants as well; null: one of its own. */
  readonly shares: string | null
  /** Number of the card's PCM device. */
  readonly pcmDevice: number
  readonly options: ClientOptions
}

export interface ScenarioSpec {
  readonly version: 1
  readonly name: string
  /** Name of the variant that this is, or null for a file without variants. */
  readonly variant: string | null
  readonly summary: string
  readonly tags: readonly string[]
  /** Where the behaviour is reported or described: threads, commits, papers. */
  readonly source: readonly string[]
  readonly durationNs: Ns
  readonly seed: number
  /** Times from which the run goes on with another seed; ascending. */
  readonly reseed: readonly Reseed[]
  /** Who is held back and who goes first at a tie; null: an ordinary run. */
  readonly schedule: Schedule | null
  readonly guest: GuestSpec
  readonly host: HostSpec
  readonly driver: DriverSpec
  readonly device: DeviceSpec
  readonly streams: readonly StreamSpec[]
  readonly faults: readonly InjectedFault[]
  readonly expect: readonly ExpectSpec[]
}

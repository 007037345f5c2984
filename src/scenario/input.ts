/**
 * A scenario as decoded from its file: units are read, unknown keys and wrong types are gone, but
 * nothing is defaulted or compared yet. Keys are the file's. Times are nanoseconds.
 */
import type { ResetWorkVariant } from '../model/guest/virtio-snd/variant.ts'
import type { HrtimerCallback } from '../model/linux/hrtimer.ts'
import type { KernelCommit } from '../model/linux/kernel-commits.ts'
import type { ClientOptionsInput } from './client-options.ts'
import type { CostPreset, GuestCost, HostCost } from './costs.ts'
import type { DeviceInput } from './device-spec.ts'
import type { Check } from './expect.ts'
import type { Fact } from './expect-facts.ts'
import type { FaultInput } from './fault-spec.ts'
import type { LoadInput, VcpuInput } from './loads.ts'
import type { PcmSize } from './quantity.ts'
import type {
  ClientKind,
  CostDist,
  DriverKind,
  DriverOptions,
  DriverVersion,
  FairFlavour,
  IrqRoute,
  KernelVersion,
  KickPath,
  PreemptModel,
  StreamDirection,
  XrunPolicy,
} from './spec.ts'

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined }

export interface CostsInput<Name extends string> {
  readonly preset?: CostPreset | undefined
  readonly entries: Readonly<Partial<Record<Name, CostDist>>>
}

export type GuestInput = Maybe<{
  kernel: KernelVersion
  revert: readonly KernelCommit[]
  hz: number
  preempt: PreemptModel
  fair: FairFlavour
  /** Negative: no limit. */
  rt_runtime: number
  threadirqs: boolean
  xrun_debug: number
  cpus: number
  irq_affinity: Readonly<Record<string, number>>
  tasks: readonly LoadInput[]
  costs: CostsInput<GuestCost>
}>

export type HostInput = Maybe<{
  cpus: number
  hz: number
  fair: FairFlavour
  rt_runtime: number
  halt_poll: number
  kick: KickPath
  irq_route: IrqRoute
  vcpus: readonly VcpuInput[]
  tasks: readonly LoadInput[]
  costs: CostsInput<HostCost>
  stretches: StretchesInput
}>

export interface StretchesInput {
  readonly slow: number
  readonly mean: number
  readonly follow: Readonly<Record<string, number>>
}

/** Times of the module parameters are nanoseconds here; the file writes them with a unit. */
export type DriverOptionsInput = Maybe<{
  msg_timeout: number
  pcm_buffer_ms: number
  pcm_periods_min: number
  pcm_periods_max: number
  pcm_period_ms_min: number
  pcm_period_ms_max: number
  nonatomic: boolean
  irqsave: boolean
  freeInHwFree: boolean
  highpriWork: boolean
  resetWork: ResetWorkVariant
  resetBy: 'device-reprobe' | 'bus-remove'
  inject_delay: number
  inject_hwpars_err: boolean
  inject_prepare_err: boolean
  inject_trigger_err: boolean
  periodTest: '>' | '>='
  pcm_substreams: number
  timerCallback: HrtimerCallback
  dai_links: readonly (readonly number[])[]
}>

export interface DriverInput {
  readonly kind?: DriverKind | undefined
  readonly version?: DriverVersion | undefined
  readonly options?: DriverOptionsInput | undefined
}

export interface StallInput {
  readonly at: number
  readonly for: number
}

export type StreamInput = Maybe<{
  name: string
  direction: StreamDirection
  client: ClientKind
  format: string
  rate: number
  channels: number
  period_size: PcmSize
  periods: number
  buffer_size: PcmSize
  start_threshold: PcmSize | 'boundary'
  stop_threshold: PcmSize | 'boundary'
  avail_min: PcmSize
  silence_size: PcmSize | 'boundary'
  silence_threshold: PcmSize
  start_at: number
  frames: number
  length: number
  stalls: readonly StallInput[]
  on_xrun: XrunPolicy
  shares: string
  pcm_device: number
  options: ClientOptionsInput
}>

/** One verdict, still with the path that it was read from. */
export interface ExpectInput {
  readonly path: readonly (string | number)[]
  readonly stream: string | null
  readonly fact: Fact
  readonly check: Check
}

export interface ScenarioInput {
  readonly version: 1
  readonly name: string
  readonly summary?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly source?: readonly string[] | undefined
  readonly duration?: number | undefined
  readonly seed?: number | undefined
  readonly reseed?: readonly { readonly at: number; readonly seed: number }[] | undefined
  readonly schedule?: string | undefined
  readonly guest?: GuestInput | undefined
  readonly host?: HostInput | undefined
  readonly driver: DriverInput
  readonly device?: DeviceInput | undefined
  readonly streams: readonly StreamInput[]
  readonly faults?: readonly FaultInput[] | undefined
  readonly expect?: readonly ExpectInput[] | undefined
}

export type { DriverOptions }

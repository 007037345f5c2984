/**
 * What a scenario may say of a client beside PCM parameters: which keys belong to which client, and
 * what they become. Pure; part of complete-stream.ts. Times are nanoseconds, sizes frames.
 */
import type { Frames, Ns } from '../base/units.ts'
import type { TaskOptions } from '../model/machine/task.ts'
import type { AudioTstamp, ScriptCall, TimerEvent } from '../model/user/script-calls.ts'
import type { ScriptStep } from '../model/user/script-ops.ts'
import type { Fault, Path } from './fault.ts'
import { completeScheduling, type SchedulingInput } from './loads.ts'
import { didYouMean } from './near.ts'
import type { PcmSize } from './quantity.ts'
import type { ClientKind, StreamDirection } from './spec.ts'

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined }

export type ScriptStepInput = Maybe<{
  at: number
  after: number
  work: number
  frames: PcmSize
  for: number
  on: StreamDirection
  nonblock: boolean
  append: boolean
  mmap: boolean
  noninterleaved: boolean
  period_size: PcmSize
  buffer_size: PcmSize
  no_period_wakeup: boolean
  silence: boolean
  audio_tstamp: AudioTstamp
  report_delay: boolean
  tstamp: boolean
  hwsync: boolean
  enable: boolean
  ticks: number
  tread: boolean
  filter: readonly TimerEvent[]
  queue_size: number
  auto: boolean
  early: boolean
  element: string
  value: readonly number[]
  start_threshold: PcmSize | 'boundary'
  stop_threshold: PcmSize | 'boundary'
  avail_min: PcmSize
  silence_size: PcmSize | 'boundary'
  silence_threshold: PcmSize
  thread: string
}> & { readonly call: ScriptCall }

export type ClientOptionsInput = SchedulingInput &
  Maybe<{
    cpus: readonly number[]
    nonblock: boolean
    pad: boolean
    prefill: boolean
    queue_max: PcmSize
    poll_timeout: number
    duplex: 'none' | 'separate' | 'linked'
    timeouts_max: number
    link: boolean
    prefill_periods: number
    tsched: boolean
    watermark: number
    quantum: PcmSize
    headroom: PcmSize
    start_delay: PcmSize
    irq_mode: boolean
    follower: boolean
    rewind_every: number
    free_run: boolean
    wake_every: number
    no_period_wakeup: boolean
    script: readonly ScriptStepInput[]
  }>

/** The options as the client models take them; those not given are left to the model. */
export interface ClientOptions {
  readonly task: TaskOptions
  readonly nonblock?: boolean
  readonly padLastChunk?: boolean
  readonly prefill?: boolean
  readonly queueMax?: Frames
  readonly pollTimeoutNs?: Ns
  readonly duplex?: 'none' | 'separate' | 'linked'
  readonly timeoutsMax?: number
  readonly link?: boolean
  readonly prefillPeriods?: number
  readonly tsched?: boolean
  readonly watermarkNs?: Ns
  readonly quantum?: Frames
  readonly headroom?: Frames
  readonly startDelay?: Frames
  readonly irqMode?: boolean
  readonly follower?: boolean
  readonly rewindEveryNs?: Ns
  readonly freeRun?: boolean
  readonly wakeEveryNs?: Ns
  readonly noPeriodWakeup?: boolean
  readonly script?: readonly ScriptStep[]
}

type OptionKey = keyof ClientOptionsInput

const everybody: readonly OptionKey[] = ['policy', 'priority', 'nice', 'cpus', 'nonblock']

/** Options of each client beside those that all have. */
export const clientOptionKeys: Readonly<Record<ClientKind, readonly OptionKey[]>> = {
  aplay: ['pad'],
  arecord: [],
  poll: ['prefill', 'queue_max', 'poll_timeout'],
  jack: ['duplex', 'poll_timeout', 'timeouts_max'],
  pulse: ['tsched', 'watermark', 'rewind_every'],
  pipewire: ['quantum', 'headroom', 'start_delay', 'irq_mode', 'follower'],
  mmap: ['free_run', 'wake_every', 'no_period_wakeup'],
  duplex: ['link', 'prefill_periods'],
  scripted: ['script'],
}

export interface OptionsContext {
  readonly client: ClientKind
  readonly path: Path
  readonly cpus: number
  /** Converts a size at the stream's rate. */
  readonly frames: (size: PcmSize) => Frames
  readonly faults: Fault[]
}

export function completeOptions(input: ClientOptionsInput, context: OptionsContext): ClientOptions {
  checkKeys(input, context)
  const { frames } = context
  const size = (one: PcmSize | undefined): Frames | undefined =>
    one === undefined ? undefined : frames(one)
  return {
    task: taskOf(input, context),
    ...given({
      nonblock: input.nonblock,
      padLastChunk: input.pad,
      prefill: input.prefill,
      queueMax: size(input.queue_max),
      pollTimeoutNs: input.poll_timeout,
      duplex: input.duplex,
      timeoutsMax: input.timeouts_max,
      link: input.link,
      prefillPeriods: input.prefill_periods,
      tsched: input.tsched,
      watermarkNs: input.watermark,
      quantum: size(input.quantum),
      headroom: size(input.headroom),
      startDelay: size(input.start_delay),
      irqMode: input.irq_mode,
      follower: input.follower,
      rewindEveryNs: input.rewind_every,
      freeRun: input.free_run,
      wakeEveryNs: input.wake_every,
      noPeriodWakeup: input.no_period_wakeup,
      script: input.script?.map((step) => stepOf(step, frames)),
    }),
  }
}

/** The entries that have a value. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as never
}

function checkKeys(input: ClientOptionsInput, { client, path, faults }: OptionsContext): void {
  const allowed = [...clientOptionKeys[client], ...everybody]
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || allowed.includes(name as OptionKey)) continue
    const what = `${client} has no such option${didYouMean(name, allowed)}`
    faults.push({ path: [...path, name], at: 'key', what, allowed: allowed.join(', ') })
  }
}

/** How each program is usually scheduled (domain/userspace.md §2). */
const usualScheduling: Readonly<Partial<Record<ClientKind, SchedulingInput>>> = {
  jack: { policy: 'fifo', priority: 10 },
  pulse: { policy: 'rr', priority: 5 },
  pipewire: { policy: 'fifo', priority: 88 },
}

function taskOf(input: ClientOptionsInput, context: OptionsContext): TaskOptions {
  const { client, path, cpus, faults } = context
  const says = input.policy ?? input.priority ?? input.nice
  const usual = usualScheduling[client] ?? {}
  const scheduling = completeScheduling(says === undefined ? usual : input, path, faults)
  if (input.cpus === undefined) return scheduling
  for (const cpu of input.cpus) {
    if (cpu < cpus) continue
    const what = `there is no CPU ${cpu}`
    faults.push({ path: [...path, 'cpus'], at: 'value', what, allowed: `0..${cpus - 1}` })
  }
  return { ...scheduling, affinity: input.cpus }
}

function stepOf(input: ScriptStepInput, frames: (size: PcmSize) => Frames): ScriptStep {
  const size = (one: PcmSize | undefined) => (one === undefined ? undefined : frames(one))
  const mark = (one: PcmSize | 'boundary' | undefined) => (one === 'boundary' ? one : size(one))
  return {
    call: input.call,
    ...given({
      thread: input.thread,
      atNs: input.at,
      afterNs: input.after,
      workNs: input.work,
      frames: size(input.frames),
      forNs: input.for,
      on: input.on,
      nonblock: input.nonblock,
      append: input.append,
      mmap: input.mmap,
      noninterleaved: input.noninterleaved,
      period_size: size(input.period_size),
      buffer_size: size(input.buffer_size),
      no_period_wakeup: input.no_period_wakeup,
      silence: input.silence,
      audio_tstamp: input.audio_tstamp,
      report_delay: input.report_delay,
      tstamp: input.tstamp,
      hwsync: input.hwsync,
      enable: input.enable,
      ticks: input.ticks,
      tread: input.tread,
      filter: input.filter,
      queue_size: input.queue_size,
      auto: input.auto,
      early: input.early,
      element: input.element,
      value: input.value,
      start_threshold: mark(input.start_threshold),
      stop_threshold: mark(input.stop_threshold),
      avail_min: size(input.avail_min),
      silence_size: mark(input.silence_size),
      silence_threshold: size(input.silence_threshold),
    }),
  }
}

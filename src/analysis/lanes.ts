/**
 * Who does what when, for the timeline chart: a lane for each client, stream, kworker, interrupt
 * line, lock, queue, processor, device thread and sink that did something in a stretch of the run,
 * with spans and marks of a few styles. What lanes are; lane-fold.ts fills them. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { T } from '../sim/trace.ts'
import type { Step } from './causes.ts'

/** From the application down to the hardware. */
export const LANE_GROUPS = [
  'client',
  'alsa',
  'kworker',
  'task',
  'irq',
  'lock',
  'queue',
  'vcpu',
  'device',
  'sink',
] as const
export type LaneGroup = (typeof LANE_GROUPS)[number]

/** Most lanes of a group; those with the most to show are kept. */
export const LANES_MAX: Readonly<Record<LaneGroup, number>> = {
  client: 4,
  alsa: 4,
  kworker: 3,
  task: 3,
  irq: 4,
  lock: 5,
  queue: 4,
  vcpu: 4,
  device: 3,
  sink: 4,
}

export const SPAN_STYLES = [
  'run',
  'call',
  'sleep',
  'trigger',
  'held',
  'waited',
  'stolen',
  'play',
  'silence',
] as const
export type SpanStyle = (typeof SPAN_STYLES)[number]
/** `report`: a lock was asked for where it may not be. */
export const MARK_STYLES = [
  'elapsed',
  'applptr',
  'xrun',
  'report',
  'kick',
  'used',
  'timer',
] as const
export type MarkStyle = (typeof MARK_STYLES)[number]

/** Which records a lane shows: of these kinds (none: any), of one context or about one symbol. */
export interface LanePick {
  readonly kinds: readonly number[]
  readonly contexts?: readonly number[]
  readonly subject?: number
}

export interface Lane {
  readonly key: string
  readonly group: LaneGroup
  /** Name of the context, line, lock, queue or stream. */
  readonly name: string
  /** Starts and ends in turn. */
  readonly spans: Readonly<Record<SpanStyle, readonly Ns[]>>
  readonly marks: Readonly<Record<MarkStyle, readonly Ns[]>>
  /** Of a queue: buffers that the driver has given to the device and not got back, as steps. */
  readonly level: { readonly timesNs: readonly Ns[]; readonly count: readonly number[] }
  readonly pick: LanePick
}

export interface LaneSet {
  /** In the order of LANE_GROUPS. */
  readonly lanes: readonly Lane[]
  /** How many had something to show and are left out. */
  readonly hidden: number
}

export function laneKey(group: LaneGroup, id: number): string {
  return `${group}/${id}`
}

/** The lane in which a step of the causal chain lies; null: in none. */
export function laneOfStep(step: Pick<Step, 'kind' | 'context' | 'subject'>): string | null {
  switch (step.kind) {
    case 'kick':
    case 'used':
      return laneKey('queue', step.subject)
    case 'timer':
    case 'event':
    case 'pop':
    case 'worker':
      return laneKey('device', step.kind === 'worker' ? step.subject : step.context)
    case 'irq':
      return laneKey('irq', step.subject)
    case 'thread':
      return laneKey('task', step.subject)
    case 'started':
      return laneKey('kworker', step.context)
    case 'elapsed':
    case 'xrun':
    case 'stop':
    case 'writes':
      return laneKey('alsa', step.subject)
    case 'runs':
      return laneKey('client', step.subject)
    default:
      return null
  }
}

const QUEUE_KINDS = [
  T.virtqueue_add,
  T.virtqueue_kick,
  T.virtqueue_get_buf,
  T.vring_interrupt,
  T.virtqueue_pop,
  T.virtqueue_push,
  T.virtio_notify,
]
const LOCK_KINDS = [T.lock_acquire, T.lock_contended, T.lock_acquired, T.lock_release]
const PCM_KINDS = [
  T.snd_pcm_hw_params,
  T.snd_pcm_state,
  T.snd_pcm_trigger,
  T.snd_pcm_trigger_done,
  T.snd_pcm_period_elapsed,
  T.snd_pcm_hwptr,
  T.snd_pcm_applptr,
  T.snd_pcm_xrun,
]

export function pickOf(group: LaneGroup, id: number): LanePick {
  if (group === 'alsa') return { kinds: PCM_KINDS, subject: id }
  if (group === 'irq') {
    return { kinds: [T.irq_raise, T.irq_handler_entry, T.irq_handler_exit], subject: id }
  }
  if (group === 'lock') return { kinds: LOCK_KINDS, subject: id }
  if (group === 'queue') return { kinds: QUEUE_KINDS, subject: id }
  if (group === 'sink') return { kinds: [T.audio_copy, T.audio_play, T.audio_silence], subject: id }
  return { kinds: [], contexts: [id] }
}

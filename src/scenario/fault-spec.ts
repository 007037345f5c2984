/**
 * The faults that a scenario may inject: their names, what each takes, and when it comes. Data
 * only; faults.ts makes them happen. Times are nanoseconds.
 */
import type { Ns } from '../base/units.ts'
import type { VIRTIO_SND_CTL_EVT_MASKS } from '../model/virtio/virtio_snd_ctl.ts'
import type { RecordName } from '../sim/trace-kinds.ts'

/** The record that sets a fault off: its kind, arguments that must agree, and which of them. */
export interface FaultEvent {
  readonly record: RecordName
  /** Arguments by name: numbers as they stand in the record, words for everything else. */
  readonly args: Readonly<Record<string, number | string>>
  readonly nth: number
  /** From the record to the fault. */
  readonly afterNs: Ns
}

export const queueNames = ['control', 'event', 'tx', 'rx'] as const
export type QueueName = (typeof queueNames)[number]
/** Control requests of virtio-snd, then those of Xen's protocol; START and STOP are both's. */
export const requestNames = [
  'PCM_INFO',
  'SET_PARAMS',
  'PREPARE',
  'RELEASE',
  'START',
  'STOP',
  'JACK_INFO',
  'CHMAP_INFO',
  'CTL_INFO',
  'CTL_ENUM_ITEMS',
  'CTL_READ',
  'CTL_WRITE',
  'CTL_TLV_READ',
  'CTL_TLV_WRITE',
  'CTL_TLV_COMMAND',
  'OPEN',
  'CLOSE',
  'READ',
  'WRITE',
  'PAUSE',
  'RESUME',
  'HW_PARAM_QUERY',
] as const
export type RequestName = (typeof requestNames)[number]
export const statusNames = ['BAD_MSG', 'NOT_SUPP', 'IO_ERR'] as const
export type StatusName = (typeof statusNames)[number]

/** What a fault says beside its kind and its time; which of them a kind takes: `faultKinds`. */
export interface FaultDetails {
  /** A length: of the pause, the stall, the sleep; of the time in which single events are hit. */
  readonly forNs: Ns | null
  /** How much later something happens. */
  readonly byNs: Ns | null
  /** How many events are hit. */
  readonly count: number | null
  readonly queue: QueueName | null
  readonly request: RequestName | null
  readonly status: StatusName | null
  readonly gfp: 'GFP_KERNEL' | 'GFP_ATOMIC' | null
  readonly stream: string | null
  /** Number of a jack or a control of the device. */
  readonly id: number | null
  /** A jack: something is plugged in. */
  readonly connected: boolean | null
  /** A control: its new value, and what the event says has changed. */
  readonly value: readonly number[] | null
  readonly mask: readonly ControlMask[] | null
}

export type ControlMask = (typeof VIRTIO_SND_CTL_EVT_MASKS)[number]

type Detail = Exclude<keyof FaultInput, 'kind' | 'at' | 'when' | 'probability'>

interface FaultKindInfo {
  /** A thing that is done once, or a condition that hits single events. */
  readonly acts: 'once' | 'on-events'
  readonly takes: readonly Detail[]
  readonly needs: readonly Detail[]
  readonly text: string
}

const window: readonly Detail[] = ['for', 'count']

/** Every fault there is. */
export const faultKinds = {
  'vm-pause': once(['for'], ['for'], 'the whole VM stops for a while'),
  'device-stall': once(['for'], ['for'], "the device's thread does nothing for a while"),
  'needs-reset': once([], [], 'the device sets NEEDS_RESET and interrupts'),
  'hot-remove': once([], [], 'the driver is unbound from the device'),
  'card-added': once([], [], 'another sound card takes the lowest free number'),
  signal: once(['stream'], [], 'the client of a stream gets a signal'),
  kill: once(['stream'], [], 'the client of a stream is killed'),
  suspend: once(['for'], ['for'], 'system suspend, and resume after a while'),
  'xrun-event': once(['stream'], [], 'the device sends PCM_XRUN for a stream'),
  'jack-event': once(['id', 'connected'], ['connected'], 'something is plugged in or out'),
  'control-event': once(['id', 'value', 'mask'], [], 'the host changes a control element'),
  'bad-used-id': once(['queue'], ['queue'], 'the device returns an element that it does not have'),
  'backend-close': once(['for'], [], 'the Xen back end closes, and after a while comes again'),
  'backend-restart': once([], [], 'the Xen back end forgets its streams without saying so'),
  'drop-interrupt': onEvents(['queue'], [], "a queue's interrupt is lost"),
  'delay-interrupt': onEvents(['queue', 'by'], ['by'], "a queue's interrupt comes late"),
  'duplicate-interrupt': onEvents(['queue', 'by'], [], "a queue's interrupt comes twice"),
  'lost-kick': onEvents(['queue'], [], 'a doorbell does not reach the device'),
  'control-slow': onEvents(['request', 'by'], ['by'], 'an answer to a request comes late'),
  'control-missing': onEvents(['request'], [], 'a request is never answered'),
  'control-reorder': onEvents(['request'], [], 'an answer comes after the next one'),
  'control-error': onEvents(['request', 'status'], [], 'a request is answered with an error'),
  'alloc-failure': onEvents(['gfp'], [], 'an allocation in the kernel fails'),
} as const satisfies Readonly<Record<string, FaultKindInfo>>

export type FaultKind = keyof typeof faultKinds

function once(takes: readonly Detail[], needs: readonly Detail[], text: string): FaultKindInfo {
  return { acts: 'once', takes, needs, text }
}

function onEvents(takes: readonly Detail[], needs: readonly Detail[], text: string): FaultKindInfo {
  return { acts: 'on-events', takes: [...takes, ...window], needs, text }
}

/** Something that the scenario does to the machine. */
export interface InjectedFault extends FaultDetails {
  readonly kind: FaultKind
  /** Not before this time; with `when`, the record must come after it. */
  readonly atNs: Ns
  readonly when: FaultEvent | null
  /** Of a thing done once: that it is done. Of single events: that each of them is hit. */
  readonly probability: number | null
}

type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** A fault as its file has it. */
export type FaultInput = { readonly kind: FaultKind } & Maybe<{
  at: number
  when: { readonly event: string } & Maybe<{
    args: Readonly<Record<string, number | string>>
    nth: number
    after: number
  }>
  probability: number
  for: number
  by: number
  count: number
  queue: QueueName
  request: RequestName
  status: StatusName
  gfp: 'GFP_KERNEL' | 'GFP_ATOMIC'
  stream: string
  id: number
  connected: boolean
  value: readonly number[]
  mask: readonly ControlMask[]
}>

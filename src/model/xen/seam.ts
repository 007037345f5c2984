/**
 * Where a Xen front end and its back end meet: XenStore as far as a device uses it, event channels,
 * grants. Each side implements one interface and sees only the other.
 */
import type { Proc } from '../../sim/process.ts'
import type { GrantTable } from './grant_table.ts'
import type { SharedRing } from './ring.ts'
import type { XensndEventPage, XensndReq, XensndResp } from './sndif.ts'

/** enum xenbus_state. */
export const XenbusStateUnknown = 0
export const XenbusStateInitialising = 1
export const XenbusStateInitWait = 2
export const XenbusStateInitialised = 3
export const XenbusStateConnected = 4
export const XenbusStateClosing = 5
export const XenbusStateClosed = 6

const STATE_NAMES = [
  'Unknown',
  'Initialising',
  'InitWait',
  'Initialised',
  'Connected',
  'Closing',
  'Closed',
] as const

/** Kernel: xenbus_strstate(). */
export function xenbus_strstate(state: number): string {
  return STATE_NAMES[state] ?? 'INVALID'
}

/** The guest's interrupt line, opaque to the host except for its hypervisor. */
export type InterruptSource = object

/** One event channel between the domains. */
export interface EventChannel {
  /** Number in the trace's queue table. */
  readonly id: number
  readonly name: string
  /** What it raises in the guest; null: closed. */
  line: InterruptSource | null
  /** What it signals in the other domain. Plain: wakes whoever serves the channel. */
  onSend: (() => void) | null
}

/** What the front end publishes of a stream: ring-ref, event-channel, evt-ring-ref, evt-... */
export interface StreamRings {
  readonly sring: SharedRing<XensndReq, XensndResp>
  readonly req: EventChannel
  readonly page: XensndEventPage
  readonly evt: EventChannel
}

/** What the tool stack has written for the front end: streams in order of their index. */
export interface XenSndStore {
  readonly playback: number
  readonly capture: number
}

/** The back end and the domain it lives in, as the front end sees them. Stars run in the guest. */
export interface XenbusHostPort {
  /** Names the device on the bus: `vsnd-0`. */
  readonly name: string
  readonly store: XenSndStore
  readonly grants: GrantTable
  /** The back end's `state` in XenStore. */
  readonly backendState: number
  /** The front end has written its `state`. */
  setFrontendState(state: number): void
  /** The line that a watch on the back end's state fires; null: no watch. */
  watch(line: InterruptSource | null): void
  allocChannel(name: string): EventChannel
  /** Rings of a stream are in XenStore, or, null, gone from there. */
  publish(index: number, rings: StreamRings | null): void
  /** Hypercall EVTCHNOP_send. */
  send(channel: EventChannel): Proc
}

/** The front end, as the back end sees it. Stars run in the back end's host context. */
export interface XenbusGuestPort {
  readonly grants: GrantTable
  /** Raises the front end's side of a channel. */
  raise(channel: EventChannel): Proc
  /** Writes the back end's `state`; the front end's watch fires. */
  setBackendState(state: number): Proc
}

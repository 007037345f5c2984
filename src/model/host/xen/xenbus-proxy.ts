/**
 * The hypervisor and XenStore between a front end and its back end: event channels, grants, states.
 * Implements both ends of the seam in model/xen/seam.ts.
 *
 * Source: xen/common/event_channel.c; what xenstored does is a change of a value here.
 */
import type { Ns } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { Priority } from '../../../sim/scheduler.ts'
import { T } from '../../../sim/trace.ts'
import { GrantTable } from '../../xen/grant_table.ts'
import {
  type EventChannel,
  type InterruptSource,
  type StreamRings,
  type XenbusGuestPort,
  type XenbusHostPort,
  XenbusStateInitWait,
  type XenSndStore,
} from '../../xen/seam.ts'
import { EventFd } from '../eventfd.ts'
import { evtchn_send, type GuestLine, type Hypervisor, inject_irq } from '../hypervisor.ts'
import { DELIVER, type TransportFaults } from '../transport-faults.ts'

/** A back end: what the bus tells it. Plain functions; they wake its thread. */
export interface XenBackend {
  readonly name: string
  readonly store: XenSndStore
  connect(bus: XenbusGuestPort): void
  /** The front end has written its state. */
  frontendState(state: number): void
  /** Rings of a stream have come, or gone. */
  published(index: number, rings: StreamRings | null): void
}

/** Numbers of the two sorts of channel for faults, as those of virtio's queues. */
const QUEUE_CONTROL = 0
const QUEUE_EVENT = 1

export class XenbusProxy implements XenbusHostPort, XenbusGuestPort {
  readonly name: string
  readonly store: XenSndStore
  readonly grants = new GrantTable()
  backendState = XenbusStateInitWait
  /** What a scenario does to notifications; null: nothing. */
  faults: TransportFaults | null = null
  private readonly hv: Hypervisor
  private readonly backend: XenBackend
  private watchLine: GuestLine | null = null
  private readonly fds = new Map<EventChannel, EventFd>()

  constructor(hv: Hypervisor, backend: XenBackend) {
    this.hv = hv
    this.backend = backend
    this.name = backend.name
    this.store = backend.store
    backend.connect(this)
  }

  // ---- the front end's side -------------------------------------------------------------------

  setFrontendState(state: number): void {
    this.backend.frontendState(state)
  }

  watch(line: InterruptSource | null): void {
    this.watchLine = line as GuestLine | null
  }

  allocChannel(name: string): EventChannel {
    const id = this.hv.host.sim.trace.symbols.define('queue', { name })
    return { id, name, line: null, onSend: null }
  }

  publish(index: number, rings: StreamRings | null): void {
    this.backend.published(index, rings)
  }

  *send(channel: EventChannel): Proc {
    if (this.faults?.kick(QUEUE_CONTROL) === false) return
    yield* evtchn_send(this.hv, this.fdOf(channel))
  }

  /** /dev/xen/evtchn of the back end, for one port. */
  private fdOf(channel: EventChannel): EventFd {
    let fd = this.fds.get(channel)
    if (fd === undefined) {
      fd = new EventFd(this.hv.host, channel.name)
      const onSignal = () => channel.onSend?.()
      fd.onSignal = onSignal
      this.fds.set(channel, fd)
    }
    return fd
  }

  // ---- the back end's side --------------------------------------------------------------------

  *raise(channel: EventChannel): Proc {
    const line = channel.line as GuestLine | null
    if (line === null) return
    this.hv.host.emit(T.evtchn_send, channel.id)
    const queue = channel.name.includes('/evt') ? QUEUE_EVENT : QUEUE_CONTROL
    const fate = this.faults?.interrupt(queue) ?? DELIVER
    if (fate.kind === 'delay' || fate.kind === 'again') this.raiseLater(line, fate.byNs)
    if (fate.kind === 'deliver' || fate.kind === 'again') yield* inject_irq(this.hv, line, 'evtchn')
  }

  private raiseLater(line: GuestLine, byNs: Ns): void {
    const { sim } = this.hv.host
    sim.timer(() => line.raise(), Priority.device).arm(sim.now + byNs)
  }

  *setBackendState(state: number): Proc {
    this.backendState = state
    if (this.watchLine !== null) yield* inject_irq(this.hv, this.watchLine, 'evtchn')
  }
}

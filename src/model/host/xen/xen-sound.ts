/**
 * The back end of Xen's sound protocol: a user-space program in another domain, with one thread
 * that serves every ring, keeps the position of every stream, and follows the front end's states.
 */
import { removeAt } from '../../../base/arrays.ts'
import type { Prng } from '../../../base/prng.ts'
import type { Ns } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { BackRing, pushResponse, takeRequest } from '../../xen/ring.ts'
import {
  type StreamRings,
  type XenbusGuestPort,
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  type XenSndStore,
} from '../../xen/seam.ts'
import {
  sndifCode,
  TRACE_CUR_POS,
  XENSND_EVT_CUR_POS,
  XENSND_IN_RING_LEN,
  XENSND_OP_OPEN,
  type XensndQueryHwParam,
  type XensndReq,
  type XensndResp,
} from '../../xen/sndif.ts'
import type { AudioClock } from '../audio-clock.ts'
import type { EventLoop, LoopTimer } from '../event-loop.ts'
import type { XenSoundOptions } from './options.ts'
import { answerQuery, closeStream, serveRequest } from './xen-requests.ts'
import { XenStream } from './xen-stream.ts'
import type { XenBackend } from './xenbus-proxy.ts'

/** Event ids are u16. */
const ID_MASK = 0xffff

/** Fate of a response: sent, perhaps with another status; sent so much later; never sent. */
export type ResponseFate =
  | { readonly kind: 'send'; readonly status?: number }
  | { readonly kind: 'late'; readonly byNs: Ns }
  | { readonly kind: 'never' }

const SEND: ResponseFate = { kind: 'send' }

/** A request that the back end is slow about: done and answered at its end. */
interface Late {
  readonly atNs: Ns
  readonly one: Served
  readonly req: XensndReq
}

/** A stream with its rings, from the front end's Initialised until it goes. */
class Served {
  readonly stream: XenStream
  readonly timer: LoopTimer
  readonly handler: number
  rings: StreamRings | null = null
  back: BackRing<XensndReq, XensndResp> | null = null
  /** It is slow about a request and takes no other meanwhile. */
  busy = false
  nextEventId = 0

  constructor(stream: XenStream, timer: LoopTimer, handler: number) {
    this.stream = stream
    this.timer = timer
    this.handler = handler
  }
}

export class XenSound implements XenBackend {
  readonly name: string
  readonly store: XenSndStore
  readonly loop: EventLoop
  /** What a scenario does to responses; null: nothing. */
  responseFate: ((req: XensndReq) => ResponseFate) | null = null
  private readonly options: XenSoundOptions
  private readonly rng: Prng
  private readonly served: Served[] = []
  private readonly late: Late[] = []
  private readonly lateTimer: LoopTimer
  private readonly stateHandler: number
  private frontend = XenbusStateInitialising
  private queries = 0
  private bus: XenbusGuestPort | null = null

  constructor(loop: EventLoop, clock: AudioClock, options: XenSoundOptions) {
    const { host } = loop
    this.loop = loop
    this.options = options
    this.name = options.name
    this.store = { playback: options.playback, capture: options.capture }
    this.rng = host.sim.stream(`device/${options.name}`)
    this.stateHandler = loop.addHandler({ handle: () => this.followState() })
    this.lateTimer = loop.addTimer({ handle: () => this.sendLate() })
    for (let i = 0; i < options.playback + options.capture; i++) {
      const stream = new XenStream(host, clock, options, i < options.playback)
      const timer = loop.addTimer({ handle: () => this.report(this.served[i] as Served) })
      const handler = loop.addHandler({ handle: () => this.serve(this.served[i] as Served) })
      this.served.push(new Served(stream, timer, handler))
    }
  }

  connect(bus: XenbusGuestPort): void {
    this.bus = bus
  }

  private get port(): XenbusGuestPort {
    return this.bus as XenbusGuestPort
  }

  frontendState(state: number): void {
    this.frontend = state
    this.loop.signal(this.stateHandler)
  }

  published(index: number, rings: StreamRings | null): void {
    const one = this.served[index] as Served
    one.rings = rings
    one.back = null
    one.timer.cancel()
  }

  /** Streams lose their state, as after a restart that the front end does not hear of. */
  forget(): void {
    for (const { stream, timer } of this.served) {
      closeStream(this.port, stream)
      timer.cancel()
    }
  }

  /** The back end goes away by itself: its rings are served no longer. Context: a host thread. */
  *close(): Proc {
    this.release()
    yield* this.port.setBackendState(XenbusStateClosing)
    yield* this.port.setBackendState(XenbusStateClosed)
  }

  /** Streams are closed and rings unmapped: nobody answers any more. */
  private release(): void {
    this.forget()
    for (const one of this.served) one.back = null
  }

  /** It is there again and waits for the front end. Context: a host thread. */
  comeBack(): Proc {
    return this.port.setBackendState(XenbusStateInitWait)
  }

  /** The state machine that sndif.h describes for back ends. */
  private *followState(): Proc {
    const { port } = this
    if (this.frontend === XenbusStateInitialised) {
      for (const one of this.served) this.bind(one)
      yield* port.setBackendState(XenbusStateConnected)
    } else if (this.frontend === XenbusStateClosing) {
      this.release()
      yield* port.setBackendState(XenbusStateClosing)
      if (this.options.removal === 'stays') return
      yield* port.setBackendState(XenbusStateClosed)
      yield* port.setBackendState(XenbusStateInitWait)
    }
  }

  private bind(one: Served): void {
    if (one.rings === null) return
    one.back = new BackRing(one.rings.sring)
    one.nextEventId = 0
    one.busy = false
    const onSend = () => this.loop.signal(one.handler)
    one.rings.req.onSend = onSend
  }

  /** Requests of a stream's ring, each served before the next is looked at. */
  private *serve(one: Served): Proc {
    const { host } = this.loop
    while (one.back !== null && !one.busy) {
      const req = takeRequest(one.back)
      if (req === null) return
      host.emit(T.xensnd_serve, sndifCode(req), req.traceStream, req.id)
      if (!host.tryChargeNs(this.options.turnAround.draw(this.rng))) yield Req.CHARGE
      if (one.back !== null) yield* this.answer(one, req)
    }
  }

  private *answer(one: Served, req: XensndReq): Proc {
    const fate = this.responseFate?.(req) ?? SEND
    if (fate.kind === 'send') yield* this.respond(one, req, fate.status ?? this.act(one, req))
    else if (fate.kind === 'late') {
      const atNs = this.loop.host.sim.now + fate.byNs
      one.busy = this.options.outstanding === 'one'
      this.late.push({ atNs, one, req })
      this.lateTimer.anticipate(atNs)
    }
  }

  private act(one: Served, req: XensndReq): number {
    const { eventIds, eventsAfterStop } = this.options
    if (req.operation === XENSND_OP_OPEN && eventIds === 'restart') one.nextEventId = 0
    const status = serveRequest(this.port, one.stream, req, eventsAfterStop === 'go-on')
    const nextNs = one.stream.nextNs()
    if (nextNs < 0) one.timer.cancel()
    else one.timer.anticipate(nextNs)
    return status
  }

  private query({ hw_param }: XensndReq): XensndQueryHwParam | null {
    if (hw_param === undefined) return null
    this.queries++
    return answerQuery(hw_param, this.options.queryShrink, this.queries)
  }

  private *respond(one: Served, req: XensndReq, status: number): Proc {
    if (one.back === null || one.rings === null) return
    const { id, operation } = req
    this.loop.host.emit(T.xensnd_answer, sndifCode(req), req.traceStream, id, status)
    const resp: XensndResp = { id, operation, status, hw_param: this.query(req) }
    if (pushResponse(one.back, resp)) yield* this.port.raise(one.rings.req)
  }

  private *sendLate(): Proc {
    const { now } = this.loop.host.sim
    for (const late of this.late.filter((one) => one.atNs <= now)) {
      removeAt(this.late, this.late.indexOf(late))
      late.one.busy = false
      yield* this.respond(late.one, late.req, this.act(late.one, late.req))
      yield* this.serve(late.one)
    }
    for (const late of this.late) this.lateTimer.anticipate(late.atNs)
  }

  /** Sends the positions that are due, one event each. */
  private *report(one: Served): Proc {
    const { stream, rings } = one
    for (;;) {
      const position = stream.takeDue()
      if (position < 0) break
      if (rings !== null) yield* this.sendEvent(one, rings, position)
    }
    const nextNs = stream.nextNs()
    if (nextNs >= 0) one.timer.anticipate(nextNs)
  }

  /** An event for which there is no room is not sent and takes no id; the next says more. */
  private *sendEvent(one: Served, { page, evt }: StreamRings, position: number): Proc {
    const { host } = this.loop
    const room = page.in_prod - page.in_cons < XENSND_IN_RING_LEN
    const id = one.nextEventId
    host.emit(T.device_event, one.stream.traceStream, TRACE_CUR_POS, room ? 1 : 0)
    if (!room) return
    host.emit(T.xensnd_evt_send, one.stream.traceStream, id, position)
    one.nextEventId = (id + 1) & ID_MASK
    page.ring[page.in_prod % XENSND_IN_RING_LEN] = { id, type: XENSND_EVT_CUR_POS, position }
    page.in_prod++
    yield* this.port.raise(evt)
  }
}

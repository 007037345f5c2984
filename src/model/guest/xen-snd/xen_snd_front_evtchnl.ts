/**
 * The two channels of a stream: one carries requests and their responses, the other events. Both
 * interrupts have a thread and no primary handler. Both ring locks are initialised by one
 * statement, so they are one lock class.
 *
 * Kernel: sound/xen/xen_snd_front_evtchnl.c, v6.1 and v6.12.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { SndPcmSubstream } from '../../alsa/pcm.ts'
import { Completion, complete, complete_all } from '../../linux/completion.ts'
import { EIO } from '../../linux/errno.ts'
import { IRQ_HANDLED, type IrqLine } from '../../linux/irq.ts'
import { declareShared } from '../../linux/kcsan.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import {
  bind_evtchn_to_irqhandler,
  notify_remote_via_irq,
  unbind_from_irqhandler,
} from '../../xen/events.ts'
import {
  FrontRing,
  finalCheckForResponses,
  pushRequests,
  responseAt,
  SharedRing,
} from '../../xen/ring.ts'
import type { EventChannel, XenbusHostPort } from '../../xen/seam.ts'
import {
  TRACE_CUR_POS,
  XENSND_ENTRY_BYTES,
  XENSND_EVT_CUR_POS,
  XENSND_IN_RING_LEN,
  XensndEventPage,
  type XensndEvt,
  type XensndQueryHwParam,
  type XensndReq,
  type XensndResp,
} from '../../xen/sndif.ts'

export const EVTCHNL_STATE_DISCONNECTED = 0
export const EVTCHNL_STATE_CONNECTED = 1

/** Request and event ids are u16. */
export const ID_MASK = 0xffff

/** What both sorts have. Kernel: struct xen_snd_front_evtchnl. */
abstract class Evtchnl {
  readonly k: Kernel
  readonly xb: XenbusHostPort
  readonly port: EventChannel
  readonly gref: number
  state = EVTCHNL_STATE_DISCONNECTED
  /** Requests: id of the one that is waited for. Events: id that comes next. */
  evt_id = 0
  evt_next_id = 0
  readonly ring_io_lock: Mutex
  irq: IrqLine | null = null

  constructor(k: Kernel, xb: XenbusHostPort, index: number, kind: 'req' | 'evt', page: object) {
    this.k = k
    this.xb = xb
    this.port = xb.allocChannel(`${xb.name}/${kind}${index}`)
    this.gref = xb.grants.grant(page, 1)
    const lock = '&channel->ring_io_lock'
    this.ring_io_lock = new Mutex(k, lock, `${kind}[${index}].ring_io_lock`)
    declareShared<Evtchnl>(k, this, `${kind}[${index}]`, ['state', 'evt_id', 'evt_next_id'])
  }
}

/** The request channel: one request at a time is under way. */
export class ReqEvtchnl extends Evtchnl {
  readonly ring: FrontRing<XensndReq, XensndResp>
  readonly completion: Completion
  readonly req_io_lock: Mutex
  resp_status = 0
  hw_param: XensndQueryHwParam | null = null
  /** The request that the slot was filled with last: for records. */
  traceStream = -1

  constructor(k: Kernel, xb: XenbusHostPort, index: number) {
    const sring = new SharedRing<XensndReq, XensndResp>(XENSND_ENTRY_BYTES)
    super(k, xb, index, 'req', sring)
    this.ring = new FrontRing(sring)
    this.completion = new Completion(k, `req[${index}].completion`)
    const completer = () => this.irq?.thread ?? null
    this.completion.completer = completer
    const lock = '&channel->u.req.req_io_lock'
    this.req_io_lock = new Mutex(k, lock, `req[${index}].req_io_lock`)
  }
}

/** What happens to a stream's events. Kernel: xen_snd_front_alsa_handle_cur_pos(). */
export type CurPosHandler = (evtchnl: EvtEvtchnl, pos_bytes: number) => Proc

/** The event channel. */
export class EvtEvtchnl extends Evtchnl {
  readonly page: XensndEventPage
  substream: SndPcmSubstream | null = null
  readonly handle_cur_pos: CurPosHandler

  constructor(k: Kernel, xb: XenbusHostPort, index: number, handle_cur_pos: CurPosHandler) {
    const page = new XensndEventPage()
    super(k, xb, index, 'evt', page)
    this.page = page
    this.handle_cur_pos = handle_cur_pos
  }
}

/** Kernel: struct xen_snd_front_evtchnl_pair. */
export interface EvtchnlPair {
  readonly req: ReqEvtchnl
  readonly evt: EvtEvtchnl
}

/**
 * Thread of the request channel: hands the response that is waited for to the waiter and drops the
 * others.
 *
 * Kernel: evtchnl_interrupt_req(). Context: irq thread. Locks: ring_io_lock.
 */
function* evtchnl_interrupt_req(channel: ReqEvtchnl): Proc<number> {
  if (channel.state !== EVTCHNL_STATE_CONNECTED) return IRQ_HANDLED
  yield* mutex_lock(channel.ring_io_lock)
  const { ring } = channel
  for (;;) {
    const rp = ring.sring.rsp_prod
    for (; ring.rsp_cons !== rp; ring.rsp_cons++) {
      yield* takeResponse(channel, responseAt(ring, ring.rsp_cons))
    }
    if (ring.rsp_cons === ring.req_prod_pvt) {
      ring.sring.rsp_event = ring.rsp_cons + 1
      break
    }
    if (!finalCheckForResponses(ring)) break
  }
  yield* mutex_unlock(channel.ring_io_lock)
  return IRQ_HANDLED
}

/** The body of its loop. Differs: an operation that does not exist is not reported. */
function* takeResponse(channel: ReqEvtchnl, resp: XensndResp): Proc {
  const { k, traceStream } = channel
  k.emit(T.xensnd_response, resp.operation, traceStream, resp.id, resp.status, channel.evt_id)
  if (resp.id !== channel.evt_id) return
  channel.resp_status = resp.status
  if (resp.hw_param !== null) channel.hw_param = resp.hw_param
  yield* complete(channel.completion)
}

/**
 * Thread of the event channel. The state is tested before the lock is taken: a close that holds it
 * goes by unnoticed.
 *
 * Kernel: evtchnl_interrupt_evt(). Context: irq thread. Locks: ring_io_lock, across period_elapsed.
 */
function* evtchnl_interrupt_evt(channel: EvtEvtchnl): Proc<number> {
  if (channel.state !== EVTCHNL_STATE_CONNECTED) return IRQ_HANDLED
  yield* mutex_lock(channel.ring_io_lock)
  const { page, k } = channel
  const prod = page.in_prod
  if (prod !== page.in_cons) {
    let cons = page.in_cons
    for (; cons !== prod; cons++) {
      const event = page.ring[cons % XENSND_IN_RING_LEN] as XensndEvt
      const expected = channel.evt_id
      channel.evt_id = (expected + 1) & ID_MASK
      const stream = channel.substream?.id ?? -1
      const taken = event.id === expected
      k.emit(T.xensnd_event, stream, event.id, expected, event.position)
      k.emit(T.driver_event, stream, TRACE_CUR_POS, taken ? 1 : 0)
      if (!taken) continue
      if (event.type === XENSND_EVT_CUR_POS) yield* channel.handle_cur_pos(channel, event.position)
    }
    page.in_cons = cons
  }
  yield* mutex_unlock(channel.ring_io_lock)
  return IRQ_HANDLED
}

/** Kernel: xen_snd_front_evtchnl_flush(). Context: process; no ring lock is held. */
export function* xen_snd_front_evtchnl_flush(channel: ReqEvtchnl): Proc {
  channel.ring.req_prod_pvt++
  const notify = pushRequests(channel.ring)
  if (notify) yield* notify_remote_via_irq(channel.k, channel.xb, channel.port)
}

/**
 * Makes both channels of a stream. Kernel: evtchnl_alloc(). Context: process. Differs: memory is
 * always there.
 */
function evtchnlAllocPair(
  k: Kernel,
  xb: XenbusHostPort,
  index: number,
  handle_cur_pos: CurPosHandler,
): EvtchnlPair {
  const req = new ReqEvtchnl(k, xb, index)
  const evt = new EvtEvtchnl(k, xb, index, handle_cur_pos)
  const reqHandler = (): Proc<number> => evtchnl_interrupt_req(req)
  const evtHandler = (): Proc<number> => evtchnl_interrupt_evt(evt)
  const threaded = { threaded: true }
  const [reqName, evtName] = [`vsnd-ring-ref${index}`, `vsnd-evt-ring-ref${index}`]
  req.irq = bind_evtchn_to_irqhandler(k, req.port, reqHandler, reqName, threaded)
  evt.irq = bind_evtchn_to_irqhandler(k, evt.port, evtHandler, evtName, threaded)
  return { req, evt }
}

/** Kernel: xen_snd_front_evtchnl_create_all(). Context: process. */
export function xen_snd_front_evtchnl_create_all(
  k: Kernel,
  xb: XenbusHostPort,
  num_streams: number,
  handle_cur_pos: CurPosHandler,
): EvtchnlPair[] {
  return Array.from({ length: num_streams }, (_, index) =>
    evtchnlAllocPair(k, xb, index, handle_cur_pos),
  )
}

/** Kernel: xen_snd_front_evtchnl_publish_all(). Context: process. */
export function xen_snd_front_evtchnl_publish_all(
  xb: XenbusHostPort,
  pairs: readonly EvtchnlPair[],
): void {
  pairs.forEach(({ req, evt }, index) => {
    const { sring } = req.ring
    xb.publish(index, { sring, req: req.port, page: evt.page, evt: evt.port })
  })
}

/** Kernel: evtchnl_free(). Context: process. Whoever still waits for a response gets -EIO. */
function* evtchnl_free(channel: ReqEvtchnl | EvtEvtchnl): Proc {
  channel.state = EVTCHNL_STATE_DISCONNECTED
  if (channel instanceof ReqEvtchnl) {
    channel.resp_status = -EIO
    yield* complete_all(channel.completion)
  }
  if (channel.irq !== null) unbind_from_irqhandler(channel.port, channel.irq)
  channel.xb.grants.end(channel.gref)
}

/** Kernel: xen_snd_front_evtchnl_free_all(). Context: process. */
export function* xen_snd_front_evtchnl_free_all(
  xb: XenbusHostPort,
  pairs: readonly EvtchnlPair[],
): Proc {
  for (const [index, { req, evt }] of pairs.entries()) {
    xb.publish(index, null)
    yield* evtchnl_free(req)
    yield* evtchnl_free(evt)
  }
}

/** Kernel: xen_snd_front_evtchnl_pair_set_connected(). Locks: each ring_io_lock in turn. */
export function* xen_snd_front_evtchnl_pair_set_connected(
  { req, evt }: EvtchnlPair,
  is_connected: boolean,
): Proc {
  const state = is_connected ? EVTCHNL_STATE_CONNECTED : EVTCHNL_STATE_DISCONNECTED
  for (const channel of [req, evt]) {
    yield* mutex_lock(channel.ring_io_lock)
    channel.state = state
    yield* mutex_unlock(channel.ring_io_lock)
  }
}

/**
 * Ids start anew; the id that the event channel expects next does not.
 *
 * Kernel: xen_snd_front_evtchnl_pair_clear(). Locks: each ring_io_lock in turn.
 */
export function* xen_snd_front_evtchnl_pair_clear({ req, evt }: EvtchnlPair): Proc {
  for (const channel of [req, evt]) {
    yield* mutex_lock(channel.ring_io_lock)
    channel.evt_next_id = 0
    yield* mutex_unlock(channel.ring_io_lock)
  }
}

/**
 * Requests to the back end: one at a time for a stream, each waited for without a way to interrupt
 * it. The part of the kernel's file that answers the bus is xen_snd_front_drv.ts. Sizes are bytes.
 *
 * Kernel: sound/xen/xen_snd_front.c, v6.1 and v6.12.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { reinit_completion, wait_for_completion_timeout } from '../../linux/completion.ts'
import { EIO, ETIMEDOUT } from '../../linux/errno.ts'
import { mutex_lock, mutex_unlock } from '../../linux/mutex.ts'
import { msecs_to_jiffies } from '../../linux/sched.ts'
import { setRequest } from '../../xen/ring.ts'
import {
  sndifCode,
  XENSND_OP_CLOSE,
  XENSND_OP_HW_PARAM_QUERY,
  XENSND_OP_OPEN,
  XENSND_OP_READ,
  XENSND_OP_TRIGGER,
  XENSND_OP_WRITE,
  type XensndOpenReq,
  type XensndQueryHwParam,
  type XensndReq,
} from '../../xen/sndif.ts'
import {
  EVTCHNL_STATE_CONNECTED,
  ID_MASK,
  type ReqEvtchnl,
  xen_snd_front_evtchnl_flush,
} from './xen_snd_front_evtchnl.ts'

/** How long an answer is waited for. */
const VSND_WAIT_BACK_MS = 3000

type Payload = Pick<XensndReq, 'open' | 'rw' | 'trigger' | 'hw_param'>

/** Fills the next slot. Kernel: be_stream_prepare_req(). Context: ring_io_lock held. */
function be_stream_prepare_req(
  evtchnl: ReqEvtchnl,
  operation: number,
  payload: Payload,
): XensndReq {
  const id = evtchnl.evt_next_id
  evtchnl.evt_next_id = (id + 1) & ID_MASK
  evtchnl.evt_id = id
  const req: XensndReq = { id, operation, traceStream: evtchnl.traceStream, ...payload }
  setRequest(evtchnl.ring, req)
  return req
}

/**
 * Pushes the slot, without the ring's lock. Kernel: be_stream_do_io(). Return: 0, or -EIO when
 * disconnected: the slot is not pushed and filled anew the next time.
 */
function* be_stream_do_io(evtchnl: ReqEvtchnl): Proc<number> {
  if (evtchnl.state !== EVTCHNL_STATE_CONNECTED) return -EIO
  reinit_completion(evtchnl.completion)
  yield* xen_snd_front_evtchnl_flush(evtchnl)
  return 0
}

/** Kernel: be_stream_wait_io(). Return: the response's status, or -ETIMEDOUT after 3 s. */
function* be_stream_wait_io(evtchnl: ReqEvtchnl): Proc<number> {
  const timeout = msecs_to_jiffies(evtchnl.k, VSND_WAIT_BACK_MS)
  const left = yield* wait_for_completion_timeout(evtchnl.completion, timeout)
  return left <= 0 ? -ETIMEDOUT : evtchnl.resp_status
}

/**
 * One request and its answer: what the six functions of the kernel's file have in common.
 *
 * Context: process. Locks: req_io_lock all the while; ring_io_lock while the slot is filled.
 * Return: the response's status, -EIO, or -ETIMEDOUT.
 */
function* doRequest(
  evtchnl: ReqEvtchnl,
  operation: number,
  payload: Payload,
  answer?: (resp: XensndQueryHwParam) => void,
): Proc<number> {
  const { k } = evtchnl
  yield* mutex_lock(evtchnl.req_io_lock)
  yield* mutex_lock(evtchnl.ring_io_lock)
  const req = be_stream_prepare_req(evtchnl, operation, payload)
  yield* mutex_unlock(evtchnl.ring_io_lock)
  k.emit(T.xensnd_request, sndifCode(req), req.traceStream, req.id)
  let ret = yield* be_stream_do_io(evtchnl)
  if (ret === 0) ret = yield* be_stream_wait_io(evtchnl)
  if (ret === 0 && evtchnl.hw_param !== null) answer?.(evtchnl.hw_param)
  k.emit(T.xensnd_request_done, sndifCode(req), req.traceStream, req.id, ret)
  yield* mutex_unlock(evtchnl.req_io_lock)
  return ret
}

/** Kernel: xen_snd_front_stream_query_hw_param(). `answer` is called if the query succeeded. */
export function xen_snd_front_stream_query_hw_param(
  evtchnl: ReqEvtchnl,
  hw_param: XensndQueryHwParam,
  answer: (resp: XensndQueryHwParam) => void,
): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_HW_PARAM_QUERY, { hw_param }, answer)
}

/** Kernel: xen_snd_front_stream_prepare(). */
export function xen_snd_front_stream_prepare(
  evtchnl: ReqEvtchnl,
  open: XensndOpenReq,
): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_OPEN, { open })
}

/** Kernel: xen_snd_front_stream_close(). */
export function xen_snd_front_stream_close(evtchnl: ReqEvtchnl): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_CLOSE, {})
}

/** Kernel: xen_snd_front_stream_write(). */
export function xen_snd_front_stream_write(
  evtchnl: ReqEvtchnl,
  offset: number,
  length: number,
): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_WRITE, { rw: { offset, length } })
}

/** Kernel: xen_snd_front_stream_read(). */
export function xen_snd_front_stream_read(
  evtchnl: ReqEvtchnl,
  offset: number,
  length: number,
): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_READ, { rw: { offset, length } })
}

/** Kernel: xen_snd_front_stream_trigger(). `type`: XENSND_OP_TRIGGER_*. */
export function xen_snd_front_stream_trigger(evtchnl: ReqEvtchnl, type: number): Proc<number> {
  return doRequest(evtchnl, XENSND_OP_TRIGGER, { trigger: type })
}

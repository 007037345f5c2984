/**
 * The sound protocol of Xen, version 2: operations, formats, and what lies in the two pages of a
 * stream. Both sides import it. Positions and lengths are bytes, limits of buffer and period are
 * frames.
 *
 * Source: include/xen/interface/io/sndif.h. Samples are not carried: the shared buffer knows what
 * was written where.
 */
import type { Bytes } from '../../base/units.ts'
import { CODES } from '../../sim/trace-kinds.ts'

export const XENSND_OP_OPEN = 0
export const XENSND_OP_CLOSE = 1
export const XENSND_OP_READ = 2
export const XENSND_OP_WRITE = 3
export const XENSND_OP_TRIGGER = 8
export const XENSND_OP_HW_PARAM_QUERY = 9

export const XENSND_OP_TRIGGER_START = 0
export const XENSND_OP_TRIGGER_PAUSE = 1
export const XENSND_OP_TRIGGER_STOP = 2
export const XENSND_OP_TRIGGER_RESUME = 3

export const XENSND_EVT_CUR_POS = 0

/** ALSA's name of each format of the protocol, by number. XENSND_PCM_FORMAT_*. */
export const XENSND_PCM_FORMATS: readonly string[] = [
  'S8',
  'U8',
  'S16_LE',
  'S16_BE',
  'U16_LE',
  'U16_BE',
  'S24_LE',
  'S24_BE',
  'U24_LE',
  'U24_BE',
  'S32_LE',
  'S32_BE',
  'U32_LE',
  'U32_BE',
  'FLOAT_LE',
  'FLOAT_BE',
  'FLOAT64_LE',
  'FLOAT64_BE',
  'IEC958_SUBFRAME_LE',
  'IEC958_SUBFRAME_BE',
  'MU_LAW',
  'A_LAW',
  'IMA_ADPCM',
  'MPEG',
  'GSM',
]

/** struct xensnd_open_req. */
export interface XensndOpenReq {
  readonly pcm_rate: number
  readonly pcm_format: number
  readonly pcm_channels: number
  readonly buffer_sz: Bytes
  readonly gref_directory: number
  /** Octets between CUR_POS events; 0: none are wanted. */
  readonly period_sz: Bytes
}

export interface XensndRange {
  readonly min: number
  readonly max: number
}

/** struct xensnd_query_hw_param. `formats` is a mask of protocol numbers, which fit 32 bits. */
export interface XensndQueryHwParam {
  readonly formats: number
  readonly rates: XensndRange
  readonly channels: XensndRange
  readonly buffer: XensndRange
  readonly period: XensndRange
}

/** struct xensnd_req, 64 bytes. */
export interface XensndReq {
  readonly id: number
  readonly operation: number
  readonly open?: XensndOpenReq
  readonly rw?: { readonly offset: Bytes; readonly length: Bytes }
  readonly trigger?: number
  readonly hw_param?: XensndQueryHwParam
  /** Ours: the stream's number in the trace. */
  readonly traceStream: number
}

/** struct xensnd_resp, 64 bytes. `status` is 0 or -errno. */
export interface XensndResp {
  readonly id: number
  readonly operation: number
  readonly status: number
  readonly hw_param: XensndQueryHwParam | null
}

/** Size of an entry of either ring. */
export const XENSND_ENTRY_BYTES = 64

/** struct xensnd_evt. */
export interface XensndEvt {
  readonly id: number
  readonly type: number
  /** "Current value of the stream's position, octets"; nothing says that it ever goes back to 0. */
  readonly position: Bytes
}

/** Entries behind the header of the event page: XENSND_IN_RING_LEN. */
export const XENSND_IN_RING_LEN = 63

/** struct xensnd_event_page: the events that the front end has not read yet. */
export class XensndEventPage {
  in_cons = 0
  in_prod = 0
  readonly ring: (XensndEvt | null)[] = new Array<XensndEvt | null>(XENSND_IN_RING_LEN).fill(null)
}

/** An event's number in the trace (CODES.event). */
export const TRACE_CUR_POS = (CODES.event as readonly string[]).indexOf('CUR_POS')

/** Word of a request in the trace (CODES.xensnd): a trigger by its type. */
export function sndifCode({ operation, trigger }: XensndReq): number {
  return operation === XENSND_OP_TRIGGER ? 10 + (trigger ?? 0) : operation
}

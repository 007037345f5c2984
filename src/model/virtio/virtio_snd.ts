/**
 * The sound device's protocol: codes, statuses, formats, rates, and the elements that driver and
 * device exchange. Both sides import it. Sizes are bytes.
 *
 * Source: virtio 1.2 §5.14, include/uapi/linux/virtio_snd.h. Samples are not carried: an I/O
 * message refers to guest memory, which knows what was written where.
 */
import type { GuestBuffer } from '../machine/guest-buffer.ts'
import type { VirtioChain } from './vring.ts'

export const VIRTIO_ID_SOUND = 25

export const VIRTIO_SND_VQ_CONTROL = 0
export const VIRTIO_SND_VQ_EVENT = 1
export const VIRTIO_SND_VQ_TX = 2
export const VIRTIO_SND_VQ_RX = 3
export const VIRTIO_SND_VQ_MAX = 4

export const VIRTIO_SND_R_JACK_INFO = 1
export const VIRTIO_SND_R_PCM_INFO = 0x100
export const VIRTIO_SND_R_PCM_SET_PARAMS = 0x101
export const VIRTIO_SND_R_PCM_PREPARE = 0x102
export const VIRTIO_SND_R_PCM_RELEASE = 0x103
export const VIRTIO_SND_R_PCM_START = 0x104
export const VIRTIO_SND_R_PCM_STOP = 0x105
export const VIRTIO_SND_R_CHMAP_INFO = 0x200
export const VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED = 0x1100
export const VIRTIO_SND_EVT_PCM_XRUN = 0x1101
export const VIRTIO_SND_S_OK = 0x8000
export const VIRTIO_SND_S_BAD_MSG = 0x8001
export const VIRTIO_SND_S_NOT_SUPP = 0x8002
export const VIRTIO_SND_S_IO_ERR = 0x8003

export const VIRTIO_SND_D_OUTPUT = 0
export const VIRTIO_SND_D_INPUT = 1

export const VIRTIO_SND_PCM_F_MSG_POLLING = 1 << 2
export const VIRTIO_SND_PCM_F_EVT_XRUNS = 1 << 4

/** ALSA's name of each virtio sample format, by number. */
export const VIRTIO_SND_PCM_FORMATS: readonly string[] = [
  'IMA_ADPCM',
  'MU_LAW',
  'A_LAW',
  'S8',
  'U8',
  'S16_LE',
  'U16_LE',
  'S18_3LE',
  'U18_3LE',
  'S20_3LE',
  'U20_3LE',
  'S24_3LE',
  'U24_3LE',
  'S20_LE',
  'U20_LE',
  'S24_LE',
  'U24_LE',
  'S32_LE',
  'U32_LE',
  'FLOAT_LE',
  'FLOAT64_LE',
  'DSD_U8',
  'DSD_U16_LE',
  'DSD_U32_LE',
  'IEC958_SUBFRAME_LE',
]

/** Bits of one sample in memory, by virtio format. */
export const VIRTIO_SND_PCM_WIDTHS: readonly number[] = [
  4, 8, 8, 8, 8, 16, 16, 24, 24, 24, 24, 24, 24, 32, 32, 32, 32, 32, 32, 32, 64, 8, 16, 32, 32,
]

/** Frame rates in Hz by virtio number. */
export const VIRTIO_SND_PCM_RATES: readonly number[] = [
  5512, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000, 384000,
  12000, 24000,
]

/** Bit mask of formats or rates given by name or number. */
export function maskOfIndices<V>(table: readonly V[], wanted: readonly V[]): number {
  let mask = 0
  for (const value of wanted) mask += 2 ** table.indexOf(value)
  return mask
}

/** Whether bit `index` is in a mask of up to 53 bits. */
export function hasBit(mask: number, index: number): boolean {
  return Math.floor(mask / 2 ** index) % 2 === 1
}

/** Answer to PCM_INFO for one stream. */
export interface VirtioSndPcmInfo {
  readonly hda_fn_nid: number
  readonly features: number
  readonly formats: number
  readonly rates: number
  readonly direction: number
  readonly channels_min: number
  readonly channels_max: number
}

export interface VirtioSndConfig {
  readonly jacks: number
  readonly streams: number
  readonly chmaps: number
}

/** Number of a code or status in CODES.virtsnd, for the trace. */
export function traceCode(code: number): number {
  if (code >= 0x8000) return 16 + (code & 0x3)
  if (code >= 0x1000) return code === VIRTIO_SND_EVT_PCM_XRUN ? 13 : 12
  if (code >= 0x200) return 10
  return code >= 0x100 ? 1 + (code & 0x7) : 0
}

/** Number of an event's code in CODES.event, for the trace. */
export function traceEvent(code: number): number {
  return code === VIRTIO_SND_EVT_PCM_XRUN ? 0 : 1
}

const PCM_HDR_BYTES = 8
const SET_PARAMS_BYTES = 24
const QUERY_BYTES = 16
const STATUS_BYTES = 4
const PCM_INFO_BYTES = 32

/** One element of the control queue: the request and room for its answer. */
export class VirtioSndControl implements VirtioChain {
  readonly code: number
  /** Stream, or start of the range that a query asks for. */
  readonly stream_id: number
  /** Streams that a query asks for. */
  readonly count: number
  /** The stream's number in the trace, -1 for none; not on the wire. */
  readonly traceStream: number
  buffer_bytes = 0
  period_bytes = 0
  features = 0
  channels = 0
  format = 0
  rate = 0
  /** Answer, written by the device. */
  status = 0
  info: VirtioSndPcmInfo[] = []

  constructor(code: number, stream_id: number, count: number, traceStream: number) {
    this.code = code
    this.stream_id = stream_id
    this.count = count
    this.traceStream = traceStream
  }

  get out_bytes(): number {
    if (this.code === VIRTIO_SND_R_PCM_SET_PARAMS) return SET_PARAMS_BYTES
    return this.code === VIRTIO_SND_R_PCM_INFO ? QUERY_BYTES : PCM_HDR_BYTES
  }

  get in_bytes(): number {
    return STATUS_BYTES + this.count * PCM_INFO_BYTES
  }
}

export const VIRTIO_SND_XFER_BYTES = 4
export const VIRTIO_SND_STATUS_BYTES = 8

/** One element of the tx or rx queue: header, a piece of the PCM ring, room for the status. */
export class VirtioSndXfer implements VirtioChain {
  readonly stream_id: number
  readonly output: boolean
  /** The PCM ring, and the piece of it that this message covers. */
  readonly buffer: GuestBuffer
  readonly offset: number
  bytes: number
  /** The stream's number in the trace; not on the wire. */
  readonly traceStream: number
  /** Written by the device. */
  status = 0
  latency_bytes = 0

  constructor(
    stream_id: number,
    output: boolean,
    buffer: GuestBuffer,
    offset: number,
    bytes: number,
    traceStream: number,
  ) {
    this.stream_id = stream_id
    this.output = output
    this.buffer = buffer
    this.offset = offset
    this.bytes = bytes
    this.traceStream = traceStream
  }

  get out_bytes(): number {
    return VIRTIO_SND_XFER_BYTES + (this.output ? this.bytes : 0)
  }

  get in_bytes(): number {
    return VIRTIO_SND_STATUS_BYTES + (this.output ? 0 : this.bytes)
  }
}

/** One element of the event queue. */
export class VirtioSndEvent implements VirtioChain {
  readonly out_bytes = 0
  readonly in_bytes = 8
  /** Written by the device: what happened, and to which stream or jack. */
  code = 0
  data = 0
}

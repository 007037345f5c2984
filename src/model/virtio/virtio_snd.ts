/**
 * The sound device's protocol: codes, statuses, formats, rates, and the elements that driver and
 * device exchange. Both sides import it. Sizes are bytes.
 *
 * Source: virtio 1.2 §5.14, include/uapi/linux/virtio_snd.h. Samples are not carried: an I/O
 * message refers to guest memory, which knows what was written where.
 */
import type { GuestBuffer } from '../machine/guest-buffer.ts'
import {
  CHMAP_INFO_BYTES,
  CTL_INFO_BYTES,
  CTL_ITEM_BYTES,
  CTL_VALUE_BYTES,
  JACK_INFO_BYTES,
  type VirtioSndChmapInfo,
  type VirtioSndCtlInfo,
  type VirtioSndJackInfo,
} from './virtio_snd_ctl.ts'
import type { VirtioChain } from './vring.ts'

export const VIRTIO_ID_SOUND = 25

export const VIRTIO_SND_VQ_CONTROL = 0
export const VIRTIO_SND_VQ_EVENT = 1
export const VIRTIO_SND_VQ_TX = 2
export const VIRTIO_SND_VQ_RX = 3
export const VIRTIO_SND_VQ_MAX = 4

/** Feature bit: the device has control elements, and their count stands in its configuration. */
export const VIRTIO_SND_F_CTLS = 1 << 0

export const VIRTIO_SND_R_JACK_INFO = 1
export const VIRTIO_SND_R_PCM_INFO = 0x100
export const VIRTIO_SND_R_PCM_SET_PARAMS = 0x101
export const VIRTIO_SND_R_PCM_PREPARE = 0x102
export const VIRTIO_SND_R_PCM_RELEASE = 0x103
export const VIRTIO_SND_R_PCM_START = 0x104
export const VIRTIO_SND_R_PCM_STOP = 0x105
export const VIRTIO_SND_R_CHMAP_INFO = 0x200
export const VIRTIO_SND_R_CTL_INFO = 0x300
export const VIRTIO_SND_R_CTL_ENUM_ITEMS = 0x301
export const VIRTIO_SND_R_CTL_READ = 0x302
export const VIRTIO_SND_R_CTL_WRITE = 0x303
export const VIRTIO_SND_R_CTL_TLV_READ = 0x304
export const VIRTIO_SND_R_CTL_TLV_WRITE = 0x305
export const VIRTIO_SND_R_CTL_TLV_COMMAND = 0x306
export const VIRTIO_SND_EVT_JACK_CONNECTED = 0x1000
export const VIRTIO_SND_EVT_JACK_DISCONNECTED = 0x1001
export const VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED = 0x1100
export const VIRTIO_SND_EVT_PCM_XRUN = 0x1101
export const VIRTIO_SND_EVT_CTL_NOTIFY = 0x1200
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

/** An item of the answer to a query. */
export type VirtioSndInfo =
  | VirtioSndPcmInfo
  | VirtioSndJackInfo
  | VirtioSndChmapInfo
  | VirtioSndCtlInfo

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

/** What stands in the configuration space; `controls` is there with VIRTIO_SND_F_CTLS only. */
export interface VirtioSndConfig {
  readonly jacks: number
  readonly streams: number
  readonly chmaps: number
  readonly controls?: number
}

/** Number of a code or status in CODES.virtsnd, for the trace. */
export function traceCode(code: number): number {
  if (code >= 0x8000) return 16 + (code & 0x3)
  if (code >= 0x1000) return code === VIRTIO_SND_EVT_PCM_XRUN ? 13 : 12
  if (code === VIRTIO_SND_R_CTL_INFO) return 11
  if (code > VIRTIO_SND_R_CTL_INFO) return 21 + (code & 0x7)
  if (code >= 0x200) return 10
  return code >= 0x100 ? 1 + (code & 0x7) : 0
}

const EVENTS: readonly number[] = [
  VIRTIO_SND_EVT_PCM_XRUN,
  VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED,
  // CUR_POS, which is Xen's.
  -1,
  VIRTIO_SND_EVT_JACK_CONNECTED,
  VIRTIO_SND_EVT_JACK_DISCONNECTED,
  VIRTIO_SND_EVT_CTL_NOTIFY,
]

/** Number of an event's code in CODES.event, for the trace. */
export function traceEvent(code: number): number {
  return EVENTS.indexOf(code)
}

/** `struct virtio_snd_pcm_hdr`, `struct virtio_snd_ctl_hdr`: code and number. */
const HDR_BYTES = 8
const SET_PARAMS_BYTES = 24
const QUERY_BYTES = 16
const STATUS_BYTES = 4

/** Size of one item of the answer to a query. */
const INFO_BYTES: Readonly<Record<number, number>> = {
  [VIRTIO_SND_R_JACK_INFO]: JACK_INFO_BYTES,
  [VIRTIO_SND_R_PCM_INFO]: 32,
  [VIRTIO_SND_R_CHMAP_INFO]: CHMAP_INFO_BYTES,
  [VIRTIO_SND_R_CTL_INFO]: CTL_INFO_BYTES,
}

/** One element of the control queue: the request and room for its answer. */
export class VirtioSndControl implements VirtioChain {
  readonly code: number
  /** Stream or control, or start of the range that a query asks for. */
  readonly stream_id: number
  /** Items that a query asks for; names that CTL_ENUM_ITEMS asks for. */
  readonly count: number
  /** The stream's number in the trace, -1 for none; not on the wire. */
  readonly traceStream: number
  buffer_bytes = 0
  period_bytes = 0
  features = 0
  channels = 0
  format = 0
  rate = 0
  /** CTL_WRITE: the new value; CTL_READ: what the device answered. */
  value: readonly number[] = []
  /** TLV data, which the caller brings (WRITE, COMMAND) or has room for (READ), in bytes. */
  tlv_bytes = 0
  /** Answer, written by the device. */
  status = 0
  info: readonly VirtioSndInfo[] = []
  items: readonly string[] = []

  constructor(code: number, stream_id: number, count: number, traceStream: number) {
    this.code = code
    this.stream_id = stream_id
    this.count = count
    this.traceStream = traceStream
  }

  get isQuery(): boolean {
    return this.code in INFO_BYTES
  }

  /** Scatter lists of the request: the header, and what the caller brings beside it. */
  get out_sgs(): number {
    return this.tlvOut > 0 ? 2 : 1
  }

  /** Scatter lists of the answer: the status, and where the rest goes. */
  get in_sgs(): number {
    const apart = this.isQuery || this.code === VIRTIO_SND_R_CTL_ENUM_ITEMS || this.tlvIn > 0
    return apart ? 2 : 1
  }

  get out_bytes(): number {
    if (this.code === VIRTIO_SND_R_PCM_SET_PARAMS) return SET_PARAMS_BYTES
    if (this.isQuery) return QUERY_BYTES
    const value = this.code === VIRTIO_SND_R_CTL_WRITE ? CTL_VALUE_BYTES : 0
    return HDR_BYTES + value + this.tlvOut
  }

  get in_bytes(): number {
    if (this.isQuery) return STATUS_BYTES + this.count * (INFO_BYTES[this.code] as number)
    if (this.code === VIRTIO_SND_R_CTL_ENUM_ITEMS) return STATUS_BYTES + this.count * CTL_ITEM_BYTES
    const value = this.code === VIRTIO_SND_R_CTL_READ ? CTL_VALUE_BYTES : 0
    return STATUS_BYTES + value + this.tlvIn
  }

  private get tlvOut(): number {
    return this.code >= VIRTIO_SND_R_CTL_TLV_WRITE ? this.tlv_bytes : 0
  }

  private get tlvIn(): number {
    return this.code === VIRTIO_SND_R_CTL_TLV_READ ? this.tlv_bytes : 0
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
  /** Written by the device: what happened, and to which stream, jack or control. */
  code = 0
  data = 0
  /** CTL_NOTIFY: what of the control changed (`struct virtio_snd_ctl_event`, two u16). */
  mask = 0
}

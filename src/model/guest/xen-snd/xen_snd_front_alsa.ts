/**
 * The PCM of the front end: its ops. hw_ptr, be_cur_frame and out_frames are frames, sizes of the
 * protocol bytes. Streams: xen_snd_front_stream.ts; position events: xen_snd_front_cur_pos.ts; the
 * rules that ask the back end: xen_snd_front_hw_rule.ts.
 *
 * Kernel: sound/xen/xen_snd_front_alsa.c, v6.1 (copy_user, copy_kernel) and v6.12 (copy); the same
 * behaviour.
 */
import type { Frames } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { type SndCard, snd_card_new } from '../../alsa/core.ts'
import { type SndPcmOps, type SndPcmSubstream, snd_pcm_new } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { copyUser, type UserFrames } from '../../alsa/pcm_copy.ts'
import { snd_card_free } from '../../alsa/pcm_disconnect.ts'
import {
  params_buffer_bytes,
  params_buffer_size,
  type SndPcmHwParams,
} from '../../alsa/pcm_params.ts'
import {
  frames_to_bytes,
  snd_pcm_lib_buffer_bytes,
  snd_pcm_lib_period_bytes,
} from '../../alsa/pcm_runtime.ts'
import { EINVAL, ENOMEM } from '../../linux/errno.ts'
import { printk } from '../../linux/printk.ts'
import {
  XENSND_OP_TRIGGER_PAUSE,
  XENSND_OP_TRIGGER_RESUME,
  XENSND_OP_TRIGGER_START,
  XENSND_OP_TRIGGER_STOP,
} from '../../xen/sndif.ts'
import type { XenbusDevice } from '../../xen/xenbus.ts'
import type { XenSndVariant } from './variant.ts'
import {
  xen_snd_front_stream_close,
  xen_snd_front_stream_prepare,
  xen_snd_front_stream_read,
  xen_snd_front_stream_trigger,
  xen_snd_front_stream_write,
} from './xen_snd_front.ts'
import type { XenFrontCfgPcmInstance, XenFrontCfgStream } from './xen_snd_front_cfg.ts'
import {
  type EvtchnlPair,
  xen_snd_front_evtchnl_pair_clear,
  xen_snd_front_evtchnl_pair_set_connected,
} from './xen_snd_front_evtchnl.ts'
import { addHwRules, to_sndif_format } from './xen_snd_front_hw_rule.ts'
import { xen_front_pgdir_shbuf_alloc, xen_front_pgdir_shbuf_free } from './xen_snd_front_shbuf.ts'
import { StreamInfo, stream_get } from './xen_snd_front_stream.ts'

/** Flags of the hardware that are cleared at open; DOUBLE, which nobody reads, is left out. */
const INFO_CLEARED =
  C.SNDRV_PCM_INFO_MMAP |
  C.SNDRV_PCM_INFO_MMAP_VALID |
  C.SNDRV_PCM_INFO_BATCH |
  C.SNDRV_PCM_INFO_NONINTERLEAVED |
  C.SNDRV_PCM_INFO_RESUME |
  C.SNDRV_PCM_INFO_PAUSE

/** Kernel: stream_clear(): everything but the channels' state. Context: process. */
function* stream_clear(stream: StreamInfo): Proc {
  stream.is_open = false
  stream.be_cur_frame = 0
  stream.out_frames = 0
  stream.hw_ptr = 0
  yield* xen_snd_front_evtchnl_pair_clear(stream.evt_pair)
  stream.shbuf = null
}

/** Kernel: stream_free(). The back end is not asked whether it still has the buffer mapped. */
function* stream_free(stream: StreamInfo): Proc {
  const { k, port } = stream.xb_dev
  if (stream.shbuf !== null) yield* xen_front_pgdir_shbuf_free(k, port, stream.shbuf)
  yield* stream_clear(stream)
}

/** Kernel: alsa_open(). Context: process, open_mutex. Return: 0. */
function* alsa_open(substream: SndPcmSubstream): Proc<number> {
  const stream = stream_get(substream)
  const { runtime } = substream
  const info = (stream.pcm_hw.info & ~INFO_CLEARED) | C.SNDRV_PCM_INFO_INTERLEAVED
  runtime.hw = { ...stream.pcm_hw, info }
  stream.evt_pair.evt.substream = substream
  stream.evt_pair.req.traceStream = substream.id
  yield* stream_clear(stream)
  yield* xen_snd_front_evtchnl_pair_set_connected(stream.evt_pair, true)
  addHwRules(runtime.hw_constraints, stream)
  return 0
}

/** Kernel: alsa_close(). */
function* alsa_close(substream: SndPcmSubstream): Proc<number> {
  yield* xen_snd_front_evtchnl_pair_set_connected(stream_get(substream).evt_pair, false)
  return 0
}

/** Kernel: alsa_hw_params(). Context: process, buffer_mutex. Return: 0 or -ENOMEM. */
function* alsa_hw_params(substream: SndPcmSubstream, params: SndPcmHwParams): Proc<number> {
  const stream = stream_get(substream)
  const { k, port } = stream.xb_dev
  yield* stream_free(stream)
  const [frames, bytes] = [params_buffer_size(params), params_buffer_bytes(params)]
  stream.shbuf = yield* xen_front_pgdir_shbuf_alloc(k, port, substream.id, frames, bytes)
  if (stream.shbuf !== null) return 0
  yield* stream_free(stream)
  const index = `stream with index ${stream.index}`
  yield* printk(k, `vsnd: Failed to allocate buffers for ${index}`)
  return -ENOMEM
}

/** Kernel: alsa_hw_free(): CLOSE, always; then the buffer goes. Return: 0 or -errno of CLOSE. */
function* alsa_hw_free(substream: SndPcmSubstream): Proc<number> {
  const stream = stream_get(substream)
  const ret = yield* xen_snd_front_stream_close(stream.evt_pair.req)
  yield* stream_free(stream)
  return ret
}

/** Kernel: alsa_prepare(): OPEN the first time; later nothing, also no reset of positions. */
function* alsa_prepare(substream: SndPcmSubstream): Proc<number> {
  const stream = stream_get(substream)
  if (stream.is_open) return 0
  const { runtime } = substream
  const pcm_format = to_sndif_format(runtime.format)
  if (pcm_format < 0) {
    yield* printk(substream.k, `vsnd: Unsupported sample format: ${runtime.format}`)
    return pcm_format
  }
  const ret = yield* xen_snd_front_stream_prepare(stream.evt_pair.req, {
    pcm_format,
    pcm_channels: runtime.channels,
    pcm_rate: runtime.rate,
    buffer_sz: snd_pcm_lib_buffer_bytes(substream),
    period_sz: snd_pcm_lib_period_bytes(substream),
    gref_directory: stream.shbuf?.gref_directory ?? 0,
  })
  if (ret < 0) return ret
  stream.is_open = true
  return 0
}

const TRIGGER_TYPES = new Map([
  [C.SNDRV_PCM_TRIGGER_START, XENSND_OP_TRIGGER_START],
  [C.SNDRV_PCM_TRIGGER_RESUME, XENSND_OP_TRIGGER_RESUME],
  [C.SNDRV_PCM_TRIGGER_STOP, XENSND_OP_TRIGGER_STOP],
  [C.SNDRV_PCM_TRIGGER_SUSPEND, XENSND_OP_TRIGGER_PAUSE],
])

/** Kernel: alsa_trigger(). Context: process, stream mutex held for the whole round trip. */
function* alsa_trigger(substream: SndPcmSubstream, cmd: number): Proc<number> {
  const type = TRIGGER_TYPES.get(cmd)
  if (type === undefined) return -EINVAL
  return yield* xen_snd_front_stream_trigger(stream_get(substream).evt_pair.req, type)
}

/** Kernel: alsa_pointer(). Context: any; reads without a lock what the event thread writes. */
function* alsa_pointer(substream: SndPcmSubstream): Proc<number> {
  return stream_get(substream).hw_ptr
}

/** Kernel: alsa_pb_copy(). Context: process, no stream lock. Return: 0 or -errno. */
function* alsa_pb_copy(
  substream: SndPcmSubstream,
  offset: Frames,
  frames: Frames,
  src: UserFrames,
): Proc<number> {
  const stream = stream_get(substream)
  const { runtime } = substream
  const [pos, count] = [frames_to_bytes(runtime, offset), frames_to_bytes(runtime, frames)]
  const { shbuf } = stream
  if (shbuf === null || pos + count > shbuf.bytes) return -EINVAL
  yield* copyUser(substream, src, shbuf.buffer, offset, frames)
  return yield* xen_snd_front_stream_write(stream.evt_pair.req, pos, count)
}

/** Kernel: alsa_cap_copy(): the back end fills the buffer first. Return: 0 or -errno. */
function* alsa_cap_copy(
  substream: SndPcmSubstream,
  offset: Frames,
  frames: Frames,
  dst: UserFrames,
): Proc<number> {
  const stream = stream_get(substream)
  const { runtime } = substream
  const [pos, count] = [frames_to_bytes(runtime, offset), frames_to_bytes(runtime, frames)]
  const { shbuf } = stream
  if (shbuf === null || pos + count > shbuf.bytes) return -EINVAL
  const ret = yield* xen_snd_front_stream_read(stream.evt_pair.req, pos, count)
  if (ret < 0) return ret
  yield* copyUser(substream, dst, shbuf.buffer, offset, frames)
  return 0
}

/**
 * Kernel: alsa_pb_fill_silence(). Context: from the core's silencing under the stream mutex, which
 * so waits for the back end. Return: 0 or -errno. Differs: the memset costs nothing.
 */
function* alsa_pb_fill_silence(
  substream: SndPcmSubstream,
  offset: Frames,
  frames: Frames,
): Proc<number> {
  const stream = stream_get(substream)
  const { runtime, k } = substream
  const [pos, count] = [frames_to_bytes(runtime, offset), frames_to_bytes(runtime, frames)]
  const { shbuf } = stream
  if (shbuf === null || pos + count > shbuf.bytes) return -EINVAL
  shbuf.buffer.silence(offset, frames, k.sim.now)
  return yield* xen_snd_front_stream_write(stream.evt_pair.req, pos, count)
}

const commonOps = {
  open: alsa_open,
  close: alsa_close,
  hw_params: alsa_hw_params,
  hw_free: alsa_hw_free,
  prepare: alsa_prepare,
  trigger: alsa_trigger,
  pointer: alsa_pointer,
}

const snd_drv_alsa_playback_ops: SndPcmOps = {
  ...commonOps,
  copy: alsa_pb_copy,
  fill_silence: alsa_pb_fill_silence,
}

const snd_drv_alsa_capture_ops: SndPcmOps = { ...commonOps, copy: alsa_cap_copy }

/** Kernel: struct xen_snd_front_card_info. */
export interface XenSndFrontCardInfo {
  readonly card: SndCard
}

/** Kernel: new_pcm_instance(). */
function new_pcm_instance(
  card: SndCard,
  cfg: XenFrontCfgPcmInstance,
  makeStream: (cfg: XenFrontCfgStream) => StreamInfo,
): void {
  const { streams_pb, streams_cap } = cfg
  const setup = (ops: SndPcmOps, streams: readonly XenFrontCfgStream[]) => {
    const [first] = streams
    return first === undefined ? undefined : { ops, hardware: first.pcm_hw, count: streams.length }
  }
  const playback = setup(snd_drv_alsa_playback_ops, streams_pb)
  const capture = setup(snd_drv_alsa_capture_ops, streams_cap)
  const pcm = snd_pcm_new(card, cfg.device_id, {
    nonatomic: true,
    ...(playback === undefined ? {} : { playback }),
    ...(capture === undefined ? {} : { capture }),
  })
  pcm.private_data = {
    streams_pb: streams_pb.map(makeStream),
    streams_cap: streams_cap.map(makeStream),
  }
  for (const substream of [...pcm.playback, ...pcm.capture]) substream.managed_buffer = false
}

/** Kernel: xen_snd_front_alsa_init(). Context: process (xenwatch). */
export function xen_snd_front_alsa_init(
  xb_dev: XenbusDevice,
  cfg: XenFrontCfgPcmInstance,
  evt_pairs: readonly EvtchnlPair[],
  variant: XenSndVariant,
): XenSndFrontCardInfo {
  const card = snd_card_new(xb_dev.k)
  new_pcm_instance(card, cfg, ({ index, pcm_hw }) => {
    return new StreamInfo(xb_dev, index, evt_pairs[index] as EvtchnlPair, pcm_hw, variant)
  })
  return { card }
}

/** Kernel: xen_snd_front_alsa_fini(). Context: process; waits for the last file to be closed. */
export function xen_snd_front_alsa_fini({ card }: XenSndFrontCardInfo): Proc {
  return snd_card_free(card)
}

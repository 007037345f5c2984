/**
 * The state of one stream of the front end. Sizes are frames.
 *
 * Kernel: struct xen_snd_front_pcm_stream_info, sound/xen/xen_snd_front_alsa.c, v6.1.
 */
import type { Frames } from '../../../base/units.ts'
import type { SndPcmHardware, SndPcmSubstream } from '../../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../../alsa/pcm_constants.ts'
import { declareShared } from '../../linux/kcsan.ts'
import type { XenbusDevice } from '../../xen/xenbus.ts'
import type { XenSndVariant } from './variant.ts'
import type { EvtchnlPair } from './xen_snd_front_evtchnl.ts'
import type { XenFrontPgdirShbuf } from './xen_snd_front_shbuf.ts'

export class StreamInfo {
  readonly xb_dev: XenbusDevice
  readonly index: number
  readonly evt_pair: EvtchnlPair
  readonly pcm_hw: SndPcmHardware
  readonly variant: XenSndVariant
  /** Null: not allocated (buffer, buffer_sz, pages). */
  shbuf: XenFrontPgdirShbuf | null = null
  is_open = false
  /** The back end's position as it was last reported. */
  be_cur_frame: Frames = 0
  hw_ptr: Frames = 0
  /** Frames since the last notification, u32. */
  out_frames: Frames = 0

  constructor(
    xb_dev: XenbusDevice,
    index: number,
    evt_pair: EvtchnlPair,
    pcm_hw: SndPcmHardware,
    variant: XenSndVariant,
  ) {
    this.xb_dev = xb_dev
    this.index = index
    this.evt_pair = evt_pair
    this.pcm_hw = pcm_hw
    this.variant = variant
    const [{ k }, name] = [xb_dev, `stream${index}`]
    declareShared<StreamInfo>(k, this, name, ['is_open', 'be_cur_frame', 'out_frames'])
    // atomic_t
    declareShared<StreamInfo>(k, this, name, ['hw_ptr'], true)
  }
}

/** Kernel: struct xen_snd_front_pcm_instance_info. */
interface PcmInstanceInfo {
  readonly streams_pb: readonly StreamInfo[]
  readonly streams_cap: readonly StreamInfo[]
}

/** Kernel: stream_get(). */
export function stream_get({ pcm, stream, number }: SndPcmSubstream): StreamInfo {
  const { streams_pb, streams_cap } = pcm.private_data as PcmInstanceInfo
  const list = stream === SNDRV_PCM_STREAM_PLAYBACK ? streams_pb : streams_cap
  return list[number] as StreamInfo
}

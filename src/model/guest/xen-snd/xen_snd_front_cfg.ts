/**
 * What the front end reads of its configuration in XenStore. Sizes are bytes.
 *
 * Kernel: sound/xen/xen_snd_front_cfg.c, v6.1. Left out: names, and limits that override the
 * defaults; there is one PCM instance.
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import {
  SNDRV_PCM_INFO_BATCH,
  SNDRV_PCM_INFO_INTERLEAVED,
  SNDRV_PCM_INFO_MMAP,
  SNDRV_PCM_INFO_MMAP_VALID,
  SNDRV_PCM_INFO_NONINTERLEAVED,
  SNDRV_PCM_INFO_PAUSE,
  SNDRV_PCM_INFO_RESUME,
} from '../../alsa/pcm_constants.ts'
import { SNDRV_PCM_FORMATS } from '../../alsa/pcm_format.ts'
import { XEN_SND_LIMITS } from './xen_snd_limits.ts'

/** Kernel: SND_DRV_PCM_HW_DEFAULT. The info flags are what the core's header calls usual. */
export const SND_DRV_PCM_HW_DEFAULT: SndPcmHardware = {
  info:
    SNDRV_PCM_INFO_MMAP |
    SNDRV_PCM_INFO_MMAP_VALID |
    SNDRV_PCM_INFO_BATCH |
    SNDRV_PCM_INFO_INTERLEAVED |
    SNDRV_PCM_INFO_NONINTERLEAVED |
    SNDRV_PCM_INFO_RESUME |
    SNDRV_PCM_INFO_PAUSE,
  formats: [SNDRV_PCM_FORMATS.U8, SNDRV_PCM_FORMATS.S16_LE],
  rates: 'continuous',
  ...XEN_SND_LIMITS,
}

/** Kernel: struct xen_front_cfg_stream. */
export interface XenFrontCfgStream {
  readonly index: number
  readonly pcm_hw: SndPcmHardware
}

/** Kernel: struct xen_front_cfg_pcm_instance. */
export interface XenFrontCfgPcmInstance {
  readonly device_id: number
  readonly streams_pb: readonly XenFrontCfgStream[]
  readonly streams_cap: readonly XenFrontCfgStream[]
}

/** Kernel: xen_snd_front_cfg_card(): streams get their index in the order of the store. */
export function xen_snd_front_cfg_card(store: {
  readonly playback: number
  readonly capture: number
}): XenFrontCfgPcmInstance {
  const stream = (index: number): XenFrontCfgStream => ({ index, pcm_hw: SND_DRV_PCM_HW_DEFAULT })
  const count = (length: number, first: number): XenFrontCfgStream[] =>
    Array.from({ length }, (_, i) => stream(first + i))
  return {
    device_id: 0,
    streams_pb: count(store.playback, 0),
    streams_cap: count(store.capture, store.playback),
  }
}

/**
 * What the front ends of a SoundWire card can do, and the card's options. Data only, because the
 * decoder of scenarios loads it. Sizes are bytes where the names say so.
 *
 * Kernel: sound/soc/sof/pcm.c, sof_pcm_open(), v6.1, with the capabilities that the topologies of
 * the Sound Open Firmware give such a PCM (sof-tgl-rt711.m4 and others).
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_value } from '../../alsa/pcm_format.ts'

/** Links of a controller. Kernel: SDW_MAX_LINKS, drivers/soundwire/intel.h. */
export const SDW_MAX_LINKS = 4
/** DAI links of the card, each a PCM device. Ours; the kernel has no bound. */
export const SDW_MAX_DAI_LINKS = 8

export interface SoundwireOptions {
  /** For each PCM device the links (bus ids) of its codecs, in the order of its codec DAIs. */
  readonly dai_links: readonly (readonly number[])[]
}

export const SOUNDWIRE_DEFAULTS: SoundwireOptions = { dai_links: [[0, 1]] }

export const SOF_FORMATS = ['S16_LE', 'S32_LE'] as const

export const SOF_PCM_HARDWARE: SndPcmHardware = {
  info:
    C.SNDRV_PCM_INFO_MMAP |
    C.SNDRV_PCM_INFO_MMAP_VALID |
    C.SNDRV_PCM_INFO_INTERLEAVED |
    C.SNDRV_PCM_INFO_PAUSE |
    C.SNDRV_PCM_INFO_NO_PERIOD_WAKEUP,
  formats: SOF_FORMATS.map(snd_pcm_format_value),
  rates: 'continuous',
  rate_min: 48_000,
  rate_max: 48_000,
  channels_min: 2,
  channels_max: 2,
  buffer_bytes_max: 65_536,
  period_bytes_min: 192,
  period_bytes_max: 16_384,
  periods_min: 2,
  periods_max: 16,
}

/**
 * What the PC speaker can do as a sound card, and how its timer is called. Data only, because
 * the decoder of scenarios loads it. Sizes are bytes where the names say so.
 *
 * Kernel: sound/drivers/pcsp/pcsp.h and snd_pcsp_playback of pcsp_lib.c, v5.9.
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_value } from '../../alsa/pcm_format.ts'
import type { HrtimerCallback } from '../../linux/hrtimer.ts'

export const hrtimerCallbacks = [
  'unlocked',
  'irqsafe',
  'softirq',
] as const satisfies readonly HrtimerCallback[]

export interface PcspOptions {
  /** How the kernel calls the timer's function. */
  readonly callback: HrtimerCallback
}

export const PCSP_DEFAULTS: PcspOptions = { callback: 'unlocked' }

export const PIT_TICK_RATE = 1_193_182
/** Ticks of the PIT between two pulses: 18643 Hz. */
export const PCSP_DIV = 64
/** Frames of a pulse: the stream has twice as many as the speaker can take. */
export const PCSP_INDEX_INC = 2
const PCSP_DEFAULT_SDIV = PCSP_DIV / PCSP_INDEX_INC
export const PCSP_DEFAULT_SRATE = Math.floor(PIT_TICK_RATE / PCSP_DEFAULT_SDIV)
export const PCSP_FORMATS = ['U8', 'S16_LE'] as const

export const SND_PCSP_PLAYBACK: SndPcmHardware = {
  info:
    C.SNDRV_PCM_INFO_INTERLEAVED |
    C.SNDRV_PCM_INFO_HALF_DUPLEX |
    C.SNDRV_PCM_INFO_MMAP |
    C.SNDRV_PCM_INFO_MMAP_VALID,
  formats: PCSP_FORMATS.map(snd_pcm_format_value),
  rates: 'continuous',
  rate_min: PCSP_DEFAULT_SRATE,
  rate_max: PCSP_DEFAULT_SRATE,
  channels_min: 1,
  channels_max: 1,
  buffer_bytes_max: 128 * 1024,
  period_bytes_min: 64,
  period_bytes_max: 64 * 1024,
  periods_min: 2,
  periods_max: 512,
}

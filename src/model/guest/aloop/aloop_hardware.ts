/**
 * What the loopback card can do, and its module parameters. Data only, because the decoder of
 * scenarios loads it. Sizes are bytes where the names say so.
 *
 * Kernel: loopback_pcm_hardware of sound/drivers/aloop.c, v6.1.
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_value } from '../../alsa/pcm_format.ts'

/** PCM devices of the card: what is played on one is recorded from the other. */
export const LOOPBACK_PCM_DEVICES = 2
export const MAX_PCM_SUBSTREAMS = 8

export interface AloopOptions {
  /** Substreams of each device in each direction, 1 to 8. */
  readonly pcm_substreams: number
}

export const ALOOP_DEFAULTS: AloopOptions = { pcm_substreams: MAX_PCM_SUBSTREAMS }

const FORMATS = ['S16_LE', 'S16_BE', 'S24_LE', 'S24_BE', 'S24_3LE', 'S24_3BE', 'S32_LE', 'S32_BE']

export const LOOPBACK_PCM_HARDWARE: SndPcmHardware = {
  info:
    C.SNDRV_PCM_INFO_INTERLEAVED |
    C.SNDRV_PCM_INFO_MMAP |
    C.SNDRV_PCM_INFO_MMAP_VALID |
    C.SNDRV_PCM_INFO_PAUSE |
    C.SNDRV_PCM_INFO_RESUME |
    C.SNDRV_PCM_INFO_NONINTERLEAVED,
  formats: [...FORMATS, 'FLOAT_LE', 'FLOAT_BE'].map(snd_pcm_format_value),
  rates: 'continuous',
  rate_min: 8_000,
  rate_max: 192_000,
  channels_min: 1,
  channels_max: 32,
  buffer_bytes_max: 2 * 1024 * 1024,
  period_bytes_min: 64,
  period_bytes_max: 1024 * 1024,
  periods_min: 1,
  periods_max: 1024,
}

/**
 * What the ideal card can do: nothing that a client may want is out of its range. Data only,
 * because the decoder of scenarios loads it. Sizes are bytes where the names say so.
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import * as C from '../../alsa/pcm_constants.ts'
import { snd_pcm_format_value } from '../../alsa/pcm_format.ts'

const FORMATS = ['S8', 'U8', 'S16_LE', 'U16_LE', 'S24_LE', 'S32_LE', 'U32_LE', 'FLOAT_LE']

export const IDEAL_HARDWARE: SndPcmHardware = {
  info:
    C.SNDRV_PCM_INFO_MMAP |
    C.SNDRV_PCM_INFO_MMAP_VALID |
    C.SNDRV_PCM_INFO_INTERLEAVED |
    C.SNDRV_PCM_INFO_NONINTERLEAVED |
    C.SNDRV_PCM_INFO_PAUSE |
    C.SNDRV_PCM_INFO_RESUME |
    C.SNDRV_PCM_INFO_NO_PERIOD_WAKEUP,
  formats: FORMATS.map(snd_pcm_format_value),
  rates: 'continuous',
  rate_min: 4_000,
  rate_max: 384_000,
  channels_min: 1,
  channels_max: 32,
  buffer_bytes_max: 1 << 24,
  period_bytes_min: 16,
  period_bytes_max: 1 << 23,
  periods_min: 2,
  periods_max: 1024,
}

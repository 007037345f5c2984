/**
 * What PCM_INFO means for ALSA: formats, rates and limits. The same in all versions but for the
 * information flags. Sizes are bytes.
 *
 * Kernel: sound/virtio/virtio_pcm.c, virtsnd_pcm_build_hw(); virtio_pcm_ops.c, g_a2v_*_map.
 */
import type { SndPcmHardware } from '../../alsa/pcm.ts'
import { snd_pcm_format_value } from '../../alsa/pcm_format.ts'
import { EINVAL } from '../../linux/errno.ts'
import {
  hasBit,
  VIRTIO_SND_PCM_FORMATS,
  VIRTIO_SND_PCM_RATES,
  VIRTIO_SND_PCM_WIDTHS,
  type VirtioSndPcmInfo,
} from '../../virtio/virtio_snd.ts'
import type { VirtioSndModuleParams } from './module_params.ts'

const PAGE_SIZE = 4096

/** Number of an ALSA format in the protocol, -1 if it has none. */
export function formatToVirtio(format: number): number {
  return VIRTIO_SND_PCM_FORMATS.findIndex((name) => snd_pcm_format_value(name) === format)
}

/** Number of a rate in the protocol, -1 if it has none. */
export function rateToVirtio(rate: number): number {
  return VIRTIO_SND_PCM_RATES.indexOf(rate)
}

function pageAlign(bytes: number): number {
  return Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE
}

/**
 * Limits of a substream. Rates count in whole kHz, rounded down, so the "10 ms" of the smallest
 * period are those of the lowest rate and the narrowest sample.
 *
 * Kernel: virtsnd_pcm_build_hw(). Return: the hardware, or -EINVAL for capabilities nobody can use.
 */
export function virtsnd_pcm_build_hw(
  info: VirtioSndPcmInfo,
  params: VirtioSndModuleParams,
  flags: number,
): SndPcmHardware | number {
  if (info.channels_min < 1 || info.channels_min > info.channels_max) return -EINVAL
  const indices = VIRTIO_SND_PCM_FORMATS.map((_, i) => i).filter((i) => hasBit(info.formats, i))
  const samples = indices.map((i) => (VIRTIO_SND_PCM_WIDTHS[i] as number) / 8)
  const rates = VIRTIO_SND_PCM_RATES.filter((_, i) => hasBit(info.rates, i))
  if (indices.length === 0 || rates.length === 0) return -EINVAL
  const rate_min = Math.min(...rates)
  const rate_max = Math.max(...rates)
  const widest = Math.max(...samples) * info.channels_max
  const narrowest = Math.min(...samples) * info.channels_min
  const kHzMax = Math.floor(rate_max / 1000)
  return {
    info: flags,
    formats: indices.map((i) => snd_pcm_format_value(VIRTIO_SND_PCM_FORMATS[i] as string)),
    rates,
    rate_min,
    rate_max,
    channels_min: info.channels_min,
    channels_max: info.channels_max,
    buffer_bytes_max: pageAlign(widest * params.pcm_buffer_ms * kHzMax),
    period_bytes_min: Math.floor(
      narrowest * params.pcm_period_ms_min * Math.floor(rate_min / 1000),
    ),
    period_bytes_max: Math.floor(widest * params.pcm_period_ms_max * kHzMax),
    periods_min: params.pcm_periods_min,
    periods_max: params.pcm_periods_max,
  }
}

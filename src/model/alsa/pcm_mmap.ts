/**
 * Mapping a stream's data and its status and control pages. Mirrors the mmap operations of
 * sound/core/pcm_native.c; 6.1 refuses the data while parameters are being changed.
 */
import { EBADFD, EBUSY, EINVAL, ENXIO } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_INFO_EXPLICIT_SYNC,
  SNDRV_PCM_INFO_MMAP,
  SNDRV_PCM_INFO_SYNC_APPLPTR,
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_OPEN,
} from './pcm_constants.ts'

/**
 * Maps the ring into the client. While it is mapped, hw_params and hw_free are refused.
 *
 * Kernel: snd_pcm_mmap(), snd_pcm_mmap_data(). Return: 0, -EBADFD, -ENXIO, -EINVAL or -EBUSY.
 */
export function snd_pcm_mmap_data(substream: SndPcmSubstream): number {
  const { runtime, k } = substream
  if (runtime.state === SNDRV_PCM_STATE_DISCONNECTED) return -EBADFD
  if (runtime.state === SNDRV_PCM_STATE_OPEN) return -EBADFD
  if ((runtime.info & SNDRV_PCM_INFO_MMAP) === 0) return -ENXIO
  if (runtime.access >= SNDRV_PCM_ACCESS_RW_INTERLEAVED) return -EINVAL
  if (k.config.version === '6.1' && runtime.buffer_accessing < 0) return -EBUSY
  substream.mmap_count++
  return 0
}

/** Kernel: snd_pcm_mmap_data_close(). */
export function snd_pcm_munmap_data(substream: SndPcmSubstream): void {
  substream.mmap_count--
}

/** Whether the status page may be mapped. Kernel: pcm_status_mmap_allowed(). */
export function pcm_status_mmap_allowed(substream: SndPcmSubstream): boolean {
  return (substream.runtime.hw.info & SNDRV_PCM_INFO_EXPLICIT_SYNC) === 0
}

/**
 * Whether the control page may be mapped: not where the driver's ack has to see every move of
 * appl_ptr. Kernel: pcm_control_mmap_allowed().
 */
export function pcm_control_mmap_allowed(substream: SndPcmSubstream): boolean {
  const refused = SNDRV_PCM_INFO_SYNC_APPLPTR | SNDRV_PCM_INFO_EXPLICIT_SYNC
  return (substream.runtime.hw.info & refused) === 0
}

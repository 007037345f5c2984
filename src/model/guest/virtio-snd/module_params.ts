/**
 * Parameters of the module snd_virtio, with the kernel's names and defaults. Times are ms.
 *
 * Kernel: sound/virtio/virtio_card.c (msg_timeout_ms), virtio_pcm.c (pcm_*).
 */
export interface VirtioSndModuleParams {
  readonly msg_timeout_ms: number
  readonly pcm_buffer_ms: number
  readonly pcm_periods_min: number
  readonly pcm_periods_max: number
  readonly pcm_period_ms_min: number
  readonly pcm_period_ms_max: number
}

export const VIRTIO_SND_MODULE_DEFAULTS: VirtioSndModuleParams = {
  msg_timeout_ms: 1000,
  pcm_buffer_ms: 160,
  pcm_periods_min: 2,
  pcm_periods_max: 16,
  pcm_period_ms_min: 10,
  pcm_period_ms_max: 80,
}

/**
 * The limits that the front end has when XenStore says nothing else. Sizes are bytes. Data only:
 * the scenario's checks read them too.
 *
 * Kernel: sound/xen/xen_snd_front_cfg.c, the VSND_* constants, v6.1.
 */
export const XEN_SND_LIMITS = {
  rate_min: 5_512,
  rate_max: 48_000,
  channels_min: 1,
  channels_max: 2,
  buffer_bytes_max: 64 * 1024,
  period_bytes_min: 64,
  period_bytes_max: 64 * 1024,
  periods_min: 2,
  periods_max: 1024,
} as const

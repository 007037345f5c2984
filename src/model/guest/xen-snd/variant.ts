/**
 * Changes of the driver's code for trying them out. Ours: the kernel never had them. None is on by
 * default.
 */
export interface XenSndVariant {
  /** What out_frames is compared with the period size by; the kernel has `>`. */
  readonly period_test: '>' | '>='
}

export const XEN_SND_AS_SHIPPED: XenSndVariant = { period_test: '>' }

/**
 * Who keeps whom from a stream's buffer while it is changed. Since bc55cfd5718c (5.18) reads and
 * writes count themselves in buffer_accessing and changes do not wait for them; the commits before
 * it did with buffer_mutex alone, and before 92ee3c60ec9f there was nothing. Mirrors what they
 * changed in sound/core/pcm_lib.c and pcm_native.c.
 */
import type { Kernel } from '../linux/kernel.ts'

export interface BufferGuard {
  /** buffer_accessing: reads and writes are counted, and refused, rather than waited for. */
  readonly counts: boolean
  /** hw_params and hw_free take buffer_mutex. */
  readonly params: boolean
  /** Prepare and reset take it, of all linked streams. */
  readonly actions: boolean
  /** Reads and writes take it, and give it back while they sleep. */
  readonly transfers: boolean
}

export function bufferGuardOf({ reverted }: Kernel): BufferGuard {
  const counts = !reverted.has('bc55cfd5718c')
  return {
    counts,
    params: !reverted.has('92ee3c60ec9f'),
    actions: !reverted.has('3c3201f8c7bb'),
    transfers: !counts && !reverted.has('dca947d4d26d'),
  }
}

/**
 * Buffers that the core allocates and frees for the driver. Mirrors sound/core/pcm_memory.c. The
 * memory is a GuestBuffer: provenance of its frames, and a mark once it is freed.
 */
import type { Bytes, Frames } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { ENOMEM } from '../linux/errno.ts'
import { kfree, newObject } from '../linux/slab.ts'
import { GuestBuffer } from '../machine/guest-buffer.ts'
import type { SndPcmSubstream } from './pcm.ts'

/** Kernel: snd_pcm_set_managed_buffer(). `max` limits the buffer's bytes. */
export function snd_pcm_set_managed_buffer(substream: SndPcmSubstream, max: Bytes): void {
  substream.managed_buffer = true
  substream.dma_max = max
}

/**
 * Memory for `bytes`, which is `frames` long; what there is is kept if it is large enough.
 *
 * Kernel: snd_pcm_lib_malloc_pages(). Return: 1 if it is new, 0 if it was there, -ENOMEM.
 */
export function* snd_pcm_lib_malloc_pages(
  substream: SndPcmSubstream,
  bytes: Bytes,
  frames: Frames,
): Proc<number> {
  const { k, runtime } = substream
  if (bytes > substream.dma_max) return -ENOMEM
  runtime.dma_bytes = bytes
  if (substream.dma_buffer !== null) {
    if (substream.dma_buffer_bytes >= bytes) {
      runtime.dma_area = substream.dma_buffer
      if (runtime.dma_area.frames !== frames) runtime.dma_area.reset(frames, k.sim.now)
      return 0
    }
    snd_pcm_lib_free_pages(substream)
  }
  if (!k.tryCharge(k.costs.kmalloc_kernel)) yield Req.CHARGE
  substream.dma_buffer = new GuestBuffer(frames, k.sim.now)
  substream.dma_buffer_bytes = bytes
  const site = 'snd_pcm_lib_malloc_pages'
  substream.dma_object = newObject(k, { what: 'PCM buffer', site, stream: substream.id })
  runtime.dma_area = substream.dma_buffer
  return 1
}

/**
 * Kernel: snd_pcm_lib_free_pages(). Whatever still refers to the memory now refers to freed one.
 */
export function snd_pcm_lib_free_pages(substream: SndPcmSubstream): void {
  if (substream.dma_buffer === null) return
  substream.dma_buffer.markFreed(substream.k.sim.now)
  kfree(substream.k, substream.dma_object, 'snd_pcm_lib_free_pages')
  substream.dma_buffer = null
  substream.dma_buffer_bytes = 0
  substream.runtime.dma_area = null
}

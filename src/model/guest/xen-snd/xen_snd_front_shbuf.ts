/**
 * The buffer that a stream shares with the back end: pages, their grants, and the directory that
 * lists them. Sizes are bytes.
 *
 * Kernel: drivers/xen/xen-front-pgdir-shbuf.c, v6.1, for buffers of the front end.
 */
import type { Frames } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { printk } from '../../linux/printk.ts'
import { kfree, kmalloc, type ObjectId } from '../../linux/slab.ts'
import { GuestBuffer } from '../../machine/guest-buffer.ts'
import { sharedPages } from '../../xen/grant_table.ts'
import type { XenbusHostPort } from '../../xen/seam.ts'

/** Kernel: struct xen_front_pgdir_shbuf, with the memory that it grants. */
export class XenFrontPgdirShbuf {
  readonly buffer: GuestBuffer
  readonly bytes: number
  /** Kernel: xen_front_pgdir_shbuf_get_dir_start(). */
  readonly gref_directory: number

  /** The memory, in the records of its life. */
  readonly object: ObjectId

  constructor(k: Kernel, xb: XenbusHostPort, frames: Frames, bytes: number, object: ObjectId) {
    this.object = object
    this.buffer = new GuestBuffer(frames, k.sim.now)
    this.bytes = bytes
    this.gref_directory = xb.grants.grant(this.buffer, sharedPages(bytes))
  }
}

/**
 * Kernel: shbuf_setup_backstore(), xen_front_pgdir_shbuf_alloc(), _map(). Context: process. Cost:
 * one allocation. Return: the buffer, or null without memory.
 */
export function* xen_front_pgdir_shbuf_alloc(
  k: Kernel,
  xb: XenbusHostPort,
  stream: number,
  frames: Frames,
  bytes: number,
): Proc<XenFrontPgdirShbuf | null> {
  const info = { what: 'stream->buffer', site: 'shbuf_setup_backstore', stream }
  const object = yield* kmalloc(k, 'GFP_KERNEL', info)
  return object === 0 ? null : new XenFrontPgdirShbuf(k, xb, frames, bytes, object)
}

/**
 * Ends the grants and frees the memory, whether or not the back end still has it mapped.
 *
 * Kernel: xen_front_pgdir_shbuf_unmap(), _free(); free_pages_exact(). Context: process.
 */
export function* xen_front_pgdir_shbuf_free(
  k: Kernel,
  xb: XenbusHostPort,
  shbuf: XenFrontPgdirShbuf,
): Proc {
  if (!xb.grants.end(shbuf.gref_directory)) {
    yield* printk(k, `deferring g.e. 0x${shbuf.gref_directory.toString(16)}`)
  }
  shbuf.buffer.markFreed(k.sim.now)
  kfree(k, shbuf.object, 'stream_free')
}

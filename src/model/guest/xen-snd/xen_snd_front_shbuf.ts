/**
 * The buffer that a stream shares with the back end: pages, their grants, and the directory that
 * lists them. Sizes are bytes.
 *
 * Kernel: drivers/xen/xen-front-pgdir-shbuf.c, v6.1, for buffers of the front end.
 */
import type { Frames } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { printk } from '../../linux/printk.ts'
import { GuestBuffer } from '../../machine/guest-buffer.ts'
import { sharedPages } from '../../xen/grant_table.ts'
import type { XenbusHostPort } from '../../xen/seam.ts'

/** Kernel: struct xen_front_pgdir_shbuf, with the memory that it grants. */
export class XenFrontPgdirShbuf {
  readonly buffer: GuestBuffer
  readonly bytes: number
  /** Kernel: xen_front_pgdir_shbuf_get_dir_start(). */
  readonly gref_directory: number

  constructor(k: Kernel, xb: XenbusHostPort, frames: Frames, bytes: number) {
    this.buffer = new GuestBuffer(frames, k.sim.now)
    this.bytes = bytes
    this.gref_directory = xb.grants.grant(this.buffer, sharedPages(bytes))
  }
}

/** Kernel: xen_front_pgdir_shbuf_alloc(), _map(). Context: process. Cost: a kmalloc a page. */
export function* xen_front_pgdir_shbuf_alloc(
  k: Kernel,
  xb: XenbusHostPort,
  frames: Frames,
  bytes: number,
): Proc<XenFrontPgdirShbuf> {
  const pages = sharedPages(bytes)
  for (let i = 0; i < pages; i++) if (!k.tryCharge(k.costs.kmalloc_kernel)) yield Req.CHARGE
  return new XenFrontPgdirShbuf(k, xb, frames, bytes)
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
}

/**
 * A split virtqueue as it stands in shared memory: descriptor chains, the avail ring that the
 * driver writes and the used ring that the device writes. Plain state and arithmetic: both sides
 * import it, neither side's code is here. Indices are free-running 16 bit counters.
 *
 * Left out: descriptor addresses. A chain is the object that the driver put into memory.
 */
import { assert } from '../../base/assert.ts'

export const VRING_AVAIL_F_NO_INTERRUPT = 1
export const VRING_USED_F_NO_NOTIFY = 1

/** What a chain of descriptors describes: the guest memory of one element. */
export interface VirtioChain {
  /** Bytes that the device may read, and bytes that it may write. */
  readonly out_bytes: number
  readonly in_bytes: number
}

/** Features that were agreed on for the rings. */
export interface RingFeatures {
  readonly event_idx: boolean
  readonly indirect: boolean
}

export class Vring {
  readonly num: number
  /** Chain that starts at descriptor i; null where none does. Written by the driver. */
  readonly chains: (VirtioChain | null)[]
  /**
   * What the table still says at i after the driver took its chain back: a device that is offered
   * such a descriptor finds the old addresses.
   */
  readonly stale: (VirtioChain | null)[]
  readonly avail_ring: Uint16Array
  avail_idx = 0
  avail_flags = 0
  /** In the avail ring: the driver wants an interrupt when used_idx passes this. */
  used_event = 0
  readonly used_id: Uint32Array
  readonly used_len: Uint32Array
  used_idx = 0
  used_flags = 0
  /** In the used ring: the device wants a kick when avail_idx passes this. */
  avail_event = 0

  constructor(num: number) {
    assert(num > 0 && num <= 32768 && (num & (num - 1)) === 0, `a ring of ${num} descriptors`)
    this.num = num
    this.chains = new Array<VirtioChain | null>(num).fill(null)
    this.stale = new Array<VirtioChain | null>(num).fill(null)
    this.avail_ring = new Uint16Array(num)
    this.used_id = new Uint32Array(num)
    this.used_len = new Uint32Array(num)
  }
}

/**
 * Whether going from index `old` to `new_idx` passes the index that the other side asked for.
 *
 * Kernel: include/uapi/linux/virtio_ring.h, vring_need_event().
 */
export function vring_need_event(event_idx: number, new_idx: number, old: number): boolean {
  return ((new_idx - event_idx - 1) & 0xffff) < ((new_idx - old) & 0xffff)
}

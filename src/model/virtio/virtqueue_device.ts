/**
 * The device's side of a split virtqueue: take available elements, return used ones, decide whether
 * the driver wants an interrupt. Plain functions, used by host models; knows no kernel.
 *
 * Source: QEMU 10.0 hw/virtio/virtio.c (virtqueue_split_pop, virtqueue_split_fill, _flush,
 * virtio_split_should_notify).
 */
import { unreachable } from '../../base/assert.ts'
import {
  type RingFeatures,
  type VirtioChain,
  VRING_AVAIL_F_NO_INTERRUPT,
  VRING_USED_F_NO_NOTIFY,
  type Vring,
  vring_need_event,
} from './vring.ts'

export class DeviceVirtqueue {
  readonly index: number
  readonly name: string
  readonly num: number
  /** Number in the trace's queue table. */
  readonly id: number
  /** Null until the driver enables the queue, and again after a reset. */
  vring: Vring | null = null
  event_idx = false
  notify_on_empty = false
  last_avail_idx = 0
  used_idx = 0
  signalled_used = 0
  signalled_used_valid = false
  /** Elements taken and not returned yet. */
  inuse = 0
  /** A fault that keeps back an element which is about to be returned; null: none. */
  hold: ((head: number, len: number) => boolean) | null = null

  constructor(index: number, name: string, num: number, id: number) {
    this.index = index
    this.name = name
    this.num = num
    this.id = id
  }
}

/** The driver has set the queue up. */
export function virtqueue_enable(vq: DeviceVirtqueue, vring: Vring, features: RingFeatures): void {
  if (!(vring.num === vq.num))
    unreachable(`queue ${vq.name} has ${vq.num} entries, its ring ${vring.num}`)
  vq.vring = vring
  vq.event_idx = features.event_idx
}

/** Back to the state before the driver set it up. Elements taken stay with whoever took them. */
export function virtqueue_reset(vq: DeviceVirtqueue): void {
  vq.vring = null
  vq.last_avail_idx = 0
  vq.used_idx = 0
  vq.signalled_used = 0
  vq.signalled_used_valid = false
  vq.inuse = 0
}

export function virtio_queue_empty(vq: DeviceVirtqueue): boolean {
  return vq.vring === null || vq.vring.avail_idx === vq.last_avail_idx
}

/**
 * Head of the next available element, -1 when there is none or, "Virtqueue size exceeded", as many
 * are in use as there are descriptors. Asks for a kick for the one after.
 */
export function virtqueue_pop(vq: DeviceVirtqueue): number {
  const { vring } = vq
  if (vring === null || vring.avail_idx === vq.last_avail_idx || vq.inuse >= vring.num) return -1
  const head = vring.avail_ring[vq.last_avail_idx & (vring.num - 1)] as number
  vq.last_avail_idx = (vq.last_avail_idx + 1) & 0xffff
  if (vq.event_idx) vring.avail_event = vq.last_avail_idx
  vq.inuse++
  return head
}

/**
 * The memory that an element taken by `virtqueue_pop` describes. An element that was returned
 * before it was taken (by a stale id, after a reset) is offered although the driver has its
 * descriptors back: the table still has the old addresses.
 */
export function virtqueue_chain(vq: DeviceVirtqueue, head: number): VirtioChain {
  const chain = vq.vring?.chains[head] ?? vq.vring?.stale[head] ?? null
  if (!(chain !== null)) unreachable(`queue ${vq.name}: no chain starts at descriptor ${head}`)
  return chain
}

/** Returns an element with the number of bytes written; the driver sees it at once. */
export function virtqueue_push(vq: DeviceVirtqueue, head: number, len: number): void {
  const { vring } = vq
  if (vring === null) return
  const at = vq.used_idx & (vring.num - 1)
  vring.used_id[at] = head
  vring.used_len[at] = len
  const next = (vq.used_idx + 1) & 0xffff
  vq.used_idx = next
  vring.used_idx = next
  if (vq.inuse > 0) vq.inuse--
  // So far behind that comparing with the last signalled index would be ambiguous.
  if (((next - vq.signalled_used) & 0xffff) >= 0x8000) vq.signalled_used_valid = false
}

/**
 * Whether the driver wants an interrupt for what was pushed; counts as having sent it.
 *
 * QEMU: virtio_split_should_notify().
 */
export function virtio_should_notify(vq: DeviceVirtqueue): boolean {
  const { vring } = vq
  if (vring === null) return false
  if (vq.notify_on_empty && vq.inuse === 0 && virtio_queue_empty(vq)) return true
  if (!vq.event_idx) return (vring.avail_flags & VRING_AVAIL_F_NO_INTERRUPT) === 0
  const valid = vq.signalled_used_valid
  const old = vq.signalled_used
  vq.signalled_used_valid = true
  vq.signalled_used = vq.used_idx
  return !valid || vring_need_event(vring.used_event, vq.used_idx, old)
}

/** Asks the driver for kicks or, for a device that polls, for none. */
export function virtio_queue_set_notification(vq: DeviceVirtqueue, on: boolean): void {
  const { vring } = vq
  if (vring === null) return
  if (vq.event_idx) {
    // Switched on: for the next element; off: for one that is a whole turn of the counter away.
    vring.avail_event = on ? vring.avail_idx : (vq.last_avail_idx - 1) & 0xffff
  } else if (on) vring.used_flags &= ~VRING_USED_F_NO_NOTIFY
  else vring.used_flags |= VRING_USED_F_NO_NOTIFY
}

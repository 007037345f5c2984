/**
 * The guest driver's side of a split virtqueue.
 *
 * Kernel: drivers/virtio/virtio_ring.c, v6.1 (split ring). Callers serialise, as in the kernel:
 * nothing here takes a lock. Left out: DMA mapping, packed rings, in-order use.
 */
import { unreachable } from '../../base/assert.ts'
import {
  DONE_FALSE,
  DONE_NULL,
  DONE_TRUE,
  DONE_ZERO,
  ended,
  type Proc,
  Req,
} from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EIO, ENOSPC } from '../linux/errno.ts'
import { IRQ_HANDLED, IRQ_NONE } from '../linux/irq.ts'
import type { Kernel } from '../linux/kernel.ts'
import { printk } from '../linux/printk.ts'
import type { Gfp, ObjectId } from '../linux/slab.ts'
import {
  type RingFeatures,
  type VirtioChain,
  VRING_AVAIL_F_NO_INTERRUPT,
  VRING_USED_F_NO_NOTIFY,
  type Vring,
  vring_need_event,
} from './vring.ts'

/** What a driver gives to a queue and gets back: an object of its memory. */
export interface VirtqueueToken {
  readonly object: ObjectId
  /** A buffer of its own that one of the segments is, 0 or missing for none. */
  readonly data?: ObjectId
}

/** The transport's doorbell; false when the device is gone, with the queue marked as broken. */
export interface VirtqueueNotifier {
  notify(vq: Virtqueue): Proc<boolean>
}

export type VirtqueueCallback = (vq: Virtqueue) => Proc

export class Virtqueue {
  readonly k: Kernel
  readonly name: string
  readonly index: number
  readonly vring: Vring
  /** Number in the trace's queue table. */
  readonly id: number
  readonly event: boolean
  readonly indirect: boolean
  readonly notifier: VirtqueueNotifier
  readonly callback: VirtqueueCallback | null
  num_free: number
  free_head = 0
  num_added = 0
  avail_flags_shadow = 0
  last_used_idx = 0
  broken = false
  event_triggered = false
  /** The ring's memory. */
  object: ObjectId = 0
  /** Used length of the element that `virtqueue_get_buf` returned last. */
  len = 0
  /** Token of each head in flight, and how many descriptors it uses. */
  private readonly data: (VirtqueueToken | null)[]
  private readonly descs: Uint16Array
  /** Free list and links inside a chain; descriptors are reused last in, first out. */
  private readonly next: Uint16Array

  constructor(
    k: Kernel,
    name: string,
    index: number,
    id: number,
    vring: Vring,
    features: RingFeatures,
    notifier: VirtqueueNotifier,
    callback: VirtqueueCallback | null,
  ) {
    this.k = k
    this.name = name
    this.index = index
    this.id = id
    this.vring = vring
    this.event = features.event_idx
    this.indirect = features.indirect
    this.notifier = notifier
    this.callback = callback
    this.num_free = vring.num
    this.data = new Array<VirtqueueToken | null>(vring.num).fill(null)
    this.descs = new Uint16Array(vring.num)
    this.next = new Uint16Array(vring.num).map((_, i) => (i + 1) % vring.num)
  }

  /** Takes `count` descriptors off the free list and publishes the chain in the avail ring. */
  publish(chain: VirtioChain, token: VirtqueueToken, count: number): number {
    const { vring } = this
    const head = this.free_head
    let last = head
    for (let i = 1; i < count; i++) last = this.next[last] as number
    this.free_head = this.next[last] as number
    this.num_free -= count
    this.descs[head] = count
    this.data[head] = token
    vring.chains[head] = chain
    vring.avail_ring[vring.avail_idx & (vring.num - 1)] = head
    vring.avail_idx = (vring.avail_idx + 1) & 0xffff
    this.num_added++
    return head
  }

  /** Token of a head in flight; null when there is none, as after a stale completion. */
  token(head: number): VirtqueueToken | null {
    return this.data[head] ?? null
  }

  /** Puts the descriptors of a returned chain back on the free list. Kernel: detach_buf_split. */
  detach(head: number): void {
    const count = this.descs[head] as number
    let last = head
    for (let i = 1; i < count; i++) last = this.next[last] as number
    this.next[last] = this.free_head
    this.free_head = head
    this.num_free += count
    this.data[head] = null
    const { chains, stale } = this.vring
    stale[head] = chains[head] ?? null
    chains[head] = null
  }
}

/** Whether the device has returned something that the driver has not taken yet. */
export function more_used(vq: Virtqueue): boolean {
  return vq.last_used_idx !== vq.vring.used_idx
}

/**
 * Exposes a chain of buffers to the device; a polling device sees it before any kick. A table of
 * indirect descriptors is allocated with `gfp`; without memory for it each segment takes one of the
 * ring's own, as if the feature were not there.
 *
 * Kernel: virtqueue_add_sgs() and virtqueue_add_split(). Context: any; caller serialises.
 * Return: 0, -ENOSPC (after a kick, if the device has something to read), or -EIO when broken.
 */
export function virtqueue_add_sgs(
  vq: Virtqueue,
  chain: VirtioChain,
  out_sgs: number,
  in_sgs: number,
  token: VirtqueueToken,
  gfp: Gfp,
): Proc<number> {
  const { k } = vq
  const { costs } = k
  const total = out_sgs + in_sgs
  if (!(total > 0)) unreachable(`queue ${vq.name}: an element without buffers`)
  if (vq.broken) return ended(-EIO)
  const wanted = vq.indirect && total > 1 && vq.num_free > 0
  let ns = k.priceNs(costs.virtqueue_add) + total * k.priceNs(costs.virtqueue_add_segment)
  if (wanted) ns += k.priceNs(costs.virtqueue_indirect)
  const indirect = wanted && k.allocationFails?.(gfp) !== true
  const descs = indirect ? 1 : total
  const paid = k.tryChargeNs(ns)
  // The 16 bit counter must not overtake itself between two kicks.
  if (!paid || vq.num_free < descs || vq.num_added === 0xfffe) {
    return addSlowly(vq, chain, token, descs, out_sgs > 0, paid)
  }
  publish(vq, chain, token, descs)
  return DONE_ZERO
}

/** What virtqueue_add_sgs() does when it cannot end at once: a charge, a full or a long queue. */
function* addSlowly(
  vq: Virtqueue,
  chain: VirtioChain,
  token: VirtqueueToken,
  descs: number,
  out: boolean,
  paid: boolean,
): Proc<number> {
  if (!paid) yield Req.CHARGE
  if (vq.num_free < descs) {
    if (out) yield* vq.notifier.notify(vq)
    return -ENOSPC
  }
  publish(vq, chain, token, descs)
  if (vq.num_added === 0xffff) yield* virtqueue_kick(vq)
  return 0
}

function publish(vq: Virtqueue, chain: VirtioChain, token: VirtqueueToken, descs: number): void {
  const head = vq.publish(chain, token, descs)
  const bytes = chain.out_bytes + chain.in_bytes
  vq.k.emit(T.virtqueue_add, vq.id, head, bytes, token.object, token.data ?? 0)
}

/**
 * Whether the device wants to be told of what was added since the last call.
 *
 * Kernel: virtqueue_kick_prepare(). Context: any; caller serialises.
 */
export function virtqueue_kick_prepare(vq: Virtqueue): boolean {
  const { vring, num_added } = vq
  vq.num_added = 0
  const next = vring.avail_idx
  const old = (next - num_added) & 0xffff
  const needed = vq.event
    ? vring_need_event(vring.avail_event, next, old)
    : (vring.used_flags & VRING_USED_F_NO_NOTIFY) === 0
  vq.k.emit(T.virtqueue_kick, vq.id, needed ? 1 : 0, num_added)
  return needed
}

/** Rings the doorbell: a VM exit of this processor. Kernel: virtqueue_notify(). */
export function virtqueue_notify(vq: Virtqueue): Proc<boolean> {
  return vq.broken ? DONE_FALSE : vq.notifier.notify(vq)
}

/** Kernel: virtqueue_kick(). */
export function virtqueue_kick(vq: Virtqueue): Proc<boolean> {
  return virtqueue_kick_prepare(vq) ? virtqueue_notify(vq) : DONE_TRUE
}

/**
 * Takes the next element that the device returned; its used length is left in `vq.len`.
 *
 * Kernel: virtqueue_get_buf_ctx_split(). Context: any; caller serialises.
 * Return: the token given to add_sgs, or null when there is none or the queue is (now) broken.
 */
export function virtqueue_get_buf(vq: Virtqueue): Proc<VirtqueueToken | null> {
  if (vq.broken || !more_used(vq)) return DONE_NULL
  const { k } = vq
  const paid = k.tryCharge(k.costs.virtqueue_get_buf)
  const token = paid ? takeUsed(vq) : null
  return token === null ? getBufSlowly(vq, paid) : ended(token)
}

function* getBufSlowly(vq: Virtqueue, paid: boolean): Proc<VirtqueueToken | null> {
  if (!paid) yield Req.CHARGE
  const token = takeUsed(vq)
  if (token !== null) return token
  const { vring } = vq
  const id = vring.used_id[vq.last_used_idx & (vring.num - 1)] as number
  const what = id < vring.num ? 'is not a head!' : 'out of range'
  vq.broken = true
  yield* printk(vq.k, `virtio_snd virtio0: ${vq.name}:id ${id} ${what}`)
  return null
}

/** Token of the used ring's next element, taken; null if the device returned what it never got. */
function takeUsed(vq: Virtqueue): VirtqueueToken | null {
  const { k, vring } = vq
  const at = vq.last_used_idx & (vring.num - 1)
  const id = vring.used_id[at] as number
  const token = id < vring.num ? vq.token(id) : null
  if (token === null) return null
  vq.len = vring.used_len[at] as number
  vq.detach(id)
  vq.last_used_idx = (vq.last_used_idx + 1) & 0xffff
  if ((vq.avail_flags_shadow & VRING_AVAIL_F_NO_INTERRUPT) === 0) {
    vring.used_event = vq.last_used_idx
  }
  k.emit(T.virtqueue_get_buf, vq.id, id, vq.len, token.object)
  return token
}

/** Asks for no interrupts: with EVENT_IDX a hint only. Kernel: virtqueue_disable_cb_split(). */
export function virtqueue_disable_cb(vq: Virtqueue): void {
  if ((vq.avail_flags_shadow & VRING_AVAIL_F_NO_INTERRUPT) !== 0) return
  vq.avail_flags_shadow |= VRING_AVAIL_F_NO_INTERRUPT
  if (vq.event_triggered) return
  if (vq.event) vq.vring.used_event = 0
  else vq.vring.avail_flags = vq.avail_flags_shadow
}

/**
 * Asks for interrupts again. False if the device returned something meanwhile: then no interrupt
 * may come for it and the caller has to look once more.
 *
 * Kernel: virtqueue_enable_cb(), virtqueue_poll().
 */
export function virtqueue_enable_cb(vq: Virtqueue): boolean {
  vq.event_triggered = false
  vq.avail_flags_shadow &= ~VRING_AVAIL_F_NO_INTERRUPT
  if (!vq.event) vq.vring.avail_flags = vq.avail_flags_shadow
  vq.vring.used_event = vq.last_used_idx
  return vq.broken || !more_used(vq)
}

/**
 * Handler of a queue's interrupt.
 *
 * Kernel: vring_interrupt(). Context: hardirq. Return: IRQ_NONE when the queue has nothing new.
 */
export function* vring_interrupt(vq: Virtqueue): Proc<number> {
  if (!more_used(vq)) return IRQ_NONE
  const callback = interruptBegins(vq)
  if (callback !== null) yield* callback(vq)
  return IRQ_HANDLED
}

/** vring_interrupt() of a queue with something new, up to the callback; null for none. */
export function interruptBegins(vq: Virtqueue): VirtqueueCallback | null {
  if (vq.broken) return null
  if (vq.event) vq.event_triggered = true
  vq.k.emit(T.vring_interrupt, vq.id, IRQ_HANDLED)
  return vq.callback
}

/** The next element that the device never returned, after a reset. Kernel: the same name. */
export function virtqueue_detach_unused_buf(vq: Virtqueue): VirtqueueToken | null {
  for (let head = 0; head < vq.vring.num; head++) {
    const token = vq.token(head)
    if (token === null) continue
    vq.detach(head)
    vq.vring.avail_idx = (vq.vring.avail_idx - 1) & 0xffff
    return token
  }
  return null
}

/**
 * The guest's PCI transport: interrupt vectors and doorbells.
 *
 * Kernel: drivers/virtio/virtio_pci_common.c, v6.1 and v6.12. Left out: the registers of queue
 * set-up, negotiation of the rings' features (they come from the port).
 */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import {
  free_irq,
  IRQ_HANDLED,
  IRQ_NONE,
  type IrqHandler,
  type IrqLine,
  request_irq,
} from '../linux/irq.ts'
import type { Kernel } from '../linux/kernel.ts'
import type { LockBase } from '../linux/lock-base.ts'
import { Mutex } from '../linux/mutex.ts'
import { kfree, newObject, type ObjectId } from '../linux/slab.ts'
import { SpinlockT, spin_lock_irqsave, spin_unlock_irqrestore } from '../linux/spinlock.ts'
import type { VectorMode, VirtioHostPort } from './seam.ts'
import type { VirtioDriver } from './virtio_bus.ts'
import {
  interruptBegins,
  more_used,
  Virtqueue,
  type VirtqueueCallback,
  type VirtqueueNotifier,
  vring_interrupt,
} from './virtio_ring.ts'
import { Vring } from './vring.ts'

/** Index of the vector that is not a queue's. */
export const VP_CONFIG_VECTOR = -1

export class VirtioPciDevice implements VirtqueueNotifier {
  readonly k: Kernel
  readonly port: VirtioHostPort
  readonly name: string
  readonly vectors: VectorMode
  /** Feature bits that device and driver have agreed on. */
  features = 0
  readonly lock: SpinlockT
  /** In order of creation. */
  readonly vqs: Virtqueue[] = []
  /** In the order of the list that the shared handler walks: new queues go to its front. */
  readonly virtqueues: Virtqueue[] = []
  readonly lines: IrqLine[] = []
  config_changed: (() => Proc) | null = null
  readonly device_lock: Mutex
  /** The driver that is bound, and its private data. */
  driver: VirtioDriver | null = null
  priv: object | null = null
  /** Memory that goes when the driver is unbound, in order of allocation. Kernel: devres. */
  readonly devm: { readonly object: ObjectId; readonly locks: readonly LockBase[] }[] = []

  constructor(k: Kernel, port: VirtioHostPort) {
    this.k = k
    this.port = port
    this.name = port.name
    this.vectors = port.vectors
    this.device_lock = new Mutex(k, '&dev->mutex', `${port.name}:&dev->mutex`)
    this.lock = new SpinlockT(k, '&vp_dev->lock', `${port.name}:&vp_dev->lock`)
  }

  /** Kernel: vp_notify(). A write to the queue's doorbell. */
  notify(vq: Virtqueue): Proc<boolean> {
    return this.port.ring(vq.index)
  }
}

/**
 * Creates the queues and asks for vectors: one each, or one for all, or the line interrupt.
 *
 * Kernel: vp_find_vqs(), vp_setup_vq(). Context: process. Return: 0.
 * Differs: does not try the modes in turn; the port says which of them succeeds.
 */
export function vp_find_vqs(
  vp_dev: VirtioPciDevice,
  names: readonly string[],
  callbacks: readonly (VirtqueueCallback | null)[],
  owner: ObjectId,
): number {
  const { k, port } = vp_dev
  names.forEach((name, index) => {
    const vring = new Vring(port.queueSizes[index] as number)
    const id = port.queueIds[index] as number
    const callback = callbacks[index] ?? null
    const vq = new Virtqueue(k, name, index, id, vring, port.features, vp_dev, callback)
    vq.object = newObject(k, { what: `vring of ${name}`, site: 'vring_create_virtqueue', owner })
    k.emit(T.vring_create, id, vq.object)
    vp_dev.vqs.push(vq)
    vp_dev.virtqueues.unshift(vq)
    port.enableQueue(index, vring)
  })
  requestVectors(vp_dev)
  return 0
}

function requestVectors(vp_dev: VirtioPciDevice): void {
  if (vp_dev.vectors === 'intx') {
    const line = request(vp_dev, vp_dev.name, () => vp_interrupt(vp_dev))
    vp_dev.port.connect(VP_CONFIG_VECTOR, line)
    for (const vq of vp_dev.vqs) vp_dev.port.connect(vq.index, line)
    return
  }
  const config = request(vp_dev, `${vp_dev.name}-config`, () => vp_config_changed(vp_dev))
  vp_dev.port.connect(VP_CONFIG_VECTOR, config)
  if (vp_dev.vectors === 'shared') {
    const line = request(vp_dev, `${vp_dev.name}-virtqueues`, () => vp_vring_interrupt(vp_dev))
    for (const vq of vp_dev.vqs) vp_dev.port.connect(vq.index, line)
    return
  }
  for (const vq of vp_dev.vqs) {
    if (vq.callback === null) continue
    const line = request(vp_dev, `${vp_dev.name}-${vq.name}`, () => vring_interrupt(vq))
    vp_dev.port.connect(vq.index, line)
  }
}

function request(vp_dev: VirtioPciDevice, name: string, handler: () => Proc<number>): IrqLine {
  const line = request_irq(vp_dev.k, name, handler)
  vp_dev.lines.push(line)
  return line
}

/**
 * Handler of the vector that all queues share: walks them all.
 *
 * Kernel: vp_vring_interrupt(). Context: hardirq. Locks: &vp_dev->lock, across the callbacks.
 * Differs: the domain notes say "creation order"; vp_setup_vq() adds at the list's head, and the
 * captured runs show rx, tx, event, control.
 */
export function* vp_vring_interrupt(vp_dev: VirtioPciDevice): Proc<number> {
  let ret = IRQ_NONE
  const flags = yield* spin_lock_irqsave(vp_dev.lock)
  for (const vq of vp_dev.virtqueues) {
    if (!more_used(vq)) continue
    ret = IRQ_HANDLED
    const callback = interruptBegins(vq)
    if (callback !== null) yield* callback(vq)
  }
  yield* spin_unlock_irqrestore(vp_dev.lock, flags)
  return ret
}

/** Kernel: vp_config_changed(). Context: hardirq. */
function* vp_config_changed(vp_dev: VirtioPciDevice): Proc<number> {
  if (vp_dev.config_changed !== null) yield* vp_dev.config_changed()
  return IRQ_HANDLED
}

/** Handler of the line interrupt. Kernel: vp_interrupt(). Context: hardirq. */
function* vp_interrupt(vp_dev: VirtioPciDevice): Proc<number> {
  const isr = yield* vp_dev.port.readIsr()
  if (isr === 0) return IRQ_NONE
  if ((isr & 2) !== 0) yield* vp_config_changed(vp_dev)
  return yield* vp_vring_interrupt(vp_dev)
}

/** Kernel: vp_reset(). Context: process. */
export function* vp_reset(vp_dev: VirtioPciDevice): Proc {
  yield* vp_dev.port.reset()
  vp_dev.k.emit(T.virtio_reset)
}

/**
 * Frees vectors and rings; a device that was not reset before still has them.
 *
 * Kernel: vp_del_vqs(), vring_del_virtqueue(). Context: process.
 */
export function vp_del_vqs(vp_dev: VirtioPciDevice): void {
  for (const line of vp_dev.lines) free_irq(line, line.handlers[0] as IrqHandler)
  vp_dev.lines.length = 0
  for (const vq of vp_dev.vqs) kfree(vp_dev.k, vq.object, 'vring_del_virtqueue')
  vp_dev.vqs.length = 0
  vp_dev.virtqueues.length = 0
}

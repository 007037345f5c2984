/**
 * The driver's view of one device: queues with their locks, pending control messages, events. The
 * part of virtio_card.h and virtio_card.c that is the same in v5, v6, v7 and ack.
 *
 * Kernel: sound/virtio/virtio_card.c, virtio_card.h.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { CODES } from '../../../sim/trace-kinds.ts'
import type { SndCard } from '../../alsa/core.ts'
import type { SndPcmSubstream } from '../../alsa/pcm.ts'
import type { Completion } from '../../linux/completion.ts'
import { ENOMEM } from '../../linux/errno.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { printk } from '../../linux/printk.ts'
import { type Gfp, kfree, kmalloc, newObject, type ObjectId } from '../../linux/slab.ts'
import { SpinlockT, spin_lock_irqsave, spin_unlock_irqrestore } from '../../linux/spinlock.ts'
import { type VirtioPciDevice, vp_find_vqs } from '../../virtio/virtio_pci.ts'
import {
  type Virtqueue,
  type VirtqueueCallback,
  type VirtqueueToken,
  virtqueue_add_sgs,
  virtqueue_disable_cb,
  virtqueue_enable_cb,
  virtqueue_get_buf,
  virtqueue_kick,
  virtqueue_kick_prepare,
  virtqueue_notify,
} from '../../virtio/virtio_ring.ts'
import {
  traceEvent,
  VIRTIO_SND_VQ_EVENT,
  VIRTIO_SND_VQ_MAX,
  type VirtioSndConfig,
  type VirtioSndControl,
  VirtioSndEvent,
} from '../../virtio/virtio_snd.ts'
import type { VirtioSndModuleParams } from './module_params.ts'
import type { VirtioSndVariant } from './variant.ts'

/** Kernel: struct virtio_snd_queue. All four locks are initialised by one statement: one class. */
export class VirtioSndQueue {
  readonly lock: SpinlockT
  vqueue: Virtqueue | null = null

  constructor(k: Kernel, index: number) {
    this.lock = new SpinlockT(k, '&snd->queues[i].lock', `&snd->queues[${index}].lock`)
  }
}

/** Kernel: struct virtio_snd_msg (virtio_ctl_msg.c). */
export class VirtioSndMsg {
  readonly object: ObjectId
  readonly id: number
  readonly request: VirtioSndControl
  readonly notify: Completion
  ref_count = 1

  constructor(object: ObjectId, id: number, request: VirtioSndControl, notify: Completion) {
    this.object = object
    this.id = id
    this.request = request
    this.notify = notify
  }
}

/** What the event queue tells a substream of. */
export interface VirtioSndEventTarget {
  readonly substream: SndPcmSubstream | null
  event(code: number): Proc
}

/** Kernel: struct virtio_snd. `S` is the version's struct virtio_pcm_substream. */
export class VirtioSnd<S extends VirtioSndEventTarget = VirtioSndEventTarget> {
  readonly k: Kernel
  readonly vdev: VirtioPciDevice
  readonly params: VirtioSndModuleParams
  readonly variant: VirtioSndVariant
  readonly queues: readonly VirtioSndQueue[]
  readonly ctl_msgs: VirtioSndMsg[] = []
  /** Numbers of control messages in the trace. */
  next_msg = 0
  /** Completions of messages that were freed: the next ones lie in the same memory. */
  readonly completions: Completion[] = []
  /** Memory of the structure itself, and of the array of events. */
  readonly object: ObjectId
  events_object: ObjectId = 0
  readonly event_msgs: VirtioSndEvent[] = []
  card: SndCard | null = null
  substreams: S[] = []
  /** The structure was given back: whoever still uses it is reported. */
  freed = false

  constructor(
    vdev: VirtioPciDevice,
    params: VirtioSndModuleParams,
    variant: VirtioSndVariant = {},
  ) {
    this.k = vdev.k
    this.variant = variant
    this.vdev = vdev
    this.params = params
    this.queues = Array.from({ length: VIRTIO_SND_VQ_MAX }, (_, i) => new VirtioSndQueue(vdev.k, i))
    this.object = newObject(vdev.k, { what: 'struct virtio_snd', site: 'virtsnd_probe' })
    const locks = this.queues.map((queue) => queue.lock)
    for (const lock of locks) lock.recordInit(vdev.k.current)
    vdev.devm.push({ object: this.object, locks })
  }

  get config(): VirtioSndConfig {
    return this.vdev.port.config as VirtioSndConfig
  }
}

/** The ring of a queue that is set up. */
export function vqueueOf(queue: VirtioSndQueue): Virtqueue {
  return queue.vqueue as Virtqueue
}

/** A line of the driver in the kernel log, as dev_err() and dev_warn() write it. */
export function dev_err(snd: VirtioSnd, text: string): Proc {
  return printk(snd.k, `virtio_snd ${snd.vdev.name}: ${text}`)
}

const BUG_USE_AFTER_FREE = (CODES['bug'] as readonly string[]).indexOf('use-after-free')

/** Reports the use of memory whose owner gave it back. */
export function reportFreed(snd: VirtioSnd, text: string): void {
  snd.k.emit(T.bug, BUG_USE_AFTER_FREE, snd.k.sim.trace.symbols.text(text))
}

/**
 * Whether a completion finds its stream closed; then it is reported, and the caller leaves it at
 * that. A START of linked streams that fails or is interrupted is undone for the others only, so
 * transfers stay enabled when the stream is closed.
 *
 * Kernel: virtsnd_pcm_msg_complete() has no such test: it follows the null pointer, an oops in the
 * interrupt. Differs: here the machine goes on.
 */
export function isRuntimeGone(snd: VirtioSnd, substream: SndPcmSubstream): boolean {
  if (substream.isOpen) return false
  const where = `a message of ${substream.name} completes after the close`
  reportFreed(snd, `${where}: null pointer dereference of substream->runtime`)
  return true
}

/**
 * Creates the queues and fills the event queue.
 *
 * Kernel: virtsnd_find_vqs(). Context: process. Return: 0 or -errno.
 */
export function* virtsnd_find_vqs(
  snd: VirtioSnd,
  callbacks: readonly VirtqueueCallback[],
): Proc<number> {
  const names = ['virtsnd-ctl', 'virtsnd-event', 'virtsnd-tx', 'virtsnd-rx']
  const rc = vp_find_vqs(snd.vdev, names, callbacks, snd.object)
  if (rc !== 0) return rc
  snd.queues.forEach((queue, i) => {
    queue.vqueue = snd.vdev.vqs[i] ?? null
  })
  const vqueue = vqueueOf(snd.queues[VIRTIO_SND_VQ_EVENT] as VirtioSndQueue)
  // Events may come before the card is there: no interrupts until the end of probe.
  virtqueue_disable_cb(vqueue)
  const [what, owner] = ['struct virtio_snd_event[]', snd.object]
  snd.events_object = yield* kmalloc(snd.k, 'GFP_KERNEL', { what, site: 'virtsnd_find_vqs', owner })
  if (snd.events_object === 0) return -ENOMEM
  for (let i = 0; i < vqueue.vring.num; i++) {
    const event = new VirtioSndEvent()
    snd.event_msgs.push(event)
    const err = yield* virtsnd_event_send(snd, vqueue, event, false, 'GFP_KERNEL')
    if (err !== 0) return err
  }
  return 0
}

/** An entry of the array of events. */
interface EventToken extends VirtqueueToken {
  readonly event: VirtioSndEvent
}

/** Gives the array of events back. Kernel: the kfree() in virtsnd_remove(), virtsnd_freeze(). */
export function freeEvents(snd: VirtioSnd, site: string): void {
  if (snd.events_object !== 0) kfree(snd.k, snd.events_object, site)
  snd.events_object = 0
  snd.event_msgs.length = 0
}

/** Kernel: virtsnd_event_send(). Context: any; caller holds the event queue's lock or is alone. */
function* virtsnd_event_send(
  snd: VirtioSnd,
  vqueue: Virtqueue,
  event: VirtioSndEvent,
  notify: boolean,
  gfp: Gfp,
): Proc<number> {
  event.code = 0
  event.data = 0
  const token: EventToken = { event, object: snd.events_object }
  const rc = yield* virtqueue_add_sgs(vqueue, event, 0, 1, token, gfp)
  if (rc !== 0) return rc
  if (notify && virtqueue_kick_prepare(vqueue)) yield* virtqueue_notify(vqueue)
  return 0
}

/** Kernel: virtsnd_event_notify_cb(). Context: hardirq. Locks: the event queue's. */
export function* virtsnd_event_notify_cb(snd: VirtioSnd): Proc {
  const queue = snd.queues[VIRTIO_SND_VQ_EVENT] as VirtioSndQueue
  const vqueue = vqueueOf(queue)
  const flags = yield* spin_lock_irqsave(queue.lock)
  do {
    virtqueue_disable_cb(vqueue)
    for (;;) {
      const token = (yield* virtqueue_get_buf(vqueue)) as EventToken | null
      if (token === null) break
      yield* virtsnd_event_dispatch(snd, token.event)
      yield* virtsnd_event_send(snd, vqueue, token.event, true, 'GFP_ATOMIC')
    }
    if (vqueue.broken) break
  } while (!virtqueue_enable_cb(vqueue))
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

/** Kernel: virtsnd_event_dispatch(): PCM events go to their stream, the rest is ignored. */
function* virtsnd_event_dispatch(snd: VirtioSnd, event: VirtioSndEvent): Proc {
  const vss = snd.substreams[event.data]
  if (vss === undefined) return
  const { substream } = vss
  if (substream !== null) snd.k.emit(T.driver_event, substream.id, traceEvent(event.code), 1)
  yield* vss.event(event.code)
}

/** Kernel: virtsnd_enable_event_vq(). Context: process. Locks: the event queue's. */
export function* virtsnd_enable_event_vq(snd: VirtioSnd): Proc {
  const queue = snd.queues[VIRTIO_SND_VQ_EVENT] as VirtioSndQueue
  const vqueue = vqueueOf(queue)
  if (!virtqueue_enable_cb(vqueue)) yield* virtsnd_event_notify_cb(snd)
  yield* virtqueue_kick(vqueue)
}

/** Kernel: virtsnd_disable_event_vq(). Context: process. Locks: the event queue's. */
export function* virtsnd_disable_event_vq(snd: VirtioSnd): Proc {
  const queue = snd.queues[VIRTIO_SND_VQ_EVENT] as VirtioSndQueue
  const vqueue = vqueueOf(queue)
  const flags = yield* spin_lock_irqsave(queue.lock)
  virtqueue_disable_cb(vqueue)
  for (;;) {
    const token = (yield* virtqueue_get_buf(vqueue)) as EventToken | null
    if (token === null) break
    yield* virtsnd_event_dispatch(snd, token.event)
  }
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

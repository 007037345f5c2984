/**
 * Queues and events of the driver: how the queues are made, the event queue filled, and events
 * given to those whom they concern. The same in v5, v6, v7 and ack.
 *
 * Kernel: sound/virtio/virtio_card.c.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { ENOMEM } from '../../linux/errno.ts'
import { type Gfp, kfree, kmalloc } from '../../linux/slab.ts'
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../linux/spinlock.ts'
import { vp_find_vqs } from '../../virtio/virtio_pci.ts'
import {
  type Virtqueue,
  type VirtqueueCallback,
  type VirtqueueToken,
  virtqueue_add_sgs,
  virtqueue_disable_cb,
  virtqueue_enable_cb,
  virtqueue_get_buf,
  virtqueue_kick_prepare,
  virtqueue_notify,
} from '../../virtio/virtio_ring.ts'
import {
  traceEvent,
  VIRTIO_SND_EVT_CTL_NOTIFY,
  VIRTIO_SND_EVT_JACK_CONNECTED,
  VIRTIO_SND_EVT_JACK_DISCONNECTED,
  VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED,
  VIRTIO_SND_EVT_PCM_XRUN,
  VIRTIO_SND_VQ_EVENT,
  VirtioSndEvent,
} from '../../virtio/virtio_snd.ts'
import { virtsnd_jack_event } from './virtio_jack.ts'
import { type VirtioSnd, type VirtioSndQueue, vqueueOf } from './virtio_snd_device.ts'

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
  event.mask = 0
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

/**
 * Kernel: virtsnd_event_dispatch(): jack and PCM events; control events in 6.9 and later. Context:
 * any; caller holds the event queue's lock.
 */
function* virtsnd_event_dispatch(snd: VirtioSnd, event: VirtioSndEvent): Proc {
  switch (event.code) {
    case VIRTIO_SND_EVT_JACK_CONNECTED:
    case VIRTIO_SND_EVT_JACK_DISCONNECTED:
      return yield* virtsnd_jack_event(snd, event)
    case VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED:
    case VIRTIO_SND_EVT_PCM_XRUN:
      return yield* virtsnd_pcm_event(snd, event)
    case VIRTIO_SND_EVT_CTL_NOTIFY:
      return yield* snd.kctl_event(event)
    default:
  }
}

/** Kernel: virtsnd_pcm_event(). Context: hardirq. */
function* virtsnd_pcm_event(snd: VirtioSnd, event: VirtioSndEvent): Proc {
  const vss = snd.substreams[event.data]
  if (vss === undefined) return
  const { substream } = vss
  if (substream !== null) snd.k.emit(T.driver_event, substream.id, traceEvent(event.code), 1)
  yield* vss.event(event.code)
}

/**
 * Kernel: virtsnd_enable_event_vq(). Context: process. Locks: the event queue's. The device is not
 * told of the elements that wait there: none of the versions kicks before the first event.
 */
export function* virtsnd_enable_event_vq(snd: VirtioSnd): Proc {
  const vqueue = vqueueOf(snd.queues[VIRTIO_SND_VQ_EVENT] as VirtioSndQueue)
  if (!virtqueue_enable_cb(vqueue)) yield* virtsnd_event_notify_cb(snd)
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

/**
 * I/O messages of the driver as of v5: one for each period. All idle ones are sent at start, and
 * each one again as soon as it completes, whether or not the application has refilled it. Sizes:
 * bytes.
 *
 * Kernel: sound/virtio/virtio_pcm_msg.c, patch series v5 (in part v4, which its cover letter calls
 * equal).
 */
import type { Proc } from '../../../../sim/process.ts'
import { T } from '../../../../sim/trace.ts'
import type { SndPcmSubstream } from '../../../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../../../alsa/pcm_constants.ts'
import { snd_pcm_period_elapsed } from '../../../alsa/pcm_lib.ts'
import { bytes_to_frames } from '../../../alsa/pcm_runtime.ts'
import { ENOMEM } from '../../../linux/errno.ts'
import { kfree, kmalloc } from '../../../linux/slab.ts'
import {
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../../../linux/spinlock.ts'
import { wake_up_all } from '../../../linux/wait.ts'
import type { GuestBuffer } from '../../../machine/guest-buffer.ts'
import {
  more_used,
  type Virtqueue,
  virtqueue_add_sgs,
  virtqueue_disable_cb,
  virtqueue_enable_cb,
  virtqueue_get_buf,
  virtqueue_kick_prepare,
  virtqueue_notify,
} from '../../../virtio/virtio_ring.ts'
import {
  VIRTIO_SND_PCM_F_MSG_POLLING,
  VIRTIO_SND_STATUS_BYTES,
  VIRTIO_SND_VQ_RX,
  VIRTIO_SND_VQ_TX,
  VirtioSndControl,
  VirtioSndXfer,
} from '../../../virtio/virtio_snd.ts'
import { virtsnd_ctl_msg_alloc, virtsnd_ctl_msg_send_sync } from '../virtio_ctl_msg.ts'
import {
  dev_err,
  isRuntimeGone,
  type VirtioSnd,
  type VirtioSndMsg,
  type VirtioSndQueue,
  vqueueOf,
} from '../virtio_snd_device.ts'
import { VirtioPcmMsg, type VirtioPcmSubstream, virtsnd_pcm_queue } from './virtio_pcm_substream.ts'

/**
 * Allocates one message for each period.
 *
 * Kernel: virtsnd_pcm_msg_alloc(). Context: process. Return: 0 or -ENOMEM.
 */
export function* virtsnd_pcm_msg_alloc(
  vss: VirtioPcmSubstream,
  periods: number,
  period_bytes: number,
): Proc<number> {
  const substream = vss.substream as SndPcmSubstream
  const buffer = substream.runtime.dma_area as GuestBuffer
  const playback = vss.direction === SNDRV_PCM_STREAM_PLAYBACK
  const { k, object: owner } = vss.snd
  const what = 'struct virtio_pcm_msg'
  const info = { what, site: 'virtsnd_pcm_msg_alloc', stream: substream.id, owner }
  for (let i = 0; i < periods; i++) {
    const object = yield* kmalloc(k, 'GFP_KERNEL', info)
    if (object === 0) return -ENOMEM
    const offset = i * period_bytes
    const { sid } = vss
    const xfer = new VirtioSndXfer(sid, playback, buffer, offset, period_bytes, substream.id)
    vss.msgs.push(new VirtioPcmMsg(object, vss, i, xfer))
  }
  return 0
}

/** Kernel: virtsnd_pcm_msg_free(). Context: any. */
export function virtsnd_pcm_msg_free(vss: VirtioPcmSubstream): void {
  for (const msg of vss.msgs) kfree(vss.snd.k, msg.object, 'virtsnd_pcm_msg_free')
  vss.msgs = []
}

/**
 * Sends every idle period, in ring order, with one kick.
 *
 * Kernel: virtsnd_pcm_msg_send(). Context: any; caller holds queue->lock and vss->lock with
 * interrupts off, across the kick too. Return: 0 or -errno.
 */
export function* virtsnd_pcm_msg_send(vss: VirtioPcmSubstream): Proc<number> {
  const { k } = vss.snd
  const substream = vss.substream as SndPcmSubstream
  const { periods } = substream.runtime
  const vqueue = vqueueOf(virtsnd_pcm_queue(vss))
  const playback = vss.direction === SNDRV_PCM_STREAM_PLAYBACK
  let i = (vss.msg_last_enqueued + 1) % periods
  for (let n = periods - vss.msg_count; n > 0; n--) {
    const msg = vss.msgs[i] as VirtioPcmMsg
    msg.xfer.status = 0
    msg.xfer.latency_bytes = 0
    const out_sgs = playback ? 1 + msg.data_sgs : 1
    const in_sgs = playback ? 1 : 1 + msg.data_sgs
    const rc = yield* virtqueue_add_sgs(vqueue, msg.xfer, out_sgs, in_sgs, msg, 'GFP_ATOMIC')
    if (rc !== 0) {
      yield* dev_err(vss.snd, `SID ${vss.sid}: failed to send I/O message`)
      return rc
    }
    k.emit(T.virtsnd_msg_send, substream.id, i, msg.length)
    vss.msg_last_enqueued = i
    vss.msg_count++
    i = (i + 1) % periods
  }
  if ((vss.features & VIRTIO_SND_PCM_F_MSG_POLLING) !== 0) return 0
  if (virtqueue_kick_prepare(vqueue)) yield* virtqueue_notify(vqueue)
  return 0
}

/** Messages that the device has. Kernel: virtsnd_pcm_msg_pending_num(). Locks: vss->lock. */
export function* virtsnd_pcm_msg_pending_num(vss: VirtioPcmSubstream): Proc<number> {
  const flags = yield* spin_lock_irqsave(vss.lock)
  const num = vss.msg_count
  yield* spin_unlock_irqrestore(vss.lock, flags)
  return num
}

/**
 * The device has returned a message. Tells the core in the interrupt, with the queue's lock held,
 * which is right neither for an atomic PCM nor for one whose stream lock is a mutex.
 *
 * Kernel: virtsnd_pcm_msg_complete(). Context: hardirq. Locks: vss->lock; caller holds queue->lock.
 */
function* virtsnd_pcm_msg_complete(msg: VirtioPcmMsg, written_bytes: number): Proc {
  const vss = msg.substream
  const { k } = vss.snd
  const { runtime, id } = vss.substream as SndPcmSubstream
  const { latency_bytes } = msg.xfer
  yield* spin_lock(vss.lock)
  k.emit(T.virtsnd_msg_complete, id, msg.index, written_bytes, latency_bytes)
  const playback = vss.direction === SNDRV_PCM_STREAM_PLAYBACK
  if (playback || written_bytes <= VIRTIO_SND_STATUS_BYTES) vss.hw_ptr += vss.period_size
  else vss.hw_ptr += Math.floor((written_bytes - VIRTIO_SND_STATUS_BYTES) / vss.frame_bytes)
  vss.hw_ptr %= vss.buffer_size
  vss.xfer_xrun = false
  vss.msg_count--
  const substream = vss.substream as SndPcmSubstream
  if (vss.xfer_enabled && !isRuntimeGone(vss.snd, substream)) {
    runtime.delay = bytes_to_frames(runtime, latency_bytes)
    // Still in the interrupt, and the queue's lock is still held.
    yield* spin_unlock(vss.lock)
    yield* snd_pcm_period_elapsed(substream)
    yield* spin_lock(vss.lock)
    // Neither looks again: the stream may have been closed while the interrupt stood at its mutex.
    if (!isRuntimeGone(vss.snd, substream)) yield* virtsnd_pcm_msg_send(vss)
  } else if (vss.msg_count === 0) yield* wake_up_all(vss.msg_empty)
  yield* spin_unlock(vss.lock)
}

/** Kernel: virtsnd_pcm_notify_cb(). Context: hardirq. Locks: queue->lock, across the loop. */
function* virtsnd_pcm_notify_cb(queue: VirtioSndQueue): Proc {
  const vqueue = vqueueOf(queue)
  const flags = yield* spin_lock_irqsave(queue.lock)
  do {
    virtqueue_disable_cb(vqueue)
    while (more_used(vqueue)) {
      const msg = (yield* virtqueue_get_buf(vqueue)) as VirtioPcmMsg | null
      if (msg === null) break
      yield* virtsnd_pcm_msg_complete(msg, vqueue.len)
    }
    if (vqueue.broken) break
  } while (!virtqueue_enable_cb(vqueue))
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

/** Kernel: virtsnd_pcm_tx_notify_cb(). Context: hardirq. */
export function virtsnd_pcm_tx_notify_cb(snd: VirtioSnd, _vqueue: Virtqueue): Proc {
  return virtsnd_pcm_notify_cb(snd.queues[VIRTIO_SND_VQ_TX] as VirtioSndQueue)
}

/** Kernel: virtsnd_pcm_rx_notify_cb(). Context: hardirq. */
export function virtsnd_pcm_rx_notify_cb(snd: VirtioSnd, _vqueue: Virtqueue): Proc {
  return virtsnd_pcm_notify_cb(snd.queues[VIRTIO_SND_VQ_RX] as VirtioSndQueue)
}

/** A control message for a substream. Kernel: virtsnd_pcm_ctl_msg_alloc(). */
export function virtsnd_pcm_ctl_msg_alloc(
  vss: VirtioPcmSubstream,
  command: number,
  gfp: 'GFP_KERNEL' | 'GFP_ATOMIC',
): Proc<VirtioSndMsg | null> {
  const { id } = vss.substream as SndPcmSubstream
  return virtsnd_ctl_msg_alloc(vss.snd, new VirtioSndControl(command, vss.sid, 0, id), gfp)
}

/** Allocates a command and waits for its answer. */
export function* sendCommand(vss: VirtioPcmSubstream, command: number): Proc<number> {
  const msg = yield* virtsnd_pcm_ctl_msg_alloc(vss, command, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  return yield* virtsnd_ctl_msg_send_sync(vss.snd, msg)
}

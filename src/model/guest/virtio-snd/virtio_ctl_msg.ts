/**
 * Control messages: sent to the device with a reference count, waited for or not, answered late or
 * never. The same in all versions of the driver.
 *
 * Kernel: sound/virtio/virtio_ctl_msg.c, v6.1.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import {
  Completion,
  complete,
  reinit_completion,
  wait_for_completion_interruptible_timeout,
} from '../../linux/completion.ts'
import { EINVAL, EIO, ENOMEM, EOPNOTSUPP, ETIMEDOUT } from '../../linux/errno.ts'
import { msecs_to_jiffies } from '../../linux/sched.ts'
import { type Gfp, kfree, kmalloc, type ObjectId } from '../../linux/slab.ts'
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../linux/spinlock.ts'
import {
  type Virtqueue,
  virtqueue_add_sgs,
  virtqueue_disable_cb,
  virtqueue_enable_cb,
  virtqueue_get_buf,
  virtqueue_kick_prepare,
  virtqueue_notify,
} from '../../virtio/virtio_ring.ts'
import {
  traceCode,
  VIRTIO_SND_S_IO_ERR,
  VIRTIO_SND_S_NOT_SUPP,
  VIRTIO_SND_S_OK,
  VIRTIO_SND_VQ_CONTROL,
  VirtioSndControl,
  type VirtioSndInfo,
  type VirtioSndPcmInfo,
} from '../../virtio/virtio_snd.ts'
import {
  dev_err,
  type VirtioSnd,
  VirtioSndMsg,
  type VirtioSndQueue,
  vqueueOf,
} from './virtio_snd_device.ts'

/** Outcomes that are not the device's: CODES.virtsnd. */
const TRACE_TIMEOUT = 20
const TRACE_INTERRUPTED = 21

/** Kernel: virtsnd_ctl_msg_alloc(). Return: null when there is no memory. */
export function* virtsnd_ctl_msg_alloc(
  snd: VirtioSnd,
  request: VirtioSndControl,
  gfp: Gfp,
): Proc<VirtioSndMsg | null> {
  const { k } = snd
  const what = 'struct virtio_snd_msg'
  const site = 'virtsnd_ctl_msg_alloc'
  const info = { what, site, stream: request.traceStream, owner: snd.object }
  const object = yield* kmalloc(k, gfp, info)
  if (object === 0) return null
  const notify = snd.completions.pop() ?? new Completion(k, 'msg->notify')
  reinit_completion(notify)
  notify.lock.recordInit(k.current)
  return new VirtioSndMsg(object, snd.next_msg++, request, notify)
}

/** Kernel: virtsnd_ctl_msg_ref(). */
export function virtsnd_ctl_msg_ref(msg: VirtioSndMsg): void {
  msg.ref_count++
}

/** Kernel: virtsnd_ctl_msg_unref(): the last reference frees it. */
export function virtsnd_ctl_msg_unref(snd: VirtioSnd, msg: VirtioSndMsg): void {
  msg.ref_count--
  if (msg.ref_count > 0) return
  // Once more than there were references: the records tell of it.
  const locks = msg.ref_count === 0 ? [msg.notify.lock] : []
  kfree(snd.k, msg.object, 'virtsnd_ctl_msg_unref', locks)
  if (msg.ref_count === 0) snd.completions.push(msg.notify)
}

/**
 * Sends a message and, unless `nowait`, waits for the answer. The caller's reference is consumed.
 *
 * Kernel: virtsnd_ctl_msg_send(). Context: any if nowait, else process. Locks: control queue's.
 * Return: 0 or -errno: -ETIMEDOUT, -ERESTARTSYS, or the status of the device.
 */
export function* virtsnd_ctl_msg_send(
  snd: VirtioSnd,
  msg: VirtioSndMsg,
  nowait: boolean,
): Proc<number> {
  const { k } = snd
  const { request } = msg
  const queue = snd.queues[VIRTIO_SND_VQ_CONTROL] as VirtioSndQueue
  const vqueue = vqueueOf(queue)
  const js = msecs_to_jiffies(k, snd.params.msg_timeout_ms)
  virtsnd_ctl_msg_ref(msg)
  request.status = VIRTIO_SND_S_IO_ERR
  let notify = false
  const flags = yield* spin_lock_irqsave(queue.lock)
  let rc = yield* addRequest(vqueue, request, msg)
  if (rc === 0) {
    k.emit(T.virtsnd_ctl_send, traceCode(request.code), request.traceStream, msg.id)
    notify = virtqueue_kick_prepare(vqueue)
    snd.ctl_msgs.push(msg)
  }
  yield* spin_unlock_irqrestore(queue.lock, flags)
  if (rc !== 0) {
    yield* dev_err(snd, `failed to send control message (${hex(request.code)})`)
    // The references of the waiter and of the device, which never got it.
    virtsnd_ctl_msg_unref(snd, msg)
    virtsnd_ctl_msg_unref(snd, msg)
    return rc
  }
  if (notify) yield* virtqueue_notify(vqueue)
  if (nowait) rc = 0
  else rc = yield* waitForAnswer(snd, msg, js)
  virtsnd_ctl_msg_unref(snd, msg)
  return rc
}

function addRequest(vqueue: Virtqueue, request: VirtioSndControl, msg: VirtioSndMsg): Proc<number> {
  const { out_sgs, in_sgs } = request
  return virtqueue_add_sgs(vqueue, request, out_sgs, in_sgs, msg, 'GFP_ATOMIC')
}

function* waitForAnswer(snd: VirtioSnd, msg: VirtioSndMsg, js: number): Proc<number> {
  const { request } = msg
  const left = yield* wait_for_completion_interruptible_timeout(msg.notify, js)
  if (left > 0) {
    emitDone(snd, msg, traceCode(request.status))
    return errnoOf(request.status)
  }
  emitDone(snd, msg, left === 0 ? TRACE_TIMEOUT : TRACE_INTERRUPTED)
  if (left < 0) return left
  yield* dev_err(snd, `control message (${hex(request.code)}) timeout`)
  return -ETIMEDOUT
}

function emitDone(snd: VirtioSnd, msg: VirtioSndMsg, outcome: number): void {
  const { request } = msg
  snd.k.emit(T.virtsnd_ctl_done, traceCode(request.code), request.traceStream, msg.id, outcome)
}

function errnoOf(status: number): number {
  if (status === VIRTIO_SND_S_OK) return 0
  if (status === VIRTIO_SND_S_NOT_SUPP) return -EOPNOTSUPP
  return status === VIRTIO_SND_S_IO_ERR ? -EIO : -EINVAL
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(8, '0')}`
}

/** Kernel: virtsnd_ctl_msg_send_sync(). Context: process. */
export function virtsnd_ctl_msg_send_sync(snd: VirtioSnd, msg: VirtioSndMsg): Proc<number> {
  return virtsnd_ctl_msg_send(snd, msg, false)
}

/** Kernel: virtsnd_ctl_msg_send_async(). Context: any. */
export function virtsnd_ctl_msg_send_async(snd: VirtioSnd, msg: VirtioSndMsg): Proc<number> {
  return virtsnd_ctl_msg_send(snd, msg, true)
}

/**
 * Kernel: virtsnd_ctl_msg_complete(). Context: any; caller holds the control queue's lock.
 * Differs: a message that was cancelled and freed before its answer came is left alone; the kernel
 * takes it off its list a second time. That it came is found from the records.
 */
export function* virtsnd_ctl_msg_complete(snd: VirtioSnd, msg: VirtioSndMsg): Proc {
  if (msg.ref_count <= 0) return
  const at = snd.ctl_msgs.indexOf(msg)
  if (at >= 0) snd.ctl_msgs.splice(at, 1)
  yield* complete(msg.notify)
  virtsnd_ctl_msg_unref(snd, msg)
}

/** Kernel: virtsnd_ctl_msg_cancel_all(). Context: any. Locks: control queue's. */
export function* virtsnd_ctl_msg_cancel_all(snd: VirtioSnd): Proc {
  const queue = snd.queues[VIRTIO_SND_VQ_CONTROL] as VirtioSndQueue
  const flags = yield* spin_lock_irqsave(queue.lock)
  while (snd.ctl_msgs.length > 0) {
    yield* virtsnd_ctl_msg_complete(snd, snd.ctl_msgs[0] as VirtioSndMsg)
  }
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

/**
 * Asks the device for information on `count` items from `start_id` on; `command` says of what. The
 * device writes it to `data`, which is the caller's.
 *
 * Kernel: virtsnd_ctl_query_info(). Context: process. Return: the items, or -errno.
 */
export function* virtsnd_ctl_query_info<I extends VirtioSndInfo = VirtioSndPcmInfo>(
  snd: VirtioSnd,
  command: number,
  start_id: number,
  count: number,
  data: ObjectId,
): Proc<readonly I[] | number> {
  const request = new VirtioSndControl(command, start_id, count, -1)
  const msg = yield* virtsnd_ctl_msg_alloc(snd, request, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  msg.data = data
  const rc = yield* virtsnd_ctl_msg_send(snd, msg, false)
  // A query is answered with items of its own kind.
  return rc === 0 ? (request.info as readonly I[]) : rc
}

/** Kernel: virtsnd_ctl_notify_cb(). Context: hardirq. Locks: control queue's. */
export function* virtsnd_ctl_notify_cb(snd: VirtioSnd, vqueue: Virtqueue): Proc {
  const queue = snd.queues[VIRTIO_SND_VQ_CONTROL] as VirtioSndQueue
  const flags = yield* spin_lock_irqsave(queue.lock)
  do {
    virtqueue_disable_cb(vqueue)
    for (;;) {
      const msg = (yield* virtqueue_get_buf(vqueue)) as VirtioSndMsg | null
      if (msg === null) break
      yield* virtsnd_ctl_msg_complete(snd, msg)
    }
    if (vqueue.broken) break
  } while (!virtqueue_enable_cb(vqueue))
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

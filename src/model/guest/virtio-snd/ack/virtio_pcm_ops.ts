/**
 * PCM operators that run a stream, and the ops table of the driver of 6.7 and later. Sizes are
 * bytes unless said otherwise.
 *
 * Kernel: sound/virtio/virtio_pcm_ops.c, v6.12.107.
 */
import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmOps, SndPcmSubstream } from '../../../alsa/pcm.ts'
import {
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_TRIGGER_PAUSE_PUSH,
  SNDRV_PCM_TRIGGER_PAUSE_RELEASE,
  SNDRV_PCM_TRIGGER_START,
  SNDRV_PCM_TRIGGER_STOP,
  SNDRV_PCM_TRIGGER_SUSPEND,
} from '../../../alsa/pcm_constants.ts'
import { SNDRV_PCM_HW_PARAM_PERIODS } from '../../../alsa/pcm_params.ts'
import { snd_pcm_hw_constraint_integer } from '../../../alsa/pcm_rules.ts'
import { EINVAL, ENOMEM, ETIMEDOUT } from '../../../linux/errno.ts'
import { msecs_to_jiffies } from '../../../linux/sched.ts'
import {
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../../../linux/spinlock.ts'
import { wait_event_interruptible_timeout } from '../../../linux/wait.ts'
import { cancel_work_sync } from '../../../linux/workqueue.ts'
import {
  VIRTIO_SND_R_PCM_RELEASE,
  VIRTIO_SND_R_PCM_START,
  VIRTIO_SND_R_PCM_STOP,
} from '../../../virtio/virtio_snd.ts'
import { virtsnd_ctl_msg_send_sync } from '../virtio_ctl_msg.ts'
import { dev_err } from '../virtio_snd_device.ts'
import {
  type SndPcmIndirect,
  snd_pcm_indirect_capture_pointer,
  snd_pcm_indirect_capture_transfer,
  snd_pcm_indirect_playback_pointer,
  snd_pcm_indirect_playback_transfer,
} from './pcm_indirect.ts'
import {
  sendCommand,
  virtsnd_pcm_ctl_msg_alloc,
  virtsnd_pcm_msg_pending_num,
  virtsnd_pcm_msg_send,
} from './virtio_pcm_msg.ts'
import {
  virtsnd_pcm_hw_free,
  virtsnd_pcm_hw_params,
  virtsnd_pcm_prepare,
} from './virtio_pcm_params.ts'
import { chipOf, type VirtioPcmSubstream, virtsnd_pcm_queue } from './virtio_pcm_substream.ts'

/** Kernel: virtsnd_pcm_open(). Context: process. Return: 0 or -errno of the flush it may owe. */
function* virtsnd_pcm_open(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  substream.runtime.hw = vss.hw
  snd_pcm_hw_constraint_integer(substream.runtime.hw_constraints, SNDRV_PCM_HW_PARAM_PERIODS)
  // A queue that an earlier user left dirty is flushed before anything else.
  vss.stopped = (yield* virtsnd_pcm_msg_pending_num(vss)) !== 0
  vss.suspended = false
  return yield* virtsnd_pcm_sync_stop(substream)
}

/** Kernel: virtsnd_pcm_close(). */
function* virtsnd_pcm_close(_substream: SndPcmSubstream): Proc<number> {
  return 0
}

/**
 * Kernel: virtsnd_pcm_trigger(). Context: process; the caller holds the stream mutex, also while
 * the device takes its time to answer. Locks: queue->lock, vss->lock. Return: 0 or -errno.
 */
function* virtsnd_pcm_trigger(substream: SndPcmSubstream, command: number): Proc<number> {
  const vss = chipOf(substream)
  switch (command) {
    case SNDRV_PCM_TRIGGER_START:
    case SNDRV_PCM_TRIGGER_PAUSE_RELEASE:
      return yield* triggerStart(vss)
    case SNDRV_PCM_TRIGGER_SUSPEND:
      vss.suspended = true
      vss.stopped = true
      return yield* triggerStop(vss)
    case SNDRV_PCM_TRIGGER_STOP:
      vss.stopped = true
      return yield* triggerStop(vss)
    case SNDRV_PCM_TRIGGER_PAUSE_PUSH:
      return yield* triggerStop(vss)
    default:
      return -EINVAL
  }
}

function* triggerStart(vss: VirtioPcmSubstream): Proc<number> {
  const queue = virtsnd_pcm_queue(vss)
  const flags = yield* spin_lock_irqsave(queue.lock)
  yield* spin_lock(vss.lock)
  const capture = vss.direction === SNDRV_PCM_STREAM_CAPTURE
  const rc = capture ? yield* virtsnd_pcm_msg_send(vss, 0, vss.buffer_bytes) : 0
  if (rc === 0) vss.xfer_enabled = true
  yield* spin_unlock(vss.lock)
  yield* spin_unlock_irqrestore(queue.lock, flags)
  if (rc !== 0) return rc
  const msg = yield* virtsnd_pcm_ctl_msg_alloc(vss, VIRTIO_SND_R_PCM_START, 'GFP_KERNEL')
  if (msg === null) {
    yield* disableXfer(vss)
    return -ENOMEM
  }
  return yield* virtsnd_ctl_msg_send_sync(vss.snd, msg)
}

function* triggerStop(vss: VirtioPcmSubstream): Proc<number> {
  yield* disableXfer(vss)
  return yield* sendCommand(vss, VIRTIO_SND_R_PCM_STOP)
}

function* disableXfer(vss: VirtioPcmSubstream): Proc {
  const flags = yield* spin_lock_irqsave(vss.lock)
  vss.xfer_enabled = false
  yield* spin_unlock_irqrestore(vss.lock, flags)
}

/**
 * Waits until the device has returned every message.
 *
 * Kernel: virtsnd_pcm_sync_stop(). Context: process. Locks: vss->lock. Return: 0, -ETIMEDOUT,
 * -ERESTARTSYS, or what RELEASE gave; the core ignores it.
 */
function* virtsnd_pcm_sync_stop(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  const { snd } = vss
  const js = msecs_to_jiffies(snd.k, snd.params.msg_timeout_ms)
  yield* cancel_work_sync(vss.elapsed_period)
  if (!vss.stopped) return 0
  const rc = yield* sendCommand(vss, VIRTIO_SND_R_PCM_RELEASE)
  if (rc !== 0) return rc
  const left = yield* wait_event_interruptible_timeout(vss.msg_empty, () => vss.isEmpty(), js)
  if (left <= 0) {
    yield* dev_err(snd, `SID ${vss.sid}: failed to flush I/O queue`)
    return left === 0 ? -ETIMEDOUT : left
  }
  vss.stopped = false
  return 0
}

/**
 * Kernel: virtsnd_pcm_pb_pointer(). Context: any, stream lock. Reads hw_ptr without vss->lock and
 * never looks at xfer_xrun. Return: frames, or POS_XRUN.
 */
function virtsnd_pcm_pb_pointer(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  return snd_pcm_indirect_playback_pointer(substream, vss.pcm_indirect, vss.hw_ptr)
}

/** Kernel: virtsnd_pcm_cp_pointer(). Context: any, stream lock. As the playback form. */
function virtsnd_pcm_cp_pointer(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  return snd_pcm_indirect_capture_pointer(substream, vss.pcm_indirect, vss.hw_ptr)
}

/** Kernel: virtsnd_pcm_trans_copy(): nothing is copied, the device reads the ring itself. */
function* virtsnd_pcm_trans_copy(
  substream: SndPcmSubstream,
  rec: SndPcmIndirect,
  bytes: number,
): Proc {
  yield* virtsnd_pcm_msg_send(chipOf(substream), rec.sw_data, bytes)
}

/** Kernel: virtsnd_pcm_pb_ack(). Context: any, stream lock. Locks: queue->lock, then vss->lock. */
function* virtsnd_pcm_pb_ack(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  const queue = virtsnd_pcm_queue(vss)
  const flags = yield* spin_lock_irqsave(queue.lock)
  yield* spin_lock(vss.lock)
  const { pcm_indirect } = vss
  const rc = yield* snd_pcm_indirect_playback_transfer(
    substream,
    pcm_indirect,
    virtsnd_pcm_trans_copy,
  )
  yield* spin_unlock(vss.lock)
  yield* spin_unlock_irqrestore(queue.lock, flags)
  return rc
}

/** Kernel: virtsnd_pcm_cp_ack(). Context: any, stream lock. Locks: queue->lock, then vss->lock. */
function* virtsnd_pcm_cp_ack(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  const queue = virtsnd_pcm_queue(vss)
  const flags = yield* spin_lock_irqsave(queue.lock)
  yield* spin_lock(vss.lock)
  const { pcm_indirect } = vss
  const rc = yield* snd_pcm_indirect_capture_transfer(
    substream,
    pcm_indirect,
    virtsnd_pcm_trans_copy,
  )
  yield* spin_unlock(vss.lock)
  yield* spin_unlock_irqrestore(queue.lock, flags)
  return rc
}

const common = {
  open: virtsnd_pcm_open,
  close: virtsnd_pcm_close,
  hw_params: virtsnd_pcm_hw_params,
  hw_free: virtsnd_pcm_hw_free,
  prepare: virtsnd_pcm_prepare,
  trigger: virtsnd_pcm_trigger,
  sync_stop: virtsnd_pcm_sync_stop,
}

/** PCM substream operators map, one for each direction. */
export const virtsnd_pcm_playback_ops: SndPcmOps = {
  ...common,
  pointer: virtsnd_pcm_pb_pointer,
  ack: virtsnd_pcm_pb_ack,
}

export const virtsnd_pcm_capture_ops: SndPcmOps = {
  ...common,
  pointer: virtsnd_pcm_cp_pointer,
  ack: virtsnd_pcm_cp_ack,
}

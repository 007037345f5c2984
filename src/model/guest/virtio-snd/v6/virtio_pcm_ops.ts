/**
 * PCM operators that run a stream, and the ops table of the driver as of v6. Sizes are bytes unless
 * said otherwise.
 *
 * Kernel: sound/virtio/virtio_pcm_ops.c, patch series v6 of 27 February 2021.
 */
import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmOps, SndPcmSubstream } from '../../../alsa/pcm.ts'
import {
  SNDRV_PCM_POS_XRUN,
  SNDRV_PCM_TRIGGER_PAUSE_PUSH,
  SNDRV_PCM_TRIGGER_PAUSE_RELEASE,
  SNDRV_PCM_TRIGGER_RESUME,
  SNDRV_PCM_TRIGGER_START,
  SNDRV_PCM_TRIGGER_STOP,
  SNDRV_PCM_TRIGGER_SUSPEND,
} from '../../../alsa/pcm_constants.ts'
import { SNDRV_PCM_HW_PARAM_PERIODS } from '../../../alsa/pcm_params.ts'
import { snd_pcm_hw_constraint_integer } from '../../../alsa/pcm_rules.ts'
import { bytes_to_frames } from '../../../alsa/pcm_runtime.ts'
import { EINVAL, ENOMEM, ETIMEDOUT } from '../../../linux/errno.ts'
import { msecs_to_jiffies } from '../../../linux/sched.ts'
import { spin_lock, spin_unlock } from '../../../linux/spinlock.ts'
import { wait_event_interruptible_timeout } from '../../../linux/wait.ts'
import {
  VIRTIO_SND_R_PCM_RELEASE,
  VIRTIO_SND_R_PCM_START,
  VIRTIO_SND_R_PCM_STOP,
} from '../../../virtio/virtio_snd.ts'
import { variantLock, variantUnlock } from '../variant.ts'
import { virtsnd_ctl_msg_send_async, virtsnd_ctl_msg_send_sync } from '../virtio_ctl_msg.ts'
import { dev_err } from '../virtio_snd_device.ts'
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
  vss.release = (yield* virtsnd_pcm_msg_pending_num(vss)) !== 0
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
    case SNDRV_PCM_TRIGGER_RESUME:
      return yield* triggerResume(substream)
    case SNDRV_PCM_TRIGGER_STOP:
    case SNDRV_PCM_TRIGGER_SUSPEND:
    case SNDRV_PCM_TRIGGER_PAUSE_PUSH:
      return yield* triggerStop(vss, command)
    default:
      return -EINVAL
  }
}

function* triggerStart(vss: VirtioPcmSubstream): Proc<number> {
  const { variant } = vss.snd
  const queue = virtsnd_pcm_queue(vss)
  const flags = yield* variantLock(variant, queue.lock)
  yield* spin_lock(vss.lock)
  const rc = yield* virtsnd_pcm_msg_send(vss)
  if (rc === 0) vss.xfer_enabled = true
  yield* spin_unlock(vss.lock)
  yield* variantUnlock(variant, queue.lock, flags)
  if (rc !== 0) return rc
  const msg = yield* virtsnd_pcm_ctl_msg_alloc(vss, VIRTIO_SND_R_PCM_START, 'GFP_KERNEL')
  if (msg === null) {
    yield* disableXfer(vss)
    return -ENOMEM
  }
  return yield* virtsnd_ctl_msg_send_sync(vss.snd, msg)
}

/** The device has forgotten the stream: sets it up again (patch 9). Three messages in all. */
function* triggerResume(substream: SndPcmSubstream): Proc<number> {
  let rc = yield* virtsnd_pcm_hw_params(substream, null)
  if (rc === 0) rc = yield* virtsnd_pcm_prepare(substream)
  return rc === 0 ? yield* triggerStart(chipOf(substream)) : rc
}

/** Sends STOP without waiting for the answer, which nobody sees. SUSPEND as STOP is inferred. */
function* triggerStop(vss: VirtioPcmSubstream, command: number): Proc<number> {
  yield* disableXfer(vss)
  vss.release = command !== SNDRV_PCM_TRIGGER_PAUSE_PUSH
  const msg = yield* virtsnd_pcm_ctl_msg_alloc(vss, VIRTIO_SND_R_PCM_STOP, 'GFP_ATOMIC')
  if (msg === null) return -ENOMEM
  return yield* virtsnd_ctl_msg_send_async(vss.snd, msg)
}

function* disableXfer(vss: VirtioPcmSubstream): Proc {
  const flags = yield* variantLock(vss.snd.variant, vss.lock)
  vss.xfer_enabled = false
  yield* variantUnlock(vss.snd.variant, vss.lock, flags)
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
  if (!vss.release) return 0
  const rc = yield* sendCommand(vss, VIRTIO_SND_R_PCM_RELEASE)
  if (rc !== 0) return rc
  const left = yield* wait_event_interruptible_timeout(vss.msg_empty, () => vss.isEmpty(), js)
  if (left <= 0) {
    yield* dev_err(snd, `SID ${vss.sid}: failed to flush I/O queue`)
    return left === 0 ? -ETIMEDOUT : left
  }
  vss.release = false
  return 0
}

/**
 * Kernel: virtsnd_pcm_pointer(). Context: any. Locks: vss->lock. Return: frames, or POS_XRUN.
 */
function* virtsnd_pcm_pointer(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  const flags = yield* variantLock(vss.snd.variant, vss.lock)
  const { xfer_xrun, hw_ptr } = vss
  yield* variantUnlock(vss.snd.variant, vss.lock, flags)
  return xfer_xrun ? SNDRV_PCM_POS_XRUN : bytes_to_frames(substream.runtime, hw_ptr)
}

/** PCM substream operators map. */
export const virtsnd_pcm_ops: SndPcmOps = {
  open: virtsnd_pcm_open,
  close: virtsnd_pcm_close,
  hw_params: virtsnd_pcm_hw_params,
  hw_free: virtsnd_pcm_hw_free,
  prepare: virtsnd_pcm_prepare,
  trigger: virtsnd_pcm_trigger,
  sync_stop: virtsnd_pcm_sync_stop,
  pointer: virtsnd_pcm_pointer,
}

/**
 * Moving the application pointer by ioctl: forward, rewind, SYNC_PTR, and the XRUN ioctl. Mirrors
 * sound/core/pcm_native.c, the same in 6.1 and 6.12. Sizes are frames.
 */
import type { Frames, Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EBADFD } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { pcm_lib_apply_appl_ptr } from './pcm_appl_ptr.ts'
import {
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_SYNC_PTR_APPL,
  SNDRV_PCM_SYNC_PTR_AVAIL_MIN,
  SNDRV_PCM_SYNC_PTR_HWSYNC,
  XrunCause,
} from './pcm_constants.ts'
import { snd_pcm_stream_lock_irq, snd_pcm_stream_unlock_irq } from './pcm_locking.ts'
import { snd_pcm_avail, snd_pcm_hw_avail } from './pcm_runtime.ts'
import { do_pcm_hwsync, snd_pcm_hwsync } from './pcm_status.ts'
import { __snd_pcm_xrun } from './pcm_xrun.ts'

/** Kernel: forward_appl_ptr(). Context: stream lock held. Return: frames moved, or -errno. */
function* forward_appl_ptr(substream: SndPcmSubstream, frames: Frames): Proc<number> {
  const { runtime } = substream
  const avail = snd_pcm_avail(substream)
  if (avail <= 0) return 0
  const by = frames > avail ? avail : frames
  let appl_ptr = runtime.control.appl_ptr + by
  if (appl_ptr >= runtime.boundary) appl_ptr -= runtime.boundary
  const err = yield* pcm_lib_apply_appl_ptr(substream, appl_ptr)
  return err < 0 ? err : by
}

/**
 * Kernel: rewind_appl_ptr(). Context: stream lock held. Return: frames moved; any error counts as
 * 0, because clients take a rewind as a wish.
 */
function* rewind_appl_ptr(substream: SndPcmSubstream, frames: Frames): Proc<number> {
  const { runtime } = substream
  const queued = snd_pcm_hw_avail(substream)
  if (queued <= 0) return 0
  const by = frames > queued ? queued : frames
  let appl_ptr = runtime.control.appl_ptr - by
  if (appl_ptr < 0) appl_ptr += runtime.boundary
  const err = yield* pcm_lib_apply_appl_ptr(substream, appl_ptr)
  return err < 0 ? 0 : by
}

/** The FORWARD ioctl. Kernel: snd_pcm_forward(). Return: frames moved, or -errno. */
export function* snd_pcm_forward(substream: SndPcmSubstream, frames: Frames): Proc<number> {
  if (frames === 0) return 0
  yield* snd_pcm_stream_lock_irq(substream)
  let ret = yield* do_pcm_hwsync(substream)
  if (ret >= 0) ret = yield* forward_appl_ptr(substream, frames)
  yield* snd_pcm_stream_unlock_irq(substream)
  return ret
}

/** The REWIND ioctl. Kernel: snd_pcm_rewind(). Return: frames moved, or -errno. */
export function* snd_pcm_rewind(substream: SndPcmSubstream, frames: Frames): Proc<number> {
  if (frames === 0) return 0
  yield* snd_pcm_stream_lock_irq(substream)
  let ret = yield* do_pcm_hwsync(substream)
  if (ret >= 0) ret = yield* rewind_appl_ptr(substream, frames)
  yield* snd_pcm_stream_unlock_irq(substream)
  return ret
}

/** Kernel: struct snd_pcm_sync_ptr: what goes in, and what comes back. */
export class SndPcmSyncPtr {
  flags = 0
  appl_ptr: Frames = 0
  avail_min: Frames = 0
  state = SNDRV_PCM_STATE_OPEN
  suspended_state = SNDRV_PCM_STATE_OPEN
  hw_ptr: Frames = 0
  tstamp: Ns = 0
}

/**
 * The SYNC_PTR ioctl: for clients that may not map the control page. A flag means "tell me", its
 * absence "take mine".
 *
 * Kernel: snd_pcm_sync_ptr(). Context: process. Return: 0 or -errno.
 */
export function* snd_pcm_sync_ptr(substream: SndPcmSubstream, sync: SndPcmSyncPtr): Proc<number> {
  const { runtime } = substream
  if ((sync.flags & SNDRV_PCM_SYNC_PTR_HWSYNC) !== 0) {
    const err = yield* snd_pcm_hwsync(substream)
    if (err < 0) return err
  }
  yield* snd_pcm_stream_lock_irq(substream)
  let err = 0
  if ((sync.flags & SNDRV_PCM_SYNC_PTR_APPL) !== 0) sync.appl_ptr = runtime.control.appl_ptr
  else err = yield* pcm_lib_apply_appl_ptr(substream, sync.appl_ptr)
  if (err >= 0) {
    if ((sync.flags & SNDRV_PCM_SYNC_PTR_AVAIL_MIN) !== 0) {
      sync.avail_min = runtime.control.avail_min
    } else runtime.control.avail_min = sync.avail_min
    sync.state = runtime.status.state
    sync.suspended_state = runtime.status.suspended_state
    sync.hw_ptr = runtime.status.hw_ptr
    sync.tstamp = runtime.status.tstamp
  }
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

/** The XRUN ioctl. Kernel: snd_pcm_xrun(). Return: 0, also if it is in XRUN already; -EBADFD. */
export function* snd_pcm_xrun(substream: SndPcmSubstream): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  let err = 0
  if (runtime.state === SNDRV_PCM_STATE_RUNNING) yield* __snd_pcm_xrun(substream, XrunCause.ioctl)
  else if (runtime.state !== SNDRV_PCM_STATE_XRUN) err = -EBADFD
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

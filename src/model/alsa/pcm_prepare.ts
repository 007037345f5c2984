/**
 * Preparing and resetting a stream: the two actions whose driver callbacks may sleep. Mirrors
 * sound/core/pcm_native.c, the same in 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { EBADFD, EBUSY } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  ACTION_ARG_IGNORE,
  type ActionOps,
  snd_pcm_action_nonatomic,
  snd_pcm_set_state,
} from './pcm_action.ts'
import {
  Op,
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STREAM_PLAYBACK,
  ULONG_MAX,
} from './pcm_constants.ts'
import { snd_pcm_update_hw_ptr } from './pcm_hw_ptr.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_lock_irqsave,
  snd_pcm_stream_unlock_irq,
  snd_pcm_stream_unlock_irqrestore,
} from './pcm_locking.ts'
import { recorded, snd_pcm_sync_stop } from './pcm_ops.ts'
import { snd_pcm_pause } from './pcm_pause.ts'
import { snd_pcm_running } from './pcm_runtime.ts'
import { snd_pcm_playback_silence } from './pcm_silence.ts'
import { snd_pcm_stop } from './pcm_start_stop.ts'

/** The RESET ioctl's default. Kernel: snd_pcm_lib_ioctl_reset(), pcm_lib.c. */
function* snd_pcm_lib_ioctl_reset(substream: SndPcmSubstream): Proc {
  const { runtime } = substream
  const flags = yield* snd_pcm_stream_lock_irqsave(substream)
  if (snd_pcm_running(substream) && (yield* snd_pcm_update_hw_ptr(substream)) >= 0) {
    runtime.status.hw_ptr %= runtime.buffer_size
  } else {
    runtime.status.hw_ptr = 0
    runtime.hw_ptr_wrap = 0
  }
  yield* snd_pcm_stream_unlock_irqrestore(substream, flags)
}

/** Kernel: snd_pcm_do_reset(). Context: buffer_mutex held. Return: 0. */
function* snd_pcm_do_reset(substream: SndPcmSubstream, _arg: number): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_lib_ioctl_reset(substream)
  yield* snd_pcm_stream_lock_irq(substream)
  const { hw_ptr } = runtime.status
  runtime.hw_ptr_base = 0
  runtime.hw_ptr_interrupt = hw_ptr - (hw_ptr % runtime.period_size)
  runtime.silence_start = hw_ptr
  runtime.silence_filled = 0
  yield* snd_pcm_stream_unlock_irq(substream)
  return 0
}

function snd_pcm_pre_reset(substream: SndPcmSubstream, _arg: number): number {
  switch (substream.runtime.state) {
    case SNDRV_PCM_STATE_RUNNING:
    case SNDRV_PCM_STATE_PREPARED:
    case SNDRV_PCM_STATE_PAUSED:
    case SNDRV_PCM_STATE_SUSPENDED:
      return 0
    default:
      return -EBADFD
  }
}

function* snd_pcm_post_reset(substream: SndPcmSubstream, _arg: number): Proc {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  runtime.control.appl_ptr = runtime.status.hw_ptr
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK && runtime.silence_size > 0) {
    yield* snd_pcm_playback_silence(substream, ULONG_MAX)
  }
  yield* snd_pcm_stream_unlock_irq(substream)
}

const snd_pcm_action_reset: ActionOps = {
  pre_action: snd_pcm_pre_reset,
  do_action: snd_pcm_do_reset,
  post_action: snd_pcm_post_reset,
}

/** Makes both pointers equal. Kernel: snd_pcm_reset(). Return: 0, -EBADFD or -EBUSY. */
export function snd_pcm_reset(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_action_nonatomic(snd_pcm_action_reset, substream, ACTION_ARG_IGNORE)
}

/** Kernel: snd_pcm_pre_prepare(). */
function snd_pcm_pre_prepare(substream: SndPcmSubstream, f_flags: number): number {
  const { state } = substream.runtime
  if (state === SNDRV_PCM_STATE_OPEN || state === SNDRV_PCM_STATE_DISCONNECTED) return -EBADFD
  if (snd_pcm_running(substream)) return -EBUSY
  substream.f_flags = f_flags
  return 0
}

function* snd_pcm_do_prepare(substream: SndPcmSubstream, f_flags: number): Proc<number> {
  yield* snd_pcm_sync_stop(substream)
  const err = yield* recorded(substream, Op.prepare, () => substream.ops.prepare(substream))
  if (err < 0) return err
  return yield* snd_pcm_do_reset(substream, f_flags)
}

function* snd_pcm_post_prepare(substream: SndPcmSubstream, _f_flags: number): Proc {
  const { runtime } = substream
  runtime.control.appl_ptr = runtime.status.hw_ptr
  yield* snd_pcm_set_state(substream, SNDRV_PCM_STATE_PREPARED)
}

const snd_pcm_action_prepare: ActionOps = {
  pre_action: snd_pcm_pre_prepare,
  do_action: snd_pcm_do_prepare,
  post_action: snd_pcm_post_prepare,
}

/**
 * Makes a stream ready to start.
 *
 * Kernel: snd_pcm_prepare(). Context: process. Locks: stream lock, then link_rwsem and
 * buffer_mutex. Return: 0, -EBADFD, -EBUSY (running, or a copy is in flight), or the driver's
 * error.
 */
export function* snd_pcm_prepare(substream: SndPcmSubstream, f_flags: number): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  if (runtime.state === SNDRV_PCM_STATE_PAUSED) {
    yield* snd_pcm_pause(substream, false)
    yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_SETUP)
  } else if (runtime.state === SNDRV_PCM_STATE_SUSPENDED) {
    yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_SETUP)
  }
  yield* snd_pcm_stream_unlock_irq(substream)
  return yield* snd_pcm_action_nonatomic(snd_pcm_action_prepare, substream, f_flags)
}

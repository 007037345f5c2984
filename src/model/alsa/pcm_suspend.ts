/**
 * System suspend and the RESUME ioctl. Mirrors the suspend and resume actions of
 * sound/core/pcm_native.c, the same in 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { bug } from '../linux/bug.ts'
import { EBADFD, EBUSY, ENOSYS } from '../linux/errno.ts'
import { wake_up } from '../linux/wait.ts'
import type { SndPcm, SndPcmSubstream } from './pcm.ts'
import {
  __snd_pcm_set_state,
  ACTION_ARG_IGNORE,
  type ActionOps,
  callTrigger,
  snd_pcm_action,
  snd_pcm_action_lock_irq,
  snd_pcm_trigger_tstamp,
} from './pcm_action.ts'
import {
  SNDRV_PCM_INFO_RESUME,
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TRIGGER_RESUME,
  SNDRV_PCM_TRIGGER_SUSPEND,
} from './pcm_constants.ts'
import { snd_pcm_stream_lock_irqsave, snd_pcm_stream_unlock_irqrestore } from './pcm_locking.ts'
import { snd_pcm_sync_stop } from './pcm_ops.ts'
import { snd_pcm_running } from './pcm_runtime.ts'
import { snd_pcm_timer_notify } from './pcm_timer.ts'
import { SNDRV_TIMER_EVENT_MRESUME, SNDRV_TIMER_EVENT_MSUSPEND } from './timer.ts'

function snd_pcm_pre_suspend(substream: SndPcmSubstream, _arg: number): number {
  switch (substream.runtime.state) {
    case SNDRV_PCM_STATE_SUSPENDED:
    case SNDRV_PCM_STATE_OPEN:
    case SNDRV_PCM_STATE_SETUP:
    case SNDRV_PCM_STATE_DISCONNECTED:
      return -EBUSY
    default:
      substream.runtime.trigger_master = substream
      return 0
  }
}

function* snd_pcm_do_suspend(substream: SndPcmSubstream, _arg: number): Proc<number> {
  const { runtime } = substream
  if (runtime.trigger_master !== substream || !snd_pcm_running(substream)) return 0
  yield* callTrigger(substream, SNDRV_PCM_TRIGGER_SUSPEND)
  runtime.stop_operating = true
  return 0
}

function* snd_pcm_post_suspend(substream: SndPcmSubstream, _arg: number): Proc {
  const { runtime } = substream
  snd_pcm_trigger_tstamp(substream)
  runtime.suspended_state = runtime.state
  runtime.status.suspended_state = runtime.state
  __snd_pcm_set_state(substream, SNDRV_PCM_STATE_SUSPENDED)
  yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MSUSPEND)
  yield* wake_up(runtime.sleep)
  yield* wake_up(runtime.tsleep)
}

const snd_pcm_action_suspend: ActionOps = {
  pre_action: snd_pcm_pre_suspend,
  do_action: snd_pcm_do_suspend,
  post_action: snd_pcm_post_suspend,
}

/**
 * Kernel: snd_pcm_suspend(). Streams that have nothing to suspend are passed over.
 * Differs: snd_pcm_suspend_all() looks at substream->runtime before it takes the lock, "FIXME: the
 * open/close code should lock this as well"; a stream that is closed in between is a null pointer
 * in the kernel, and reported here.
 */
function* snd_pcm_suspend(substream: SndPcmSubstream): Proc {
  const flags = yield* snd_pcm_stream_lock_irqsave(substream)
  if (substream.isOpen) {
    yield* snd_pcm_action(snd_pcm_action_suspend, substream, ACTION_ARG_IGNORE)
  } else {
    const text = `snd_pcm_suspend() of ${substream.name}, closed meanwhile`
    bug(substream.k, 'use-after-free', `${text}: null pointer dereference`)
  }
  yield* snd_pcm_stream_unlock_irqrestore(substream, flags)
}

/**
 * Suspends all streams of a PCM, then waits for the driver's stops.
 *
 * Kernel: snd_pcm_suspend_all(). Context: process. Return: 0.
 */
export function* snd_pcm_suspend_all(pcm: SndPcm): Proc<number> {
  const open = [...pcm.playback, ...pcm.capture].filter((substream) => substream.isOpen)
  for (const substream of open) yield* snd_pcm_suspend(substream)
  for (const substream of open) yield* snd_pcm_sync_stop(substream, false)
  return 0
}

function snd_pcm_pre_resume(substream: SndPcmSubstream, _arg: number): number {
  const { runtime } = substream
  if (runtime.state !== SNDRV_PCM_STATE_SUSPENDED) return -EBADFD
  if ((runtime.info & SNDRV_PCM_INFO_RESUME) === 0) return -ENOSYS
  runtime.trigger_master = substream
  return 0
}

/** Only a stream that moved when it was suspended is told. */
function* snd_pcm_do_resume(substream: SndPcmSubstream, _arg: number): Proc<number> {
  const { runtime } = substream
  if (runtime.trigger_master !== substream) return 0
  const { suspended_state } = runtime
  const draining =
    suspended_state === SNDRV_PCM_STATE_DRAINING && substream.stream === SNDRV_PCM_STREAM_PLAYBACK
  if (suspended_state !== SNDRV_PCM_STATE_RUNNING && !draining) return 0
  return yield* callTrigger(substream, SNDRV_PCM_TRIGGER_RESUME)
}

function* snd_pcm_undo_resume(substream: SndPcmSubstream, _arg: number): Proc {
  if (substream.runtime.trigger_master !== substream) return
  if (snd_pcm_running(substream)) yield* callTrigger(substream, SNDRV_PCM_TRIGGER_SUSPEND)
}

function* snd_pcm_post_resume(substream: SndPcmSubstream, _arg: number): Proc {
  snd_pcm_trigger_tstamp(substream)
  __snd_pcm_set_state(substream, substream.runtime.suspended_state)
  yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MRESUME)
}

const snd_pcm_action_resume: ActionOps = {
  pre_action: snd_pcm_pre_resume,
  do_action: snd_pcm_do_resume,
  undo_action: snd_pcm_undo_resume,
  post_action: snd_pcm_post_resume,
}

/**
 * The RESUME ioctl. Kernel: snd_pcm_resume(). Return: 0, -EBADFD, -ENOSYS or the driver's error.
 */
export function snd_pcm_resume(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_action_lock_irq(snd_pcm_action_resume, substream, ACTION_ARG_IGNORE)
}

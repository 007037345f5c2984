/**
 * Pausing and releasing. Mirrors the pause action of sound/core/pcm_native.c; on 6.1 a push brings
 * the pointer up to date first.
 */
import type { Proc } from '../../sim/process.ts'
import { EBADFD, ENOSYS } from '../linux/errno.ts'
import { wake_up } from '../linux/wait.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  __snd_pcm_set_state,
  type ActionOps,
  callTrigger,
  snd_pcm_action,
  snd_pcm_action_lock_irq,
  snd_pcm_trigger_tstamp,
} from './pcm_action.ts'
import {
  SNDRV_PCM_INFO_PAUSE,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_TRIGGER_PAUSE_PUSH,
  SNDRV_PCM_TRIGGER_PAUSE_RELEASE,
} from './pcm_constants.ts'
import { snd_pcm_update_hw_ptr } from './pcm_hw_ptr.ts'
import { snd_pcm_timer_notify } from './pcm_timer.ts'
import { SNDRV_TIMER_EVENT_MCONTINUE, SNDRV_TIMER_EVENT_MPAUSE } from './timer.ts'

/** The action's argument. */
const PUSH = 1
const RELEASE = 0
/** The next jiffies check is to find the last update far in the past: this many seconds. */
const PAST_S = 1000

function snd_pcm_pre_pause(substream: SndPcmSubstream, push: number): number {
  const { runtime } = substream
  if ((runtime.info & SNDRV_PCM_INFO_PAUSE) === 0) return -ENOSYS
  const from = push === PUSH ? SNDRV_PCM_STATE_RUNNING : SNDRV_PCM_STATE_PAUSED
  if (runtime.state !== from) return -EBADFD
  runtime.trigger_master = substream
  return 0
}

function* snd_pcm_do_pause(substream: SndPcmSubstream, push: number): Proc<number> {
  const { runtime, k } = substream
  if (runtime.trigger_master !== substream) return 0
  if (push === PUSH && k.config.version === '6.1') yield* snd_pcm_update_hw_ptr(substream)
  runtime.hw_ptr_jiffies = k.jiffies - PAST_S * k.config.hz
  return yield* callTrigger(substream, commandOf(push))
}

function commandOf(push: number): number {
  return push === PUSH ? SNDRV_PCM_TRIGGER_PAUSE_PUSH : SNDRV_PCM_TRIGGER_PAUSE_RELEASE
}

function* snd_pcm_undo_pause(substream: SndPcmSubstream, push: number): Proc {
  if (substream.runtime.trigger_master !== substream) return
  yield* callTrigger(substream, commandOf(push === PUSH ? RELEASE : PUSH))
}

function* snd_pcm_post_pause(substream: SndPcmSubstream, push: number): Proc {
  const { runtime } = substream
  snd_pcm_trigger_tstamp(substream)
  if (push !== PUSH) {
    __snd_pcm_set_state(substream, SNDRV_PCM_STATE_RUNNING)
    yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MCONTINUE)
    return
  }
  __snd_pcm_set_state(substream, SNDRV_PCM_STATE_PAUSED)
  yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MPAUSE)
  yield* wake_up(runtime.sleep)
  yield* wake_up(runtime.tsleep)
}

const snd_pcm_action_pause: ActionOps = {
  pre_action: snd_pcm_pre_pause,
  do_action: snd_pcm_do_pause,
  undo_action: snd_pcm_undo_pause,
  post_action: snd_pcm_post_pause,
}

/** Kernel: snd_pcm_pause(). Context: stream lock held. Return: 0, -EBADFD or -ENOSYS. */
export function snd_pcm_pause(substream: SndPcmSubstream, push: boolean): Proc<number> {
  return snd_pcm_action(snd_pcm_action_pause, substream, push ? PUSH : RELEASE)
}

/** The PAUSE ioctl. Kernel: snd_pcm_pause_lock_irq(). */
export function snd_pcm_pause_lock_irq(substream: SndPcmSubstream, push: boolean): Proc<number> {
  return snd_pcm_action_lock_irq(snd_pcm_action_pause, substream, push ? PUSH : RELEASE)
}

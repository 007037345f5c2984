/**
 * Starting and stopping a stream. Mirrors the start and stop actions of sound/core/pcm_native.c;
 * differences between 6.1 and 6.12 are tested where they are.
 */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EBADFD, EPIPE } from '../linux/errno.ts'
import { wake_up } from '../linux/wait.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  __snd_pcm_set_state,
  type ActionOps,
  callTrigger,
  snd_pcm_action,
  snd_pcm_action_lock_irq,
  snd_pcm_action_single,
  snd_pcm_trigger_tstamp,
} from './pcm_action.ts'
import {
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TRIGGER_START,
  SNDRV_PCM_TRIGGER_STOP,
  ULONG_MAX,
  XrunCause,
} from './pcm_constants.ts'
import { snd_pcm_playback_data, snd_pcm_running } from './pcm_runtime.ts'
import { snd_pcm_playback_silence } from './pcm_silence.ts'
import { snd_pcm_timer_notify } from './pcm_timer.ts'
import { SNDRV_TIMER_EVENT_MSTART, SNDRV_TIMER_EVENT_MSTOP } from './timer.ts'

/** Kernel: snd_pcm_pre_start(). Return: 0, -EBADFD, or -EPIPE for playback without data. */
function snd_pcm_pre_start(substream: SndPcmSubstream, _state: number): number {
  const { runtime } = substream
  if (runtime.state !== SNDRV_PCM_STATE_PREPARED) return -EBADFD
  // 6.1 refuses while hw_params or prepare is under way.
  if (substream.k.config.version === '6.1' && runtime.buffer_accessing < 0) return -EBADFD
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK && !snd_pcm_playback_data(runtime)) {
    return -EPIPE
  }
  runtime.trigger_tstamp_latched = false
  runtime.trigger_master = substream
  return 0
}

/** Kernel: snd_pcm_do_start(). On 6.12 a driver's -EPIPE leaves the stream in XRUN. */
export function* snd_pcm_do_start(substream: SndPcmSubstream, _state: number): Proc<number> {
  const { runtime, k } = substream
  if (runtime.trigger_master !== substream) return 0
  const err = yield* callTrigger(substream, SNDRV_PCM_TRIGGER_START)
  if (err === -EPIPE && k.config.version !== '6.1') {
    const { hw_ptr } = runtime.status
    k.emit(T.snd_pcm_xrun, substream.id, hw_ptr, runtime.hw_ptr_base, XrunCause.start)
    __snd_pcm_set_state(substream, SNDRV_PCM_STATE_XRUN)
  }
  return err
}

function* snd_pcm_undo_start(substream: SndPcmSubstream, _state: number): Proc {
  if (substream.runtime.trigger_master !== substream) return
  yield* callTrigger(substream, SNDRV_PCM_TRIGGER_STOP)
  substream.runtime.stop_operating = true
}

/** Kernel: snd_pcm_post_start(). Jiffies are read here, after a trigger that may have slept. */
export function* snd_pcm_post_start(substream: SndPcmSubstream, state: number): Proc {
  const { runtime, k } = substream
  snd_pcm_trigger_tstamp(substream)
  runtime.hw_ptr_jiffies = k.jiffies
  runtime.hw_ptr_buffer_jiffies = Math.floor((runtime.buffer_size * k.config.hz) / runtime.rate)
  __snd_pcm_set_state(substream, state)
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK && runtime.silence_size > 0) {
    yield* snd_pcm_playback_silence(substream, ULONG_MAX)
  }
  yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MSTART)
}

const snd_pcm_action_start: ActionOps = {
  pre_action: snd_pcm_pre_start,
  do_action: snd_pcm_do_start,
  undo_action: snd_pcm_undo_start,
  post_action: snd_pcm_post_start,
}

/** Starts a stream, or all linked ones. Kernel: snd_pcm_start(). Context: stream lock held. */
export function snd_pcm_start(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_action(snd_pcm_action_start, substream, SNDRV_PCM_STATE_RUNNING)
}

/** Takes the stream lock and starts. Kernel: snd_pcm_start_lock_irq(), the START ioctl. */
export function snd_pcm_start_lock_irq(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_action_lock_irq(snd_pcm_action_start, substream, SNDRV_PCM_STATE_RUNNING)
}

/** Kernel: snd_pcm_pre_stop(). */
function snd_pcm_pre_stop(substream: SndPcmSubstream, _state: number): number {
  if (substream.runtime.state === SNDRV_PCM_STATE_OPEN) return -EBADFD
  substream.runtime.trigger_master = substream
  return 0
}

/** Kernel: snd_pcm_do_stop(). Return: 0; what the driver answers is not looked at. */
export function* snd_pcm_do_stop(substream: SndPcmSubstream, _state: number): Proc<number> {
  const { runtime } = substream
  if (runtime.trigger_master === substream && snd_pcm_running(substream)) {
    yield* callTrigger(substream, SNDRV_PCM_TRIGGER_STOP)
    runtime.stop_operating = true
  }
  return 0
}

/** Kernel: snd_pcm_post_stop(). Wakes pollers and copiers whether or not the state changed. */
export function* snd_pcm_post_stop(substream: SndPcmSubstream, state: number): Proc {
  const { runtime } = substream
  if (runtime.state !== state) {
    snd_pcm_trigger_tstamp(substream)
    __snd_pcm_set_state(substream, state)
    yield* snd_pcm_timer_notify(substream, SNDRV_TIMER_EVENT_MSTOP)
  }
  yield* wake_up(runtime.sleep)
  yield* wake_up(runtime.tsleep)
}

const snd_pcm_action_stop: ActionOps = {
  pre_action: snd_pcm_pre_stop,
  do_action: snd_pcm_do_stop,
  post_action: snd_pcm_post_stop,
}

/** Stops a stream, or all linked ones, into `state`. Context: stream lock held. */
export function snd_pcm_stop(substream: SndPcmSubstream, state: number): Proc<number> {
  return snd_pcm_action(snd_pcm_action_stop, substream, state)
}

/** The drain is done: stops this stream only. Kernel: snd_pcm_drain_done(). */
export function snd_pcm_drain_done(substream: SndPcmSubstream): Proc<number> {
  return snd_pcm_action_single(snd_pcm_action_stop, substream, SNDRV_PCM_STATE_SETUP)
}

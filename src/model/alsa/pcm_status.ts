/**
 * What a client may ask about a stream without changing it: status, delay, hwsync. Mirrors
 * sound/core/pcm_native.c, the same in 6.1 and 6.12. Sizes are frames, stamps ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EBADFD, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_INFO_HAS_LINK_ATIME,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TSTAMP_ENABLE,
} from './pcm_constants.ts'
import { snd_pcm_update_hw_ptr } from './pcm_hw_ptr.ts'
import { snd_pcm_stream_lock_irq, snd_pcm_stream_unlock_irq } from './pcm_locking.ts'
import { snd_pcm_avail, snd_pcm_playback_hw_avail, snd_pcm_running } from './pcm_runtime.ts'
import {
  SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT,
  SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT,
  SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK,
} from './pcm_tstamp.ts'

/** Kernel: struct snd_pcm_status. */
export class SndPcmStatus {
  /** What is asked for with STATUS_EXT, and as plain STATUS has it. Kernel: audio_tstamp_data. */
  type_requested = SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT
  report_delay = false
  state = SNDRV_PCM_STATE_OPEN
  suspended_state = SNDRV_PCM_STATE_OPEN
  trigger_tstamp: Ns = 0
  tstamp: Ns = 0
  /** When the pointer was last read, by the system's clock. */
  driver_tstamp: Ns = 0
  audio_tstamp: Ns = 0
  appl_ptr: Frames = 0
  hw_ptr: Frames = 0
  delay: Frames = 0
  avail: Frames = 0
  avail_max: Frames = 0
  overrange = 0
}

/** Frames until a frame written now is played, or since one read now was recorded. */
export function snd_pcm_calc_delay(substream: SndPcmSubstream): Frames {
  const { runtime } = substream
  const queued =
    substream.stream === SNDRV_PCM_STREAM_PLAYBACK
      ? snd_pcm_playback_hw_avail(runtime)
      : snd_pcm_avail(substream)
  return queued + runtime.delay
}

/** Kernel: snd_pcm_unpack_audio_tstamp_config(), and what STATUS makes of the old type. */
function requestStamps({ runtime }: SndPcmSubstream, status: SndPcmStatus): void {
  const { timeInfo } = runtime
  const hasClock = (runtime.hw.info & SNDRV_PCM_INFO_HAS_LINK_ATIME) !== 0
  const compat = hasClock ? SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK : SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT
  const isCompat = status.type_requested === SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT
  timeInfo.type_requested = isCompat ? compat : status.type_requested
  timeInfo.report_delay = status.report_delay
}

/**
 * The STATUS and STATUS_EXT ioctls. Kernel: snd_pcm_status64(). Resets avail_max and overrange.
 * Return: 0.
 */
export function* snd_pcm_status64(substream: SndPcmSubstream, status: SndPcmStatus): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  requestStamps(substream, status)
  status.state = runtime.state
  status.suspended_state = runtime.suspended_state
  if (status.state !== SNDRV_PCM_STATE_OPEN) {
    status.trigger_tstamp = runtime.trigger_tstamp
    const isRunning = snd_pcm_running(substream)
    if (isRunning) yield* snd_pcm_update_hw_ptr(substream)
    fillStamps(substream, status, isRunning)
    fillPointers(substream, status)
  }
  yield* snd_pcm_stream_unlock_irq(substream)
  return 0
}

/** Without tstamp_mode the stamps are zero; a stream that stood still has only the time. */
function fillStamps(substream: SndPcmSubstream, status: SndPcmStatus, isRunning: boolean): void {
  const { runtime, k } = substream
  const isEnabled = runtime.tstamp_mode === SNDRV_PCM_TSTAMP_ENABLE
  status.tstamp = 0
  status.driver_tstamp = 0
  status.audio_tstamp = 0
  if (!isEnabled) return
  status.tstamp = k.sim.now
  if (!isRunning) return
  status.tstamp = runtime.status.tstamp
  status.driver_tstamp = runtime.driver_tstamp
  status.audio_tstamp = runtime.status.audio_tstamp
}

function fillPointers(substream: SndPcmSubstream, status: SndPcmStatus): void {
  const { runtime } = substream
  status.appl_ptr = runtime.control.appl_ptr
  status.hw_ptr = runtime.status.hw_ptr
  status.avail = snd_pcm_avail(substream)
  status.delay = snd_pcm_running(substream) ? snd_pcm_calc_delay(substream) : 0
  status.avail_max = runtime.avail_max
  runtime.avail_max = 0
  status.overrange = runtime.overrange
  runtime.overrange = 0
}

/**
 * Brings hw_ptr up to date where the state has one.
 *
 * Kernel: do_pcm_hwsync(). Context: stream lock held. Return: 0, -EBADFD, -ESTRPIPE or -EPIPE.
 */
export function* do_pcm_hwsync(substream: SndPcmSubstream): Proc<number> {
  switch (substream.runtime.state) {
    case SNDRV_PCM_STATE_DRAINING:
      if (substream.stream !== SNDRV_PCM_STREAM_PLAYBACK) return -EBADFD
      return yield* snd_pcm_update_hw_ptr(substream)
    case SNDRV_PCM_STATE_RUNNING:
      return yield* snd_pcm_update_hw_ptr(substream)
    case SNDRV_PCM_STATE_PREPARED:
    case SNDRV_PCM_STATE_PAUSED:
      return 0
    case SNDRV_PCM_STATE_SUSPENDED:
      return -ESTRPIPE
    case SNDRV_PCM_STATE_XRUN:
      return -EPIPE
    default:
      return -EBADFD
  }
}

/** The HWSYNC ioctl. Kernel: snd_pcm_hwsync(). */
export function* snd_pcm_hwsync(substream: SndPcmSubstream): Proc<number> {
  yield* snd_pcm_stream_lock_irq(substream)
  const err = yield* do_pcm_hwsync(substream)
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

/** The answer of the DELAY ioctl: `delay` counts only if it returned 0. */
export interface DelayAnswer {
  delay: Frames
}

/** The DELAY ioctl. Kernel: snd_pcm_delay(). Return: 0 or as do_pcm_hwsync(). */
export function* snd_pcm_delay(substream: SndPcmSubstream, answer: DelayAnswer): Proc<number> {
  yield* snd_pcm_stream_lock_irq(substream)
  const err = yield* do_pcm_hwsync(substream)
  if (err >= 0) answer.delay = snd_pcm_calc_delay(substream)
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

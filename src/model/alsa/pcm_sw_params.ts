/**
 * Software parameters: thresholds and silencing. Mirrors snd_pcm_sw_params() of
 * sound/core/pcm_native.c, the same in 6.1 and 6.12. Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EBADFD, EINVAL } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TSTAMP_ENABLE,
  ULONG_MAX,
} from './pcm_constants.ts'
import { snd_pcm_stream_lock_irq, snd_pcm_stream_unlock_irq } from './pcm_locking.ts'
import { type SndPcmRuntime, snd_pcm_running } from './pcm_runtime.ts'
import { snd_pcm_playback_silence } from './pcm_silence.ts'
import { snd_pcm_update_state, stateStays } from './pcm_xrun.ts'

/** Kernel: struct snd_pcm_sw_params. */
export interface SndPcmSwParams {
  tstamp_mode: number
  period_step: number
  avail_min: Frames
  start_threshold: Frames
  stop_threshold: Frames
  silence_threshold: Frames
  silence_size: Frames
}

/** The present ones, to be changed and set. Kernel: what alsa-lib keeps of them. */
export function currentSwParams(runtime: SndPcmRuntime): SndPcmSwParams {
  return {
    tstamp_mode: runtime.tstamp_mode,
    period_step: runtime.period_step,
    avail_min: runtime.control.avail_min,
    start_threshold: runtime.start_threshold,
    stop_threshold: runtime.stop_threshold,
    silence_threshold: runtime.silence_threshold,
    silence_size: runtime.silence_size,
  }
}

function isValid(runtime: SndPcmRuntime, params: SndPcmSwParams): boolean {
  if (params.tstamp_mode > SNDRV_PCM_TSTAMP_ENABLE || params.avail_min === 0) return false
  if (params.silence_size >= runtime.boundary) return params.silence_threshold === 0
  if (params.silence_size > params.silence_threshold) return false
  return params.silence_threshold <= runtime.buffer_size
}

function store(runtime: SndPcmRuntime, params: SndPcmSwParams): void {
  runtime.tstamp_mode = params.tstamp_mode
  runtime.period_step = params.period_step
  runtime.control.avail_min = params.avail_min
  runtime.start_threshold = params.start_threshold
  runtime.stop_threshold = params.stop_threshold
  runtime.silence_threshold = params.silence_threshold
  runtime.silence_size = params.silence_size
}

/**
 * Kernel: snd_pcm_sw_params(). Context: process. Locks: stream lock. A running stream is looked at
 * at once with the new thresholds. Return: 0, -EBADFD, -EINVAL, or -EPIPE if that stopped it.
 */
export function* snd_pcm_sw_params(
  substream: SndPcmSubstream,
  params: SndPcmSwParams,
): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  const isOpen = runtime.state === SNDRV_PCM_STATE_OPEN
  yield* snd_pcm_stream_unlock_irq(substream)
  if (isOpen) return -EBADFD
  if (!isValid(runtime, params)) return -EINVAL
  let err = 0
  yield* snd_pcm_stream_lock_irq(substream)
  store(runtime, params)
  if (snd_pcm_running(substream)) {
    if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK && runtime.silence_size > 0) {
      yield* snd_pcm_playback_silence(substream, ULONG_MAX)
    }
    err = stateStays(substream) ? 0 : yield* snd_pcm_update_state(substream)
  }
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

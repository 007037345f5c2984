/**
 * Time stamps of a stream: when its pointer was last found somewhere else, and how much audio had
 * passed by then. Mirrors update_audio_tstamp() of sound/core/pcm_lib.c and what it reads; the same
 * in 6.1 and 6.12. Only with tstamp_mode ENABLE. Stamps are ns.
 */
import { framesToNsFloor, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK, SNDRV_PCM_TSTAMP_ENABLE } from './pcm_constants.ts'

export const SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT = 0
export const SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT = 1
export const SNDRV_PCM_AUDIO_TSTAMP_TYPE_LINK = 2

/** What a client asks for, and what the get_time_info op answers. */
export class SndPcmTimeInfo {
  /** Kernel: audio_tstamp_config. */
  type_requested = SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT
  report_delay = false
  /** Kernel: audio_tstamp_report: what the hardware made of the request. */
  actual_type = SNDRV_PCM_AUDIO_TSTAMP_TYPE_COMPAT
  system_ts: Ns = 0
  audio_ts: Ns = 0
}

/**
 * The time that goes with a position just read.
 *
 * Kernel: the first part of snd_pcm_update_hw_ptr0(). Context: stream lock held. A driver that
 * cannot do what was asked sets actual_type to DEFAULT.
 */
export function* readTimeInfo(substream: SndPcmSubstream): Proc<Ns> {
  const { ops, runtime, k } = substream
  const { timeInfo } = runtime
  if (ops.get_time_info === undefined) return k.sim.now
  if (timeInfo.type_requested === SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT) return k.sim.now
  yield* ops.get_time_info(substream, timeInfo)
  return timeInfo.actual_type === SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT
    ? k.sim.now
    : timeInfo.system_ts
}

/** Audio that has passed, from the pointers: it survives the wrap at the boundary. */
function audioNs(substream: SndPcmSubstream): Ns {
  const { runtime } = substream
  let frames = runtime.hw_ptr_wrap + runtime.status.hw_ptr
  if (runtime.timeInfo.report_delay) {
    const sign = substream.stream === SNDRV_PCM_STREAM_PLAYBACK ? -1 : 1
    frames += sign * runtime.delay
  }
  // Differs: more delay than audio would be a huge number in the kernel.
  return frames < 0 ? 0 : framesToNsFloor(frames, runtime.rate)
}

/**
 * Stamps the pointer. While it stands still so does the stamp; driver_tstamp moves always.
 *
 * Kernel: update_audio_tstamp(). Context: stream lock held, hw_ptr stored.
 */
export function update_audio_tstamp(substream: SndPcmSubstream, curr_tstamp: Ns): void {
  const { runtime, ops, k } = substream
  if (runtime.tstamp_mode !== SNDRV_PCM_TSTAMP_ENABLE) return
  const { status, timeInfo } = runtime
  const counted =
    ops.get_time_info === undefined || timeInfo.actual_type === SNDRV_PCM_AUDIO_TSTAMP_TYPE_DEFAULT
  const audio_tstamp = counted ? audioNs(substream) : timeInfo.audio_ts
  if (status.audio_tstamp !== audio_tstamp) {
    status.audio_tstamp = audio_tstamp
    status.tstamp = curr_tstamp
  }
  runtime.driver_tstamp = k.sim.now
}

/**
 * Xruns, and the consequences of a new position. Mirrors sound/core/pcm_lib.c, 6.1 and 6.12; the
 * pointer update itself is pcm_hw_ptr.ts.
 */
import { DONE_ZERO, type Proc, thenValue } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EPIPE } from '../linux/errno.ts'
import { printk } from '../linux/printk.ts'
import { wake_up } from '../linux/wait.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_TSTAMP_ENABLE,
  XRUN_DEBUG_BASIC,
  XrunCause,
} from './pcm_constants.ts'
import { dump_stack_on_xrun, xrun_debug } from './pcm_log.ts'
import { snd_pcm_avail } from './pcm_runtime.ts'
import { snd_pcm_drain_done, snd_pcm_stop } from './pcm_start_stop.ts'

const XRUN = T.snd_pcm_xrun

/**
 * Declares an xrun: stops the stream into XRUN and says so. `cause` is ours (XrunCause).
 *
 * Kernel: __snd_pcm_xrun(). Context: stream lock held; calls ops->trigger(STOP).
 */
export function* __snd_pcm_xrun(substream: SndPcmSubstream, cause: number): Proc {
  const { runtime, k } = substream
  k.emit(XRUN, substream.id, runtime.status.hw_ptr, runtime.hw_ptr_base, cause)
  if (runtime.tstamp_mode === SNDRV_PCM_TSTAMP_ENABLE) runtime.status.tstamp = k.sim.now
  yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_XRUN)
  if (xrun_debug(substream, XRUN_DEBUG_BASIC)) {
    yield* printk(k, `XRUN: ${substream.name}`)
    yield* dump_stack_on_xrun(substream)
  }
  if (k.config.version !== '6.1') runtime.xrun_counter++
}

/**
 * Whether snd_pcm_update_state() would do nothing; counts avail_max. Callers ask this first,
 * because it is the usual case and a plain call is cheap.
 */
export function stateStays(substream: SndPcmSubstream): boolean {
  const { runtime } = substream
  const avail = snd_pcm_avail(substream)
  if (avail > runtime.avail_max) runtime.avail_max = avail
  const limit =
    runtime.state === SNDRV_PCM_STATE_DRAINING ? runtime.buffer_size : runtime.stop_threshold
  if (avail >= limit) return false
  return avail < (runtime.twake !== 0 ? runtime.twake : runtime.control.avail_min)
}

/**
 * What a changed position leads to: the end of a drain, an xrun, or a wake-up. While a read or
 * write call is in progress only that call is woken, not the pollers. The caller has asked
 * stateStays() before.
 *
 * Kernel: snd_pcm_update_state(). Context: stream lock held. Return: 0, or -EPIPE if it stopped.
 */
export function snd_pcm_update_state(substream: SndPcmSubstream): Proc<number> {
  const { runtime } = substream
  const avail = snd_pcm_avail(substream)
  if (runtime.state === SNDRV_PCM_STATE_DRAINING) {
    if (avail >= runtime.buffer_size) return thenValue(snd_pcm_drain_done(substream), -EPIPE)
  } else if (avail >= runtime.stop_threshold) {
    const cause = runtime.tookFalseWrap ? XrunCause.falseWrap : XrunCause.threshold
    return thenValue(__snd_pcm_xrun(substream, cause), -EPIPE)
  }
  if (runtime.twake !== 0) {
    if (avail >= runtime.twake) return thenValue(wake_up(runtime.tsleep), 0)
  } else if (avail >= runtime.control.avail_min) return thenValue(wake_up(runtime.sleep), 0)
  return DONE_ZERO
}

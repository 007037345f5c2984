/**
 * What drivers call: a period is over, the device lost data. Mirrors the exported ends of
 * sound/core/pcm_lib.c and pcm_native.c, 6.1 and 6.12.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { snd_kill_fasync } from './misc.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { XrunCause } from './pcm_constants.ts'
import { snd_pcm_update_hw_ptr0 } from './pcm_hw_ptr.ts'
import { snd_pcm_stream_lock_irqsave, snd_pcm_stream_unlock_irqrestore } from './pcm_locking.ts'
import { snd_pcm_running } from './pcm_runtime.ts'
import { __snd_pcm_xrun } from './pcm_xrun.ts'
import { snd_timer_interrupt } from './timer.ts'

const PERIOD_ELAPSED = T.snd_pcm_period_elapsed

/** What a period's end leads to. Kernel: the body of snd_pcm_period_elapsed_under_stream_lock(). */
function* periodElapsed(substream: SndPcmSubstream): Proc {
  const { k, runtime } = substream
  if (!k.tryCharge(k.costs.period_elapsed)) yield Req.CHARGE
  if (snd_pcm_running(substream)) {
    const err = yield* snd_pcm_update_hw_ptr0(substream, true)
    const { timer } = substream
    if (err >= 0 && substream.timer_running) yield* snd_timer_interrupt(timer, 1)
  }
  if (runtime.fasync !== null) yield* snd_kill_fasync(runtime.fasync)
}

/**
 * A period, or several, are over.
 *
 * Kernel: snd_pcm_period_elapsed(). Context: any in which the stream lock may be taken: interrupt
 * for atomic PCMs, task for nonatomic ones.
 */
export function* snd_pcm_period_elapsed(substream: SndPcmSubstream): Proc {
  substream.k.emit(PERIOD_ELAPSED, substream.id)
  const flags = yield* snd_pcm_stream_lock_irqsave(substream)
  if (substream.isOpen) yield* periodElapsed(substream)
  yield* snd_pcm_stream_unlock_irqrestore(substream, flags)
}

/** As snd_pcm_period_elapsed(), for a caller that holds the stream lock. */
export function* snd_pcm_period_elapsed_under_stream_lock(substream: SndPcmSubstream): Proc {
  substream.k.emit(PERIOD_ELAPSED, substream.id)
  if (substream.isOpen) yield* periodElapsed(substream)
}

/**
 * For drivers that find out about an xrun and do not hold the stream lock.
 *
 * Kernel: snd_pcm_stop_xrun(), pcm_native.c. Return: 0.
 */
export function* snd_pcm_stop_xrun(substream: SndPcmSubstream): Proc<number> {
  const flags = yield* snd_pcm_stream_lock_irqsave(substream)
  if (snd_pcm_running(substream)) yield* __snd_pcm_xrun(substream, XrunCause.device)
  yield* snd_pcm_stream_unlock_irqrestore(substream, flags)
  return 0
}

/**
 * The timer of a substream: it ticks once for every period_elapsed that moved the pointer or found
 * it where it was, and not for one that ended in an xrun. Mirrors sound/core/pcm_timer.c, the same
 * in 6.1 and 6.12. Its lock is taken at every start, stop and close, whether or not anybody has
 * opened the timer. A program's side of it: timer_user.ts.
 */
import { framesToNsFloor } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { SndTimer, snd_timer_notify } from './timer.ts'

/** The substream's timer. Kernel: snd_pcm_timer_init(). */
export function snd_pcm_timer_init(substream: SndPcmSubstream): SndTimer {
  return new SndTimer(substream.k, substream.name, {
    start: () => {
      substream.timer_running = true
    },
    stop: () => {
      substream.timer_running = false
    },
    c_resolution: () => {
      if (!substream.isOpen || substream.runtime.rate === 0) return 0
      return framesToNsFloor(substream.runtime.period_size, substream.runtime.rate)
    },
    shutdown: () => substream.pcm.card.shutdown,
  })
}

/** Kernel: snd_pcm_timer_notify(). Context: stream lock held. Locks: timer->lock. */
export function snd_pcm_timer_notify(substream: SndPcmSubstream, event: number): Proc {
  return snd_timer_notify(substream.timer, event, substream.runtime.trigger_tstamp)
}

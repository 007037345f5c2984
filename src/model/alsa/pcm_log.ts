/**
 * Log lines of the PCM core: rate limits, the debugging setting xrun_debug, and the hw_ptr errors.
 * Kernel: sound/core/pcm_lib.c (hw_ptr_error), lib/ratelimit.c; 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Kernel } from '../linux/kernel.ts'
import { printk } from '../linux/printk.ts'
import { sndCore } from './core.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { XRUN_DEBUG_BASIC, XRUN_DEBUG_STACK } from './pcm_constants.ts'

const RATELIMIT_INTERVAL_S = 5
const RATELIMIT_BURST = 10

/** Kernel: struct ratelimit_state, of one call in the source. Times are jiffies. */
export class RatelimitState {
  begin = -1
  printed = 0
  missed = 0
}

function ratelimitOf(k: Kernel, call: string): RatelimitState {
  const { ratelimits } = sndCore(k)
  let state = ratelimits.get(call)
  if (state === undefined) {
    state = new RatelimitState()
    ratelimits.set(call, state)
  }
  return state
}

/**
 * A log line that is printed at most ten times in five seconds.
 *
 * Kernel: ___ratelimit() and the pr_*_ratelimited family. `call` names the place in the source.
 */
export function* printkRatelimited(k: Kernel, call: string, text: string): Proc {
  const state = ratelimitOf(k, call)
  if (state.begin < 0) state.begin = k.jiffies
  if (k.jiffies > state.begin + RATELIMIT_INTERVAL_S * k.config.hz) {
    if (state.missed > 0) yield* printk(k, `${call}: ${state.missed} callbacks suppressed`)
    state.begin = k.jiffies
    state.printed = 0
    state.missed = 0
  }
  if (state.printed >= RATELIMIT_BURST) {
    state.missed++
    return
  }
  state.printed++
  yield* printk(k, text)
}

/** Whether a bit of xrun_debug is set. Kernel: xrun_debug(). */
export function xrun_debug(substream: SndPcmSubstream, mask: number): boolean {
  return (substream.pcm.xrun_debug & mask) !== 0
}

/** Kernel: dump_stack_on_xrun(). The stack itself is not modelled; its first line is. */
export function* dump_stack_on_xrun(substream: SndPcmSubstream): Proc {
  if (xrun_debug(substream, XRUN_DEBUG_STACK)) yield* printk(substream.k, 'Call Trace:')
}

/**
 * Reports a doubtful pointer: the record always, the line if xrun_debug wants it.
 *
 * Kernel: hw_ptr_error(). Context: stream lock held.
 */
export function* hw_ptr_error(
  substream: SndPcmSubstream,
  in_interrupt: boolean,
  reason: string,
  details: string,
): Proc {
  const { k } = substream
  k.emit(T.snd_pcm_hw_ptr_error, substream.id, k.sim.trace.symbols.text(reason))
  if (!xrun_debug(substream, XRUN_DEBUG_BASIC)) return
  const text = `ALSA: PCM: [${in_interrupt ? 'Q' : 'P'}] ${reason}: ${details}`
  yield* printkRatelimited(k, 'snd_pcm_update_hw_ptr0', text)
  yield* dump_stack_on_xrun(substream)
}

/** A line of debug level. Kernel: pcm_dbg(). */
export function* pcm_dbg(substream: SndPcmSubstream, text: string): Proc {
  if (substream.pcm.debug) yield* printk(substream.k, text)
}

/**
 * The clock of the loopback card: a timer in jiffies for each open substream, and the position that
 * follows from the jiffies which have passed. Sizes are bytes; `frac` are bytes times HZ.
 *
 * Kernel: loopback_jiffies_timer_*() of sound/drivers/aloop.c, v6.1. Left out: a sound timer as
 * the clock (timer_source), the control that shifts the rate, and silencing of a capture ring, as
 * samples do not exist.
 */
import type { Bytes } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import {
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../../alsa/pcm_constants.ts'
import { copyNsOf } from '../../alsa/pcm_copy.ts'
import { snd_pcm_period_elapsed } from '../../alsa/pcm_lib.ts'
import { snd_pcm_playback_hw_avail } from '../../alsa/pcm_runtime.ts'
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../linux/spinlock.ts'
import type { TimerList } from '../../linux/timer.ts'
import { freshnessOf } from '../../machine/freshness.ts'
import { Content } from '../../machine/guest-buffer.ts'
import { isFreed, type LoopbackCable, type LoopbackPcm } from './aloop_cable.ts'

const PLAYBACK = 1 << SNDRV_PCM_STREAM_PLAYBACK
const CAPTURE = 1 << SNDRV_PCM_STREAM_CAPTURE

/** Whole frames in so many bytes times HZ. Kernel: byte_pos(), without pitch. */
function byte_pos({ loopback, pcm_salign }: LoopbackPcm, frac: number): Bytes {
  const bytes = Math.floor(frac / loopback.k.config.hz)
  return bytes - (bytes % pcm_salign)
}

/** Until the end of the period. Context: cable->lock held. Return: 0. */
export function loopback_jiffies_timer_start(dpcm: LoopbackPcm): number {
  const { k } = dpcm.loopback
  dpcm.period_size_frac = dpcm.pcm_period_size * k.config.hz
  if (dpcm.period_size_frac <= dpcm.irq_pos) {
    dpcm.irq_pos %= dpcm.period_size_frac
    dpcm.period_update_pending = true
  }
  const tick = Math.ceil((dpcm.period_size_frac - dpcm.irq_pos) / dpcm.pcm_bps)
  k.timers.mod_timer(timerOf(dpcm), k.jiffies + tick)
  return 0
}

/** Context: any; a function that runs already goes on. Return: 0. */
export function loopback_jiffies_timer_stop(dpcm: LoopbackPcm): number {
  dpcm.loopback.k.timers.timer_delete(timerOf(dpcm))
  return 0
}

/** Context: process, without the locks that the function takes. Return: 0. */
export function* loopback_jiffies_timer_stop_sync(dpcm: LoopbackPcm): Proc<number> {
  yield* dpcm.loopback.k.timers.timer_delete_sync(timerOf(dpcm))
  return 0
}

function timerOf(dpcm: LoopbackPcm): TimerList {
  return dpcm.timer as TimerList
}

/** Kernel: bytepos_delta(). */
function bytepos_delta(dpcm: LoopbackPcm, jiffies_delta: number): Bytes {
  const last_pos = byte_pos(dpcm, dpcm.irq_pos)
  // An unsigned int, which wraps.
  dpcm.irq_pos = (dpcm.irq_pos + jiffies_delta * dpcm.pcm_bps) >>> 0
  let delta = byte_pos(dpcm, dpcm.irq_pos) - last_pos
  if (delta >= dpcm.last_drift) delta -= dpcm.last_drift
  dpcm.last_drift = 0
  if (dpcm.irq_pos >= dpcm.period_size_frac) {
    dpcm.irq_pos %= dpcm.period_size_frac
    dpcm.period_update_pending = true
  }
  return delta
}

/** Kernel: bytepos_finish(). What a capture has passed has been recorded, silence or not. */
function bytepos_finish(dpcm: LoopbackPcm, delta: Bytes): void {
  const { substream, pcm_salign } = dpcm
  if (substream.stream === SNDRV_PCM_STREAM_CAPTURE) {
    inRing(dpcm, delta, (at, size) => {
      const frames = size / pcm_salign
      const ring = substream.runtime.dma_area
      ring?.write(at / pcm_salign, frames, dpcm.index, substream.k.sim.now)
      dpcm.index += frames
    })
  }
  dpcm.buf_pos = (dpcm.buf_pos + delta) % dpcm.pcm_buffer_size
}

/** Calls `part` for `bytes` from buf_pos on, in pieces that do not run over the ring's end. */
function inRing(
  { buf_pos, pcm_buffer_size }: LoopbackPcm,
  bytes: Bytes,
  part: (at: Bytes, size: Bytes) => void,
): void {
  let at = buf_pos
  let left = bytes
  while (left > 0) {
    const beforeEnd = pcm_buffer_size - at
    const size = left < beforeEnd ? left : beforeEnd
    part(at, size)
    left -= size
    at = 0
  }
}

/** What the cable takes from a playback ring: heard, whether or not anybody records it. */
function playOut(play: LoopbackPcm, count: Bytes): void {
  const { substream, pcm_salign } = play
  const { k, id, runtime } = substream
  const ring = runtime.dma_area
  if (ring === null) return
  inRing(play, withData(play, count), (offset, size) => {
    let at = offset / pcm_salign
    ring.read(at, size / pcm_salign, (first, frames, _writtenAtNs, kind) => {
      k.emit(T.audio_copy, id, at, frames, first, freshnessOf(first, kind, play.index))
      if (kind === Content.silence) k.emit(T.audio_silence, id, frames)
      else {
        k.emit(T.audio_play, id, first, frames)
        if (first + frames > play.index) play.index = first + frames
      }
      at += frames
    })
  })
}

/** Kernel: copy_play_buf(). Context: cable->lock held. Cost: a copy. */
function* copy_play_buf(play: LoopbackPcm, count: Bytes): Proc {
  const { k } = play.loopback
  const bytes = withData(play, count)
  const frames = bytes / play.pcm_salign
  if (bytes > 0 && !k.tryChargeNs(copyNsOf(play.substream, frames))) yield Req.CHARGE
  playOut(play, count)
}

/** What of `count` the client has written, at the end of a drain. */
function withData({ substream, buf_pos, pcm_salign }: LoopbackPcm, count: Bytes): Bytes {
  const { runtime } = substream
  const { buffer_size } = runtime
  if (runtime.state !== SNDRV_PCM_STATE_DRAINING) return count
  if (snd_pcm_playback_hw_avail(runtime) >= buffer_size) return count
  const { appl_ptr } = runtime.control
  let from = appl_ptr - (appl_ptr % buffer_size) + buf_pos / pcm_salign
  if (appl_ptr < from) from -= buffer_size
  const diff = (appl_ptr - from) * pcm_salign
  return diff < count ? diff : count
}

/**
 * Brings both positions up to the present jiffy, and moves what has passed through the cable.
 *
 * Kernel: loopback_jiffies_timer_pos_update(). Context: cable->lock held. Return: bits of the
 * directions that run.
 */
export function* loopback_jiffies_timer_pos_update(cable: LoopbackCable): Proc<number> {
  const running = cable.running ^ cable.pause
  const [play, capt] = cable.streams as [LoopbackPcm | null, LoopbackPcm | null]
  let delta_play = play === null || (running & PLAYBACK) === 0 ? 0 : passed(play)
  let delta_capt = capt === null || (running & CAPTURE) === 0 ? 0 : passed(capt)
  if (play !== null && delta_play > delta_capt) {
    const count = bytepos_delta(play, delta_play - delta_capt)
    playOut(play, count)
    bytepos_finish(play, count)
    delta_play = delta_capt
  } else if (capt !== null && delta_play < delta_capt) {
    const count = bytepos_delta(capt, delta_capt - delta_play)
    bytepos_finish(capt, count)
    delta_capt = delta_play
  }
  if (play === null || capt === null || delta_play === 0) return running
  const count_play = bytepos_delta(play, delta_play)
  const count_capt = bytepos_delta(capt, delta_capt)
  if (count_play < count_capt) capt.last_drift = count_capt - count_play
  else if (count_play > count_capt) play.last_drift = count_play - count_capt
  const count = Math.max(count_play, count_capt)
  yield* copy_play_buf(play, count)
  bytepos_finish(play, count)
  bytepos_finish(capt, count)
  return running
}

/** Jiffies since it was last looked at. */
function passed(dpcm: LoopbackPcm): number {
  const delta = dpcm.loopback.k.jiffies - dpcm.last_jiffies
  dpcm.last_jiffies += delta
  return delta
}

/** Kernel: loopback_jiffies_timer_function(). Context: softirq. */
export function* loopback_jiffies_timer_function(dpcm: LoopbackPcm): Proc {
  if (isFreed(dpcm, 'starts on')) return
  const { cable, substream } = dpcm
  const flags = yield* spin_lock_irqsave(cable.lock)
  if (isFreed(dpcm, 'takes the lock of')) {
    yield* spin_unlock_irqrestore(cable.lock, flags)
    return
  }
  const running = yield* loopback_jiffies_timer_pos_update(cable)
  let elapsed = false
  if ((running & (1 << substream.stream)) !== 0) {
    loopback_jiffies_timer_start(dpcm)
    elapsed = dpcm.period_update_pending
    dpcm.period_update_pending = false
  }
  yield* spin_unlock_irqrestore(cable.lock, flags)
  if (elapsed && !isFreed(dpcm, 'reads')) yield* snd_pcm_period_elapsed(substream)
}

/**
 * Silencing of a playback ring: threshold mode keeps some silence ahead of the device, free-run
 * mode silences what has been played. Mirrors snd_pcm_playback_silence() of sound/core/pcm_lib.c in
 * its two forms, 6.1 and 6.12 (which counts from the new hw_ptr). Positions are frames.
 */
import type { Frames } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { READ_ONCE } from '../linux/kcsan.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { Op, ULONG_MAX } from './pcm_constants.ts'
import { insideRing } from './pcm_copy.ts'
import { frames_to_bytes, type SndPcmRuntime, snd_pcm_playback_hw_avail } from './pcm_runtime.ts'

const BYTES_PER_KIB = 1024

/**
 * Fills the ring with silence as the software parameters ask. `new_hw_ptr` is ULONG_MAX at start.
 *
 * Kernel: snd_pcm_playback_silence(). Context: stream lock held; may call ops->fill_silence.
 */
export function* snd_pcm_playback_silence(substream: SndPcmSubstream, new_hw_ptr: Frames): Proc {
  const { runtime } = substream
  const old = substream.k.config.version === '6.1'
  let frames: Frames
  if (runtime.silence_size < runtime.boundary) {
    const appl_ptr = READ_ONCE(substream.k, runtime.control, 'appl_ptr')
    followApplication(runtime, appl_ptr)
    frames = old ? thresholdFrames61(runtime) : thresholdFrames(runtime, appl_ptr, new_hw_ptr)
  } else {
    frames = old ? freeRunFrames61(runtime, new_hw_ptr) : freeRunFrames(runtime, new_hw_ptr)
  }
  if (frames > runtime.buffer_size) frames = runtime.buffer_size
  if (frames <= 0) return
  let from = runtime.silence_start
  if (!old) {
    from = (runtime.silence_start + runtime.silence_filled) % runtime.boundary
  }
  runtime.silence_filled += frames
  yield* fillRing(substream, from % runtime.buffer_size, frames)
}

/** Follows the application: silence that it has overwritten no longer counts. */
function followApplication(runtime: SndPcmRuntime, appl_ptr: Frames): void {
  if (runtime.silence_start === appl_ptr) return
  let moved = appl_ptr - runtime.silence_start
  if (moved < 0) moved += runtime.boundary
  runtime.silence_filled = moved < runtime.silence_filled ? runtime.silence_filled - moved : 0
  runtime.silence_start = appl_ptr
}

function wantedFrames(runtime: SndPcmRuntime, queued: Frames): Frames {
  const noise = queued + runtime.silence_filled
  if (noise >= runtime.silence_threshold) return 0
  const missing = runtime.silence_threshold - noise
  return missing < runtime.silence_size ? missing : runtime.silence_size
}

function thresholdFrames61(runtime: SndPcmRuntime): Frames {
  if (runtime.silence_filled >= runtime.buffer_size) return 0
  return wantedFrames(runtime, snd_pcm_playback_hw_avail(runtime))
}

function thresholdFrames(runtime: SndPcmRuntime, appl_ptr: Frames, new_hw_ptr: Frames): Frames {
  const hw_ptr = new_hw_ptr === ULONG_MAX ? runtime.status.hw_ptr : new_hw_ptr
  let queued = appl_ptr - hw_ptr
  if (queued < 0) queued += runtime.boundary
  return wantedFrames(runtime, queued)
}

/** Frames that the device has passed leave the filled area, which starts at the new position. */
function followDevice(runtime: SndPcmRuntime, new_hw_ptr: Frames): void {
  let played = new_hw_ptr - runtime.status.hw_ptr
  if (played < 0) played += runtime.boundary
  runtime.silence_filled = played < runtime.silence_filled ? runtime.silence_filled - played : 0
  runtime.silence_start = new_hw_ptr
}

/** In free-run mode silence_filled counts what must be left alone, the application's data too. */
function freeRunFrames(runtime: SndPcmRuntime, new_hw_ptr: Frames): Frames {
  const { hw_ptr } = runtime.status
  if (new_hw_ptr === ULONG_MAX) {
    let queued = runtime.control.appl_ptr - hw_ptr
    if (queued < 0) queued += runtime.boundary
    // A free-running stream whose appl_ptr stands still ends up here too: all is silenced.
    runtime.silence_filled = queued > runtime.buffer_size ? 0 : queued
    runtime.silence_start = hw_ptr
  } else followDevice(runtime, new_hw_ptr)
  return runtime.buffer_size - runtime.silence_filled
}

/** 6.1 writes at silence_start itself: behind the data at start, later what was just played. */
function freeRunFrames61(runtime: SndPcmRuntime, new_hw_ptr: Frames): Frames {
  const { hw_ptr } = runtime.status
  if (new_hw_ptr === ULONG_MAX) {
    const queued = snd_pcm_playback_hw_avail(runtime)
    const kept = queued > runtime.buffer_size ? runtime.buffer_size : queued
    runtime.silence_filled = kept > 0 ? kept : 0
    runtime.silence_start = (hw_ptr + runtime.silence_filled) % runtime.boundary
  } else {
    const filled = runtime.silence_filled
    followDevice(runtime, new_hw_ptr)
    let played = new_hw_ptr - hw_ptr
    if (played < 0) played += runtime.boundary
    if (filled >= played) runtime.silence_start = hw_ptr
  }
  return runtime.buffer_size - runtime.silence_filled
}

/** Kernel: fill_silence_frames() and the loop around it; may run over the ring's end. */
function* fillRing(substream: SndPcmSubstream, offset: Frames, frames: Frames): Proc {
  const { runtime } = substream
  let at = offset
  let left = frames
  while (left > 0) {
    const beforeEnd = runtime.buffer_size - at
    const part = left < beforeEnd ? left : beforeEnd
    yield* fill_silence(substream, at, part)
    at = 0
    left -= part
  }
}

/**
 * Puts silence at a place of the ring, through the driver if it has an op for that.
 *
 * Kernel: fill_silence(). Return: 0 or the op's error.
 */
export function* fill_silence(
  substream: SndPcmSubstream,
  offset: Frames,
  frames: Frames,
): Proc<number> {
  const { k, runtime, ops } = substream
  const { dma_area } = runtime
  if (ops.fill_silence !== undefined) {
    k.emit(T.snd_pcm_op, substream.id, Op.fill_silence)
    const err = yield* ops.fill_silence(substream, offset, frames)
    k.emit(T.snd_pcm_op_done, substream.id, Op.fill_silence, err)
    return err
  }
  const { copy_base, copy_per_kib } = k.costs
  const kib = frames_to_bytes(runtime, frames) / BYTES_PER_KIB
  const ns = k.priceNs(copy_base) + Math.round(k.priceNs(copy_per_kib) * kib)
  if (!k.tryChargeNs(ns)) yield Req.CHARGE
  const inside = insideRing(substream, dma_area, offset, frames)
  if (inside > 0) dma_area?.silence(offset, inside, k.sim.now)
  return 0
}

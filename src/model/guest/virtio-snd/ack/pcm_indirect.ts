/**
 * Book-keeping for drivers whose hardware queue is fed from the ring in pieces. Sizes are bytes.
 * hw_*: the device's side; sw_*: the application's; *_data: next to hand over; *_io: next to
 * finish.
 *
 * Kernel: include/sound/pcm-indirect.h, v6.12.107.
 */
import type { Bytes, Frames } from '../../../../base/units.ts'
import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmSubstream } from '../../../alsa/pcm.ts'
import { SNDRV_PCM_POS_XRUN } from '../../../alsa/pcm_constants.ts'
import { bytes_to_frames, frames_to_bytes, type SndPcmRuntime } from '../../../alsa/pcm_runtime.ts'
import { EPIPE } from '../../../linux/errno.ts'

/** Kernel: struct snd_pcm_indirect. */
export class SndPcmIndirect {
  hw_buffer_size: Bytes = 0
  hw_data: Bytes = 0
  hw_io: Bytes = 0
  hw_ready: Bytes = 0
  sw_buffer_size: Bytes = 0
  sw_data: Bytes = 0
  sw_io: Bytes = 0
  sw_ready: Bytes = 0
  appl_ptr: Frames = 0

  /** All zero but for the sizes, as at prepare. */
  reset(buffer_bytes: Bytes): void {
    this.hw_buffer_size = buffer_bytes
    this.sw_buffer_size = buffer_bytes
    this.hw_data = 0
    this.hw_io = 0
    this.hw_ready = 0
    this.sw_data = 0
    this.sw_io = 0
    this.sw_ready = 0
    this.appl_ptr = 0
  }
}

/** Hands over `bytes` at `rec.sw_data`. */
export type IndirectCopy = (substream: SndPcmSubstream, rec: SndPcmIndirect, bytes: Bytes) => Proc

/** Frames that the application has moved since it was last looked at; negative: it went back. */
function applicationMoved(runtime: SndPcmRuntime, rec: SndPcmIndirect): Frames {
  const diff = runtime.control.appl_ptr - rec.appl_ptr
  return diff < -Math.floor(runtime.boundary / 2) ? diff + runtime.boundary : diff
}

/** The piece that comes next: not over either ring's end. */
function piece(rec: SndPcmIndirect, ready: Bytes, room: Bytes): Bytes {
  const hw_to_end = rec.hw_buffer_size - rec.hw_data
  const sw_to_end = rec.sw_buffer_size - rec.sw_data
  return Math.min(ready, room, hw_to_end, sw_to_end)
}

function advanceData(rec: SndPcmIndirect, bytes: Bytes): void {
  rec.hw_data += bytes
  if (rec.hw_data === rec.hw_buffer_size) rec.hw_data = 0
  rec.sw_data += bytes
  if (rec.sw_data === rec.sw_buffer_size) rec.sw_data = 0
}

/** How far the device went since the last look; moves `hw_io` there. */
function deviceMoved(rec: SndPcmIndirect, ptr: Bytes): Bytes {
  const bytes = ptr - rec.hw_io
  rec.hw_io = ptr
  return bytes < 0 ? bytes + rec.hw_buffer_size : bytes
}

function advanceIo(rec: SndPcmIndirect, bytes: Bytes): void {
  rec.sw_io += bytes
  if (rec.sw_io >= rec.sw_buffer_size) rec.sw_io -= rec.sw_buffer_size
}

/**
 * Hands over what the application has written and the device has room for.
 *
 * Kernel: snd_pcm_indirect_playback_transfer(). Return: 0, or -EPIPE if the application went back.
 */
export function* snd_pcm_indirect_playback_transfer(
  substream: SndPcmSubstream,
  rec: SndPcmIndirect,
  copy: IndirectCopy,
): Proc<number> {
  const { runtime } = substream
  const diff = applicationMoved(runtime, rec)
  if (diff < 0) return -EPIPE
  if (diff > 0) {
    rec.sw_ready += frames_to_bytes(runtime, diff)
    rec.appl_ptr = runtime.control.appl_ptr
  }
  while (rec.hw_ready < rec.hw_buffer_size && rec.sw_ready > 0) {
    const bytes = piece(rec, rec.sw_ready, rec.hw_buffer_size - rec.hw_ready)
    if (bytes === 0) break
    yield* copy(substream, rec, bytes)
    advanceData(rec, bytes)
    rec.hw_ready += bytes
    rec.sw_ready -= bytes
  }
  return 0
}

/** The op ack, if the driver has one; true if it says that the stream is lost. */
function* acknowledges(substream: SndPcmSubstream): Proc<boolean> {
  const { ack } = substream.ops
  return ack !== undefined && (yield* ack(substream)) === -EPIPE
}

/**
 * Position of playback, given where the device is in its ring.
 *
 * Kernel: snd_pcm_indirect_playback_pointer(). Return: frames, or POS_XRUN if ack said -EPIPE.
 */
export function* snd_pcm_indirect_playback_pointer(
  substream: SndPcmSubstream,
  rec: SndPcmIndirect,
  ptr: Bytes,
): Proc<number> {
  const bytes = deviceMoved(rec, ptr)
  rec.hw_ready -= bytes
  advanceIo(rec, bytes)
  if (yield* acknowledges(substream)) return SNDRV_PCM_POS_XRUN
  return bytes_to_frames(substream.runtime, rec.sw_io)
}

/**
 * Gives the device room for what the application has read.
 *
 * Kernel: snd_pcm_indirect_capture_transfer(). Return: 0, or -EPIPE if the application went back.
 */
export function* snd_pcm_indirect_capture_transfer(
  substream: SndPcmSubstream,
  rec: SndPcmIndirect,
  copy: IndirectCopy,
): Proc<number> {
  const { runtime } = substream
  const diff = applicationMoved(runtime, rec)
  if (diff < 0) return -EPIPE
  if (diff > 0) {
    rec.sw_ready -= frames_to_bytes(runtime, diff)
    rec.appl_ptr = runtime.control.appl_ptr
  }
  while (rec.hw_ready > 0 && rec.sw_ready < rec.sw_buffer_size) {
    const bytes = piece(rec, rec.hw_ready, rec.sw_buffer_size - rec.sw_ready)
    if (bytes === 0) break
    yield* copy(substream, rec, bytes)
    advanceData(rec, bytes)
    rec.hw_ready -= bytes
    rec.sw_ready += bytes
  }
  return 0
}

/**
 * Position of capture, given where the device is in its ring.
 *
 * Kernel: snd_pcm_indirect_capture_pointer(). Return: frames, or POS_XRUN if the ring is overrun.
 */
export function* snd_pcm_indirect_capture_pointer(
  substream: SndPcmSubstream,
  rec: SndPcmIndirect,
  ptr: Bytes,
): Proc<number> {
  const bytes = deviceMoved(rec, ptr)
  rec.hw_ready += bytes
  if (rec.hw_ready > rec.hw_buffer_size) return SNDRV_PCM_POS_XRUN
  advanceIo(rec, bytes)
  if (yield* acknowledges(substream)) return SNDRV_PCM_POS_XRUN
  return bytes_to_frames(substream.runtime, rec.sw_io)
}

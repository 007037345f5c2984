/**
 * A position event moves the driver's hw_ptr, and perhaps says that a period has elapsed. Positions
 * are bytes on the wire and frames here.
 *
 * Kernel: xen_snd_front_alsa_handle_cur_pos() of sound/xen/xen_snd_front_alsa.c, v6.1 and v6.12.
 */
import type { Frames } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { snd_pcm_period_elapsed } from '../../alsa/pcm_lib.ts'
import { bytes_to_frames } from '../../alsa/pcm_runtime.ts'
import { bug } from '../../linux/bug.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { currentTask } from '../../linux/preempt.ts'
import { TASK_UNINTERRUPTIBLE } from '../../linux/sched.ts'
import type { EvtEvtchnl } from './xen_snd_front_evtchnl.ts'
import { type StreamInfo, stream_get } from './xen_snd_front_stream.ts'

/** Bits of an unsigned long, and the modulus of a u32. */
const LONG_BITS = 64

/**
 * (hw_ptr + (cur - before)) mod buffer in unsigned longs: a position that went back makes the
 * difference wrap at 2^64, which is the right place only if the buffer divides 2^64.
 */
export function movedHwPtr(
  hw_ptr: Frames,
  cur: Frames,
  before: Frames,
  buffer_size: Frames,
): Frames {
  const sum = hw_ptr + cur - before
  if (sum >= 0) return sum % buffer_size
  let wrap = 1
  for (let i = 0; i < LONG_BITS; i++) wrap = (wrap * 2) % buffer_size
  const rest = (wrap + (sum % buffer_size)) % buffer_size
  return rest < 0 ? rest + buffer_size : rest
}

/** out_frames + (cur - before) as a u32. */
export function countedFrames(out_frames: Frames, cur: Frames, before: Frames): Frames {
  return (out_frames + cur - before) >>> 0
}

/** Whether a period has elapsed by the test of the driver, or of a variant. */
function isElapsed({ variant, out_frames }: StreamInfo, period_size: Frames): boolean {
  return variant.period_test === '>' ? out_frames > period_size : out_frames >= period_size
}

/**
 * Kernel: xen_snd_front_alsa_handle_cur_pos(). Context: irq thread with the event channel's
 * ring_io_lock, without the stream lock. Locks: the stream mutex, by period_elapsed.
 */
export function* xen_snd_front_alsa_handle_cur_pos(
  { substream, k }: EvtEvtchnl,
  pos_bytes: number,
): Proc {
  if (substream === null) return
  if (!substream.isOpen) {
    const what = `BUG: kernel NULL pointer dereference: the runtime of ${substream.name} is gone`
    yield* die(k, 'use-after-free', what)
    return
  }
  const stream = stream_get(substream)
  const { runtime } = substream
  const { period_size, buffer_size } = runtime
  if (buffer_size === 0) {
    yield* die(k, 'warning', `divide error: ${substream.name} has no hardware parameters yet`)
    return
  }
  const cur = bytes_to_frames(runtime, pos_bytes)
  const before = stream.be_cur_frame
  stream.be_cur_frame = cur
  stream.hw_ptr = movedHwPtr(stream.hw_ptr, cur, before, buffer_size)
  stream.out_frames = countedFrames(stream.out_frames, cur, before)
  const elapsed = isElapsed(stream, period_size)
  const { out_frames, hw_ptr } = stream
  k.emit(T.xensnd_cur_pos, substream.id, cur - before, out_frames, hw_ptr, elapsed ? 1 : 0)
  if (!elapsed) return
  stream.out_frames %= period_size
  yield* snd_pcm_period_elapsed(substream)
}

/** The processor traps: the thread dies where it stands, with the ring's lock held. */
function* die(k: Kernel, kind: string, what: string): Proc {
  bug(k, kind, `${what}\nRIP: xen_snd_front_alsa_handle_cur_pos`)
  for (;;) {
    currentTask(k).state = TASK_UNINTERRUPTIBLE
    yield Req.BLOCK
  }
}

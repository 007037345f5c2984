/**
 * Reading and writing frames: the copy loop, waiting for room or data, and moving the application
 * pointer. Mirrors sound/core/pcm_lib.c, 6.1 and 6.12 (the same but for the copy op's form).
 * Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { EAGAIN, EBADFD, EBUSY, EINVAL, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { READ_ONCE } from '../linux/kcsan.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { moveApplPtr, pcm_lib_apply_appl_ptr } from './pcm_appl_ptr.ts'
import {
  O_NONBLOCK,
  Op,
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_ACCESS_RW_NONINTERLEAVED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
} from './pcm_constants.ts'
import { copyNsOf, copyRing, silenceWritten, type UserFrames } from './pcm_copy.ts'
import { snd_pcm_update_hw_ptr } from './pcm_hw_ptr.ts'
import {
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
  transfer_lock,
  transfer_unlock,
} from './pcm_locking.ts'
import { recorded } from './pcm_ops.ts'
import { type SndPcmRuntime, snd_pcm_avail, snd_pcm_playback_hw_avail } from './pcm_runtime.ts'
import { fill_silence } from './pcm_silence.ts'
import { snd_pcm_start, snd_pcm_stop } from './pcm_start_stop.ts'
import { wait_for_avail } from './pcm_wait.ts'
import { snd_pcm_update_state, stateStays } from './pcm_xrun.ts'

/** Whether data may be moved in this state. Kernel: pcm_accessible_state(). Return: 0 or -errno. */
function pcm_accessible_state(runtime: SndPcmRuntime): number {
  switch (runtime.state) {
    case SNDRV_PCM_STATE_PREPARED:
    case SNDRV_PCM_STATE_RUNNING:
    case SNDRV_PCM_STATE_PAUSED:
      return 0
    case SNDRV_PCM_STATE_XRUN:
      return -EPIPE
    case SNDRV_PCM_STATE_SUSPENDED:
      return -ESTRPIPE
    default:
      return -EBADFD
  }
}

/**
 * The call has to be that of the access type; with one channel an interleaved call may be any.
 *
 * Kernel: the checks at the head of __snd_pcm_lib_xfer(). Return: 0 or -errno.
 */
function checkTransfer(runtime: SndPcmRuntime, interleaved: boolean): number {
  if (runtime.state === SNDRV_PCM_STATE_OPEN) return -EBADFD
  if (!interleaved) return runtime.access === SNDRV_PCM_ACCESS_RW_NONINTERLEAVED ? 0 : -EINVAL
  if (runtime.access === SNDRV_PCM_ACCESS_RW_INTERLEAVED) return 0
  return runtime.channels > 1 ? -EINVAL : 0
}

/** The wake-up mark of a call: never more than what it still wants. */
function wakeMark(runtime: SndPcmRuntime, size: Frames): Frames {
  const { avail_min } = runtime.control
  const mark = avail_min === 0 ? 1 : avail_min
  return mark < size ? mark : size
}

/**
 * Writes frames to a playback stream or reads them from a capture stream.
 *
 * Kernel: __snd_pcm_lib_xfer(). Context: process. Locks: stream lock, dropped around copies and
 * waits. Without a buffer (NULL) a playback stream is silenced, a capture stream refuses. Return:
 * frames moved; an error only if none were, so an error after progress is swallowed.
 */
export function* __snd_pcm_lib_xfer(
  substream: SndPcmSubstream,
  data: UserFrames,
  frames: Frames,
  interleaved = true,
): Proc<number> {
  const { runtime } = substream
  let err = checkTransfer(runtime, interleaved)
  if (err >= 0 && data.isNull && substream.stream !== SNDRV_PCM_STREAM_PLAYBACK) err = -EINVAL
  if (err < 0) return err
  if (frames === 0) return 0
  yield* transfer_lock(substream)
  yield* snd_pcm_stream_lock_irq(substream)
  let xfer = 0
  err = pcm_accessible_state(runtime)
  if (err >= 0) {
    runtime.twake = runtime.control.avail_min === 0 ? 1 : runtime.control.avail_min
    if (runtime.state === SNDRV_PCM_STATE_RUNNING) yield* snd_pcm_update_hw_ptr(substream)
    if (startsCapture(substream, frames)) err = yield* snd_pcm_start(substream)
    if (err >= 0) {
      data.moved = 0
      err = yield* moveFrames(substream, data, frames)
      xfer = data.moved
    }
  }
  runtime.twake = 0
  if (xfer > 0 && err >= 0 && !stateStays(substream)) yield* snd_pcm_update_state(substream)
  yield* snd_pcm_stream_unlock_irq(substream)
  yield* transfer_unlock(substream)
  return xfer > 0 ? xfer : err
}

function startsCapture(substream: SndPcmSubstream, size: Frames): boolean {
  const { runtime } = substream
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK) return false
  return runtime.state === SNDRV_PCM_STATE_PREPARED && size >= runtime.start_threshold
}

/**
 * The loop of the transfer; `data.moved` counts what it got done.
 *
 * Kernel: the while loop of __snd_pcm_lib_xfer(). Context: stream lock held. Return: 0 or -errno.
 */
function* moveFrames(substream: SndPcmSubstream, data: UserFrames, size: Frames): Proc<number> {
  const { runtime } = substream
  let left = size
  let avail = snd_pcm_avail(substream)
  while (left > 0) {
    if (avail <= 0) {
      if (isDrained(substream)) {
        yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_SETUP)
        return 0
      }
      if ((substream.f_flags & O_NONBLOCK) !== 0) return -EAGAIN
      runtime.twake = wakeMark(runtime, left)
      avail = yield* wait_for_avail(substream)
      if (avail < 0) return avail
      if (avail === 0) continue
    }
    const appl_ptr = READ_ONCE(substream.k, runtime.control, 'appl_ptr')
    const part = Math.min(left, avail, runtime.buffer_size - (appl_ptr % runtime.buffer_size))
    const err = yield* movePart(substream, data, appl_ptr, part)
    if (err < 0) return err
    data.moved += part
    left -= part
    avail -= part
    if (
      substream.stream === SNDRV_PCM_STREAM_PLAYBACK &&
      runtime.state === SNDRV_PCM_STATE_PREPARED &&
      snd_pcm_playback_hw_avail(runtime) >= runtime.start_threshold
    ) {
      const started = yield* snd_pcm_start(substream)
      if (started < 0) return started
    }
  }
  return 0
}

/** The last frame of a capture that drains has been read (step 6a). */
function isDrained(substream: SndPcmSubstream): boolean {
  if (substream.stream === SNDRV_PCM_STREAM_PLAYBACK) return false
  return substream.runtime.state === SNDRV_PCM_STATE_DRAINING
}

/**
 * One contiguous copy, without the stream lock, and the move of appl_ptr: from where it was before
 * the copy, so that two callers at once overwrite each other's moves. Return: 0 or -errno.
 */
function* movePart(
  substream: SndPcmSubstream,
  data: UserFrames,
  from: Frames,
  part: Frames,
): Proc<number> {
  const { runtime, k } = substream
  const appl_ptr = from + part
  const appl_ofs = from % runtime.buffer_size
  if (runtime.buffer_accessing < 0) return -EBUSY
  runtime.buffer_accessing++
  yield* snd_pcm_stream_unlock_irq(substream)
  const { copy } = substream.ops
  let err = 0
  if (data.isNull) {
    err = yield* fill_silence(substream, appl_ofs, part)
    if (err >= 0) silenceWritten(substream, appl_ofs, part)
  } else if (copy === undefined) {
    const { dma_area } = runtime
    if (!k.tryChargeNs(copyNsOf(substream, part))) yield Req.CHARGE
    copyRing(substream, data, dma_area, appl_ofs, part)
  } else {
    const call = (): Proc<number> => copy.call(substream.ops, substream, appl_ofs, part, data)
    err = yield* recorded(substream, Op.copy, call)
  }
  yield* snd_pcm_stream_lock_irq(substream)
  runtime.buffer_accessing--
  if (err < 0) return err
  err = pcm_accessible_state(runtime)
  if (err < 0) return err
  const wrapped = appl_ptr >= runtime.boundary ? appl_ptr - runtime.boundary : appl_ptr
  if (substream.ops.ack === undefined) return moveApplPtr(substream, wrapped)
  return yield* pcm_lib_apply_appl_ptr(substream, wrapped)
}

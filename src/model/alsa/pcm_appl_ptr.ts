/**
 * Moving the application pointer, with the driver's consent where it has an ack op. Mirrors
 * pcm_lib_apply_appl_ptr() of sound/core/pcm_lib.c, the same in 6.1 and 6.12. Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EINVAL, EPIPE } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { Op, SNDRV_PCM_INFO_NO_REWINDS, XrunCause } from './pcm_constants.ts'
import { type SndPcmRuntime, snd_pcm_avail } from './pcm_runtime.ts'
import { __snd_pcm_xrun } from './pcm_xrun.ts'

const APPLPTR = T.snd_pcm_applptr
const OP = T.snd_pcm_op
const OP_DONE = T.snd_pcm_op_done

/** Whether a driver without rewinds must refuse the move: it is backwards or beyond the ring. */
function refusesMove(runtime: SndPcmRuntime, old_appl_ptr: Frames, appl_ptr: Frames): boolean {
  if ((runtime.hw.info & SNDRV_PCM_INFO_NO_REWINDS) === 0) return false
  let diff = appl_ptr - old_appl_ptr
  if (diff < 0) diff += runtime.boundary
  return diff > runtime.buffer_size
}

/** The checks of pcm_lib_apply_appl_ptr(). Return: 1 to go on, 0 for no move, or -EINVAL. */
function checkMove(runtime: SndPcmRuntime, appl_ptr: Frames): number {
  const old_appl_ptr = runtime.control.appl_ptr
  if (old_appl_ptr === appl_ptr) return 0
  if (appl_ptr >= runtime.boundary) return -EINVAL
  return refusesMove(runtime, old_appl_ptr, appl_ptr) ? -EINVAL : 1
}

/**
 * As pcm_lib_apply_appl_ptr(), for drivers without an ack op: plain, as nothing can come between.
 */
export function moveApplPtr(substream: SndPcmSubstream, appl_ptr: Frames): number {
  const { runtime, k } = substream
  const old_appl_ptr = runtime.control.appl_ptr
  const verdict = checkMove(runtime, appl_ptr)
  if (verdict <= 0) return verdict
  runtime.control.appl_ptr = appl_ptr
  k.emit(APPLPTR, substream.id, old_appl_ptr, appl_ptr, snd_pcm_avail(substream))
  return 0
}

/**
 * Kernel: pcm_lib_apply_appl_ptr(). Context: stream lock held; calls ops->ack. Return: 0 or -errno;
 * on an error the pointer is as before, and -EPIPE has made the stream xrun.
 */
export function* pcm_lib_apply_appl_ptr(
  substream: SndPcmSubstream,
  appl_ptr: Frames,
): Proc<number> {
  const { runtime, k, ops } = substream
  if (ops.ack === undefined) return moveApplPtr(substream, appl_ptr)
  const old_appl_ptr = runtime.control.appl_ptr
  const verdict = checkMove(runtime, appl_ptr)
  if (verdict <= 0) return verdict
  runtime.control.appl_ptr = appl_ptr
  k.emit(OP, substream.id, Op.ack)
  const err = yield* ops.ack(substream)
  k.emit(OP_DONE, substream.id, Op.ack, err)
  if (err < 0) {
    runtime.control.appl_ptr = old_appl_ptr
    if (err === -EPIPE) yield* __snd_pcm_xrun(substream, XrunCause.ack)
    return err
  }
  k.emit(APPLPTR, substream.id, old_appl_ptr, appl_ptr, snd_pcm_avail(substream))
  return 0
}

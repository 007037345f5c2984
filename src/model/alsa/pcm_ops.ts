/** Calls of driver callbacks between their records. Kernel: the ops-> calls of sound/core. */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { Op } from './pcm_constants.ts'

/** Calls an op between its two records; returns what it returns. */
export function* recorded(
  substream: SndPcmSubstream,
  op: number,
  call: () => Proc<number>,
): Proc<number> {
  const { k, id } = substream
  k.emit(T.snd_pcm_op, id, op)
  const err = yield* call()
  k.emit(T.snd_pcm_op_done, id, op, err)
  return err
}

/**
 * Waits for what the driver still does after a stop, if a stop is owed that. What the driver
 * answers is ignored, and it is not asked again until the next stop.
 *
 * Kernel: snd_pcm_sync_stop(). Context: process, never under the stream lock. Left out:
 * synchronize_irq() for drivers without the op.
 */
export function* snd_pcm_sync_stop(substream: SndPcmSubstream): Proc {
  if (!substream.isOpen || !substream.runtime.stop_operating) return
  substream.runtime.stop_operating = false
  const { ops } = substream
  const { sync_stop } = ops
  if (sync_stop !== undefined) {
    yield* recorded(substream, Op.sync_stop, () => sync_stop.call(ops, substream))
  }
}

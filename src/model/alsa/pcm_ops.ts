/** Calls of driver callbacks between their records. Kernel: the ops-> calls of sound/core. */
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { sleepUntil } from '../linux/hrtimer.ts'
import type { IrqLine } from '../linux/irq.ts'
import { TASK_INTERRUPTIBLE } from '../linux/sched.ts'
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
 * answers is ignored, and it is not asked again until the next stop. Without the op the card's
 * interrupt is waited for, unless `sync_irq` is false: on suspend and disconnection.
 *
 * Kernel: snd_pcm_sync_stop(). Context: process, never under the stream lock.
 */
export function* snd_pcm_sync_stop(substream: SndPcmSubstream, sync_irq = true): Proc {
  if (!substream.isOpen || !substream.runtime.stop_operating) return
  substream.runtime.stop_operating = false
  const { ops } = substream
  const { sync_stop } = ops
  if (sync_stop !== undefined) {
    yield* recorded(substream, Op.sync_stop, () => sync_stop.call(ops, substream))
    return
  }
  const line = substream.pcm.card.sync_irq
  if (sync_irq && line !== null) yield* synchronize_irq(line)
}

/** How often a line in progress is looked at. */
const SYNC_STEP_NS = 1000

function isInProgress({ vector, thread }: IrqLine): boolean {
  if (vector.context.body !== null) return true
  return thread !== null && thread.state !== TASK_INTERRUPTIBLE
}

/**
 * Waits until no handler of the line runs, on any processor, nor its thread.
 *
 * Kernel: synchronize_irq(). Context: process. Differs: looks again and again, asleep between; the
 * kernel spins for the hard part and is woken by the thread. A threaded handler that sleeps
 * interruptibly is taken for one that has ended.
 */
function* synchronize_irq(line: IrqLine): Proc {
  while (isInProgress(line)) yield* sleepUntil(line.k, line.k.sim.now + SYNC_STEP_NS)
}

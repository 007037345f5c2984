/**
 * The control device as far as opening a PCM asks it: whether this process has a control file with
 * a preferred substream. No model opens one, so the answer is always "any"; the lock is taken (the
 * captured lock order has &pcm->open_mutex -> &card->controls_rwlock, always with interrupts off).
 *
 * Kernel: sound/core/control.c, 6.1. Left out: everything else.
 */
import type { Proc } from '../../sim/process.ts'
import { read_lock_irqsave, read_unlock_irqrestore } from '../linux/rwlock.ts'
import type { SndCard } from './core.ts'

/** Kernel: snd_ctl_get_preferred_subdevice(). Context: process. Return: -1, any substream. */
export function* snd_ctl_get_preferred_subdevice(card: SndCard): Proc<number> {
  const flags = yield* read_lock_irqsave(card.controls_rwlock)
  yield* read_unlock_irqrestore(card.controls_rwlock, flags)
  return -1
}

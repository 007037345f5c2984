/**
 * The stream lock as up to Linux 5.0: it took a lock of all links for reading first, a semaphore
 * where the PCM is nonatomic. Since f57f3df03a8e (5.1) the group's lock guards its members. Mirrors
 * sound/core/pcm_native.c of 5.0. On PREEMPT_RT, which 5.0 did not have, a scenario may not ask
 * for it.
 */
import type { Proc } from '../../sim/process.ts'
import { mutex_lock, mutex_unlock } from '../linux/mutex.ts'
import { local_irq_restore, local_irq_save } from '../linux/preempt.ts'
import { type RwLock, read_lock, read_unlock } from '../linux/rwlock.ts'
import { down_read_nested, down_write, down_write_trylock, up_read } from '../linux/rwsem.ts'
import { msleep } from '../linux/sched.ts'
import { type IrqFlags, spin_lock, spin_unlock } from '../linux/spinlock.ts'
import type { SndCore } from './core.ts'
import type { SndPcmSubstream } from './pcm.ts'

/**
 * Lock class of a second stream lock taken inside a first, and of the semaphore where a path that
 * has it already (prepare, drain) takes it again.
 */
export const SINGLE_DEPTH_NESTING = 1

/** Kernel: snd_pcm_stream_lock(), 5.0. */
export function* lockWithLinks({ self_group, pcm }: SndPcmSubstream, links: SndCore): Proc {
  if (pcm.nonatomic) {
    yield* down_read_nested(links.snd_pcm_link_rwsem, SINGLE_DEPTH_NESTING)
    yield* mutex_lock(self_group.mutex)
    return
  }
  yield* read_lock(links.snd_pcm_link_rwlock as RwLock)
  yield* spin_lock(self_group.lock)
}

/** Kernel: snd_pcm_stream_unlock(), 5.0. */
export function* unlockWithLinks({ self_group, pcm }: SndPcmSubstream, links: SndCore): Proc {
  if (pcm.nonatomic) {
    yield* mutex_unlock(self_group.mutex)
    yield* up_read(links.snd_pcm_link_rwsem)
    return
  }
  yield* spin_unlock(self_group.lock)
  yield* read_unlock(links.snd_pcm_link_rwlock as RwLock)
}

/** Kernel: snd_pcm_stream_lock_irq() and _irqsave(), 5.0. Return: flags for the unlocking. */
export function* lockIrqWithLinks(substream: SndPcmSubstream, links: SndCore): Proc<IrqFlags> {
  const flags = substream.pcm.nonatomic ? false : local_irq_save(substream.k)
  yield* lockWithLinks(substream, links)
  return flags
}

/** Kernel: snd_pcm_stream_unlock_irqrestore(), 5.0; with `false` snd_pcm_stream_unlock_irq(). */
export function* unlockIrqWithLinks(
  substream: SndPcmSubstream,
  links: SndCore,
  flags: IrqFlags,
): Proc {
  yield* unlockWithLinks(substream, links)
  if (!substream.pcm.nonatomic) yield* local_irq_restore(substream.k, flags)
}

/**
 * The writer's side: without 67ec1072b053 it queues, and readers that come later queue behind it,
 * also those that have the semaphore already. With it the writer tries until there is no reader.
 *
 * Kernel: down_write_nonfifo(), 5.0; down_write_nonblock() before, which did not sleep.
 */
export function* downWriteLinks({ k, pcm }: SndPcmSubstream): Proc {
  const { snd_pcm_link_rwsem, snd_pcm_link_rwlock } = pcm.card.core
  if (snd_pcm_link_rwlock === null || k.reverted.has('67ec1072b053')) {
    yield* down_write(snd_pcm_link_rwsem)
    return
  }
  while (!down_write_trylock(snd_pcm_link_rwsem)) yield* msleep(k, 1)
}

/**
 * The locks of a stream: its own lock (spinlock, or mutex if the PCM is nonatomic), that of its
 * group, and the exclusion of parameter changes and copies. Mirrors the first part of
 * sound/core/pcm_native.c, 6.1 and 6.12. On PREEMPT_RT 6.12 also turns bottom halves off around the
 * irq variants of an atomic PCM, because a sleeping spinlock does not keep them away.
 */
import { DONE, type Proc } from '../../sim/process.ts'
import { EBUSY } from '../linux/errno.ts'
import { mutex_lock, mutex_lock_nested, mutex_trylock, mutex_unlock } from '../linux/mutex.ts'
import {
  type IrqFlags,
  type SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_lock_irqsave_nested,
  spin_lock_nested,
  spin_trylock,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../linux/spinlock.ts'
import { type SndPcmGroup, type SndPcmSubstream, snd_pcm_stream_linked } from './pcm.ts'
import {
  lockIrqWithLinks,
  lockWithLinks,
  SINGLE_DEPTH_NESTING,
  unlockIrqWithLinks,
  unlockWithLinks,
} from './pcm_link_locks.ts'

export function snd_pcm_group_lock(group: SndPcmGroup, nonatomic: boolean): Proc {
  return nonatomic ? mutex_lock(group.mutex) : spin_lock(group.lock)
}

export function snd_pcm_group_unlock(group: SndPcmGroup, nonatomic: boolean): Proc {
  return nonatomic ? mutex_unlock(group.mutex) : spin_unlock(group.lock)
}

export function snd_pcm_group_lock_irq(group: SndPcmGroup, nonatomic: boolean): Proc {
  if (nonatomic) return mutex_lock(group.mutex)
  const { lock } = group
  if (bhOffAround(lock)) lock.k.softirqs.disable(lock.k.current.cpu)
  return spin_lock_irq(lock)
}

export function snd_pcm_group_unlock_irq(group: SndPcmGroup, nonatomic: boolean): Proc {
  if (nonatomic) return mutex_unlock(group.mutex)
  return bhOffAround(group.lock) ? unlockThenBhOn(group.lock) : spin_unlock_irq(group.lock)
}

function bhOffAround(lock: SpinlockT): boolean {
  return lock.rt !== null && lock.k.config.version !== '6.1'
}

function* unlockThenBhOn(lock: SpinlockT): Proc {
  yield* spin_unlock_irq(lock)
  yield* lock.k.softirqs.enable(lock.k.current.cpu)
}

/** Interrupts as they are. Kernel: snd_pcm_stream_lock(). */
export function snd_pcm_stream_lock(substream: SndPcmSubstream): Proc {
  if (substream.link_locks !== null) return lockWithLinks(substream, substream.link_locks)
  return snd_pcm_group_lock(substream.self_group, substream.pcm.nonatomic)
}

export function snd_pcm_stream_unlock(substream: SndPcmSubstream): Proc {
  if (substream.link_locks !== null) return unlockWithLinks(substream, substream.link_locks)
  return snd_pcm_group_unlock(substream.self_group, substream.pcm.nonatomic)
}

/** Interrupts off unless the PCM is nonatomic. Kernel: snd_pcm_stream_lock_irq(). */
export function snd_pcm_stream_lock_irq(substream: SndPcmSubstream): Proc {
  const { link_locks } = substream
  if (link_locks !== null) return lockIrqWithLinks(substream, link_locks) as Proc<unknown> as Proc
  return snd_pcm_group_lock_irq(substream.self_group, substream.pcm.nonatomic)
}

export function snd_pcm_stream_unlock_irq(substream: SndPcmSubstream): Proc {
  const { link_locks } = substream
  if (link_locks !== null) return unlockIrqWithLinks(substream, link_locks, false)
  return snd_pcm_group_unlock_irq(substream.self_group, substream.pcm.nonatomic)
}

/** A mutex leaves interrupts alone: its flags mean nothing, and the unlocking ignores them. */
function withoutFlags(lock: Proc): Proc<IrqFlags> {
  return lock as unknown as Proc<IrqFlags>
}

/** Kernel: snd_pcm_stream_lock_irqsave(). Return: flags for the unlocking. */
export function snd_pcm_stream_lock_irqsave(substream: SndPcmSubstream): Proc<IrqFlags> {
  const { self_group, link_locks } = substream
  if (link_locks !== null) return lockIrqWithLinks(substream, link_locks)
  if (!substream.pcm.nonatomic) return spin_lock_irqsave(self_group.lock)
  return withoutFlags(mutex_lock(self_group.mutex))
}

/** As snd_pcm_stream_lock_irqsave(), for a second stream inside the lock of a first. */
export function snd_pcm_stream_lock_irqsave_nested(substream: SndPcmSubstream): Proc<IrqFlags> {
  const { self_group } = substream
  if (!substream.pcm.nonatomic) {
    return spin_lock_irqsave_nested(self_group.lock, SINGLE_DEPTH_NESTING)
  }
  return withoutFlags(mutex_lock_nested(self_group.mutex, SINGLE_DEPTH_NESTING))
}

export function snd_pcm_stream_unlock_irqrestore(
  substream: SndPcmSubstream,
  flags: IrqFlags,
): Proc {
  const { link_locks } = substream
  if (link_locks !== null) return unlockIrqWithLinks(substream, link_locks, flags)
  if (substream.pcm.nonatomic) return mutex_unlock(substream.self_group.mutex)
  return spin_unlock_irqrestore(substream.self_group.lock, flags)
}

/** As snd_pcm_stream_lock(), inside the lock of a group. Kernel: snd_pcm_stream_lock_nested(). */
export function snd_pcm_stream_lock_nested(substream: SndPcmSubstream): Proc {
  return lockMember(substream, SINGLE_DEPTH_NESTING)
}

/** Takes another member's stream lock inside a group action. */
export function lockMember(substream: SndPcmSubstream, depth: number): Proc {
  const { self_group } = substream
  if (substream.pcm.nonatomic) return mutex_lock_nested(self_group.mutex, depth)
  return spin_lock_nested(self_group.lock, depth)
}

/**
 * References and locks the group of a linked stream. A group lock may not be waited for inside a
 * stream lock, so it is tried first, and waited for with the stream lock dropped.
 *
 * Kernel: snd_pcm_stream_group_ref(). Context: stream lock held. Return: null if not linked.
 */
export function* snd_pcm_stream_group_ref(substream: SndPcmSubstream): Proc<SndPcmGroup | null> {
  const { self_group } = substream
  const { nonatomic } = substream.pcm
  while (snd_pcm_stream_linked(substream)) {
    const { group } = substream
    group.refs++
    if (nonatomic ? mutex_trylock(group.mutex) : spin_trylock(group.lock)) return group
    yield* snd_pcm_group_unlock(self_group, nonatomic)
    yield* snd_pcm_group_lock(group, nonatomic)
    yield* snd_pcm_group_lock(self_group, nonatomic)
    if (substream.group === group) return group
    // The group changed while nothing was locked.
    yield* snd_pcm_group_unref(group, substream)
  }
  return null
}

/**
 * Unlocks a group and drops the reference to it.
 *
 * Kernel: snd_pcm_group_unref(). The group's memory is not modelled.
 */
export function* snd_pcm_group_unref(group: SndPcmGroup | null, substream: SndPcmSubstream): Proc {
  if (group === null) return
  group.refs--
  yield* snd_pcm_group_unlock(group, substream.pcm.nonatomic)
}

/** What changes a buffer. */
export type BufferChange = 'params' | 'actions'

/**
 * Keeps copies out while parameters change; does not wait for a copy in flight.
 *
 * Kernel: snd_pcm_buffer_access_lock(). Return: 0, or -EBUSY if a copy is in flight.
 */
export function* snd_pcm_buffer_access_lock(
  { runtime, buffer_guard }: SndPcmSubstream,
  change: BufferChange,
): Proc<number> {
  if (buffer_guard.counts) {
    if (runtime.buffer_accessing > 0) return -EBUSY
    runtime.buffer_accessing--
  }
  if (buffer_guard[change]) yield* mutex_lock(runtime.buffer_mutex)
  return 0
}

export function* snd_pcm_buffer_access_unlock(
  { runtime, buffer_guard }: SndPcmSubstream,
  change: BufferChange,
): Proc {
  if (buffer_guard[change]) yield* mutex_unlock(runtime.buffer_mutex)
  if (buffer_guard.counts) runtime.buffer_accessing++
}

/** Before the stream lock of a read or write, where those take the mutex. */
export function transfer_lock({ runtime, buffer_guard }: SndPcmSubstream): Proc {
  return buffer_guard.transfers ? mutex_lock(runtime.buffer_mutex) : DONE
}

export function transfer_unlock({ runtime, buffer_guard }: SndPcmSubstream): Proc {
  return buffer_guard.transfers ? mutex_unlock(runtime.buffer_mutex) : DONE
}

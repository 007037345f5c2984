/**
 * Linking streams so that they start and stop together. Mirrors snd_pcm_link() and _unlink() of
 * sound/core/pcm_native.c, the same in 6.1 and 6.12; without f57f3df03a8e as in 5.0.
 */
import type { Proc } from '../../sim/process.ts'
import { EALREADY, EBADFD, EINVAL } from '../linux/errno.ts'
import { type RwLock, write_lock_irq, write_unlock_irq } from '../linux/rwlock.ts'
import { up_write } from '../linux/rwsem.ts'
import { SndPcmGroup, type SndPcmSubstream, snd_pcm_stream_linked } from './pcm.ts'
import { SNDRV_PCM_STATE_OPEN } from './pcm_constants.ts'
import { downWriteLinks } from './pcm_link_locks.ts'
import {
  snd_pcm_group_lock_irq,
  snd_pcm_group_unlock_irq,
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_lock_nested,
  snd_pcm_stream_unlock,
  snd_pcm_stream_unlock_irq,
} from './pcm_locking.ts'

/** Kernel: the checks of snd_pcm_link(). Return: 0 or -errno. */
function checkLink(first: SndPcmSubstream, second: SndPcmSubstream): number {
  const { state } = first.runtime
  if (state === SNDRV_PCM_STATE_OPEN || state !== second.runtime.state) return -EBADFD
  if (first.pcm.nonatomic !== second.pcm.nonatomic) return -EBADFD
  return snd_pcm_stream_linked(second) ? -EALREADY : 0
}

function moveTo(substream: SndPcmSubstream, from: SndPcmGroup, to: SndPcmGroup): void {
  const at = from.substreams.indexOf(substream)
  if (at >= 0) from.substreams.splice(at, 1)
  // list_move(): the one that came last is the first to be triggered.
  to.substreams.unshift(substream)
  substream.group = to
}

/**
 * Puts `second` into the group of `first`.
 *
 * Kernel: snd_pcm_link(). Context: process. Locks: link_rwsem for writing, the group, both streams.
 * Return: 0, -EINVAL, -EBADFD or -EALREADY.
 */
export function* snd_pcm_link(first: SndPcmSubstream, second: SndPcmSubstream): Proc<number> {
  if (first === second) return -EINVAL
  const { core } = first.pcm.card
  yield* downWriteLinks(first)
  const err =
    core.snd_pcm_link_rwlock === null
      ? yield* linkLocked(first, second)
      : yield* underRwlock(core.snd_pcm_link_rwlock, () => linkUpTo50(first, second))
  yield* up_write(core.snd_pcm_link_rwsem)
  return err
}

/** Context: link_rwsem held for writing. */
function* linkLocked(first: SndPcmSubstream, second: SndPcmSubstream): Proc<number> {
  const err = checkLink(first, second)
  if (err < 0) return err
  const { nonatomic } = first.pcm
  yield* snd_pcm_stream_lock_irq(first)
  if (!snd_pcm_stream_linked(first)) moveTo(first, first.self_group, newGroup(first))
  const { group } = first
  yield* snd_pcm_stream_unlock_irq(first)
  yield* snd_pcm_group_lock_irq(group, nonatomic)
  yield* snd_pcm_stream_lock_nested(second)
  moveTo(second, second.self_group, group)
  group.refs++
  yield* snd_pcm_stream_unlock(second)
  yield* snd_pcm_group_unlock_irq(group, nonatomic)
  return 0
}

function newGroup(first: SndPcmSubstream): SndPcmGroup {
  return new SndPcmGroup(first.k, `${first.name} linked`)
}

/** Up to 5.0 the rwlock kept all stream locks away, and members were added at the end. */
function* underRwlock(lock: RwLock, work: () => number): Proc<number> {
  yield* write_lock_irq(lock)
  const err = work()
  yield* write_unlock_irq(lock)
  return err
}

function linkUpTo50(first: SndPcmSubstream, second: SndPcmSubstream): number {
  const err = checkLink(first, second)
  if (err < 0) return err
  if (!snd_pcm_stream_linked(first)) moveTo(first, first.self_group, newGroup(first))
  const { group } = first
  moveTo(second, second.self_group, group)
  group.substreams.push(group.substreams.shift() as SndPcmSubstream)
  group.refs++
  return 0
}

function unlinkUpTo50(substream: SndPcmSubstream): number {
  if (!snd_pcm_stream_linked(substream)) return -EALREADY
  const { group } = substream
  const rest = group.substreams.filter((one) => one !== substream)
  for (const one of rest.length === 1 ? [...rest, substream] : [substream]) {
    moveTo(one, group, one.self_group)
    group.refs--
  }
  return 0
}

/**
 * Takes a stream out of its group; a group of one is dissolved.
 *
 * Kernel: snd_pcm_unlink(). Context: process. Return: 0, or -EALREADY if it is not linked.
 */
export function* snd_pcm_unlink(substream: SndPcmSubstream): Proc<number> {
  const { core } = substream.pcm.card
  yield* downWriteLinks(substream)
  const err =
    core.snd_pcm_link_rwlock === null
      ? yield* unlinkLocked(substream)
      : yield* underRwlock(core.snd_pcm_link_rwlock, () => unlinkUpTo50(substream))
  yield* up_write(core.snd_pcm_link_rwsem)
  return err
}

/** Context: link_rwsem held for writing. */
function* unlinkLocked(substream: SndPcmSubstream): Proc<number> {
  if (!snd_pcm_stream_linked(substream)) return -EALREADY
  const { nonatomic } = substream.pcm
  const { group } = substream
  yield* snd_pcm_group_lock_irq(group, nonatomic)
  yield* relink(substream, group)
  if (group.substreams.length === 1) {
    yield* relink(group.substreams[0] as SndPcmSubstream, group)
  }
  yield* snd_pcm_group_unlock_irq(group, nonatomic)
  return 0
}

/** Back into its own group. Kernel: relink_to_local(). Context: group lock held. */
function* relink(substream: SndPcmSubstream, group: SndPcmGroup): Proc {
  yield* snd_pcm_stream_lock_nested(substream)
  moveTo(substream, group, substream.self_group)
  group.refs--
  yield* snd_pcm_stream_unlock(substream)
}

/**
 * Linking streams so that they start and stop together. Mirrors snd_pcm_link() and _unlink() of
 * sound/core/pcm_native.c, the same in 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { EALREADY, EBADFD, EINVAL } from '../linux/errno.ts'
import { down_write, up_write } from '../linux/rwsem.ts'
import { SndPcmGroup, type SndPcmSubstream, snd_pcm_stream_linked } from './pcm.ts'
import { SNDRV_PCM_STATE_OPEN } from './pcm_constants.ts'
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
  const { nonatomic, card } = first.pcm
  yield* down_write(card.core.snd_pcm_link_rwsem)
  const err = checkLink(first, second)
  if (err === 0) {
    yield* snd_pcm_stream_lock_irq(first)
    if (!snd_pcm_stream_linked(first)) {
      const group = new SndPcmGroup(first.k, `${first.name} linked`)
      moveTo(first, first.self_group, group)
    }
    const { group } = first
    yield* snd_pcm_stream_unlock_irq(first)
    yield* snd_pcm_group_lock_irq(group, nonatomic)
    yield* snd_pcm_stream_lock_nested(second)
    moveTo(second, second.self_group, group)
    group.refs++
    yield* snd_pcm_stream_unlock(second)
    yield* snd_pcm_group_unlock_irq(group, nonatomic)
  }
  yield* up_write(card.core.snd_pcm_link_rwsem)
  return err
}

/**
 * Takes a stream out of its group; a group of one is dissolved.
 *
 * Kernel: snd_pcm_unlink(). Context: process. Return: 0, or -EALREADY if it is not linked.
 */
export function* snd_pcm_unlink(substream: SndPcmSubstream): Proc<number> {
  const { nonatomic, card } = substream.pcm
  yield* down_write(card.core.snd_pcm_link_rwsem)
  let err = -EALREADY
  if (snd_pcm_stream_linked(substream)) {
    err = 0
    const { group } = substream
    yield* snd_pcm_group_lock_irq(group, nonatomic)
    yield* relink(substream, group)
    if (group.substreams.length === 1) {
      yield* relink(group.substreams[0] as SndPcmSubstream, group)
    }
    yield* snd_pcm_group_unlock_irq(group, nonatomic)
  }
  yield* up_write(card.core.snd_pcm_link_rwsem)
  return err
}

/** Back into its own group. Kernel: relink_to_local(). Context: group lock held. */
function* relink(substream: SndPcmSubstream, group: SndPcmGroup): Proc {
  yield* snd_pcm_stream_lock_nested(substream)
  moveTo(substream, group, substream.self_group)
  group.refs--
  yield* snd_pcm_stream_unlock(substream)
}

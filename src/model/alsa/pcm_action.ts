/**
 * Actions: state changes that a stream, or all linked streams together, go through in four steps
 * (pre, do, undo, post). Mirrors snd_pcm_action*() of sound/core/pcm_native.c, 6.1 and 6.12; the
 * actions themselves are in pcm_start_stop.ts, pcm_pause.ts, pcm_prepare.ts, pcm_suspend.ts,
 * pcm_drain.ts.
 */
import { DONE, type Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { mutex_lock_nested, mutex_unlock } from '../linux/mutex.ts'
import { down_read, up_read } from '../linux/rwsem.ts'
import { type SndPcmSubstream, snd_pcm_stream_linked } from './pcm.ts'
import {
  lockMember,
  snd_pcm_buffer_access_lock,
  snd_pcm_buffer_access_unlock,
  snd_pcm_group_unlock,
  snd_pcm_group_unref,
  snd_pcm_stream_group_ref,
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
} from './pcm_locking.ts'

/** The steps of an action; `arg` is the new state or, for pause, whether it is a push. */
export interface ActionOps {
  pre_action(substream: SndPcmSubstream, arg: number): number
  do_action(substream: SndPcmSubstream, arg: number): Proc<number>
  undo_action?(substream: SndPcmSubstream, arg: number): Proc
  post_action(substream: SndPcmSubstream, arg: number): Proc
}

export const ACTION_ARG_IGNORE = 0

/** Sets the state, also where user space sees it. Kernel: __snd_pcm_set_state(). */
export function __snd_pcm_set_state(substream: SndPcmSubstream, state: number): void {
  const { runtime } = substream
  if (runtime.state !== state) {
    substream.k.emit(T.snd_pcm_state, substream.id, runtime.state, state)
  }
  runtime.state = state
  runtime.status.state = state
}

/** As __snd_pcm_set_state(), taking the stream lock. Kernel: snd_pcm_set_state(). */
export function* snd_pcm_set_state(substream: SndPcmSubstream, state: number): Proc {
  yield* snd_pcm_stream_lock_irq(substream)
  __snd_pcm_set_state(substream, state)
  yield* snd_pcm_stream_unlock_irq(substream)
}

/** Kernel: snd_pcm_trigger_tstamp(). Context: stream lock held. */
export function snd_pcm_trigger_tstamp(substream: SndPcmSubstream): void {
  const { runtime } = substream
  const master = runtime.trigger_master
  if (master === null) return
  if (master === substream) {
    if (!runtime.trigger_tstamp_latched) runtime.trigger_tstamp = substream.k.sim.now
  } else {
    snd_pcm_trigger_tstamp(master)
    runtime.trigger_tstamp = master.runtime.trigger_tstamp
  }
  runtime.trigger_master = null
}

/** Calls the trigger op between its two records. */
export function* callTrigger(substream: SndPcmSubstream, cmd: number): Proc<number> {
  const { k, id } = substream
  k.emit(T.snd_pcm_trigger, id, cmd)
  const err = yield* substream.ops.trigger(substream, cmd)
  k.emit(T.snd_pcm_trigger_done, id, cmd, err)
  return err
}

/** Kernel: snd_pcm_action_single(). Context: stream lock, or buffer_mutex for nonatomic actions. */
export function* snd_pcm_action_single(
  ops: ActionOps,
  substream: SndPcmSubstream,
  arg: number,
): Proc<number> {
  let err = ops.pre_action(substream, arg)
  if (err < 0) return err
  err = yield* ops.do_action(substream, arg)
  if (err === 0) yield* ops.post_action(substream, arg)
  else if (ops.undo_action !== undefined) yield* ops.undo_action(substream, arg)
  return err
}

/** Kernel: snd_pcm_action(). Context: stream lock held. Locks: group, then the other members. */
export function* snd_pcm_action(
  ops: ActionOps,
  substream: SndPcmSubstream,
  arg: number,
): Proc<number> {
  if (!snd_pcm_stream_linked(substream)) return yield* snd_pcm_action_single(ops, substream, arg)
  const group = yield* snd_pcm_stream_group_ref(substream)
  const err =
    group === null
      ? yield* snd_pcm_action_single(ops, substream, arg)
      : yield* snd_pcm_action_group(ops, substream, arg, true)
  yield* snd_pcm_group_unref(group, substream)
  return err
}

/** Kernel: snd_pcm_action_lock_irq(). */
export function* snd_pcm_action_lock_irq(
  ops: ActionOps,
  substream: SndPcmSubstream,
  arg: number,
): Proc<number> {
  yield* snd_pcm_stream_lock_irq(substream)
  const err = yield* snd_pcm_action(ops, substream, arg)
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

/**
 * An action whose callbacks may sleep (prepare, reset).
 *
 * Kernel: snd_pcm_action_nonatomic(). Context: process. Locks: snd_pcm_link_rwsem, buffer_mutex.
 */
export function* snd_pcm_action_nonatomic(
  ops: ActionOps,
  substream: SndPcmSubstream,
  arg: number,
): Proc<number> {
  const { snd_pcm_link_rwsem } = substream.pcm.card.core
  yield* down_read(snd_pcm_link_rwsem)
  let err = yield* snd_pcm_buffer_access_lock(substream, 'actions')
  if (err >= 0) {
    if (snd_pcm_stream_linked(substream)) {
      err = yield* snd_pcm_action_group(ops, substream, arg, false)
    } else err = yield* snd_pcm_action_single(ops, substream, arg)
    yield* snd_pcm_buffer_access_unlock(substream, 'actions')
  }
  yield* up_read(snd_pcm_link_rwsem)
  return err
}

/**
 * Takes all members through the action: lock and pre for each, then do, then post.
 *
 * Kernel: snd_pcm_action_group(). Context: lock of `substream` and, if stream_lock, of the group.
 */
export function* snd_pcm_action_group(
  ops: ActionOps,
  substream: SndPcmSubstream,
  arg: number,
  stream_lock: boolean,
): Proc<number> {
  const members = substream.group.substreams
  let err = 0
  let locked = 0
  let depth = 1
  for (const member of members) {
    if (member !== substream) yield* lockForAction(member, depth++, stream_lock)
    locked++
    err = ops.pre_action(member, arg)
    if (err < 0) break
  }
  if (err >= 0) err = yield* doAll(ops, members, arg)
  if (err >= 0) for (const member of members) yield* ops.post_action(member, arg)
  for (const member of members.slice(0, locked)) {
    if (member !== substream) yield* unlockAfterAction(member, stream_lock)
  }
  return err
}

/** Runs the do step of each; at the first error undoes those before. */
function* doAll(ops: ActionOps, members: readonly SndPcmSubstream[], arg: number): Proc<number> {
  for (const [i, member] of members.entries()) {
    const err = yield* ops.do_action(member, arg)
    if (err >= 0) continue
    if (ops.undo_action !== undefined) {
      for (const earlier of members.slice(0, i)) yield* ops.undo_action(earlier, arg)
    }
    return err
  }
  return 0
}

function lockForAction(member: SndPcmSubstream, depth: number, stream_lock: boolean): Proc {
  if (stream_lock) return lockMember(member, depth)
  if (!member.buffer_guard.actions) return DONE
  return mutex_lock_nested(member.runtime.buffer_mutex, depth)
}

function unlockAfterAction(member: SndPcmSubstream, stream_lock: boolean): Proc {
  if (stream_lock) return snd_pcm_group_unlock(member.self_group, member.pcm.nonatomic)
  return member.buffer_guard.actions ? mutex_unlock(member.runtime.buffer_mutex) : DONE
}

/**
 * Ending a stream: at once (drop), or after what is queued has been played (drain). Mirrors
 * sound/core/pcm_native.c, the same in 6.1 and 6.12. Time-outs are jiffies.
 */
import { DONE, ended, type Proc } from '../../sim/process.ts'
import { EAGAIN, EBADFD, EIO, ENODEV, ERESTARTSYS, ESTRPIPE } from '../linux/errno.ts'
import { currentTask } from '../linux/preempt.ts'
import { down_read, up_read } from '../linux/rwsem.ts'
import { schedule_timeout, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../linux/sched.ts'
import { add_wait_queue, remove_wait_queue, WaitQueueEntry } from '../linux/wait.ts'
import type { SndPcmGroup, SndPcmSubstream } from './pcm.ts'
import {
  __snd_pcm_set_state,
  ACTION_ARG_IGNORE,
  type ActionOps,
  callTrigger,
  snd_pcm_action,
} from './pcm_action.ts'
import {
  SNDRV_PCM_INFO_DRAIN_TRIGGER,
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PAUSED,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TRIGGER_DRAIN,
} from './pcm_constants.ts'
import {
  snd_pcm_group_unref,
  snd_pcm_stream_group_ref,
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
} from './pcm_locking.ts'
import { pcm_dbg } from './pcm_log.ts'
import { snd_pcm_pause } from './pcm_pause.ts'
import { snd_pcm_capture_avail, snd_pcm_playback_empty } from './pcm_runtime.ts'
import {
  snd_pcm_do_start,
  snd_pcm_do_stop,
  snd_pcm_post_start,
  snd_pcm_post_stop,
  snd_pcm_stop,
} from './pcm_start_stop.ts'
import { bufferTimeout } from './pcm_wait.ts'

function snd_pcm_pre_drain_init(substream: SndPcmSubstream, _arg: number): number {
  switch (substream.runtime.state) {
    case SNDRV_PCM_STATE_OPEN:
    case SNDRV_PCM_STATE_DISCONNECTED:
    case SNDRV_PCM_STATE_SUSPENDED:
      return -EBADFD
    default:
      substream.runtime.trigger_master = substream
      return 0
  }
}

/**
 * Playback: what is queued will still be played; a stream that has not started, starts. What the
 * driver answers to that START is not looked at: a stream that did not start drains until it times
 * out, and an xrun that 6.12 makes of -EPIPE is overwritten.
 */
function* drainPlayback(substream: SndPcmSubstream): Proc {
  const { runtime } = substream
  if (runtime.state === SNDRV_PCM_STATE_RUNNING) {
    __snd_pcm_set_state(substream, SNDRV_PCM_STATE_DRAINING)
  } else if (runtime.state === SNDRV_PCM_STATE_XRUN) {
    __snd_pcm_set_state(substream, SNDRV_PCM_STATE_SETUP)
  } else if (runtime.state === SNDRV_PCM_STATE_PREPARED) {
    if (snd_pcm_playback_empty(runtime)) {
      __snd_pcm_set_state(substream, SNDRV_PCM_STATE_SETUP)
      return
    }
    yield* snd_pcm_do_start(substream, SNDRV_PCM_STATE_DRAINING)
    yield* snd_pcm_post_start(substream, SNDRV_PCM_STATE_DRAINING)
  }
}

/** Capture: stops at once; DRAINING until what is there has been read. */
function* drainCapture(substream: SndPcmSubstream): Proc {
  const { runtime } = substream
  if (runtime.state !== SNDRV_PCM_STATE_RUNNING) return
  const unread = snd_pcm_capture_avail(runtime) > 0
  const new_state = unread ? SNDRV_PCM_STATE_DRAINING : SNDRV_PCM_STATE_SETUP
  yield* snd_pcm_do_stop(substream, new_state)
  yield* snd_pcm_post_stop(substream, new_state)
}

function* snd_pcm_do_drain_init(substream: SndPcmSubstream, _arg: number): Proc<number> {
  const { runtime } = substream
  const playback = substream.stream === SNDRV_PCM_STREAM_PLAYBACK
  // post_start and post_stop take the master away; the driver's DRAIN is for the one it was.
  const isMaster = runtime.trigger_master === substream
  if (playback) yield* drainPlayback(substream)
  else yield* drainCapture(substream)
  if (
    runtime.state === SNDRV_PCM_STATE_DRAINING &&
    isMaster &&
    runtime.trigger_master === substream &&
    (runtime.hw.info & SNDRV_PCM_INFO_DRAIN_TRIGGER) !== 0
  ) {
    return yield* callTrigger(substream, SNDRV_PCM_TRIGGER_DRAIN)
  }
  return 0
}

function* snd_pcm_post_drain_init(_substream: SndPcmSubstream, _arg: number): Proc {}

const snd_pcm_action_drain_init: ActionOps = {
  pre_action: snd_pcm_pre_drain_init,
  do_action: snd_pcm_do_drain_init,
  post_action: snd_pcm_post_drain_init,
}

/** Up to 5.0 the links are held for the whole drain but its sleeps, and no group is referenced. */
function lockLinks({ link_locks }: SndPcmSubstream): Proc {
  return link_locks === null ? DONE : down_read(link_locks.snd_pcm_link_rwsem)
}

function unlockLinks({ link_locks }: SndPcmSubstream): Proc {
  return link_locks === null ? DONE : up_read(link_locks.snd_pcm_link_rwsem)
}

function refGroup(substream: SndPcmSubstream): Proc<SndPcmGroup | null> {
  return substream.link_locks === null ? snd_pcm_stream_group_ref(substream) : ended(null)
}

/** The first playback member of the group that still drains, or null. */
function* drainingMember(substream: SndPcmSubstream): Proc<SndPcmSubstream | null> {
  const group = yield* refGroup(substream)
  let found: SndPcmSubstream | null = null
  for (const member of substream.group.substreams) {
    if (member.stream !== SNDRV_PCM_STREAM_PLAYBACK) continue
    if (member.runtime.state !== SNDRV_PCM_STATE_DRAINING) continue
    found = member
    break
  }
  yield* snd_pcm_group_unref(group, substream)
  return found
}

/** Sleeps on a draining member's queue, without the stream lock. Return: jiffies left. */
function* waitForMember(substream: SndPcmSubstream, member: SndPcmSubstream): Proc<number> {
  const { k } = substream
  const task = currentTask(k)
  const entry = new WaitQueueEntry(task)
  const { sleep } = member
  task.state = TASK_INTERRUPTIBLE
  yield* add_wait_queue(sleep, entry)
  yield* snd_pcm_stream_unlock_irq(substream)
  yield* unlockLinks(substream)
  if (task.state !== TASK_RUNNING) task.waitingOn = sleep
  const left = yield* schedule_timeout(k, bufferTimeout(member))
  yield* lockLinks(substream)
  yield* snd_pcm_stream_lock_irq(substream)
  // The group is looked through again, because the member may have left it and be gone.
  const group = yield* refGroup(substream)
  yield* remove_wait_queue(sleep, entry)
  yield* snd_pcm_group_unref(group, substream)
  return left
}

/** Context: stream lock held. Return: 0 when nothing drains any more, or -errno. */
function* waitUntilDrained(substream: SndPcmSubstream): Proc<number> {
  const { k, pcm, runtime } = substream
  for (;;) {
    if (currentTask(k).signalPending) return -ERESTARTSYS
    const member = yield* drainingMember(substream)
    if (member === null) return 0
    const left = yield* waitForMember(substream, member)
    if (pcm.card.shutdown) return -ENODEV
    if (left > 0) continue
    if (runtime.state === SNDRV_PCM_STATE_SUSPENDED) return -ESTRPIPE
    yield* pcm_dbg(substream, 'playback drain timeout (DMA or IRQ trouble?)')
    yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_SETUP)
    return -EIO
  }
}

/**
 * Lets the queued frames play, and waits for that unless `nonblock`.
 *
 * Kernel: snd_pcm_drain(). Context: process. Every wake-up starts a full time-out anew. Return: 0,
 * -EBADFD, -EAGAIN (nonblock), -ERESTARTSYS, -ENODEV, -ESTRPIPE, or -EIO on a time-out.
 */
export function* snd_pcm_drain(substream: SndPcmSubstream, nonblock: boolean): Proc<number> {
  const { runtime } = substream
  if (runtime.state === SNDRV_PCM_STATE_OPEN) return -EBADFD
  yield* lockLinks(substream)
  yield* snd_pcm_stream_lock_irq(substream)
  if (runtime.state === SNDRV_PCM_STATE_PAUSED) yield* snd_pcm_pause(substream, false)
  let err = yield* snd_pcm_action(snd_pcm_action_drain_init, substream, ACTION_ARG_IGNORE)
  if (err >= 0) err = nonblock ? -EAGAIN : yield* waitUntilDrained(substream)
  yield* snd_pcm_stream_unlock_irq(substream)
  yield* unlockLinks(substream)
  return err
}

/**
 * Stops at once and forgets what is queued. A paused stream is released first.
 *
 * Kernel: snd_pcm_drop(). Context: process. Return: 0 or -EBADFD.
 */
export function* snd_pcm_drop(substream: SndPcmSubstream): Proc<number> {
  const { runtime } = substream
  if (runtime.state === SNDRV_PCM_STATE_OPEN || runtime.state === SNDRV_PCM_STATE_DISCONNECTED) {
    return -EBADFD
  }
  yield* snd_pcm_stream_lock_irq(substream)
  if (runtime.state === SNDRV_PCM_STATE_PAUSED) yield* snd_pcm_pause(substream, false)
  const err = yield* snd_pcm_stop(substream, SNDRV_PCM_STATE_SETUP)
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

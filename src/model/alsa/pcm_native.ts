/**
 * Opening and closing PCM devices. Mirrors the file operations of sound/core/pcm_native.c and
 * snd_pcm_attach_substream() of pcm.c, 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { EAGAIN, EBADFD, EBUSY, EINVAL, ENODEV, ERESTARTSYS } from '../linux/errno.ts'
import { mutex_lock, mutex_unlock } from '../linux/mutex.ts'
import { currentTask } from '../linux/preempt.ts'
import { schedule, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../linux/sched.ts'
import { spin_lock_irq, spin_unlock_irq } from '../linux/spinlock.ts'
import { add_wait_queue, remove_wait_queue, WaitQueueEntry, wake_up } from '../linux/wait.ts'
import { snd_card_file_remove, snd_ctl_get_preferred_subdevice } from './control.ts'
import { SndFasync, snd_fasync_free, snd_fasync_helper } from './misc.ts'
import { type SndPcm, type SndPcmSubstream, snd_pcm_stream_linked } from './pcm.ts'
import {
  O_APPEND,
  O_NONBLOCK,
  Op,
  SNDRV_PCM_INFO_HALF_DUPLEX,
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_OPEN,
} from './pcm_constants.ts'
import { snd_pcm_drop } from './pcm_drain.ts'
import { do_hw_free } from './pcm_hw_params.ts'
import { snd_pcm_unlink } from './pcm_link.ts'
import { recorded } from './pcm_ops.ts'
import { snd_power_wait } from './pcm_power.ts'
import { snd_pcm_hw_constraints_complete, snd_pcm_hw_constraints_init } from './pcm_rules.ts'

/** An open file. Kernel: struct snd_pcm_file. */
export class SndPcmFile {
  readonly substream: SndPcmSubstream
  f_flags: number

  constructor(substream: SndPcmSubstream, f_flags: number) {
    this.substream = substream
    this.f_flags = f_flags
  }
}

/** Whether the other direction keeps a half-duplex card busy. */
function otherDirectionOpen(pcm: SndPcm, stream: number): boolean {
  return pcm
    .streams(1 - stream)
    .some((other) => other.isOpen && (other.runtime.hw.info & SNDRV_PCM_INFO_HALF_DUPLEX) !== 0)
}

/**
 * A free substream with a fresh runtime; with O_APPEND an open one, shared.
 *
 * Kernel: snd_pcm_attach_substream(). Context: open_mutex. Return: the substream; -EAGAIN; with
 * O_APPEND -EINVAL where there is a choice, -EBADFD where nobody has it open.
 */
function snd_pcm_attach_substream(
  pcm: SndPcm,
  stream: number,
  f_flags: number,
): SndPcmSubstream | number {
  if (otherDirectionOpen(pcm, stream)) return -EAGAIN
  const substreams = pcm.streams(stream)
  if ((f_flags & O_APPEND) !== 0) {
    const [shared] = substreams
    if (shared === undefined || substreams.length > 1) return -EINVAL
    if (shared.ref_count === 0) return -EBADFD
    shared.ref_count++
    return shared
  }
  const free = substreams.find((substream) => substream.ref_count === 0)
  if (free === undefined) return -EAGAIN
  free.attachRuntime()
  free.ref_count = 1
  free.f_flags = f_flags
  free.runtime.state = SNDRV_PCM_STATE_OPEN
  return free
}

/** Kernel: snd_pcm_detach_substream(). */
function* snd_pcm_detach_substream(substream: SndPcmSubstream): Proc {
  const { timer } = substream
  if (substream.runtime.fasync !== null) yield* snd_fasync_free(substream.runtime.fasync)
  // The timer looks at the runtime under its own lock.
  yield* spin_lock_irq(timer.lock)
  substream.detachRuntime()
  yield* spin_unlock_irq(timer.lock)
}

/** Kernel: snd_pcm_open_substream(). Context: open_mutex. Return: the file, or -errno. */
function* openSubstream(pcm: SndPcm, stream: number, f_flags: number): Proc<SndPcmFile | number> {
  yield* snd_ctl_get_preferred_subdevice(pcm.card)
  const substream = snd_pcm_attach_substream(pcm, stream, f_flags)
  if (typeof substream === 'number') return substream
  const file = new SndPcmFile(substream, f_flags)
  if (substream.ref_count > 1) return file
  snd_pcm_hw_constraints_init(substream)
  let err = yield* recorded(substream, Op.open, () => substream.ops.open(substream))
  if (err >= 0) {
    substream.hw_opened = true
    err = snd_pcm_hw_constraints_complete(substream)
    if (err >= 0) return file
  }
  yield* releaseSubstream(substream)
  return err
}

/**
 * Opens a stream of a PCM device; waits until one is free unless O_NONBLOCK is set.
 *
 * Kernel: snd_pcm_open(). Context: process. Locks: open_mutex. Return: the file, or -EBUSY,
 * -ENODEV, -ERESTARTSYS, or the driver's error.
 */
export function* snd_pcm_open(
  pcm: SndPcm,
  stream: number,
  f_flags: number,
): Proc<SndPcmFile | number> {
  const { k } = pcm
  if (pcm.streams(stream).length === 0) return -ENODEV
  const task = currentTask(k)
  const entry = new WaitQueueEntry(task)
  let result: SndPcmFile | number
  yield* add_wait_queue(pcm.open_wait, entry)
  yield* mutex_lock(pcm.open_mutex)
  for (;;) {
    result = pcm.card.shutdown ? -ENODEV : yield* openSubstream(pcm, stream, f_flags)
    if (result !== -EAGAIN) break
    if ((f_flags & O_NONBLOCK) !== 0) {
      result = -EBUSY
      break
    }
    task.state = TASK_INTERRUPTIBLE
    yield* mutex_unlock(pcm.open_mutex)
    if (task.state !== TASK_RUNNING) task.waitingOn = pcm.open_wait
    yield* schedule(k)
    yield* mutex_lock(pcm.open_mutex)
    if (pcm.card.shutdown) {
      result = -ENODEV
      break
    }
    if (task.signalPending) {
      result = -ERESTARTSYS
      break
    }
  }
  yield* remove_wait_queue(pcm.open_wait, entry)
  yield* mutex_unlock(pcm.open_mutex)
  if (typeof result !== 'number') pcm.card.files++
  return result
}

/** Kernel: snd_pcm_release_substream(). Context: open_mutex. Only the last reference closes. */
function* releaseSubstream(substream: SndPcmSubstream): Proc {
  substream.ref_count--
  if (substream.ref_count > 0) return
  yield* snd_pcm_drop(substream)
  if (substream.hw_opened) {
    if (substream.runtime.state !== SNDRV_PCM_STATE_OPEN) yield* do_hw_free(substream)
    yield* recorded(substream, Op.close, () => substream.ops.close(substream))
    substream.hw_opened = false
  }
  if (snd_pcm_stream_linked(substream)) yield* snd_pcm_unlink(substream)
  yield* snd_pcm_detach_substream(substream)
}

/**
 * Closes a file: stops the stream, frees its parameters, closes the driver's side.
 *
 * Kernel: snd_pcm_release(). Context: process; waits while the card is powered down. Return: 0.
 */
export function* snd_pcm_release(file: SndPcmFile): Proc<number> {
  const { pcm, runtime, k } = file.substream
  if (runtime.fasync !== null) yield* snd_fasync_helper(k, runtime.fasync, false)
  yield* snd_power_wait(pcm.card)
  yield* mutex_lock(pcm.open_mutex)
  yield* releaseSubstream(file.substream)
  yield* mutex_unlock(pcm.open_mutex)
  yield* wake_up(pcm.open_wait)
  yield* snd_card_file_remove(pcm.card)
  return 0
}

/**
 * Asks for SIGIO at every period, or no longer (fcntl with O_ASYNC).
 *
 * Kernel: snd_pcm_fasync(). Context: process. Return: 0, or -EBADFD after a disconnection.
 */
export function* snd_pcm_fasync(file: SndPcmFile, on: boolean): Proc<number> {
  const { runtime, k } = file.substream
  if (runtime.state === SNDRV_PCM_STATE_DISCONNECTED) return -EBADFD
  runtime.fasync ??= new SndFasync(k)
  yield* snd_fasync_helper(k, runtime.fasync, on)
  return 0
}

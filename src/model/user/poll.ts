/**
 * poll() on PCM files and on timers, and the library's snd_pcm_wait() on top of it. Kernel:
 * fs/select.c (do_sys_poll), 6.1. Time-outs are ns, with the slack of the task.
 */
import { NS_PER_MS, type Ns } from '../../base/units.ts'
import { ended, type Proc } from '../../sim/process.ts'
import type { SndCtlFile } from '../alsa/control.ts'
import { snd_ctl_poll } from '../alsa/control_elem.ts'
import {
  SNDRV_PCM_STATE_DISCONNECTED,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
} from '../alsa/pcm_constants.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { pollMask, snd_pcm_poll } from '../alsa/pcm_poll.ts'
import { snd_pcm_avail } from '../alsa/pcm_runtime.ts'
import { type SndTimerUser, snd_timer_user_mask, snd_timer_user_poll } from '../alsa/timer_user.ts'
import { ENODEV, EPIPE, ERESTARTSYS, ESTRPIPE } from '../linux/errno.ts'
import { sleepUntil } from '../linux/hrtimer.ts'
import { unrecorded } from '../linux/kcsan.ts'
import type { Kernel } from '../linux/kernel.ts'
import { currentTask } from '../linux/preempt.ts'
import { schedule, TASK_INTERRUPTIBLE } from '../linux/sched.ts'
import {
  add_wait_queue,
  remove_wait_queue,
  WaitQueueEntry,
  type WaitQueueHead,
} from '../linux/wait.ts'
import { Call, syscall } from './syscall.ts'

const FOREVER = -1

/** Files to wait for; each one's ready bits are left in `revents`. At least one file. */
export class PollSet {
  readonly files: readonly SndPcmFile[]
  readonly revents: number[]

  constructor(files: readonly SndPcmFile[]) {
    this.files = files
    this.revents = files.map(() => 0)
  }

  get k(): Kernel {
    return (this.files[0] as SndPcmFile).substream.k
  }
}

/** What poll() waits for, of any file. */
interface Pollable {
  readonly wait: WaitQueueHead
  /** The file's own poll, under its lock; and the same bits without it. */
  poll(): Proc<number>
  mask(): number
}

function pollableOf({ substream }: SndPcmFile): Pollable {
  return {
    wait: substream.sleep,
    poll: () => snd_pcm_poll(substream),
    mask: () => unrecorded(substream.k, () => pollMask(substream)),
  }
}

/** poll() on all files of a set; a negative time-out waits for ever. Return: number ready. */
export function sys_poll(set: PollSet, timeoutNs: Ns): Proc<number> {
  const { substream } = set.files[0] as SndPcmFile
  const ms = timeoutNs < 0 ? FOREVER : Math.round(timeoutNs / NS_PER_MS)
  const work = do_poll(set.k, set.files.map(pollableOf), set.revents, timeoutNs)
  return syscall(substream.k, substream.id, Call.poll, ms, work)
}

/**
 * poll() on a program's file of a timer; a negative time-out waits for ever. Return: number ready,
 * `revents` has its bits.
 */
export function sys_poll_timer(
  k: Kernel,
  stream: number,
  tu: SndTimerUser,
  revents: number[],
  timeoutNs: Ns,
): Proc<number> {
  const timer: Pollable = {
    wait: tu.qchange_sleep,
    poll: () => snd_timer_user_poll(tu),
    mask: () => snd_timer_user_mask(tu),
  }
  const ms = timeoutNs < 0 ? FOREVER : Math.round(timeoutNs / NS_PER_MS)
  return syscall(k, stream, Call.poll, ms, do_poll(k, [timer], revents, timeoutNs))
}

/** The same on a program's file of the control device. */
export function sys_poll_ctl(stream: number, ctl: SndCtlFile, timeoutNs: Ns): Proc<number> {
  const { k } = ctl.card
  const file: Pollable = {
    wait: ctl.change_sleep,
    poll: () => ended(snd_ctl_poll(ctl)),
    mask: () => snd_ctl_poll(ctl),
  }
  const ms = timeoutNs < 0 ? FOREVER : Math.round(timeoutNs / NS_PER_MS)
  return syscall(k, stream, Call.poll, ms, do_poll(k, [file], [], timeoutNs))
}

/** Kernel: do_poll(). Return: number of files ready, or -ERESTARTSYS. */
function* do_poll(
  k: Kernel,
  files: readonly Pollable[],
  revents: number[],
  timeoutNs: Ns,
): Proc<number> {
  const task = currentTask(k)
  const deadlineNs = timeoutNs < 0 ? FOREVER : k.sim.now + timeoutNs
  const entries = files.map(() => new WaitQueueEntry(task))
  for (const [i, file] of files.entries()) {
    yield* add_wait_queue(file.wait, entries[i] as WaitQueueEntry)
  }
  let ready = 0
  for (;;) {
    ready = yield* scan(files, revents)
    if (ready > 0 || (deadlineNs >= 0 && k.sim.now >= deadlineNs)) break
    if (task.signalPending) {
      ready = -ERESTARTSYS
      break
    }
    // A wake-up during the scan shows here (the kernel keeps it in pwq->triggered).
    if (files.some((file) => file.mask() !== 0)) continue
    yield* sleep(k, deadlineNs)
  }
  for (const [i, file] of files.entries()) {
    yield* remove_wait_queue(file.wait, entries[i] as WaitQueueEntry)
  }
  return ready
}

function* scan(files: readonly Pollable[], revents: number[]): Proc<number> {
  let ready = 0
  for (const [i, file] of files.entries()) {
    const bits = yield* file.poll()
    revents[i] = bits
    if (bits !== 0) ready++
  }
  return ready
}

function* sleep(k: Kernel, deadlineNs: Ns): Proc {
  if (deadlineNs >= 0) {
    yield* sleepUntil(k, deadlineNs)
    return
  }
  currentTask(k).state = TASK_INTERRUPTIBLE
  yield* schedule(k)
}

/** What the library says of a state in which waiting makes no sense. Return: -errno or 1. */
function verdictOf(state: number): number {
  switch (state) {
    case SNDRV_PCM_STATE_XRUN:
      return -EPIPE
    case SNDRV_PCM_STATE_SUSPENDED:
      return -ESTRPIPE
    case SNDRV_PCM_STATE_DISCONNECTED:
      return -ENODEV
    default:
      return 1
  }
}

/**
 * Waits until the stream is ready; looks at the mapped status page first.
 *
 * Library: snd_pcm_wait(), alsa-lib 1.2 (hw plugin). Return: 1 ready, 0 time-out, or -errno.
 */
export function* snd_pcm_wait(set: PollSet, timeoutNs: Ns): Proc<number> {
  const { substream } = set.files[0] as SndPcmFile
  const { runtime } = substream
  if (snd_pcm_avail(substream) >= runtime.control.avail_min) return verdictOf(runtime.state)
  const ready = yield* sys_poll(set, timeoutNs)
  return ready > 0 ? verdictOf(runtime.state) : ready
}

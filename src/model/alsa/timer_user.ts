/**
 * A program's side of a timer: the file of /dev/snd/timer with its queue, either of ticks or, after
 * the TREAD ioctl, of time-stamped events that a filter lets in. Mirrors the snd_timer_user_*()
 * functions of sound/core/timer.c, the same in 6.1 and 6.12. Left out: the ioctls that only ask,
 * and SIGIO of the timer's file. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EAGAIN, EINVAL, ENODEV } from '../linux/errno.ts'
import {
  SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../linux/spinlock.ts'
import { WaitQueueHead, wait_event_interruptible, wake_up } from '../linux/wait.ts'
import { EPOLLERR, EPOLLIN } from './pcm_poll.ts'
import {
  type SndTimer,
  type SndTimerInstance,
  snd_timer_close,
  snd_timer_open,
  snd_timer_start,
  snd_timer_stop,
} from './timer.ts'

export const SNDRV_TIMER_EVENT_RESOLUTION = 0
export const SNDRV_TIMER_EVENT_TICK = 1

/** Entries of a queue whose size nobody has set, and the sizes that may be. */
const QUEUE_SIZE = 128
const QUEUE_SIZE_MIN = 32
const QUEUE_SIZE_MAX = 1024

/** One entry. Kernel: struct snd_timer_tread64; without TREAD only ticks and their length count. */
export interface SndTimerTread {
  readonly event: number
  tstamp: Ns
  /** Ticks of a TICK, else the length of a tick in ns. */
  val: number
  readonly resolution: Ns
}

/** Kernel: struct snd_timer_user. */
export class SndTimerUser {
  readonly qlock: SpinlockT
  readonly qchange_sleep: WaitQueueHead
  ti: SndTimerInstance | null = null
  readonly tread: boolean
  queue: SndTimerTread[] = []
  queue_size = QUEUE_SIZE
  /** Entries that found no room. */
  overrun = 0
  /** Bit of each event that a TREAD file takes. */
  filter = 0
  last_resolution: Ns = 0
  disconnected = false

  constructor(timer: SndTimer, tread: boolean) {
    this.tread = tread
    this.qlock = new SpinlockT(timer.k, '&tu->qlock')
    this.qchange_sleep = new WaitQueueHead(timer.k, '&tu->qchange_sleep')
  }

  /** Whether read() has something to give. */
  readonly isReady = (): boolean => this.queue.length > 0 || this.disconnected
}

/** Kernel: snd_timer_user_append_to_tqueue(). Caller holds qlock. */
function append(tu: SndTimerUser, entry: SndTimerTread): void {
  if (tu.queue.length >= tu.queue_size) tu.overrun++
  else tu.queue.push(entry)
}

/** Kernel: snd_timer_user_interrupt(). Context: any, timer->lock not held. Locks: qlock. */
function* snd_timer_user_interrupt(tu: SndTimerUser, resolution: Ns, ticks: number): Proc {
  yield* spin_lock(tu.qlock)
  const last = tu.queue.at(-1)
  if (last?.resolution === resolution) last.val += ticks
  else append(tu, { event: SNDRV_TIMER_EVENT_TICK, tstamp: 0, val: ticks, resolution })
  yield* spin_unlock(tu.qlock)
  yield* wake_up(tu.qchange_sleep)
}

const takes = (tu: SndTimerUser, event: number): boolean => (tu.filter & (1 << event)) !== 0

/**
 * Ticks that come while the last entry is a tick are added to it, with the newer time.
 *
 * Kernel: snd_timer_user_tinterrupt(). Context: any, timer->lock not held. Locks: qlock.
 */
function* snd_timer_user_tinterrupt(tu: SndTimerUser, resolution: Ns, ticks: number): Proc {
  yield* spin_lock(tu.qlock)
  const tstamp = tu.qlock.k.sim.now
  let woken = false
  if (takes(tu, SNDRV_TIMER_EVENT_RESOLUTION) && tu.last_resolution !== resolution) {
    append(tu, { event: SNDRV_TIMER_EVENT_RESOLUTION, tstamp, val: resolution, resolution })
    tu.last_resolution = resolution
    woken = true
  }
  if (takes(tu, SNDRV_TIMER_EVENT_TICK) && ticks > 0) {
    const last = tu.queue.at(-1)
    if (last?.event === SNDRV_TIMER_EVENT_TICK) {
      last.tstamp = tstamp
      last.val += ticks
    } else append(tu, { event: SNDRV_TIMER_EVENT_TICK, tstamp, val: ticks, resolution })
    woken = true
  }
  yield* spin_unlock(tu.qlock)
  if (woken) yield* wake_up(tu.qchange_sleep)
}

/** Kernel: snd_timer_user_ccallback(). Context: timer->lock held. Locks: qlock. */
function* snd_timer_user_ccallback(
  tu: SndTimerUser,
  event: number,
  tstamp: Ns,
  resolution: Ns,
): Proc {
  if (!takes(tu, event) || !tu.tread) return
  const flags = yield* spin_lock_irqsave(tu.qlock)
  append(tu, { event, tstamp, val: resolution, resolution })
  yield* spin_unlock_irqrestore(tu.qlock, flags)
  yield* wake_up(tu.qchange_sleep)
}

/** Opens and selects in one. Kernel: snd_timer_user_open(), the ioctls TREAD and SELECT. */
export function* snd_timer_user_open(timer: SndTimer, tread = false): Proc<SndTimerUser> {
  const tu = new SndTimerUser(timer, tread)
  const interrupt = tread ? snd_timer_user_tinterrupt : snd_timer_user_interrupt
  const ti = yield* snd_timer_open(timer, (_ti, resolution, ticks) =>
    interrupt(tu, resolution, ticks),
  )
  ti.ccallback = (event, tstamp, resolution) =>
    snd_timer_user_ccallback(tu, event, tstamp, resolution)
  ti.disconnect = () => snd_timer_user_disconnect(tu)
  tu.ti = ti
  return tu
}

/**
 * Stops the timer and empties the queue. Kernel: snd_timer_user_params(). Sizes: entries, 0 leaves
 * it. Return: 0, or -EINVAL for a size below 32 or above 1024.
 */
export function* snd_timer_user_params(
  tu: SndTimerUser,
  filter: number,
  queue_size: number,
): Proc<number> {
  if (queue_size > 0 && (queue_size < QUEUE_SIZE_MIN || queue_size > QUEUE_SIZE_MAX)) return -EINVAL
  yield* snd_timer_stop(tu.ti as SndTimerInstance)
  yield* spin_lock_irq(tu.qlock)
  if (queue_size > 0) tu.queue_size = queue_size
  tu.queue = []
  yield* spin_unlock_irq(tu.qlock)
  tu.filter = filter
  return 0
}

/** Also of a timer that runs. Kernel: snd_timer_user_start(). Return: 0 or -errno. */
export function* snd_timer_user_start(tu: SndTimerUser, ticks: number): Proc<number> {
  const ti = tu.ti as SndTimerInstance
  yield* snd_timer_stop(ti)
  tu.last_resolution = 0
  return yield* snd_timer_start(ti, ticks)
}

/** Closes the program's end. Kernel: snd_timer_user_release(). Context: process. Return: 0. */
export function* snd_timer_user_close(tu: SndTimerUser): Proc<number> {
  if (tu.ti !== null) yield* snd_timer_close(tu.ti)
  tu.ti = null
  return 0
}

/** The card is gone: who reads comes back. Kernel: snd_timer_user_disconnect(). */
function* snd_timer_user_disconnect(tu: SndTimerUser): Proc {
  tu.disconnected = true
  yield* wake_up(tu.qchange_sleep)
}

/**
 * Takes all that is queued, in order. Kernel: snd_timer_user_read() with room for it. Return: the
 * entries, or -EAGAIN, -ENODEV after a disconnection, -ERESTARTSYS.
 */
export function* snd_timer_user_read(
  tu: SndTimerUser,
  nonblock: boolean,
): Proc<readonly SndTimerTread[] | number> {
  if (tu.queue.length === 0) {
    if (nonblock) return -EAGAIN
    const err = yield* wait_event_interruptible(tu.qchange_sleep, tu.isReady)
    if (err < 0) return err
    if (tu.disconnected) return -ENODEV
  }
  yield* spin_lock_irq(tu.qlock)
  const { queue } = tu
  tu.queue = []
  yield* spin_unlock_irq(tu.qlock)
  return queue
}

/** Readiness as of now. Kernel: snd_timer_user_poll(). Return: EPOLL* bits. */
export function snd_timer_user_mask(tu: SndTimerUser): number {
  return (tu.queue.length > 0 ? EPOLLIN : 0) | (tu.disconnected ? EPOLLERR : 0)
}

/** Kernel: snd_timer_user_poll(). Context: process. Locks: qlock. Return: EPOLL* bits. */
export function* snd_timer_user_poll(tu: SndTimerUser): Proc<number> {
  yield* spin_lock_irq(tu.qlock)
  const mask = snd_timer_user_mask(tu)
  yield* spin_unlock_irq(tu.qlock)
  return mask
}

/**
 * A program's side of a timer: the file of /dev/snd/timer with its queue, either of ticks or, after
 * the TREAD ioctl, of time-stamped events that a filter lets in. Mirrors the snd_timer_user_*()
 * functions of sound/core/timer.c, the same in 6.1 and 6.12. Left out: the ioctls that tell of the
 * timers of the system and do not change this one (NEXT_DEVICE, GINFO, GSTATUS, INFO, PVERSION).
 * GPARAMS of a PCM timer is ENOSYS. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EAGAIN, EINVAL, ENODEV } from '../linux/errno.ts'
import type { Kernel } from '../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../linux/mutex.ts'
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
import { SndFasync, snd_fasync_free, snd_fasync_helper, snd_kill_fasync } from './misc.ts'
import { EPOLLERR, EPOLLIN } from './pcm_poll.ts'
import * as timers from './timer.ts'

export const SNDRV_TIMER_EVENT_RESOLUTION = 0
export const SNDRV_TIMER_EVENT_TICK = 1
const SNDRV_TIMER_EVENT_START = 2
export const SNDRV_TIMER_EVENT_EARLY = 6

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
  /** Held by every ioctl and, but for its sleep, by read. */
  readonly ioctl_lock: Mutex
  fasync: SndFasync | null = null
  ti: timers.SndTimerInstance | null = null
  /** Of an interval, for START. */
  ticks = 1
  readonly tread: boolean
  queue: SndTimerTread[] = []
  queue_size = QUEUE_SIZE
  /** Entries that found no room. */
  overrun = 0
  /** Bit of each event that a TREAD file takes. */
  filter = 0
  last_resolution: Ns = 0
  /** Of the last start, stop, continue or pause. */
  tstamp: Ns = 0
  disconnected = false

  constructor(k: Kernel, tread: boolean) {
    this.tread = tread
    this.qlock = new SpinlockT(k, '&tu->qlock')
    this.qchange_sleep = new WaitQueueHead(k, '&tu->qchange_sleep')
    this.ioctl_lock = new Mutex(k, '&tu->ioctl_lock')
  }

  /** Whether read() has something to give. */
  isReady(): boolean {
    return this.queue.length > 0 || this.disconnected
  }
}

/** Kernel: snd_timer_user_append_to_tqueue(). Caller holds qlock. */
function append(tu: SndTimerUser, entry: SndTimerTread): void {
  if (tu.queue.length >= tu.queue_size) tu.overrun++
  else tu.queue.push(entry)
}

/** Tells who sleeps, polls, or asked for SIGIO. */
function* notifyReader(tu: SndTimerUser): Proc {
  if (tu.fasync !== null) yield* snd_kill_fasync(tu.fasync)
  yield* wake_up(tu.qchange_sleep)
}

/** Kernel: snd_timer_user_interrupt(). Context: any, timer->lock not held. Locks: qlock. */
function* snd_timer_user_interrupt(tu: SndTimerUser, resolution: Ns, ticks: number): Proc {
  yield* spin_lock(tu.qlock)
  const last = tu.queue.at(-1)
  if (last?.resolution === resolution) last.val += ticks
  else append(tu, { event: SNDRV_TIMER_EVENT_TICK, tstamp: 0, val: ticks, resolution })
  yield* spin_unlock(tu.qlock)
  yield* notifyReader(tu)
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
  if (woken) yield* notifyReader(tu)
}

/** Kernel: snd_timer_user_ccallback(). Context: timer->lock held. Locks: qlock. */
function* snd_timer_user_ccallback(
  tu: SndTimerUser,
  event: number,
  tstamp: Ns,
  resolution: Ns,
): Proc {
  if (event >= SNDRV_TIMER_EVENT_START && event <= timers.SNDRV_TIMER_EVENT_PAUSE) {
    tu.tstamp = tstamp
  }
  if (!takes(tu, event) || !tu.tread) return
  const flags = yield* spin_lock_irqsave(tu.qlock)
  append(tu, { event, tstamp, val: resolution, resolution })
  yield* spin_unlock_irqrestore(tu.qlock, flags)
  yield* notifyReader(tu)
}

/** Opens and selects in one. Kernel: snd_timer_user_open(), the ioctls TREAD and SELECT. */
export function* snd_timer_user_open(timer: timers.SndTimer, tread = false): Proc<SndTimerUser> {
  const tu = new SndTimerUser(timer.k, tread)
  const interrupt = tread ? snd_timer_user_tinterrupt : snd_timer_user_interrupt
  const ti = yield* timers.snd_timer_open(timer, (_ti, resolution, ticks) =>
    interrupt(tu, resolution, ticks),
  )
  ti.auto = false
  const ccallback = (event: number, tstamp: Ns, resolution: Ns) =>
    snd_timer_user_ccallback(tu, event, tstamp, resolution)
  const disconnect = () => snd_timer_user_disconnect(tu)
  ti.ccallback = ccallback
  ti.disconnect = disconnect
  tu.ti = ti
  return tu
}

/** What PARAMS sets. Kernel: struct snd_timer_params. */
export interface SndTimerParams {
  readonly ticks: number
  /** Entries, 32 to 1024; 0 leaves the queue as it is. */
  readonly queue_size: number
  /** Bit of each event that a TREAD file is to get. */
  readonly filter: number
  /** Goes on after an interval. Kernel: SNDRV_TIMER_PSFLG_AUTO. */
  readonly auto: boolean
  /** Something can be read at once. Kernel: SNDRV_TIMER_PSFLG_EARLY_EVENT. */
  readonly early: boolean
}

/**
 * Stops the timer, empties the queue and sets what the next START takes.
 *
 * Kernel: snd_timer_user_params(). Context: ioctl_lock held. Return: 0, or -EINVAL for a size below
 * 32 or above 1024.
 */
export function* snd_timer_user_params(tu: SndTimerUser, params: SndTimerParams): Proc<number> {
  const { queue_size } = params
  if (queue_size > 0 && (queue_size < QUEUE_SIZE_MIN || queue_size > QUEUE_SIZE_MAX)) return -EINVAL
  const ti = tu.ti as timers.SndTimerInstance
  yield* timers.snd_timer_stop(ti)
  yield* spin_lock_irq(ti.timer.lock)
  ti.auto = params.auto
  yield* spin_unlock_irq(ti.timer.lock)
  yield* spin_lock_irq(tu.qlock)
  if (queue_size > 0) tu.queue_size = queue_size
  tu.queue = []
  if (params.early) append(tu, { event: SNDRV_TIMER_EVENT_EARLY, tstamp: 0, val: 0, resolution: 0 })
  tu.filter = params.filter
  tu.ticks = params.ticks
  yield* spin_unlock_irq(tu.qlock)
  return 0
}

/** Also of a timer that runs. Kernel: snd_timer_user_start(). Return: 0 or -errno. */
export function* snd_timer_user_start(tu: SndTimerUser): Proc<number> {
  const ti = tu.ti as timers.SndTimerInstance
  yield* timers.snd_timer_stop(ti)
  tu.last_resolution = 0
  return yield* timers.snd_timer_start(ti, tu.ticks)
}

/** Kernel: snd_timer_user_stop(). Return: 0, or -EBUSY if it does not run. */
export function snd_timer_user_stop(tu: SndTimerUser): Proc<number> {
  return timers.snd_timer_stop(tu.ti as timers.SndTimerInstance)
}

/** Kernel: snd_timer_user_pause(). Return: 0, or -EBUSY if it does not run. */
export function snd_timer_user_pause(tu: SndTimerUser): Proc<number> {
  return timers.snd_timer_pause(tu.ti as timers.SndTimerInstance)
}

/** Starts what was never paused. Kernel: snd_timer_user_continue(). Return: 0 or -errno. */
export function snd_timer_user_continue(tu: SndTimerUser): Proc<number> {
  const ti = tu.ti as timers.SndTimerInstance
  return ti.paused ? timers.snd_timer_continue(ti) : snd_timer_user_start(tu)
}

/** What STATUS tells. Kernel: struct snd_timer_status; `lost` is never counted for PCM timers. */
export class SndTimerStatus {
  tstamp: Ns = 0
  resolution: Ns = 0
  overrun = 0
  /** Entries in the queue. */
  queue = 0
}

/** Kernel: snd_timer_user_status64(). Return: 0. */
export function* snd_timer_user_status(tu: SndTimerUser, status: SndTimerStatus): Proc<number> {
  status.tstamp = tu.tstamp
  status.resolution = yield* timers.snd_timer_resolution(tu.ti as timers.SndTimerInstance)
  status.overrun = tu.overrun
  yield* spin_lock_irq(tu.qlock)
  status.queue = tu.queue.length
  yield* spin_unlock_irq(tu.qlock)
  return 0
}

/** One ioctl at a time. Kernel: snd_timer_user_ioctl(). Context: process. Locks: ioctl_lock. */
export function* snd_timer_user_ioctl(
  tu: SndTimerUser,
  work: (tu: SndTimerUser) => Proc<number>,
): Proc<number> {
  yield* mutex_lock(tu.ioctl_lock)
  const ret = yield* work(tu)
  yield* mutex_unlock(tu.ioctl_lock)
  return ret
}

/** Asks for SIGIO at what can be read, or no longer. Kernel: snd_timer_user_fasync(). Return: 0. */
export function* snd_timer_user_fasync(tu: SndTimerUser, k: Kernel, on: boolean): Proc<number> {
  tu.fasync ??= new SndFasync(k)
  yield* snd_fasync_helper(k, tu.fasync, on)
  return 0
}

/** Closes the program's end. Kernel: snd_timer_user_release(). Context: process. Return: 0. */
export function* snd_timer_user_close(tu: SndTimerUser): Proc<number> {
  yield* mutex_lock(tu.ioctl_lock)
  if (tu.ti !== null) yield* timers.snd_timer_close(tu.ti)
  tu.ti = null
  yield* mutex_unlock(tu.ioctl_lock)
  yield* snd_fasync_free(tu.fasync)
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
  yield* mutex_lock(tu.ioctl_lock)
  let err = 0
  if (tu.queue.length === 0) {
    if (nonblock) err = -EAGAIN
    else {
      yield* mutex_unlock(tu.ioctl_lock)
      err = yield* wait_event_interruptible(tu.qchange_sleep, () => tu.isReady())
      yield* mutex_lock(tu.ioctl_lock)
      if (err === 0 && tu.disconnected) err = -ENODEV
    }
  }
  yield* spin_lock_irq(tu.qlock)
  const { queue } = tu
  if (err === 0) tu.queue = []
  yield* spin_unlock_irq(tu.qlock)
  yield* mutex_unlock(tu.ioctl_lock)
  return err < 0 ? err : queue
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

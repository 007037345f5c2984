/**
 * The timer of a substream: it ticks once for every period_elapsed that moved the pointer or found
 * it where it was, and not for one that ended in an xrun. Mirrors sound/core/pcm_timer.c, the same
 * in 6.1 and 6.12. Its lock is taken at every start, stop and close, whether or not anybody has
 * opened the timer. At the end a client's side of a timer, as the snd_timer_user_*() functions of
 * sound/core/timer.c; left out there: the queue of time-stamped events (tread) and the ioctls that
 * only ask.
 */
import { framesToNsFloor, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EAGAIN, ENODEV } from '../linux/errno.ts'
import {
  SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_unlock,
  spin_unlock_irq,
} from '../linux/spinlock.ts'
import { WaitQueueHead, wait_event_interruptible, wake_up } from '../linux/wait.ts'
import type { SndPcmSubstream } from './pcm.ts'
import {
  SndTimer,
  type SndTimerInstance,
  snd_timer_close,
  snd_timer_notify,
  snd_timer_open,
} from './timer.ts'

/** Events of snd_timer_notify(). Kernel: enum of SNDRV_TIMER_EVENT_*. */
export const SNDRV_TIMER_EVENT_MSTART = 12
export const SNDRV_TIMER_EVENT_MSTOP = 13
export const SNDRV_TIMER_EVENT_MCONTINUE = 14
export const SNDRV_TIMER_EVENT_MPAUSE = 15
export const SNDRV_TIMER_EVENT_MSUSPEND = 17
export const SNDRV_TIMER_EVENT_MRESUME = 18

/** The substream's timer. Kernel: snd_pcm_timer_init(). */
export function snd_pcm_timer_init(substream: SndPcmSubstream): SndTimer {
  return new SndTimer(substream.k, substream.name, {
    start: () => {
      substream.timer_running = true
    },
    stop: () => {
      substream.timer_running = false
    },
    c_resolution: () => {
      if (!substream.isOpen || substream.runtime.rate === 0) return 0
      return framesToNsFloor(substream.runtime.period_size, substream.runtime.rate)
    },
    shutdown: () => substream.pcm.card.shutdown,
  })
}

/** Kernel: snd_pcm_timer_notify(). Context: stream lock held. Locks: timer->lock. */
export function snd_pcm_timer_notify(substream: SndPcmSubstream, event: number): Proc {
  return snd_timer_notify(substream.timer, event, substream.runtime.trigger_tstamp)
}

/** Kernel: struct snd_timer_user, its queue a single entry: equal resolutions are added up. */
export class SndTimerUser {
  readonly qlock: SpinlockT
  readonly qchange_sleep: WaitQueueHead
  ti: SndTimerInstance | null = null
  /** Ticks that were not read yet, and the length of one. */
  ticks = 0
  resolution: Ns = 0
  disconnected = false

  constructor(timer: SndTimer) {
    this.qlock = new SpinlockT(timer.k, '&tu->qlock')
    this.qchange_sleep = new WaitQueueHead(timer.k, '&tu->qchange_sleep')
  }
}

/** Kernel: snd_timer_user_interrupt(). Context: any, timer->lock not held. Locks: qlock. */
function* snd_timer_user_interrupt(tu: SndTimerUser, resolution: Ns, ticks: number): Proc {
  yield* spin_lock(tu.qlock)
  tu.ticks += ticks
  tu.resolution = resolution
  yield* spin_unlock(tu.qlock)
  yield* wake_up(tu.qchange_sleep)
}

/** Opens and selects in one. Kernel: snd_timer_user_open(), snd_timer_user_tselect(). */
export function* snd_timer_user_open(timer: SndTimer): Proc<SndTimerUser> {
  const tu = new SndTimerUser(timer)
  tu.ti = yield* snd_timer_open(timer, (_ti, resolution, ticks) =>
    snd_timer_user_interrupt(tu, resolution, ticks),
  )
  tu.ti.disconnect = () => snd_timer_user_disconnect(tu)
  return tu
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
 * Kernel: snd_timer_user_read(). Return: ticks since the last read, -EAGAIN, -ENODEV after a
 * disconnection, -ERESTARTSYS.
 */
export function* snd_timer_user_read(tu: SndTimerUser, nonblock: boolean): Proc<number> {
  if (tu.ticks === 0) {
    if (nonblock) return -EAGAIN
    const ready = () => tu.ticks > 0 || tu.disconnected
    const err = yield* wait_event_interruptible(tu.qchange_sleep, ready)
    if (err < 0) return err
    if (tu.disconnected) return -ENODEV
  }
  yield* spin_lock_irq(tu.qlock)
  const { ticks } = tu
  tu.ticks = 0
  yield* spin_unlock_irq(tu.qlock)
  return ticks
}

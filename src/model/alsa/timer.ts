/**
 * Timers of the sound core and their instances: as many users as wish hang on one timer, and each
 * is called after its own number of ticks. Mirrors sound/core/timer.c, the same in 6.1 and 6.12,
 * for timers that their owner drives (SNDRV_TIMER_HW_SLAVE); those with a clock of their own, the
 * slave lists and the sequencer are left out. Resolutions are ns.
 */
import { removeAt } from '../../base/arrays.ts'
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { EBUSY, EINVAL, ENODEV } from '../linux/errno.ts'
import type { Kernel } from '../linux/kernel.ts'
import {
  SpinlockT,
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../linux/spinlock.ts'

/** What the owner of a timer gives it. Kernel: struct snd_timer_hardware. */
export interface SndTimerHardware {
  start(): void
  stop(): void
  c_resolution(): Ns
  /** The card is gone. */
  shutdown(): boolean
}

/** Kernel: struct snd_timer. */
export class SndTimer {
  readonly k: Kernel
  readonly hw: SndTimerHardware
  readonly lock: SpinlockT
  readonly open_list: SndTimerInstance[] = []
  readonly active_list: SndTimerInstance[] = []
  /** Number of running instances. */
  running = 0

  constructor(k: Kernel, name: string, hw: SndTimerHardware) {
    this.k = k
    this.hw = hw
    this.lock = new SpinlockT(k, '&timer->lock', `${name} timer->lock`)
  }
}

/** Called without the timer's lock, interrupts as they were. */
export type SndTimerCallback = (ti: SndTimerInstance, resolution: Ns, ticks: number) => Proc

/** Kernel: struct snd_timer_instance. */
export class SndTimerInstance {
  readonly timer: SndTimer
  readonly callback: SndTimerCallback
  /** Hears of starts and stops, under the timer's lock; `resolution` is 0 for a stop. */
  ccallback: ((event: number, tstamp: Ns, resolution: Ns) => Proc) | null = null
  /** The timer's device is gone. */
  disconnect: (() => Proc) | null = null
  /** Kernel: SNDRV_TIMER_IFLG_RUNNING. */
  running = false
  /** Stopped so that it can go on. Kernel: SNDRV_TIMER_IFLG_PAUSED; a start leaves it as it is. */
  paused = false
  /** To be called back by the interrupt in progress. Kernel: being in timer->ack_list_head. */
  due = false
  /** Starts again by itself. Kernel: SNDRV_TIMER_IFLG_AUTO. */
  auto = true
  /** Ticks of an interval, left of it, and passed since the last callback. */
  ticks = 1
  cticks = 1
  pticks = 0

  constructor(timer: SndTimer, callback: SndTimerCallback) {
    this.timer = timer
    this.callback = callback
  }
}

/** Events of an instance itself. Kernel: enum of SNDRV_TIMER_EVENT_*. */
const SNDRV_TIMER_EVENT_START = 2
const SNDRV_TIMER_EVENT_STOP = 3
const SNDRV_TIMER_EVENT_CONTINUE = 4
export const SNDRV_TIMER_EVENT_PAUSE = 5
/** Events of the device behind it. */
export const SNDRV_TIMER_EVENT_MSTART = 12
export const SNDRV_TIMER_EVENT_MSTOP = 13
export const SNDRV_TIMER_EVENT_MCONTINUE = 14
export const SNDRV_TIMER_EVENT_MPAUSE = 15
export const SNDRV_TIMER_EVENT_MSUSPEND = 17
export const SNDRV_TIMER_EVENT_MRESUME = 18

/** Kernel: snd_timer_notify1(). Context: timer->lock held. */
function* snd_timer_notify1(ti: SndTimerInstance, event: number): Proc {
  const { hw, k } = ti.timer
  const starts = event === SNDRV_TIMER_EVENT_START || event === SNDRV_TIMER_EVENT_CONTINUE
  const resolution = starts ? hw.c_resolution() : 0
  if (ti.ccallback !== null) yield* ti.ccallback(event, k.sim.now, resolution)
}

function take(list: SndTimerInstance[], ti: SndTimerInstance): void {
  const at = list.indexOf(ti)
  if (at >= 0) removeAt(list, at)
}

/** Kernel: snd_timer_open(). Context: process. */
export function* snd_timer_open(
  timer: SndTimer,
  callback: SndTimerCallback,
): Proc<SndTimerInstance> {
  const ti = new SndTimerInstance(timer, callback)
  const flags = yield* spin_lock_irqsave(timer.lock)
  timer.open_list.push(ti)
  yield* spin_unlock_irqrestore(timer.lock, flags)
  return ti
}

/** Tells every open instance that the device is gone. Kernel: snd_timer_dev_disconnect(). */
export function* snd_timer_dev_disconnect(timer: SndTimer): Proc {
  for (const ti of timer.open_list) if (ti.disconnect !== null) yield* ti.disconnect()
}

/** Kernel: snd_timer_close(). Left out: waiting for a callback that runs on another processor. */
export function* snd_timer_close(ti: SndTimerInstance): Proc {
  yield* snd_timer_stop(ti)
  const flags = yield* spin_lock_irqsave(ti.timer.lock)
  take(ti.timer.open_list, ti)
  yield* spin_unlock_irqrestore(ti.timer.lock, flags)
}

/** Kernel: snd_timer_start1(). Return: 0, -ENODEV, or -EBUSY if it runs already. */
function* snd_timer_start1(ti: SndTimerInstance, start: boolean, ticks: number): Proc<number> {
  const { timer } = ti
  const flags = yield* spin_lock_irqsave(timer.lock)
  let err = 0
  if (timer.hw.shutdown()) err = -ENODEV
  else if (ti.running) err = -EBUSY
  else {
    if (start) {
      ti.ticks = ticks
      ti.cticks = ticks
    } else if (ti.cticks === 0) ti.cticks = 1
    ti.pticks = 0
    timer.active_list.push(ti)
    if (timer.running === 0) timer.hw.start()
    timer.running++
    ti.running = true
    yield* snd_timer_notify1(ti, start ? SNDRV_TIMER_EVENT_START : SNDRV_TIMER_EVENT_CONTINUE)
  }
  yield* spin_unlock_irqrestore(timer.lock, flags)
  return err
}

/** Kernel: snd_timer_stop1(). Return: 0, also of a dead card, or -EBUSY if it does not run. */
function* snd_timer_stop1(ti: SndTimerInstance, stop: boolean): Proc<number> {
  const { timer } = ti
  const flags = yield* spin_lock_irqsave(timer.lock)
  ti.due = false
  take(timer.active_list, ti)
  const err = ti.running ? 0 : -EBUSY
  if (ti.running && !timer.hw.shutdown()) {
    if (stop) {
      ti.cticks = ti.ticks
      ti.pticks = 0
    }
    timer.running--
    if (timer.running === 0) timer.hw.stop()
    ti.running = false
    ti.paused = !stop
    yield* snd_timer_notify1(ti, stop ? SNDRV_TIMER_EVENT_STOP : SNDRV_TIMER_EVENT_PAUSE)
  }
  yield* spin_unlock_irqrestore(timer.lock, flags)
  return err
}

function* refused(): Proc<number> {
  return -EINVAL
}

/** From the first tick. Kernel: snd_timer_start(). Return: 0, -EINVAL, -ENODEV or -EBUSY. */
export function snd_timer_start(ti: SndTimerInstance, ticks: number): Proc<number> {
  return ticks < 1 ? refused() : snd_timer_start1(ti, true, ticks)
}

/** Kernel: snd_timer_stop(). Return: 0, or -EBUSY if it does not run. */
export function snd_timer_stop(ti: SndTimerInstance): Proc<number> {
  return snd_timer_stop1(ti, true)
}

/** Stops, and remembers the ticks left. Kernel: snd_timer_pause(). Return: 0 or -EBUSY. */
export function snd_timer_pause(ti: SndTimerInstance): Proc<number> {
  return snd_timer_stop1(ti, false)
}

/**
 * Goes on with the ticks that a pause left. Kernel: snd_timer_continue(). Return: 0, -EINVAL
 * without a pause before, -ENODEV, -EBUSY.
 */
export function snd_timer_continue(ti: SndTimerInstance): Proc<number> {
  return ti.paused ? snd_timer_start1(ti, false, 0) : refused()
}

/** Ticks are so long. Kernel: snd_timer_resolution(). Context: process. Locks: timer->lock. */
export function* snd_timer_resolution({ timer }: SndTimerInstance): Proc<Ns> {
  const flags = yield* spin_lock_irqsave(timer.lock)
  const resolution = timer.hw.c_resolution()
  yield* spin_unlock_irqrestore(timer.lock, flags)
  return resolution
}

/** Counts one instance's ticks. Return: whether its interval is over. */
function countDown(ti: SndTimerInstance, ticks_left: number): boolean {
  ti.pticks += ticks_left
  ti.cticks = ti.cticks < ticks_left ? 0 : ti.cticks - ticks_left
  if (ti.cticks > 0) return false
  if (ti.auto) ti.cticks = ti.ticks
  else {
    ti.running = false
    ti.timer.running--
    take(ti.timer.active_list, ti)
  }
  return true
}

/**
 * So many ticks have passed.
 *
 * Kernel: snd_timer_interrupt(). Context: any. Locks: timer->lock, dropped around each callback.
 * Left out: callbacks by work item (those of the sequencer and of slave instances).
 */
export function* snd_timer_interrupt(timer: SndTimer, ticks_left: number): Proc {
  if (timer.hw.shutdown()) return
  const flags = yield* spin_lock_irqsave(timer.lock)
  const resolution = timer.hw.c_resolution()
  const due = timer.active_list.slice().filter((ti) => countDown(ti, ticks_left))
  for (const ti of due) ti.due = true
  if (timer.running === 0) timer.hw.stop()
  for (const ti of due) {
    const ticks = ti.pticks
    // Stopped meanwhile by another instance's callback, or on another processor.
    if (!ti.due) continue
    ti.due = false
    ti.pticks = 0
    yield* spin_unlock(timer.lock)
    yield* ti.callback(ti, resolution, ticks)
    yield* spin_lock(timer.lock)
  }
  yield* spin_unlock_irqrestore(timer.lock, flags)
}

/**
 * Tells every running instance what became of the device. Kernel: snd_timer_notify(). Locks:
 * timer->lock.
 */
export function* snd_timer_notify(timer: SndTimer, event: number, tstamp: Ns): Proc {
  if (timer.hw.shutdown()) return
  const flags = yield* spin_lock_irqsave(timer.lock)
  const starts =
    event === SNDRV_TIMER_EVENT_MSTART ||
    event === SNDRV_TIMER_EVENT_MCONTINUE ||
    event === SNDRV_TIMER_EVENT_MRESUME
  const resolution = starts ? timer.hw.c_resolution() : 0
  for (const ti of timer.active_list) {
    if (ti.ccallback !== null) yield* ti.ccallback(event, tstamp, resolution)
  }
  yield* spin_unlock_irqrestore(timer.lock, flags)
}

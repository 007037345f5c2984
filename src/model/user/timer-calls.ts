/**
 * A program's calls on /dev/snd/timer for the timer of a PCM substream: open and select, the ioctls
 * that set, start, stop, pause and ask, fasync, poll, read, close. Kernel: sound/core/timer.c,
 * snd_timer_user_*(), 6.1. Resolution is the period's.
 */
import { NS_PER_MS, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SNDRV_TIMER_EVENT_PAUSE } from '../alsa/timer.ts'
import * as U from '../alsa/timer_user.ts'
import { EBADFD, EBUSY } from '../linux/errno.ts'
import { sys_poll_timer } from './poll.ts'
import type { TimerEvent } from './script-calls.ts'
import { Call, syscall } from './syscall.ts'

/** Numbers of the events by name. Kernel: enum of SNDRV_TIMER_EVENT_*. */
const EVENTS: Readonly<Record<TimerEvent, number>> = {
  resolution: 0,
  tick: U.SNDRV_TIMER_EVENT_TICK,
  start: 2,
  stop: 3,
  continue: 4,
  pause: SNDRV_TIMER_EVENT_PAUSE,
  suspend: 7,
  resume: 8,
  mstart: 12,
  mstop: 13,
  mcontinue: 14,
  mpause: 15,
  msuspend: 17,
  mresume: 18,
}

/** One event as a program prints it: name, value, time. */
function eventText({ event, val, tstamp }: U.SndTimerTread): string {
  if (event === U.SNDRV_TIMER_EVENT_EARLY) return 'early'
  const name = Object.entries(EVENTS).find(([, number]) => number === event)?.[0] ?? String(event)
  return `${name} ${val} at ${msText(tstamp)}`
}

function msText(ns: Ns): string {
  return `${(ns / NS_PER_MS).toFixed(3)} ms`
}

/** What a script says of PARAMS; the rest is as a program has it that wants every tick. */
export interface TimerParams {
  readonly ticks?: number
  readonly filter?: readonly TimerEvent[]
  readonly queue_size?: number
  readonly auto?: boolean
  readonly early?: boolean
}

function paramsOf({ ticks, filter, queue_size, auto, early }: TimerParams): U.SndTimerParams {
  return {
    ticks: ticks ?? 1,
    queue_size: queue_size ?? 0,
    filter: (filter ?? ['tick']).reduce((bits, name) => bits | (1 << EVENTS[name]), 0),
    auto: auto ?? true,
    early: early ?? false,
  }
}

/** The program's timer file, opened for one substream. */
export class TimerFile {
  private readonly file: SndPcmFile
  private user: U.SndTimerUser | null = null

  constructor(file: SndPcmFile) {
    this.file = file
  }

  /** open(), and the TREAD and SELECT ioctls. Return: 0, or -EBUSY if it is open. */
  open(tread: boolean): Proc<number> {
    return this.call(Call.timer_open, 0, this.openTimer(tread))
  }

  /** Return: 0 or -errno. */
  params(params: TimerParams): Proc<number> {
    const set = paramsOf(params)
    return this.ioctl(Call.timer_params, set.ticks, (user) => U.snd_timer_user_params(user, set))
  }

  start(): Proc<number> {
    return this.ioctl(Call.timer_start, 0, U.snd_timer_user_start)
  }

  stop(): Proc<number> {
    return this.ioctl(Call.timer_stop, 0, U.snd_timer_user_stop)
  }

  pause(): Proc<number> {
    return this.ioctl(Call.timer_pause, 0, U.snd_timer_user_pause)
  }

  continue(): Proc<number> {
    return this.ioctl(Call.timer_continue, 0, U.snd_timer_user_continue)
  }

  /** Return: 0, and `told` has what the timer is at; or -errno. */
  *status(told: string[]): Proc<number> {
    const status = new U.SndTimerStatus()
    const work = (user: U.SndTimerUser) => U.snd_timer_user_status(user, status)
    const err = yield* this.ioctl(Call.timer_status, 0, work)
    if (err < 0) return err
    const { tstamp, resolution, overrun, queue } = status
    told.push(`since ${msText(tstamp)}`, `resolution ${resolution}`)
    told.push(`queue ${queue}`, `overrun ${overrun}`)
    return 0
  }

  /** fcntl() with or without O_ASYNC: SIGIO whenever there is something to read. Return: 0. */
  fasync(on: boolean): Proc<number> {
    const { k } = this.file.substream
    const { user } = this
    const work = user === null ? unopened() : U.snd_timer_user_fasync(user, k, on)
    return this.call(Call.timer_fasync, on ? 1 : 0, work)
  }

  /**
   * Waits for ticks unless `nonblock`. Return: periods since the last read, of time-stamped events
   * their number (and `told` has them), or -errno.
   */
  read(nonblock: boolean, told: string[]): Proc<number> {
    const { user } = this
    const work = user === null ? unopened() : readTimer(user, nonblock, told)
    return this.call(Call.timer_read, nonblock ? 1 : 0, work)
  }

  /** Return: 1 when there is something to read or the card is gone, 0 after the time-out. */
  poll(timeoutNs: Ns): Proc<number> {
    const { k, id } = this.file.substream
    const { user } = this
    if (user === null) return this.call(Call.poll, 0, unopened())
    return sys_poll_timer(k, id, user, [], timeoutNs)
  }

  close(): Proc<number> {
    return this.call(Call.timer_close, 0, this.closeTimer())
  }

  get isOpen(): boolean {
    return this.user !== null
  }

  private ioctl(
    number: number,
    arg: number,
    work: (user: U.SndTimerUser) => Proc<number>,
  ): Proc<number> {
    const { user } = this
    const ioctl = user === null ? unopened() : U.snd_timer_user_ioctl(user, work)
    return this.call(number, arg, ioctl)
  }

  private call(number: number, arg: number, work: Proc<number>): Proc<number> {
    const { k, id } = this.file.substream
    return syscall(k, id, number, arg, work)
  }

  private *openTimer(tread: boolean): Proc<number> {
    // TREAD of a file that has selected its timer comes too late.
    if (this.user !== null) return -EBUSY
    this.user = yield* U.snd_timer_user_open(this.file.substream.timer, tread)
    return 0
  }

  private *closeTimer(): Proc<number> {
    const { user } = this
    if (user === null) return -EBADFD
    this.user = null
    return yield* U.snd_timer_user_close(user)
  }
}

function* readTimer(user: U.SndTimerUser, nonblock: boolean, told: string[]): Proc<number> {
  const entries = yield* U.snd_timer_user_read(user, nonblock)
  if (typeof entries === 'number') return entries
  if (!user.tread) return entries.reduce((sum, { val }) => sum + val, 0)
  told.push(...entries.map(eventText))
  return entries.length
}

function* unopened(): Proc<number> {
  return -EBADFD
}

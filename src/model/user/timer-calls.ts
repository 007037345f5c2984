/**
 * A program's calls on /dev/snd/timer for the timer of a PCM substream: open and select, start,
 * stop, poll, read, close. Kernel: sound/core/timer.c, snd_timer_user_*(), 6.1. Left out: the
 * ioctls that only ask. Resolution is the period's.
 */
import { NS_PER_MS, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { snd_timer_stop } from '../alsa/timer.ts'
import {
  SNDRV_TIMER_EVENT_TICK,
  type SndTimerTread,
  type SndTimerUser,
  snd_timer_user_close,
  snd_timer_user_open,
  snd_timer_user_params,
  snd_timer_user_read,
  snd_timer_user_start,
} from '../alsa/timer_user.ts'
import { EBADFD } from '../linux/errno.ts'
import { sys_poll_timer } from './poll.ts'
import type { TimerEvent } from './script-calls.ts'
import { Call, syscall } from './syscall.ts'

/** Numbers of the events by name. Kernel: enum of SNDRV_TIMER_EVENT_*. */
const EVENTS: Readonly<Record<TimerEvent, number>> = {
  resolution: 0,
  tick: SNDRV_TIMER_EVENT_TICK,
  start: 2,
  stop: 3,
  continue: 4,
  pause: 5,
  mstart: 12,
  mstop: 13,
  mcontinue: 14,
  mpause: 15,
  msuspend: 17,
  mresume: 18,
}

/** One event as a program prints it: name, value, time. */
function eventText({ event, val, tstamp }: SndTimerTread): string {
  const name = Object.entries(EVENTS).find(([, number]) => number === event)?.[0] ?? String(event)
  return `${name} ${val} at ${(tstamp / NS_PER_MS).toFixed(3)} ms`
}

/** The PARAMS ioctl: events let in, entries of the queue (0: as they are). */
export interface TimerParams {
  readonly ticks: number
  readonly filter: readonly TimerEvent[]
  readonly queue_size: number
}

/** The program's timer file, opened for one substream. */
export class TimerFile {
  private readonly file: SndPcmFile
  private user: SndTimerUser | null = null

  constructor(file: SndPcmFile) {
    this.file = file
  }

  /** open(), and the TREAD and SELECT ioctls. Return: 0. */
  open(tread: boolean): Proc<number> {
    return this.call(Call.timer_open, 0, this.openTimer(tread))
  }

  /** The PARAMS and START ioctls: a tick every `ticks` periods. Return: 0 or -errno. */
  start(params: TimerParams): Proc<number> {
    const { user } = this
    const work = user === null ? unopened() : startTimer(user, params)
    return this.call(Call.timer_start, params.ticks, work)
  }

  stop(): Proc<number> {
    const { user } = this
    return this.call(Call.timer_stop, 0, user?.ti ? snd_timer_stop(user.ti) : unopened())
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

  private call(number: number, arg: number, work: Proc<number>): Proc<number> {
    const { k, id } = this.file.substream
    return syscall(k, id, number, arg, work)
  }

  private *openTimer(tread: boolean): Proc<number> {
    this.user = yield* snd_timer_user_open(this.file.substream.timer, tread)
    return 0
  }

  private *closeTimer(): Proc<number> {
    const { user } = this
    if (user === null) return -EBADFD
    this.user = null
    yield* snd_timer_user_close(user)
    return 0
  }
}

function* startTimer(user: SndTimerUser, params: TimerParams): Proc<number> {
  const filter = params.filter.reduce((bits, name) => bits | (1 << EVENTS[name]), 0)
  const err = yield* snd_timer_user_params(user, filter, params.queue_size)
  return err < 0 ? err : yield* snd_timer_user_start(user, params.ticks)
}

function* readTimer(user: SndTimerUser, nonblock: boolean, told: string[]): Proc<number> {
  const entries = yield* snd_timer_user_read(user, nonblock)
  if (typeof entries === 'number') return entries
  if (!user.tread) return entries.reduce((sum, { val }) => sum + val, 0)
  told.push(...entries.map(eventText))
  return entries.length
}

function* unopened(): Proc<number> {
  return -EBADFD
}

/**
 * A program's calls on /dev/snd/timer for the timer of a PCM substream: open and select, start,
 * stop, read, close. Kernel: sound/core/timer.c, snd_timer_user_*(), 6.1. Left out: the ioctls that
 * only ask, and the queue of time-stamped events. Resolution is the period's.
 */
import type { Proc } from '../../sim/process.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import {
  type SndTimerUser,
  snd_timer_user_close,
  snd_timer_user_open,
  snd_timer_user_read,
} from '../alsa/pcm_timer.ts'
import { snd_timer_start, snd_timer_stop } from '../alsa/timer.ts'
import { EBADFD } from '../linux/errno.ts'
import { Call, syscall } from './syscall.ts'

/** The program's timer file, opened for one substream. */
export class TimerFile {
  private readonly file: SndPcmFile
  private user: SndTimerUser | null = null

  constructor(file: SndPcmFile) {
    this.file = file
  }

  /** open() and the SELECT ioctl. Return: 0. */
  open(): Proc<number> {
    return this.call(Call.timer_open, 0, this.openTimer())
  }

  /** The PARAMS and START ioctls: a tick every `ticks` periods. Return: 0 or -errno. */
  start(ticks: number): Proc<number> {
    const { user } = this
    return this.call(
      Call.timer_start,
      ticks,
      user?.ti ? snd_timer_start(user.ti, ticks) : unopened(),
    )
  }

  stop(): Proc<number> {
    const { user } = this
    return this.call(Call.timer_stop, 0, user?.ti ? snd_timer_stop(user.ti) : unopened())
  }

  /** Waits for ticks unless `nonblock`. Return: periods since the last read, or -errno. */
  read(nonblock: boolean): Proc<number> {
    const { user } = this
    const work = user === null ? unopened() : snd_timer_user_read(user, nonblock)
    return this.call(Call.timer_read, nonblock ? 1 : 0, work)
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

  private *openTimer(): Proc<number> {
    this.user = yield* snd_timer_user_open(this.file.substream.timer)
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

function* unopened(): Proc<number> {
  return -EBADFD
}

/**
 * A PulseAudio sink or source: keeps a mapped ring full (empty) that never xruns for the core, and
 * finds dropouts by arithmetic. In a virtual machine woken by period interrupts, else by its own
 * timer ahead of a watermark, with a smoother between the card's clock and the system's. Modelled
 * on alsa-sink.c, alsa-source.c and alsa-util.c (domain/userspace.md §2.4). Sizes are frames,
 * times ns.
 */
import {
  type Frames,
  framesToNsFloor,
  NS_PER_MS,
  NS_PER_SEC,
  NS_PER_US,
  type Ns,
  nsToFramesFloor,
} from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EPOLLERR, EPOLLIN, EPOLLOUT } from '../alsa/pcm_poll.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { EAGAIN, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { work } from './client.ts'
import { mmapTransfer, snd_pcm_avail, stateError } from './library.ts'
import { type OpenHow, PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import { WATERMARK_NS, Watermark } from './pulse-watermark.ts'
import * as S from './syscall.ts'
import { TimeSmoother } from './time-smoother.ts'

/** SMOOTHER_*: see alsa-sink.c. */
const SMOOTHER = { adjustUs: 1_000_000, historyUs: 10_000_000, historyMin: 5 }
const SMOOTHER_INTERVAL_MIN_NS = 2 * NS_PER_MS
const SMOOTHER_INTERVAL_MAX_NS = 200 * NS_PER_MS
/** A delay or an avail of so many buffers, or so long, is not believed (alsa-util.c). */
const EXCEPTIONAL_BUFFERS = 5
const EXCEPTIONAL_NS = 10 * NS_PER_SEC
const FOREVER = -1
/** How often one wake-up moves what there is before it goes back to sleep. */
const TURNS_MAX = 10

export interface PulseOptions extends PcmClientOptions {
  readonly direction?: 'playback' | 'capture'
  /** Timer-based scheduling; off when absent, as inside a virtual machine. */
  readonly tsched?: boolean
  readonly watermarkNs?: Ns
  /** So often a new sound begins, and what is queued beyond the watermark is written again. */
  readonly rewindEveryNs?: Ns
}

const usOf = (ns: Ns): number => Math.floor(ns / NS_PER_US)

export class Pulse extends PcmClient<PulseOptions> {
  private readonly user: UserFrames
  private readonly tsched: boolean
  private readonly playback: boolean
  private readonly smoother: TimeSmoother
  private smootherNs = SMOOTHER_INTERVAL_MIN_NS
  private smoothedAtNs: Ns = 0
  private watermark: Watermark | null = null
  private first = true
  private afterRewind = false
  /** Written since the last start. */
  private sinceStart: Frames = 0
  /** What was left to play, or of room to record into, at the last look. */
  private left: Frames = 0
  private rewindAtNs: Ns
  /** When its timer is due; infinity: it is not set. */
  private timerNs: Ns = Number.POSITIVE_INFINITY
  /** What it has said once and does not say again. */
  private readonly said = new Set<string>()

  constructor(pcm: SndPcm, options: PulseOptions) {
    super(pcm, options, streamOf(options.direction ?? 'playback'))
    this.user = new UserFrames(pcm.k, this.stream)
    this.tsched = options.tsched ?? false
    this.playback = options.direction !== 'capture'
    this.rewindAtNs = options.rewindEveryNs ?? Number.POSITIVE_INFINITY
    this.smoother = new TimeSmoother(SMOOTHER, usOf(this.k.sim.now))
  }

  protected *main(): Proc {
    const how = { direction: streamOf(this.options.direction ?? 'playback'), mmap: true }
    const file = yield* this.open(how)
    if (file === null) return
    if ((yield* this.setUp(file, how)) >= 0) yield* this.thread(file)
    yield* S.sys_drop(file)
    yield* S.sys_close(file)
    this.result.done = true
  }

  /** pa_alsa_set_hw_params(), update_sw_params(): by the timer, interrupts come late or never. */
  private *setUp(file: SndPcmFile, how: OpenHow): Proc<number> {
    const { options, tsched } = this
    const request = { ...options, noPeriodWakeup: tsched }
    const err = yield* this.configureHardware(file, how, request)
    if (err < 0) return err
    const { rate, buffer_size } = file.substream.runtime
    const watermark = new Watermark(rate, buffer_size, options.watermarkNs ?? WATERMARK_NS)
    this.watermark = watermark
    const thresholds = {
      ...(tsched ? { avail_min: 1 + watermark.sleepFrames } : {}),
      start_threshold: 'boundary',
      stop_threshold: 'boundary',
      ...options,
    } as const
    return yield* this.configureSoftware(file, thresholds, true)
  }

  /** alsa-sink.c, alsa-source.c: thread_func(). */
  private *thread(file: SndPcmFile): Proc {
    const set = new PollSet([file])
    const { result } = this
    let polled = false
    while (result.framesWritten + result.framesRead < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      if (this.k.sim.now >= this.rewindAtNs && !this.first) yield* this.rewind(file)
      let err = yield* this.turn(file, polled)
      polled = false
      if (err >= 0) err = yield* this.sleep(file, set)
      if (err > 0) polled = true
      else if (err < 0 && (yield* this.recover(file, err)) < 0) return
    }
  }

  /** All that is done between two sleeps. Return: 0 or -errno. */
  private *turn(file: SndPcmFile, polled: boolean): Proc<number> {
    let err = 0
    // A recording starts before the first read, a playback behind the first write.
    if (this.first && !this.playback) err = yield* this.begin(file)
    const onTimeout = this.k.sim.now >= this.timerNs
    this.timerNs = Number.POSITIVE_INFINITY
    const moved = err < 0 ? err : yield* this.move(file, polled, onTimeout)
    if (moved > 0 && this.first) err = yield* this.begin(file)
    if (moved > 0) yield* this.updateSmoother(file)
    if (this.tsched && moved >= 0) this.setTimer(file)
    this.afterRewind = false
    return moved < 0 ? moved : err < 0 ? err : 0
  }

  private *begin(file: SndPcmFile): Proc<number> {
    const err = yield* S.sys_start(file)
    this.smoother.resume(usOf(this.k.sim.now))
    this.first = false
    return err
  }

  /** mmap_write(), mmap_read(). Return: 1 if it moved frames, 0 if not, -errno. */
  private *move(file: SndPcmFile, wasPolled: boolean, onTimeout: boolean): Proc<number> {
    const { runtime } = file.substream
    let polled = wasPolled
    let done = 0
    for (let i = 0; ; i++) {
      const avail = yield* this.safeAvail(file)
      if (avail < 0) return avail
      this.checkLeft(runtime.buffer_size, avail, onTimeout && i === 0)
      if (this.tsched && !polled && this.isTooEarly()) return done
      if (avail < (polled ? runtime.control.avail_min : 1)) {
        if (polled) this.nothingThere()
        return done
      }
      if (i >= TURNS_MAX) return done
      polled = false
      yield* work(this.k)
      const err = yield* this.transfer(file, avail)
      if (err < 0) return err
      done = 1
    }
  }

  private *transfer(file: SndPcmFile, frames: Frames): Proc<number> {
    const { user, result, playback } = this
    user.first_index = result.framesWritten
    const err = yield* mmapTransfer(file, user, frames)
    if (err < 0) return err
    if (playback) result.framesWritten += frames
    else result.framesRead += frames
    this.sinceStart += frames
    return 0
  }

  /** Not before half of the longest sleep is over: who feeds it does not expect to be asked. */
  private isTooEarly(): boolean {
    const { frames, sleepFrames } = this.watermark as Watermark
    return this.left > frames + Math.floor(sleepFrames / 2)
  }

  private nothingThere(): void {
    const [what, where] = this.playback ? ['write', 'to'] : ['read', 'from']
    const text = `ALSA woke us up to ${what} new data ${where} the device, `
    this.once(`${text}but there was actually nothing to ${what}!`)
  }

  private once(text: string): void {
    const [key = ''] = text.split(':')
    if (this.said.has(key)) return
    this.said.add(key)
    this.log(text)
  }

  /** pa_alsa_safe_avail(): what cannot be is taken for a full buffer. Return: frames or -errno. */
  private *safeAvail(file: SndPcmFile): Proc<number> {
    const avail = yield* snd_pcm_avail(file)
    return avail < 0 ? avail : this.believable(file, avail, 'snd_pcm_avail')
  }

  private believable(file: SndPcmFile, frames: Frames, call: string): Frames {
    const { rate, buffer_size } = file.substream.runtime
    const size = Math.abs(frames)
    const most = nsToFramesFloor(EXCEPTIONAL_NS, rate)
    if (size < EXCEPTIONAL_BUFFERS * buffer_size && size < most) return frames
    const ms = (framesToNsFloor(size, rate) / NS_PER_MS).toFixed(0)
    this.once(
      `${call}() returned a value that is exceptionally large: ${frames} frames (${ms} ms).`,
    )
    return frames < 0 ? -buffer_size : buffer_size
  }

  /**
   * check_left_to_play(), check_left_to_record(): with no xrun in the core, this is how one shows.
   */
  private checkLeft(buffer: Frames, avail: Frames, onTimeout: boolean): void {
    this.left = avail <= buffer ? buffer - avail : 0
    const counts = !this.playback || (!this.first && !this.afterRewind)
    if (!counts) return
    const dropout = avail > buffer
    if (dropout) {
      this.result.xruns++
      this.log(`${this.playback ? 'Underrun' : 'Overrun'}! ${avail - buffer} frames late`)
    }
    if (!this.tsched) return
    const { now } = this.k.sim
    const text = (this.watermark as Watermark).check(this.left, dropout, onTimeout, now)
    if (text !== '') this.log(text)
  }

  /** update_smoother(): where the card is now, from the delay; seldom, once it is known. */
  private *updateSmoother(file: SndPcmFile): Proc {
    const status = new SndPcmStatus()
    if ((yield* S.sys_status(file, status)) < 0) return
    const atNs = status.tstamp > 0 ? status.tstamp : this.k.sim.now
    if (this.smoothedAtNs > 0 && this.smoothedAtNs + this.smootherNs > atNs) return
    const delay = this.believable(file, status.delay, 'snd_pcm_delay')
    const { result, playback } = this
    const moved = playback ? result.framesWritten - delay : result.framesRead + delay
    const { rate } = file.substream.runtime
    this.smoother.put(usOf(atNs), usOf(framesToNsFloor(Math.max(0, moved), rate)))
    this.smoothedAtNs = atNs
    this.smootherNs = Math.min(2 * this.smootherNs, SMOOTHER_INTERVAL_MAX_NS)
  }

  /** To the watermark, by the card's clock or by the system's, whichever comes first. */
  private setTimer(file: SndPcmFile): void {
    const { rate, buffer_size } = file.substream.runtime
    const { frames } = this.watermark as Watermark
    let us = usOf(framesToNsFloor(Math.max(0, this.left - frames), rate))
    // Until the ring has been filled twice it is careful.
    if (this.playback && this.sinceStart <= buffer_size) us = Math.floor(us / 2)
    const { now } = this.k.sim
    us = Math.min(us, this.smoother.translate(usOf(now), us))
    this.timerNs = us > 0 ? now + us * NS_PER_US : Number.POSITIVE_INFINITY
  }

  /** pa_rtpoll_run(). Return: 1 when the device is ready, 0 if not, -errno. */
  private *sleep(file: SndPcmFile, set: PollSet): Proc<number> {
    const { now } = this.k.sim
    const untilNs = Math.min(this.timerNs, this.first ? Number.POSITIVE_INFINITY : this.rewindAtNs)
    const forNs = untilNs === Number.POSITIVE_INFINITY ? FOREVER : Math.max(0, untilNs - now)
    yield* sys_poll(set, forNs)
    this.checkDelay()
    const bits = set.revents[0] as number
    if ((bits & EPOLLERR) !== 0) return stateError(file) || -EAGAIN
    return (bits & (EPOLLOUT | EPOLLIN)) !== 0 ? 1 : 0
  }

  private checkDelay(): void {
    const lateNs = this.k.sim.now - this.timerNs
    const { ns } = this.watermark as Watermark
    if (!this.tsched || lateNs <= ns) return
    const [late, most] = [lateNs, ns].map((one) => (one / NS_PER_MS).toFixed(2))
    this.log(`Scheduling delay of ${late} ms > ${most} ms`)
  }

  /**
   * alsa-sink.c: process_rewind(). Takes back what lies beyond the watermark; its frames are
   * written again, with the new sound mixed in.
   */
  private *rewind(file: SndPcmFile): Proc {
    const { buffer_size } = file.substream.runtime
    this.rewindAtNs = this.k.sim.now + (this.options.rewindEveryNs as Ns)
    const avail = yield* this.safeAvail(file)
    const keep = (this.watermark as Watermark).frames
    const wanted = avail < 0 ? 0 : buffer_size - avail - keep
    if (wanted <= 0) {
      this.log('Mhmm, actually there is nothing to rewind.')
      return
    }
    const frames = yield* S.sys_rewind(file, wanted)
    if (frames <= 0) {
      this.log('Tried rewind, but was apparently not possible.')
      return
    }
    this.log(`Rewound ${frames} frames.`)
    this.result.framesWritten -= frames
    this.afterRewind = true
  }

  /** try_recover(), and drop and prepare where POLLERR came without an xrun. */
  private *recover(file: SndPcmFile, error: number): Proc<number> {
    this.result.xruns++
    this.first = true
    this.sinceStart = 0
    this.timerNs = Number.POSITIVE_INFINITY
    if (this.options.onXrun === 'stop') {
      this.fail(this.playback ? 'write error' : 'read error', error)
      return error
    }
    let err = error
    if (error === -ESTRPIPE) err = yield* S.sys_resume(file)
    if (error !== -EPIPE && error !== -ESTRPIPE) yield* S.sys_drop(file)
    if (err < 0) err = yield* S.sys_prepare(file)
    if (err < 0) this.fail('Failed to recover', err)
    return err
  }
}

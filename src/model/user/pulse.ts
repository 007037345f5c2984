/**
 * A PulseAudio sink: keeps a mapped buffer full that never xruns for the core, finds underruns by
 * arithmetic. In a virtual machine woken by period interrupts, else by its own timer ahead of a
 * watermark. Modelled on alsa-sink.c (domain/userspace.md §2.4). Sizes are frames, times ns.
 */
import {
  type Frames,
  framesToNsFloor,
  NS_PER_MS,
  NS_PER_SEC,
  type Ns,
  nsToFramesFloor,
} from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EPOLLERR, EPOLLOUT } from '../alsa/pcm_poll.ts'
import { EAGAIN, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { work } from './client.ts'
import { mmapTransfer, snd_pcm_avail, stateError } from './library.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import { setAvailMin } from './sw-params.ts'
import { sys_close, sys_drop, sys_prepare, sys_resume, sys_rewind, sys_start } from './syscall.ts'

/** TSCHED_WATERMARK_*, TSCHED_MIN_*: see alsa-sink.c. */
const WATERMARK_NS = 20 * NS_PER_MS
const WATERMARK_INC_NS = 10 * NS_PER_MS
const WATERMARK_DEC_NS = 5 * NS_PER_MS
const DEC_AFTER_NS = 20 * NS_PER_SEC
const DEC_THRESHOLD_NS = 100 * NS_PER_MS
const MIN_SLEEP_NS = 10 * NS_PER_MS
const MIN_WAKEUP_NS = 4 * NS_PER_MS
const FOREVER = -1
/** How often one wake-up fills the buffer again before it goes back to sleep. */
const FILLS_MAX = 10

export interface PulseOptions extends PcmClientOptions {
  /** Timer-based scheduling; off when absent, as inside a virtual machine. */
  readonly tsched?: boolean
  readonly watermarkNs?: Ns
  /** So often a new sound begins, and what is queued beyond the watermark is written again. */
  readonly rewindEveryNs?: Ns
}

export class Pulse extends PcmClient<PulseOptions> {
  private readonly user: UserFrames
  private readonly tsched: boolean
  private watermarkNs: Ns
  private decreaseAtNs: Ns = 0
  private first = true
  private leftToPlay: Frames = 0
  private rewindAtNs: Ns

  constructor(pcm: SndPcm, options: PulseOptions) {
    super(pcm, options)
    this.user = new UserFrames(pcm.k, this.stream)
    this.tsched = options.tsched ?? false
    this.watermarkNs = options.watermarkNs ?? WATERMARK_NS
    this.rewindAtNs = options.rewindEveryNs ?? Number.POSITIVE_INFINITY
  }

  protected *main(): Proc {
    const how = { direction: SNDRV_PCM_STREAM_PLAYBACK, mmap: true }
    const file = yield* this.open(how)
    if (file === null) return
    const thresholds = {
      start_threshold: 'boundary',
      stop_threshold: 'boundary',
      ...this.options,
    } as const
    const request = { ...thresholds, noPeriodWakeup: this.tsched }
    if ((yield* this.configure(file, how, request)) >= 0) yield* this.thread(file)
    yield* sys_drop(file)
    yield* sys_close(file)
    this.result.done = true
  }

  /** alsa-sink.c: thread_func(). */
  private *thread(file: SndPcmFile): Proc {
    const set = new PollSet([file])
    let polled = false
    while (this.result.framesWritten < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      if (this.k.sim.now >= this.rewindAtNs && !this.first) yield* this.rewind(file)
      let err: number = yield* this.fill(file, polled)
      if (err > 0 && this.first) {
        err = yield* sys_start(file)
        this.first = false
      }
      if (err >= 0) {
        err = yield* sys_poll(set, this.untilRewind(yield* this.sleepTime(file)))
        const bits = set.revents[0] as number
        polled = err > 0 && (bits & EPOLLOUT) !== 0
        if ((bits & EPOLLERR) !== 0) err = stateError(file) || -EAGAIN
        else err = 0
      }
      if (err < 0) {
        err = yield* this.recover(file, err)
        polled = false
      }
      if (err < 0) return
    }
  }

  /** alsa-sink.c: mmap_write(). Return: 1 if it wrote, 0 if not, -errno. */
  private *fill(file: SndPcmFile, wasPolled: boolean): Proc<number> {
    const { runtime } = file.substream
    let polled = wasPolled
    let done = 0
    for (let i = 0; i < FILLS_MAX; i++) {
      const avail = yield* snd_pcm_avail(file)
      if (avail < 0) return avail
      this.checkLeft(runtime.buffer_size, avail)
      if (avail < (polled ? runtime.control.avail_min : 1)) {
        if (polled) {
          this.log(
            'ALSA woke us up to write new data to the device, ' +
              'but there was actually nothing to write!',
          )
        }
        break
      }
      polled = false
      const frames = avail > runtime.buffer_size ? runtime.buffer_size : avail
      yield* work(this.k)
      this.user.first_index = this.result.framesWritten
      const err = yield* mmapTransfer(file, this.user, frames)
      if (err < 0) return err
      this.result.framesWritten += frames
      this.leftToPlay += frames
      done = 1
      // A timer-driven sink is woken early enough; an interrupt-driven one by the next period.
      if (!this.tsched) break
    }
    return done
  }

  /** alsa-sink.c: check_left_to_play(): with no xrun in the core, this is how one shows. */
  private checkLeft(buffer: Frames, avail: Frames): void {
    this.leftToPlay = avail <= buffer ? buffer - avail : 0
    if (avail <= buffer || this.first) return
    this.result.xruns++
    this.log(`Underrun! ${avail - buffer} frames late`)
    if (!this.tsched) return
    this.watermarkNs += WATERMARK_INC_NS
    this.decreaseAtNs = this.k.sim.now + DEC_AFTER_NS
    this.log(`Increasing wakeup watermark to ${(this.watermarkNs / NS_PER_MS).toFixed(2)} ms`)
  }

  /** How long to poll: in interrupt mode until a period ends, else until the watermark is near. */
  private *sleepTime(file: SndPcmFile): Proc<Ns> {
    if (!this.tsched) return FOREVER
    const { rate, buffer_size } = file.substream.runtime
    const left = framesToNsFloor(this.leftToPlay, rate)
    if (left - this.watermarkNs > DEC_THRESHOLD_NS) this.decreaseWatermark()
    const sleepNs = left > this.watermarkNs ? left - this.watermarkNs : 0
    const wanted = sleepNs > MIN_SLEEP_NS ? sleepNs : Math.max(0, left - MIN_WAKEUP_NS)
    // An interrupt is the safety net: later than the timer should be.
    const avail_min = Math.min(buffer_size, 1 + nsToFramesFloor(wanted, rate))
    if (avail_min !== file.substream.runtime.control.avail_min) {
      yield* setAvailMin(file, avail_min)
    }
    return wanted < MIN_SLEEP_NS / 2 ? MIN_SLEEP_NS / 2 : wanted
  }

  /** A new sound wakes the thread, however long it meant to sleep. */
  private untilRewind(sleepNs: Ns): Ns {
    const { now } = this.k.sim
    if (this.rewindAtNs === Number.POSITIVE_INFINITY) return sleepNs
    const ns = this.rewindAtNs > now ? this.rewindAtNs - now : 0
    return sleepNs < 0 || ns < sleepNs ? ns : sleepNs
  }

  /**
   * alsa-sink.c: process_rewind(). Takes back what lies beyond the watermark; its frames are
   * written again, with the new sound mixed in.
   */
  private *rewind(file: SndPcmFile): Proc {
    const { rate, buffer_size } = file.substream.runtime
    this.rewindAtNs = this.k.sim.now + (this.options.rewindEveryNs as Ns)
    const avail = yield* snd_pcm_avail(file)
    const keep = nsToFramesFloor(this.watermarkNs, rate)
    const wanted = avail < 0 ? 0 : buffer_size - avail - keep
    if (wanted <= 0) {
      this.log('Mhmm, actually there is nothing to rewind.')
      return
    }
    const frames = yield* sys_rewind(file, wanted)
    if (frames <= 0) {
      this.log('Tried rewind, but was apparently not possible.')
      return
    }
    this.log(`Rewound ${frames} frames.`)
    this.result.framesWritten -= frames
    this.leftToPlay -= frames
  }

  private decreaseWatermark(): void {
    const { now } = this.k.sim
    if (now < this.decreaseAtNs) return
    const next = this.watermarkNs - WATERMARK_DEC_NS
    if (this.decreaseAtNs > 0 && next >= MIN_WAKEUP_NS) this.watermarkNs = next
    this.decreaseAtNs = now + DEC_AFTER_NS
  }

  /** alsa-sink.c: try_recover(), and drop and prepare where POLLERR came without an xrun. */
  private *recover(file: SndPcmFile, error: number): Proc<number> {
    this.result.xruns++
    this.first = true
    if (this.options.onXrun === 'stop') {
      this.fail('write error', error)
      return error
    }
    let err = error
    if (error === -ESTRPIPE) err = yield* sys_resume(file)
    if (error !== -EPIPE && error !== -ESTRPIPE) yield* sys_drop(file)
    if (err < 0) err = yield* sys_prepare(file)
    if (err < 0) this.fail('Failed to recover', err)
    return err
  }
}

/**
 * A JACK server on ALSA: mapped streams, the playback one always full, one cycle a period, every
 * poll with a time-out of one and a half periods, xruns answered by stop and start. One direction
 * or both. Modelled on the ALSA driver of jack2 (domain/userspace.md §2.3). Sizes are frames, times
 * ns.
 */
import { type Frames, framesToNsFloor, NS_PER_MS, NS_PER_US, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import {
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_CAPTURE,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EPOLLERR } from '../alsa/pcm_poll.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { EPIPE } from '../linux/errno.ts'
import { work } from './client.ts'
import { mmapTransfer, snd_pcm_avail_update } from './library.ts'
import { type OpenHow, PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import * as S from './syscall.ts'

/** How many poll time-outs in a row end the driver. */
const TIMEOUTS_MAX = 10

export interface JackOptions extends PcmClientOptions {
  readonly direction?: 'playback' | 'capture'
  /** `linked`: both streams in one group where the kernel allows it; `none`: one direction only. */
  readonly duplex?: 'none' | 'separate' | 'linked'
  /** Periods of latency that the user asked for (-n); absent: as many as the buffer has. */
  readonly nperiods?: number
  /** Poll time-out; absent: one and a half periods, in whole milliseconds. */
  readonly pollTimeoutNs?: Ns
  /** Periods in a row without an answer that end the driver. */
  readonly timeoutsMax?: number
}

export class Jack extends PcmClient<JackOptions> {
  private playback: SndPcmFile | null = null
  private capture: SndPcmFile | null = null
  private linked = false
  private out: UserFrames | null = null
  private in: UserFrames | null = null
  private timeouts = 0
  /** When the next wake-up is due: a period after the last one; 0: not to be reckoned. */
  private pollNextNs: Ns = 0
  /** Cycles that ended after the next was due, and the latest wake-up of the others. */
  private pollLate = 0
  private delayedMaxNs: Ns = 0

  protected *main(): Proc {
    if (yield* this.openAll()) {
      if ((yield* this.startStreams()) >= 0) yield* this.run()
      yield* this.stopStreams()
      this.reportLate()
    }
    for (const file of this.files()) yield* S.sys_close(file)
    this.result.done = true
  }

  private files(): readonly SndPcmFile[] {
    return [this.playback, this.capture].filter((file) => file !== null)
  }

  private *openAll(): Proc<boolean> {
    const { options, k } = this
    const duplex = options.duplex ?? 'none'
    const records = options.direction === 'capture'
    if (!records) {
      this.playback = yield* this.openOne(SNDRV_PCM_STREAM_PLAYBACK)
      if (this.playback === null) return false
      this.out = new UserFrames(k, this.stream)
    }
    const first = this.stream
    if (duplex === 'none' && !records) return true
    this.capture = yield* this.openOne(SNDRV_PCM_STREAM_CAPTURE)
    if (this.capture === null) return false
    this.in = new UserFrames(k, this.stream)
    if (this.playback === null) return true
    this.stream = first
    if (duplex === 'linked') {
      this.linked = (yield* S.sys_link(this.capture, this.playback)) === 0
      if (!this.linked) this.log('the streams cannot be linked')
    }
    return true
  }

  private *openOne(direction: number): Proc<SndPcmFile | null> {
    const how = { direction, mmap: true }
    const file = yield* this.open(how)
    if (file === null) return null
    if ((yield* this.configureStream(file, how)) >= 0) return file
    yield* S.sys_close(file)
    return null
  }

  /** jack2: alsa_driver_configure_stream(). Return: 0 or -errno. */
  private *configureStream(file: SndPcmFile, how: OpenHow): Proc<number> {
    const { options } = this
    const periods = this.userPeriods
    const request = periods === undefined ? options : { ...options, periods }
    const err = yield* this.configureHardware(file, how, request)
    if (err < 0) return err
    const { runtime } = file.substream
    const playback = how.direction === SNDRV_PCM_STREAM_PLAYBACK
    const hw = runtime.periods
    const user = periods ?? hw
    if (hw !== user) this.log(`ALSA: use ${hw} periods for ${playback ? 'playback' : 'capture'}`)
    const usual = playback ? runtime.period_size * (hw - user + 1) : runtime.period_size
    // What a scenario says of avail_min is of the stream that it describes: the first.
    const described = this.files().length === 0
    const thresholds = {
      start_threshold: 0,
      stop_threshold: 'buffer',
      ...options,
      avail_min: (described ? options.avail_min : undefined) ?? usual,
    } as const
    return yield* this.configureSoftware(file, thresholds, true)
  }

  /** What -n was; undefined: whatever the buffer has. */
  private get userPeriods(): number | undefined {
    const { nperiods, period_size, buffer_size } = this.options
    if (nperiods !== undefined) return nperiods
    if (period_size === undefined || buffer_size === undefined) return undefined
    return Math.floor(buffer_size / period_size)
  }

  /** The one that the server looks at: playback where there is one. */
  private first(): SndPcmFile {
    return this.files()[0] as SndPcmFile
  }

  /** Both, or in a group the first, which takes the other along. */
  private masters(): readonly SndPcmFile[] {
    const files = this.files()
    return this.linked ? files.slice(0, 1) : files
  }

  /** jack2: alsa_driver_start(): prepare, fill with silence, start. Return: 0 or -errno. */
  private *startStreams(): Proc<number> {
    this.pollNextNs = 0
    for (const file of this.masters()) {
      const err = yield* S.sys_prepare(file)
      if (err < 0) {
        this.fail('prepare error', err)
        return err
      }
    }
    let err = this.playback === null ? 0 : yield* this.fillWithSilence(this.playback)
    for (const file of this.masters()) if (err >= 0) err = yield* S.sys_start(file)
    if (err < 0) this.fail('could not start the streams', err)
    return err
  }

  private *fillWithSilence(playback: SndPcmFile): Proc<number> {
    const { buffer_size, period_size } = playback.substream.runtime
    const avail = snd_pcm_avail_update(playback)
    if (avail !== buffer_size) {
      this.log(`full buffer not available at start (${avail})`)
      return -EPIPE
    }
    // A card with more periods than were asked for is not filled up.
    const out = this.out as UserFrames
    const frames = (this.userPeriods ?? buffer_size / period_size) * period_size
    out.data_frames = 0
    const err = yield* mmapTransfer(playback, out, frames)
    out.data_frames = Number.POSITIVE_INFINITY
    return err
  }

  private *stopStreams(): Proc {
    for (const file of this.masters()) yield* S.sys_drop(file)
  }

  /**
   * One cycle after the other: wait, then one period. Where there are more, the next wait comes
   * back at once (jack2: JackAlsaDriver::Read()).
   */
  private *run(): Proc {
    const { result, playback } = this
    const { period_size } = this.first().substream.runtime
    while ((playback === null ? result.framesRead : result.framesWritten) < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const frames = yield* this.wait(period_size)
      if (frames < 0) return
      if (frames > 0) yield* this.cycle(period_size)
    }
  }

  private *cycle(frames: Frames): Proc {
    const { result, k, capture } = this
    if (capture !== null) {
      const read = yield* mmapTransfer(capture, this.in as UserFrames, frames)
      if (read > 0) result.framesRead += read
    }
    yield* work(k)
    if (this.playback === null) return
    const out = this.out as UserFrames
    out.first_index = result.framesWritten
    const written = yield* mmapTransfer(this.playback, out, frames)
    if (written > 0) result.framesWritten += written
  }

  /**
   * jack2: alsa_driver_wait(). Polls until every stream is ready. Return: whole periods that all of
   * them have, 0 after an xrun, negative when the driver gives up.
   */
  private *wait(period: Frames): Proc<number> {
    const { rate } = this.first().substream.runtime
    const usual = Math.round((1.5 * framesToNsFloor(period, rate)) / NS_PER_MS) * NS_PER_MS
    const timeoutNs = this.options.pollTimeoutNs ?? usual
    let waiting = this.files()
    while (waiting.length > 0) {
      const set = new PollSet(waiting)
      this.pollEntered()
      const ready = yield* sys_poll(set, timeoutNs)
      this.pollReturned(framesToNsFloor(period, rate))
      if (ready === 0) return this.timedOut(timeoutNs)
      if (set.revents.some((bits) => (bits & EPOLLERR) !== 0)) return yield* this.xrun()
      waiting = waiting.filter((_, i) => set.revents[i] === 0)
    }
    this.timeouts = 0
    let avail = Number.POSITIVE_INFINITY
    for (const file of this.files()) avail = Math.min(avail, snd_pcm_avail_update(file))
    if (avail < 0) return yield* this.xrun()
    return avail - (avail % period)
  }

  /** A cycle that took longer than its period is late itself; what follows is no wake-up delay. */
  private pollEntered(): void {
    if (this.k.sim.now <= this.pollNextNs) return
    if (this.pollNextNs > 0) this.pollLate++
    this.pollNextNs = 0
  }

  private pollReturned(periodNs: Ns): void {
    const { now } = this.k.sim
    if (this.pollNextNs > 0) this.delayedMaxNs = Math.max(this.delayedMaxNs, now - this.pollNextNs)
    this.pollNextNs = now + periodNs
  }

  private reportLate(): void {
    if (this.pollLate === 0 && this.delayedMaxNs === 0) return
    const us = (this.delayedMaxNs / NS_PER_US).toFixed(3)
    this.log(`${this.pollLate} cycles ended late; a wake-up came up to ${us} usecs late`)
  }

  private timedOut(timeoutNs: Ns): number {
    this.timeouts++
    this.log(`ALSA: poll time out, polled for ${Math.round(timeoutNs / NS_PER_MS)} ms`)
    const most = this.options.timeoutsMax ?? TIMEOUTS_MAX
    if (this.timeouts < most) return 0
    this.log(`${this.timeouts} poll time outs in a row: the driver stops`)
    return -1
  }

  /**
   * jack2: alsa_driver_xrun_recovery(): status of each stream, stop, start. Return: 0, or -errno to
   * give up.
   */
  private *xrun(): Proc<number> {
    for (const file of this.files()) {
      const status = new SndPcmStatus()
      const err = yield* S.sys_status(file, status)
      if (err < 0 || status.state !== SNDRV_PCM_STATE_XRUN) continue
      this.result.xruns++
      const ms = ((status.tstamp - status.trigger_tstamp) / NS_PER_MS).toFixed(3)
      this.log(`xrun of at least ${ms} ms`)
    }
    if (this.options.onXrun === 'stop') {
      this.fail('xrun', -EPIPE)
      return -EPIPE
    }
    yield* this.stopStreams()
    return yield* this.startStreams()
  }
}

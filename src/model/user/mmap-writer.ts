/**
 * A mapped writer that never lets the core stop the stream: the kernel silences what has been
 * played, a late writer is heard as silence, and it goes on at the device's position. As a dmix
 * server runs (domain/userspace.md §2.6). Sizes are frames, times ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EPOLLERR } from '../alsa/pcm_poll.ts'
import { EPIPE, ESTRPIPE } from '../linux/errno.ts'
import { work } from './client.ts'
import { mmapTransfer, snd_pcm_avail, stateError } from './library.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import * as S from './syscall.ts'

const FOREVER = -1

export interface MmapWriterOptions extends PcmClientOptions {
  /** Stop threshold and silence size at the boundary; on when absent. */
  readonly freeRun?: boolean
  /** Wakes up by a timer of this period instead of polling. */
  readonly wakeEveryNs?: Ns
  /** Asks for no period interrupts at all; honoured only by cards that can do without. */
  readonly noPeriodWakeup?: boolean
}

export class MmapWriter extends PcmClient<MmapWriterOptions> {
  private readonly user: UserFrames

  constructor(pcm: SndPcm, options: MmapWriterOptions) {
    super(pcm, options)
    this.user = new UserFrames(pcm.k, this.stream)
  }

  protected *main(): Proc {
    const how = { direction: SNDRV_PCM_STREAM_PLAYBACK, mmap: true }
    const file = yield* this.open(how)
    if (file === null) return
    const free = { stop_threshold: 'boundary', silence_size: 'boundary' } as const
    const thresholds = {
      start_threshold: 'boundary',
      ...(this.options.freeRun === false ? {} : free),
      ...this.options,
    } as const
    if ((yield* this.configure(file, how, thresholds)) >= 0) {
      if ((yield* this.begin(file)) >= 0) yield* this.loop(file)
      yield* S.sys_drop(file)
    }
    yield* S.sys_close(file)
    this.result.done = true
  }

  /** Fills the ring and starts. Return: 0 or -errno. */
  private *begin(file: SndPcmFile): Proc<number> {
    let err = yield* this.fill(file)
    if (err >= 0) err = yield* S.sys_start(file)
    if (err < 0) this.fail('start error', err)
    return err
  }

  private *loop(file: SndPcmFile): Proc {
    const set = new PollSet([file])
    while (this.result.framesWritten < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const error = yield* this.wait(file, set)
      const err = error < 0 ? error : yield* this.fill(file)
      if (err >= 0) continue
      if ((yield* this.recover(file, err)) < 0) return
    }
  }

  /** Begins again after an xrun or a suspend that RESUME does not undo. Return: 0 or -errno. */
  private *recover(file: SndPcmFile, error: number): Proc<number> {
    if (error === -EPIPE) {
      this.result.xruns++
      this.log('underrun: stopped by the core')
    }
    if (this.options.onXrun === 'stop' || (error !== -EPIPE && error !== -ESTRPIPE)) {
      this.fail('write error', error)
      return error
    }
    if (error === -ESTRPIPE && (yield* S.sys_resume(file)) >= 0) return 0
    const err = yield* S.sys_prepare(file)
    return err < 0 ? err : yield* this.begin(file)
  }

  private *wait(file: SndPcmFile, set: PollSet): Proc<number> {
    const { wakeEveryNs } = this.options
    const { k } = this
    if (wakeEveryNs !== undefined) {
      yield* S.sys_sleep_until(k, this.stream, k.sim.now + wakeEveryNs)
      return 0
    }
    yield* sys_poll(set, FOREVER)
    return ((set.revents[0] as number) & EPOLLERR) !== 0 ? stateError(file) || -EPIPE : 0
  }

  /** Writes what there is room for; one that was overtaken first goes to where the device is. */
  private *fill(file: SndPcmFile): Proc<number> {
    const { result, user } = this
    const { buffer_size, rate } = file.substream.runtime
    let avail = yield* snd_pcm_avail(file)
    if (avail < 0) return avail
    if (avail > buffer_size) {
      const late = avail - buffer_size
      result.xruns++
      this.log(`underrun: ${late} frames (${framesToNsFloor(late, rate)} ns) of silence`)
      avail = (yield* this.catchUp(file, late)) < 0 ? buffer_size : avail - late
    }
    const frames = Math.min(avail, buffer_size, this.total - result.framesWritten)
    if (frames <= 0) return 0
    yield* work(this.k)
    user.first_index = result.framesWritten
    const err = yield* mmapTransfer(file, user, frames)
    if (err > 0) result.framesWritten += frames
    return err
  }

  private *catchUp(file: SndPcmFile, frames: Frames): Proc<number> {
    return yield* S.sys_forward(file, frames)
  }
}

/**
 * A program around poll(): non-blocking, moves what fits whenever the stream is ready. Its options
 * are the common ways to get that wrong (domain/userspace.md §2.2). Sizes are frames, times ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { O_NONBLOCK, SNDRV_PCM_STREAM_PLAYBACK } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EPOLLERR } from '../alsa/pcm_poll.ts'
import { EAGAIN } from '../linux/errno.ts'
import { work } from './client.ts'
import { snd_pcm_avail_update } from './library.ts'
import { PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import { sys_close, sys_drain, sys_prepare, sys_readi, sys_start, sys_writei } from './syscall.ts'
import { recoverTransfer, transferFailed } from './xrun-recovery.ts'

const FOREVER = -1

export interface PollClientOptions extends PcmClientOptions {
  readonly direction: 'playback' | 'capture'
  /** Never more than this queued: with a higher start_threshold the stream never starts. */
  readonly queueMax?: Frames
  /** Fill the ring before the first poll; else the first poll finds it empty and returns. */
  readonly prefill?: boolean
  /** Absent: polls for ever, so a wake-up that does not come is the end. */
  readonly pollTimeoutNs?: Ns
}

export class PollClient extends PcmClient<PollClientOptions> {
  private readonly playback: boolean
  private user: UserFrames
  private moved: Frames = 0

  constructor(pcm: SndPcm, options: PollClientOptions) {
    super(pcm, options, streamOf(options.direction))
    this.playback = options.direction === 'playback'
    this.user = new UserFrames(pcm.k, this.stream)
  }

  protected *main(): Proc {
    const how = { direction: streamOf(this.options.direction), flags: O_NONBLOCK }
    const file = yield* this.open(how)
    if (file === null) return
    this.user = new UserFrames(this.k, this.stream)
    const err = yield* this.configure(file, how, this.options)
    if (err >= 0) yield* this.loop(file)
    yield* sys_close(file)
    this.result.done = true
  }

  private *loop(file: SndPcmFile): Proc {
    const set = new PollSet([file])
    if (this.playback && this.options.prefill !== false) yield* this.moveAll(file)
    // A reader has to start its stream itself: nothing is readable before.
    if (!this.playback) yield* sys_start(file)
    let err = 0
    while (this.moved < this.total && err >= 0) err = yield* this.round(file, set)
    if (err < 0 || !this.playback) return
    // Back to a blocking file for the rest: fcntl(F_SETFL).
    file.substream.f_flags = 0
    file.f_flags = 0
    err = yield* sys_drain(file)
    if (err < 0) this.fail('drain error', err)
  }

  /** One turn of the loop. Return: 0, or the error that ends the program. */
  private *round(file: SndPcmFile, set: PollSet): Proc<number> {
    const { options } = this
    if (this.stalls.due(this.k.sim.now)) yield* this.stall()
    const ready = yield* sys_poll(set, options.pollTimeoutNs ?? FOREVER)
    yield* work(this.k)
    if (ready === 0) this.log('poll: time-out')
    if (ready <= 0) return 0
    if (((set.revents[0] as number) & EPOLLERR) !== 0) {
      // A program that takes no notice polls again at once, and again.
      if (options.onXrun === 'ignore') return 0
      const err = snd_pcm_avail_update(file)
      return yield* this.recover(file, err < 0 ? err : -EAGAIN)
    }
    return yield* this.moveAll(file)
  }

  private *recover(file: SndPcmFile, err: number): Proc<number> {
    if (this.options.onXrun === 'stop') return transferFailed(file, this.result, err)
    const failed =
      err === -EAGAIN ? yield* sys_prepare(file) : yield* recoverTransfer(file, this.result, err)
    if (failed < 0) return failed
    return this.playback ? yield* this.moveAll(file) : yield* sys_start(file)
  }

  /** Moves what there is room for. Return: 0, or the error that ends the program. */
  private *moveAll(file: SndPcmFile): Proc<number> {
    const { user, result } = this
    const frames = this.room(file)
    if (frames <= 0) return 0
    user.first_index = this.moved
    const move = this.playback ? sys_writei : sys_readi
    const r = yield* move(file, user, frames)
    if (r === -EAGAIN) return 0
    if (r < 0) return this.options.onXrun === 'ignore' ? 0 : yield* this.recover(file, r)
    this.moved += r
    if (this.playback) result.framesWritten += r
    else result.framesRead += r
    return 0
  }

  private room(file: SndPcmFile): Frames {
    const avail = snd_pcm_avail_update(file)
    const left = this.total - this.moved
    const { queueMax } = this.options
    const { stream, runtime } = file.substream
    const queued = runtime.buffer_size - avail
    const allowed =
      queueMax !== undefined && stream === SNDRV_PCM_STREAM_PLAYBACK ? queueMax - queued : avail
    return Math.min(avail, left, allowed)
  }
}

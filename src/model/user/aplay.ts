/**
 * The blocking writer: opens, configures, writes chunk by chunk, drains, closes, and recovers from
 * xruns by writing the same chunk again. Modelled on alsa-utils aplay.c (domain/userspace.md §2.1).
 * Sizes are frames, times ns.
 */
import { type Frames, NS_PER_MS } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EAGAIN } from '../linux/errno.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, snd_pcm_wait } from './poll.ts'
import { sys_close, sys_drain, sys_writei } from './syscall.ts'
import { recoverTransfer, transferFailed } from './xrun-recovery.ts'

/** How long aplay waits for room after a write that came back early. */
const WAIT_NS = 100 * NS_PER_MS

export interface AplayOptions extends PcmClientOptions {
  /** Write the last chunk in full, its rest silent, as aplay does; on when absent. */
  readonly padLastChunk?: boolean
}

export class Aplay extends PcmClient<AplayOptions> {
  private readonly user: UserFrames
  private poll: PollSet | null = null

  constructor(pcm: SndPcm, options: AplayOptions) {
    super(pcm, options)
    this.user = new UserFrames(pcm.k, this.stream)
  }

  protected *main(): Proc {
    const how = { direction: SNDRV_PCM_STREAM_PLAYBACK }
    const file = yield* this.open(how)
    if (file === null) return
    this.poll = new PollSet([file])
    // aplay: set_params(): the stream starts when the buffer is full.
    const thresholds = { start_threshold: 'buffer', ...this.options } as const
    const err = yield* this.configure(file, how, thresholds)
    if (err >= 0) yield* this.play(file, file.substream.runtime.period_size)
    yield* sys_close(file)
    this.result.done = true
  }

  /** aplay: playback_go(). Frames are numbered from 0 as they come out of the source. */
  private *play(file: SndPcmFile, chunk: Frames): Proc {
    const { k, user, options, total } = this
    const pad = options.padLastChunk ?? true
    for (let at = 0; at < total; at += chunk) {
      const data = total - at < chunk ? total - at : chunk
      user.first_index = at
      user.data_frames = data
      if (!k.tryCharge(k.costs.client_work)) yield Req.CHARGE
      const err = yield* this.pcm_write(file, pad ? chunk : data)
      if (err < 0) return
    }
    const err = yield* sys_drain(file)
    if (err < 0) this.fail('drain error', err)
  }

  /** aplay: pcm_write(). Writes all of a chunk. Return: 0, or the error that ends the program. */
  private *pcm_write(file: SndPcmFile, size: Frames): Proc<number> {
    const { user, result } = this
    let left = size
    const { first_index, data_frames } = user
    while (left > 0) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const r = yield* sys_writei(file, user, left)
      if (r < 0 && r !== -EAGAIN) {
        const err = yield* this.recover(file, r)
        if (err < 0) return err
      }
      if (r > 0) {
        left -= r
        const data = r < user.data_frames ? r : user.data_frames
        result.framesWritten += data
        user.first_index += data
        user.data_frames -= data
      }
      if (r === -EAGAIN || (r >= 0 && left > 0)) {
        yield* snd_pcm_wait(this.poll as PollSet, WAIT_NS)
      }
    }
    user.first_index = first_index
    user.data_frames = data_frames
    return 0
  }

  private *recover(file: SndPcmFile, r: number): Proc<number> {
    if (this.options.onXrun === 'stop') return transferFailed(file, this.result, r)
    return yield* recoverTransfer(file, this.result, r)
  }
}

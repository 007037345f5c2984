/**
 * The blocking reader: reads chunk by chunk, recovers from overruns, stops when it has enough.
 * Modelled on alsa-utils aplay.c as arecord (domain/userspace.md §2.1). Sizes are frames, times ns.
 */
import { type Frames, NS_PER_MS } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_CAPTURE } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { EAGAIN } from '../linux/errno.ts'
import { work } from './client.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, snd_pcm_wait } from './poll.ts'
import { sys_close, sys_readi } from './syscall.ts'
import { recoverTransfer, transferFailed } from './xrun-recovery.ts'

/** How long it waits for data after a read that came back early. */
const WAIT_NS = 100 * NS_PER_MS

export class Arecord extends PcmClient {
  constructor(pcm: SndPcm, options: PcmClientOptions) {
    super(pcm, options, SNDRV_PCM_STREAM_CAPTURE)
  }

  protected *main(): Proc {
    const how = { direction: SNDRV_PCM_STREAM_CAPTURE }
    const file = yield* this.open(how)
    if (file === null) return
    // aplay: set_params(): one frame asked for starts a recording.
    const thresholds = { start_threshold: 1, ...this.options }
    const err = yield* this.configure(file, how, thresholds)
    if (err >= 0) yield* this.record(file, file.substream.runtime.period_size)
    yield* sys_close(file)
    this.result.done = true
  }

  /** aplay: capture_go(). Reads whole chunks, also where less is wanted of the last. */
  private *record(file: SndPcmFile, chunk: Frames): Proc {
    const { k, total, result } = this
    const user = new UserFrames(k, this.stream)
    const poll = new PollSet([file])
    while (result.framesRead < total) {
      const err = yield* this.pcm_read(file, user, poll, chunk)
      if (err < 0) return
      yield* work(k)
    }
  }

  /** aplay: pcm_read(). Reads all of a chunk. Return: 0, or the error that ends the program. */
  private *pcm_read(file: SndPcmFile, user: UserFrames, poll: PollSet, size: Frames): Proc<number> {
    const { result } = this
    let left = size
    while (left > 0) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const r = yield* sys_readi(file, user, left)
      if (r === -EAGAIN || (r >= 0 && r < left)) yield* snd_pcm_wait(poll, WAIT_NS)
      else if (r < 0) {
        const err = yield* this.recover(file, r)
        if (err < 0) return err
      }
      if (r > 0) {
        left -= r
        result.framesRead += r
      }
    }
    return 0
  }

  private *recover(file: SndPcmFile, r: number): Proc<number> {
    if (this.options.onXrun === 'stop') return transferFailed(file, this.result, r)
    return yield* recoverTransfer(file, this.result, r)
  }
}

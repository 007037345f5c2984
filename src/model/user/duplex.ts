/**
 * A loop through both directions: what is recorded is written out again a period later, on two
 * handles that are linked or started one after the other. Modelled on the latency test of alsa-lib
 * (domain/userspace.md §2.6, full duplex). Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { SNDRV_PCM_STREAM_CAPTURE, SNDRV_PCM_STREAM_PLAYBACK } from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { work } from './client.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import {
  sys_close,
  sys_drop,
  sys_link,
  sys_prepare,
  sys_readi,
  sys_start,
  sys_unlink,
  sys_writei,
} from './syscall.ts'

/** Periods of silence ahead of the loop. */
const PREFILL_PERIODS = 2

export interface DuplexOptions extends PcmClientOptions {
  /** One group for both handles; on when absent. */
  readonly link?: boolean
  /** Periods of silence that are written before the start. */
  readonly prefillPeriods?: number
}

interface Handles {
  readonly playback: SndPcmFile
  readonly capture: SndPcmFile
  readonly out: UserFrames
  readonly in: UserFrames
}

export class Duplex extends PcmClient<DuplexOptions> {
  private linked = false

  protected *main(): Proc {
    const playback = yield* this.openOne(SNDRV_PCM_STREAM_PLAYBACK)
    const capture = playback && (yield* this.openOne(SNDRV_PCM_STREAM_CAPTURE))
    if (playback !== null && capture !== null) {
      const { k } = this
      const [out, from] = [playback, capture].map((file) => new UserFrames(k, file.substream.id))
      const handles = { playback, capture, out: out as UserFrames, in: from as UserFrames }
      if (this.options.link !== false) this.linked = (yield* sys_link(capture, playback)) === 0
      if (yield* this.begin(handles)) yield* this.loop(handles)
      yield* this.stop(handles)
      if (this.linked) yield* sys_unlink(capture)
      yield* sys_close(capture)
    }
    if (playback !== null) yield* sys_close(playback)
    this.result.done = true
  }

  private *openOne(direction: number): Proc<SndPcmFile | null> {
    const file = yield* this.open({ direction })
    if (file === null) return null
    // Started explicitly, so that both can be started at the same time.
    const thresholds = { start_threshold: 'boundary', ...this.options } as const
    if ((yield* this.configure(file, { direction }, thresholds)) >= 0) return file
    yield* sys_close(file)
    return null
  }

  /** Fills the playback side and starts both. */
  private *begin({ playback, capture, out }: Handles): Proc<boolean> {
    const { period_size } = playback.substream.runtime
    out.data_frames = 0
    const silence = (this.options.prefillPeriods ?? PREFILL_PERIODS) * period_size
    let err = yield* sys_writei(playback, out, silence)
    out.data_frames = Number.POSITIVE_INFINITY
    if (err >= 0) err = yield* sys_start(capture)
    if (err >= 0 && !this.linked) err = yield* sys_start(playback)
    if (err < 0) this.fail('start error', err)
    return err >= 0
  }

  private *stop({ playback, capture }: Handles): Proc {
    yield* sys_drop(capture)
    if (!this.linked) yield* sys_drop(playback)
  }

  private *loop(handles: Handles): Proc {
    const { result, k, options } = this
    const { period_size } = handles.playback.substream.runtime
    while (result.framesWritten < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      let r = yield* sys_readi(handles.capture, handles.in, period_size)
      if (r > 0) {
        result.framesRead += r
        yield* work(k)
        r = yield* this.write(handles, r)
      }
      if (r >= 0) continue
      result.xruns++
      this.log('xrun: both streams are started again')
      if (options.onXrun === 'stop') {
        this.fail('read/write error', r)
        return
      }
      if (!(yield* this.restart(handles))) return
    }
  }

  private *write({ playback, out }: Handles, frames: Frames): Proc<number> {
    out.first_index = this.result.framesWritten
    const r = yield* sys_writei(playback, out, frames)
    if (r > 0) this.result.framesWritten += r
    return r
  }

  private *restart(handles: Handles): Proc<boolean> {
    yield* this.stop(handles)
    let err = yield* sys_prepare(handles.capture)
    if (err >= 0 && !this.linked) err = yield* sys_prepare(handles.playback)
    if (err >= 0) return yield* this.begin(handles)
    this.fail('prepare error', err)
    return false
  }
}

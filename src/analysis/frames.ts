/** How many frames the client transferred and how many of the stream's frames the sink played. */
import type { Frames } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'

export interface FrameCounts {
  readonly written: Frames
  readonly played: Frames
  /** Silence that the sink played because it had no data. */
  readonly silence: Frames
}

export class FramesFold implements Fold<ReadonlyMap<number, FrameCounts>> {
  readonly kinds = [T.snd_pcm_transfer, T.audio_play, T.audio_silence]
  private readonly counts = new PerSymbol(() => ({ written: 0, played: 0, silence: 0 }))

  record(r: TraceRecord): void {
    const count = this.counts.get(r.a)
    if (r.kind === T.snd_pcm_transfer) count.written += r.c
    else if (r.kind === T.audio_play) count.played += r.c
    else count.silence += r.b
  }

  finish(): ReadonlyMap<number, FrameCounts> {
    return new Map(this.counts.entries())
  }
}

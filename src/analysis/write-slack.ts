/**
 * What a client leaves itself: after each move of appl_ptr the frames between the two pointers,
 * which is what playback still has to play and, of capture, the room until the ring overruns.
 * Frames.
 */
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { SampleSet } from './sample-set.ts'
import type { Stats } from './stats.ts'
import type { StreamTable } from './streams.ts'

export class WriteSlackFold implements Fold<ReadonlyMap<number, Stats>> {
  readonly kinds = [T.snd_pcm_applptr]
  private readonly samples = new PerSymbol(() => new SampleSet())
  private readonly streams: StreamTable

  constructor(streams: StreamTable) {
    this.streams = streams
  }

  record(r: TraceRecord): void {
    if (r.b === r.c) return
    this.samples.get(r.a).push(this.streams.get(r.a).buffer_size - r.d)
  }

  finish(): ReadonlyMap<number, Stats> {
    return new Map(this.samples.entries().map(([id, samples]) => [id, samples.stats()]))
  }
}

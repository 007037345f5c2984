/**
 * When each stretch of frames was heard. `audio_play` and `audio_silence` say what the sink has
 * taken by now; stretches recorded at one instant followed one another, and the last of them ended
 * now. So their instants are known only when the instant's last record has come. Times are ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { PerSymbol } from './fold.ts'
import type { StreamTable } from './streams.ts'

export interface HeardSink {
  /** `first` is the index of the first frame in the stream, -1 for silence. */
  heard(stream: number, first: number, frames: Frames, fromNs: Ns, toNs: Ns): void
}

interface Instant {
  timeNs: Ns
  count: number
  total: Frames
  readonly firsts: number[]
  readonly frames: Frames[]
}

export class Heard {
  private readonly instants = new PerSymbol<Instant>(() => ({
    timeNs: -1,
    count: 0,
    total: 0,
    firsts: [],
    frames: [],
  }))
  private readonly streams: StreamTable
  private readonly sink: HeardSink

  constructor(streams: StreamTable, sink: HeardSink) {
    this.streams = streams
    this.sink = sink
  }

  record(r: TraceRecord): void {
    const instant = this.instants.get(r.a)
    if (r.timeNs !== instant.timeNs) this.tell(r.a, instant)
    instant.timeNs = r.timeNs
    const played = r.kind === T.audio_play
    instant.firsts[instant.count] = played ? r.b : -1
    instant.frames[instant.count++] = played ? r.c : r.b
    instant.total += played ? r.c : r.b
  }

  finish(): void {
    for (const [stream, instant] of this.instants.entries()) this.tell(stream, instant)
  }

  private tell(stream: number, instant: Instant): void {
    const { rate } = this.streams.get(stream)
    let left = instant.total
    for (let i = 0; i < instant.count; i++) {
      const frames = instant.frames[i] as Frames
      const fromNs = instant.timeNs - framesToNsFloor(left, rate)
      left -= frames
      const toNs = instant.timeNs - framesToNsFloor(left, rate)
      this.sink.heard(stream, instant.firsts[i] as number, frames, fromNs, toNs)
    }
    instant.count = 0
    instant.total = 0
  }
}

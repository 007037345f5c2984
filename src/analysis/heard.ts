/**
 * When each stretch of frames was heard. `audio_play` and `audio_silence` say what the sink has
 * taken by now; stretches recorded at one instant followed one another, and the last of them ended
 * now. So their instants are known only when the instant's last record has come. Nothing is heard
 * before the device has read it: QEMU's `none` back end accounts for the first 10 ms of a stream at
 * the moment when it gets them. Times are ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { PerSymbol } from './fold.ts'
import type { StreamTable } from './streams.ts'

export interface HeardSink {
  /** `first` is the index of the first frame in the stream, -1 for silence. */
  heard(stream: number, first: number, frames: Frames, fromNs: Ns, toNs: Ns): void
}

/** Kinds of record that a fold must hand on to `Heard`. */
export const HEARD_KINDS = [T.audio_copy, T.audio_play, T.audio_silence]

/** The latest copies are remembered; a mixer holds far fewer. */
const COPIES = 64

interface Instant {
  timeNs: Ns
  count: number
  total: Frames
  readonly firsts: number[]
  readonly frames: Frames[]
  /** The latest copies in a ring: first index, end, time. */
  readonly copies: Float64Array
  copyCount: number
}

export class Heard {
  private readonly instants = new PerSymbol<Instant>(() => ({
    timeNs: -1,
    count: 0,
    total: 0,
    firsts: [],
    frames: [],
    copies: new Float64Array(COPIES * 3),
    copyCount: 0,
  }))
  private readonly streams: StreamTable
  private readonly sink: HeardSink

  constructor(streams: StreamTable, sink: HeardSink) {
    this.streams = streams
    this.sink = sink
  }

  record(r: TraceRecord): void {
    const instant = this.instants.get(r.a)
    if (r.kind === T.audio_copy) {
      const at = (instant.copyCount++ % COPIES) * 3
      instant.copies[at] = r.d
      instant.copies[at + 1] = r.d + r.c
      instant.copies[at + 2] = r.timeNs
      return
    }
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
      const first = instant.firsts[i] as number
      const readNs = first < 0 ? -1 : readTime(instant, first)
      const fromNs = Math.max(readNs, instant.timeNs - framesToNsFloor(left, rate))
      left -= frames
      const toNs = Math.max(fromNs, instant.timeNs - framesToNsFloor(left, rate))
      this.sink.heard(stream, first, frames, fromNs, toNs)
    }
    instant.count = 0
    instant.total = 0
  }
}

/** When the device first read the frame of this index, as far as remembered; -1: not known. */
function readTime(instant: Instant, index: number): Ns {
  const { copies, copyCount } = instant
  const oldest = Math.max(0, copyCount - COPIES)
  for (let i = oldest; i < copyCount; i++) {
    const at = (i % COPIES) * 3
    if ((copies[at] as number) <= index && index < (copies[at + 1] as number)) {
      return copies[at + 2] as number
    }
  }
  return -1
}

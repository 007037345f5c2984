/**
 * End-to-end latency of playback: from the instant at which a frame was written into the ring to
 * the instant at which the sink plays it. One sample for each stretch of frames that was written by
 * one transfer and played by one piece, taken at the stretch's first frame. Frames are absolute
 * indices in the stream; times are ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { HEARD_KINDS, Heard, type HeardSink } from './heard.ts'
import { SampleSet } from './sample-set.ts'
import type { Stats } from './stats.ts'
import type { StreamTable } from './streams.ts'

interface Written {
  readonly first: Frames
  readonly end: Frames
  readonly atNs: Ns
}

/** Transfers remembered for each stream; far more than any buffer holds. */
const WRITTEN_MAX = 65_536

interface Flight {
  /** Transfers not yet played, from `head` on, in order. */
  written: Written[]
  head: number
  readonly samples: SampleSet
}

export class EndToEndFold implements Fold<ReadonlyMap<number, Stats>>, HeardSink {
  readonly kinds = [T.snd_pcm_transfer, ...HEARD_KINDS]
  private readonly flights = new PerSymbol<Flight>(() => ({
    written: [],
    head: 0,
    samples: new SampleSet(),
  }))
  private readonly streams: StreamTable
  private readonly played: Heard

  constructor(streams: StreamTable) {
    this.streams = streams
    this.played = new Heard(streams, this)
  }

  record(r: TraceRecord): void {
    if (r.kind !== T.snd_pcm_transfer) {
      this.played.record(r)
      return
    }
    // Silence that the core writes has no index.
    if (r.b < 0) return
    const flight = this.flights.get(r.a)
    flight.written.push({ first: r.b, end: r.b + r.c, atNs: r.timeNs })
    if (flight.written.length - flight.head > WRITTEN_MAX) flight.head++
  }

  /** The samples of each stream so far. */
  samplesByStream(): ReadonlyMap<number, SampleSet> {
    return new Map(this.flights.entries().map(([id, { samples }]) => [id, samples]))
  }

  finish(): ReadonlyMap<number, Stats> {
    this.played.finish()
    return new Map(this.flights.entries().map(([id, flight]) => [id, flight.samples.stats()]))
  }

  heard(stream: number, first: number, frames: Frames, fromNs: Ns): void {
    if (first < 0) return
    const flight = this.flights.get(stream)
    const { rate } = this.streams.get(stream)
    const end = first + frames
    dropPlayed(flight, first)
    for (let i = flight.head; i < flight.written.length; i++) {
      const w = flight.written[i] as Written
      if (w.first >= end) return
      if (w.end <= first) continue
      const from = w.first > first ? w.first : first
      flight.samples.push(fromNs + framesToNsFloor(from - first, rate) - w.atNs)
    }
  }
}

/** Forgets transfers that end before `first`; compacts the list now and then. */
function dropPlayed(flight: Flight, first: Frames): void {
  const { written } = flight
  while (flight.head < written.length && (written[flight.head] as Written).end <= first) {
    flight.head++
  }
  if (flight.head < 1024 || flight.head * 2 < written.length) return
  flight.written = written.slice(flight.head)
  flight.head = 0
}

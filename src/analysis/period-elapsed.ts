/**
 * When the driver says that a period has elapsed, and how late.
 *
 * Interval: from one call of snd_pcm_period_elapsed to the next of the same stream; a start, resume
 * or end of a pause begins anew. Lateness: time of the call minus the ideal instant of the period
 * boundary that it reports. That boundary is the last one at or below the hw_ptr which the call's
 * own pointer update found; its ideal instant is the time of the trigger call that set the stream
 * going plus the frames from hw_ptr then to the boundary, at the nominal rate. Hence a device that
 * takes data ahead of playing it is early (negative), one that starts late or whose clock is slow
 * is late. A call that finds no whole period passed has no boundary and no lateness.
 */
import { framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { SampleSet } from './sample-set.ts'
import type { Stats } from './stats.ts'
import type { StreamNow, StreamTable } from './streams.ts'

export interface PeriodElapsed {
  readonly count: number
  readonly intervalNs: Stats
  readonly latenessNs: Stats
}

/** Takes each sample as it is found; `record` is the index of the call. */
export interface ElapsedSink {
  interval(stream: number, timeNs: Ns, intervalNs: Ns, record: number): void
}

interface Calls {
  count: number
  lastNs: Ns
  /** Time of a call whose pointer update has not come yet; -1: none. */
  openNs: Ns
  readonly intervals: SampleSet
  readonly lateness: SampleSet
}

export class PeriodElapsedFold implements Fold<ReadonlyMap<number, PeriodElapsed>> {
  readonly kinds = [T.snd_pcm_period_elapsed, T.snd_pcm_hwptr]
  private readonly calls = new PerSymbol<Calls>(() => ({
    count: 0,
    lastNs: -1,
    openNs: -1,
    intervals: new SampleSet(),
    lateness: new SampleSet(),
  }))
  private readonly streams: StreamTable
  private readonly sink: ElapsedSink | null

  constructor(streams: StreamTable, sink: ElapsedSink | null = null) {
    this.streams = streams
    this.sink = sink
  }

  record(r: TraceRecord): void {
    const calls = this.calls.get(r.a)
    const stream = this.streams.get(r.a)
    if (r.kind === T.snd_pcm_period_elapsed) this.call(calls, stream, r)
    else if (r.b === 1 && calls.openNs >= 0) {
      const idealNs = idealBoundaryNs(stream)
      if (idealNs >= 0) calls.lateness.push(calls.openNs - idealNs)
      calls.openNs = -1
    }
  }

  /** The intervals of each stream. */
  intervalsByStream(): ReadonlyMap<number, SampleSet> {
    return new Map(this.calls.entries().map(([id, { intervals }]) => [id, intervals]))
  }

  finish(): ReadonlyMap<number, PeriodElapsed> {
    const results = this.calls.entries().map(([id, calls]): [number, PeriodElapsed] => [
      id,
      {
        count: calls.count,
        intervalNs: calls.intervals.stats(),
        latenessNs: calls.lateness.stats(),
      },
    ])
    return new Map(results)
  }

  private call(calls: Calls, stream: StreamNow, { timeNs, index }: TraceRecord): void {
    if (calls.lastNs >= 0 && calls.lastNs >= stream.startedAtNs) {
      const intervalNs = timeNs - calls.lastNs
      calls.intervals.push(intervalNs)
      this.sink?.interval(stream.id, timeNs, intervalNs, index)
    }
    calls.count++
    calls.lastNs = timeNs
    calls.openNs = timeNs
  }
}

/** Ideal instant of the last boundary at or below hw_ptr; -1 if none has passed since the start. */
export function idealBoundaryNs(s: StreamNow): Ns {
  if (s.startedAtNs < 0 || s.period_size === 0) return -1
  const boundary = s.hw_ptr - (s.hw_ptr % s.period_size)
  const frames = boundary - s.startHwPtr
  return frames > 0 ? s.startedAtNs + framesToNsFloor(frames, s.rate) : -1
}

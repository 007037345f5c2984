/**
 * How near a run came to an xrun, before it or without one: the gap of a running stream is the time
 * until its ring is empty (playback) or full (capture) if its client did nothing more. Between
 * pointer updates the device is taken to go on at the stream's rate. Only what makes the least gap
 * of the run so far is kept. Times are ns.
 */
import { framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { availOf, STATE_RUNNING, type StreamNow, type StreamTable } from './streams.ts'

/**
 * The gap was `gapNs` at `fromNs` and a nanosecond less each nanosecond until `untilNs`, but never
 * less than 0; at its end it was the least of the run so far.
 */
export interface GapFall {
  readonly fromNs: Ns
  readonly gapNs: Ns
  readonly untilNs: Ns
}

/** The gap at the end of a fall. */
export function lowOf({ fromNs, gapNs, untilNs }: GapFall): Ns {
  return Math.max(0, gapNs - (untilNs - fromNs))
}

/** Least gap of a run; infinite if no stream ever ran. */
export function leastGapNs(falls: readonly GapFall[]): Ns {
  const last = falls.at(-1)
  return last === undefined ? Number.POSITIVE_INFINITY : lowOf(last)
}

/** When the gap was below `levelNs` for the first time; null: never. */
export function firstBelow(falls: readonly GapFall[], levelNs: Ns): Ns | null {
  const fall = falls.find((one) => lowOf(one) < levelNs)
  return fall === undefined ? null : fall.fromNs + Math.max(0, fall.gapNs - levelNs + 1)
}

interface Watched {
  readonly stream: StreamNow
  sinceNs: Ns
  /** -1: not running. */
  gapNs: Ns
}

/** The falls of all streams, in the order of their ends. Reads a StreamTable that is fed first. */
export class RingGapFold implements Fold<readonly GapFall[]> {
  readonly kinds = [T.snd_pcm_hwptr, T.snd_pcm_applptr, T.snd_pcm_xrun, T.snd_pcm_state]
  private readonly falls: GapFall[] = []
  private leastNs = Number.POSITIVE_INFINITY
  private readonly watched: PerSymbol<Watched>

  constructor(streams: StreamTable) {
    this.watched = new PerSymbol((id) => ({ stream: streams.get(id), sinceNs: 0, gapNs: -1 }))
  }

  record(r: TraceRecord): void {
    const one = this.watched.get(r.a)
    this.end(one, r.timeNs)
    one.sinceNs = r.timeNs
    one.gapNs = r.kind === T.snd_pcm_xrun ? 0 : gapOf(one.stream)
  }

  finish(endNs: Ns): readonly GapFall[] {
    for (const [, one] of this.watched.entries()) this.end(one, endNs)
    return this.falls
  }

  private end({ sinceNs: fromNs, gapNs }: Watched, untilNs: Ns): void {
    if (gapNs < 0) return
    const fall = { fromNs, gapNs, untilNs }
    const lowNs = lowOf(fall)
    if (lowNs >= this.leastNs) return
    this.leastNs = lowNs
    this.falls.push(fall)
  }
}

function gapOf(stream: StreamNow): Ns {
  if (stream.state !== STATE_RUNNING) return -1
  const frames = stream.buffer_size - availOf(stream)
  return framesToNsFloor(Math.max(0, frames), stream.rate)
}

/**
 * hw_ptr and appl_ptr of one stream over a stretch of the run, as steps, and the fill of its ring
 * over the whole run in bins that keep the extremes. For charts. Pointers continue over a prepare,
 * which sets them to 0: a restart must not look like a jump back. Frames and ns.
 */
import type { Frames, Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
import { HEARD_KINDS, Heard, type HeardSink } from './heard.ts'
import { STATE_PREPARED, type StreamNow, type StreamTable } from './streams.ts'

/** Values that hold from their time until the next one's. */
export interface RingSteps {
  readonly timesNs: readonly Ns[]
  readonly hw_ptr: readonly Frames[]
  readonly appl_ptr: readonly Frames[]
}

const POINTER_KINDS = [T.snd_pcm_hwptr, T.snd_pcm_applptr, T.snd_pcm_xrun, T.snd_pcm_state]

export class RingStepsFold implements Fold<RingSteps> {
  readonly kinds = POINTER_KINDS
  private readonly timesNs: Ns[] = []
  private readonly hw: Frames[] = []
  private readonly appl: Frames[] = []
  private readonly stream: StreamNow
  private readonly fromNs: Ns
  private readonly toNs: Ns
  /** What prepares have taken away from the pointers so far. */
  private offset = 0
  private last = { hw: 0, appl: 0 }

  constructor(streams: StreamTable, stream: number, fromNs: Ns, toNs: Ns) {
    this.stream = streams.get(stream)
    this.fromNs = fromNs
    this.toNs = toNs
  }

  record(r: TraceRecord): void {
    if (r.a !== this.stream.id || r.timeNs > this.toNs) return
    if (r.kind === T.snd_pcm_state && r.c === STATE_PREPARED) this.offset = this.last.hw
    const hw = this.offset + this.stream.hw_ptr
    const appl = this.offset + this.stream.appl_ptr
    if (r.timeNs > this.fromNs) {
      if (this.timesNs.length === 0) this.push(this.fromNs, this.last.hw, this.last.appl)
      this.push(r.timeNs, hw, appl)
    }
    this.last = { hw, appl }
  }

  finish(): RingSteps {
    if (this.timesNs.length === 0) this.push(this.fromNs, this.last.hw, this.last.appl)
    this.push(this.toNs, this.last.hw, this.last.appl)
    return { timesNs: this.timesNs, hw_ptr: this.hw, appl_ptr: this.appl }
  }

  private push(timeNs: Ns, hw: Frames, appl: Frames): void {
    this.timesNs.push(timeNs)
    this.hw.push(hw)
    this.appl.push(appl)
  }
}

/** Stretches in which the sink plays the stream: from one instant and frame to another. */
export interface PlayedStretch {
  readonly fromNs: Ns
  readonly toNs: Ns
  /** In the pointers' own count, so that it lies below hw_ptr. */
  readonly first: Frames
  readonly end: Frames
}

/** Transfers remembered: where in the ring's count the frames of the stream went. */
const SHIFTS_MAX = 4_096

/**
 * The true play position: which frame the sink plays when, as the pointers count frames. The client
 * numbers its frames from the beginning; the pointers' count loses some where a stream is dropped.
 */
export class PlayedFold implements Fold<readonly PlayedStretch[]>, HeardSink {
  readonly kinds = [T.snd_pcm_state, T.snd_pcm_transfer, T.snd_pcm_hwptr, ...HEARD_KINDS]
  private readonly found: PlayedStretch[] = []
  /** From frame index `from` on, add `by`. */
  private shifts: { readonly from: Frames; readonly by: Frames }[] = []
  private readonly played: Heard
  private readonly stream: StreamNow
  private readonly fromNs: Ns
  private readonly toNs: Ns
  private offset = 0
  private lastHw = 0

  constructor(streams: StreamTable, stream: number, fromNs: Ns, toNs: Ns) {
    this.stream = streams.get(stream)
    this.played = new Heard(streams, this)
    this.fromNs = fromNs
    this.toNs = toNs
  }

  record(r: TraceRecord): void {
    if (r.a !== this.stream.id) return
    if (r.kind === T.snd_pcm_state) {
      if (r.c === STATE_PREPARED) this.offset = this.lastHw
    } else if (r.kind === T.snd_pcm_hwptr) this.lastHw = this.offset + this.stream.hw_ptr
    else if (r.kind !== T.snd_pcm_transfer) this.played.record(r)
    else if (r.b >= 0) this.transferred(r.b)
  }

  finish(): readonly PlayedStretch[] {
    this.played.finish()
    return this.found
  }

  heard(_stream: number, first: number, frames: Frames, fromNs: Ns, toNs: Ns): void {
    if (first < 0 || toNs < this.fromNs || fromNs > this.toNs) return
    const shift = this.shifts.findLast((one) => one.from <= first)
    if (shift === undefined) return
    const at = first + shift.by
    const last = this.found.at(-1)
    if (last !== undefined && last.end === at && fromNs - last.toNs <= 1_000) {
      this.found[this.found.length - 1] = { ...last, toNs, end: at + frames }
    } else this.found.push({ fromNs, toNs, first: at, end: at + frames })
  }

  /** A transfer is recorded before appl_ptr moves. */
  private transferred(index: Frames): void {
    const by = this.offset + this.stream.appl_ptr - index
    if (this.shifts.at(-1)?.by === by) return
    this.shifts.push({ from: index, by })
    if (this.shifts.length > SHIFTS_MAX) this.shifts = this.shifts.slice(-SHIFTS_MAX / 2)
  }
}

/** Least and most frames queued (capture: readable) in each bin; -1 where the stream is idle. */
export interface RingOverview {
  readonly least: Float64Array
  readonly most: Float64Array
}

const STATES = CODES.state as readonly string[]
const ACTIVE = ['PREPARED', 'RUNNING', 'DRAINING', 'PAUSED'].map((name) => STATES.indexOf(name))

export class RingOverviewFold implements Fold<RingOverview> {
  readonly kinds = POINTER_KINDS
  private readonly least: Float64Array
  private readonly most: Float64Array
  private readonly stream: StreamNow
  private readonly binNs: Ns
  private bin = 0
  private level = -1

  constructor(streams: StreamTable, stream: number, bins: number, endNs: Ns) {
    this.stream = streams.get(stream)
    this.least = new Float64Array(bins).fill(-1)
    this.most = new Float64Array(bins).fill(-1)
    this.binNs = Math.max(1, endNs / bins)
  }

  record(r: TraceRecord): void {
    if (r.a !== this.stream.id) return
    this.reach(Math.floor(r.timeNs / this.binNs))
    this.level = levelOf(this.stream)
    this.mark()
  }

  finish(): RingOverview {
    this.reach(this.least.length - 1)
    return { least: this.least, most: this.most }
  }

  /** Holds the level up to `bin`. */
  private reach(bin: number): void {
    const last = Math.min(bin, this.least.length - 1)
    while (this.bin < last) {
      this.bin++
      this.mark()
    }
  }

  private mark(): void {
    const { bin, level, least, most } = this
    if (level < 0) return
    const low = least[bin] as number
    if (low < 0 || level < low) least[bin] = level
    if (level > (most[bin] as number)) most[bin] = level
  }
}

function levelOf(s: StreamNow): Frames {
  if (!ACTIVE.includes(s.state)) return -1
  const level = s.playback ? s.appl_ptr - s.hw_ptr : s.hw_ptr - s.appl_ptr
  return level < 0 ? 0 : level
}

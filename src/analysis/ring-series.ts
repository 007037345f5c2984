/**
 * hw_ptr and appl_ptr of one stream over a stretch of the run, as steps, and the fill of its ring
 * over the whole run in bins that keep the extremes. For charts. Pointers continue over a prepare,
 * which sets them to 0: a restart must not look like a jump back. Frames and ns.
 */
import type { Frames, Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
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

/**
 * What went wrong without an xrun (design §6): frames were read twice or never, a RUNNING
 * stream does not move, a reported position is ahead of what the device has taken. Neighbouring
 * findings of a kind are one entry. Frames are absolute indices in the stream; times are ns.
 *
 * stale     the device read data that it had read before, heard or not: also the period that a
 *           driver offers again while a drain ends. `state` tells the two apart. Capture: the
 *           client was given as recorded what it had read before, or what was never written.
 * skipped   data was overwritten, or passed over, before the device read it; also the first data
 *           after a prepare, if the device begins behind it, and what a client writes after a
 *           rewind in place of frames that the device had read already.
 * stalled   RUNNING, and hw_ptr did not move for `stalledPeriods` periods (default: two rings).
 * position  hw_ptr is more than a period ahead of the frames that the device has read.
 *
 * The fifth kind, lost-event, is lost-events.ts.
 */
import { type Frames, framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { REPORTS_MAX } from './full-lists.ts'
import { STATE_PREPARED, STATE_RUNNING, type StreamNow, type StreamTable } from './streams.ts'

export type SilentKind = 'stale' | 'skipped' | 'stalled' | 'position' | 'lost-event'

export interface SilentFailure {
  readonly timeNs: Ns
  readonly kind: SilentKind
  /** State of the stream when it began, e.g. RUNNING; a stale read while DRAINING is the tail. */
  readonly state: string
  /** Until when it lasted. */
  untilNs: Ns
  /** How many frames it concerns. */
  frames: Frames
  /** Index of its first record in the trace. */
  readonly record: number
  /** Of a lost event: which, and what became of it. */
  readonly what?: string
}

/** Old data read while a drain ends: worth a remark, but not what a reader looks for first. */
export function isTail(failure: SilentFailure): boolean {
  return failure.kind === 'stale' && failure.state === 'DRAINING'
}

interface Watch {
  readonly found: SilentFailure[]
  /** When hw_ptr last moved while RUNNING; -1: not running. */
  movedNs: Ns
  hw_ptr: Frames
  record: number
  /** Frames that the device has read since the stream was prepared. */
  taken: Frames
  /** First frame written since then: what the device should begin with. -1: not known, or read. */
  first: number
  /** Nothing has been written since then. */
  fresh: boolean
  /** Behind the last index that it (capture: the client) has read since then. */
  readTo: number
}

export interface SilentFailureOptions {
  /** Periods without movement that make a stall; 0: twice the periods of the ring. */
  readonly stalledPeriods: number
}

const FRESH = CODES.fresh as readonly string[]
const KIND_OF_FRESHNESS: readonly (SilentKind | null)[] = FRESH.map((word) =>
  word === 'stale' ? 'stale' : word === 'skipped' || word === 'overwritten' ? 'skipped' : null,
)

export class SilentFailureFold implements Fold<ReadonlyMap<number, readonly SilentFailure[]>> {
  readonly kinds = [
    T.snd_pcm_state,
    T.snd_pcm_hwptr,
    T.snd_pcm_applptr,
    T.snd_pcm_transfer,
    T.audio_copy,
  ]
  private readonly watches = new PerSymbol<Watch>(() => ({
    found: [],
    movedNs: -1,
    hw_ptr: 0,
    record: 0,
    taken: 0,
    first: -1,
    fresh: false,
    readTo: 0,
  }))
  private readonly streams: StreamTable
  private readonly options: SilentFailureOptions

  constructor(streams: StreamTable, options: SilentFailureOptions = { stalledPeriods: 0 }) {
    this.streams = streams
    this.options = options
  }

  record(r: TraceRecord): void {
    const watch = this.watches.get(r.a)
    const stream = this.streams.get(r.a)
    if (r.kind === T.audio_copy) copied(watch, r, stream)
    else if (r.kind === T.snd_pcm_transfer && stream.playback) written(watch, r, stream)
    else if (r.kind === T.snd_pcm_transfer) recorded(watch, r, stateName(stream))
    else if (r.kind === T.snd_pcm_applptr) {
      // What a client reads again after a rewind is old by its own wish.
      if (!stream.playback && r.c < r.b) watch.readTo -= r.b - r.c
    } else if (r.kind === T.snd_pcm_state) this.enter(watch, r)
    else this.update(watch, r)
  }

  finish(endNs: Ns): ReadonlyMap<number, readonly SilentFailure[]> {
    for (const [id, watch] of this.watches.entries()) this.judgeStall(id, watch, endNs)
    return new Map(this.watches.entries().map(([id, watch]) => [id, watch.found]))
  }

  private enter(watch: Watch, r: TraceRecord): void {
    this.judgeStall(r.a, watch, r.timeNs)
    watch.movedNs = r.c === STATE_RUNNING ? r.timeNs : -1
    watch.record = r.index
    watch.hw_ptr = this.streams.get(r.a).hw_ptr
    if (r.c !== STATE_PREPARED) return
    watch.taken = 0
    watch.first = -1
    watch.fresh = true
    watch.readTo = 0
  }

  private update(watch: Watch, r: TraceRecord): void {
    const stream = this.streams.get(r.a)
    if (stream.hw_ptr === watch.hw_ptr) return
    this.judgeStall(r.a, watch, r.timeNs)
    watch.hw_ptr = stream.hw_ptr
    watch.record = r.index
    if (watch.movedNs >= 0) watch.movedNs = r.timeNs
    const ahead = stream.hw_ptr - watch.taken
    if (!stream.playback || watch.taken === 0 || ahead <= stream.period_size) return
    extend(watch, 'position', r, ahead, stateName(stream))
  }

  private judgeStall(id: number, watch: Watch, untilNs: Ns): void {
    const s = this.streams.get(id)
    if (watch.movedNs < 0 || s.buffer_size === 0) return
    const frames = this.options.stalledPeriods * s.period_size || 2 * s.buffer_size
    if (untilNs - watch.movedNs <= framesToNsFloor(frames, s.rate)) return
    add(watch, {
      timeNs: watch.movedNs,
      kind: 'stalled',
      state: 'RUNNING',
      untilNs,
      frames: 0,
      record: watch.record,
    })
  }
}

function stateName(stream: StreamNow): string {
  return CODES.state?.[stream.state] ?? ''
}

function written(watch: Watch, r: TraceRecord, stream: StreamNow): void {
  rewritten(watch, r, stateName(stream))
  if (!watch.fresh || r.b < 0) return
  watch.fresh = false
  watch.first = r.b
}

/** The client has read frames of a ring that a device records into. */
function recorded(watch: Watch, r: TraceRecord, state: string): void {
  const end = r.b + r.c
  // Silence: the device has passed over a place to which it has never written.
  if (r.b < 0 && watch.readTo > 0) extend(watch, 'stale', r, r.c, state)
  if (r.b < 0) return
  if (r.b < watch.readTo) extend(watch, 'stale', r, Math.min(end, watch.readTo) - r.b, state)
  if (end > watch.readTo) watch.readTo = end
}

function copied(watch: Watch, r: TraceRecord, stream: StreamNow): void {
  const state = stateName(stream)
  watch.taken += r.c
  if (watch.first >= 0 && r.d >= 0) {
    const passed = r.d - watch.first
    watch.first = -1
    if (passed > 0) extend(watch, 'skipped', r, passed, state)
  }
  if (stream.playback && r.d >= 0 && r.d + r.c > watch.readTo) watch.readTo = r.d + r.c
  const kind = KIND_OF_FRESHNESS[r.e]
  if (kind === null || kind === undefined) return
  extend(watch, kind, r, r.c, state)
}

/** A rewind took frames back that the device had read: what is written for them, it never reads. */
function rewritten(watch: Watch, r: TraceRecord, state: string): void {
  if (r.b < 0 || r.b >= watch.readTo) return
  const end = r.b + r.c
  const late = (end < watch.readTo ? end : watch.readTo) - r.b
  extend(watch, 'skipped', r, late, state)
}

/** Two findings of a kind this close together are one. */
const TOGETHER_NS = 50_000_000

function extend(
  watch: Watch,
  kind: SilentKind,
  r: TraceRecord,
  frames: Frames,
  state: string,
): void {
  const { timeNs } = r
  const last = watch.found.findLast((one) => one.kind === kind)
  if (last !== undefined && last.state === state && timeNs - last.untilNs <= TOGETHER_NS) {
    last.untilNs = timeNs
    last.frames = kind === 'position' ? Math.max(last.frames, frames) : last.frames + frames
  } else add(watch, { timeNs, kind, state, untilNs: timeNs, frames, record: r.index })
}

function add(watch: Watch, failure: SilentFailure): void {
  if (watch.found.length < REPORTS_MAX) watch.found.push(failure)
}

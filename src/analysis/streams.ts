/**
 * What is known of each PCM stream at the record just seen: parameters, state, hw_ptr and appl_ptr.
 * Other folds read it, so it is added to a FoldSet before them. Pointers are frames as ALSA counts
 * them; times are ns.
 */
import type { Frames, Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'

const STATES = CODES.state as readonly string[]
export const STATE_PREPARED = STATES.indexOf('PREPARED')
export const STATE_RUNNING = STATES.indexOf('RUNNING')
const STATE_DRAINING = STATES.indexOf('DRAINING')

const TRIGGERS = CODES.trigger as readonly string[]
/** Trigger commands that set a stream going. */
const STARTING = [
  TRIGGERS.indexOf('START'),
  TRIGGERS.indexOf('PAUSE_RELEASE'),
  TRIGGERS.indexOf('RESUME'),
]

export interface StreamNow {
  readonly id: number
  readonly name: string
  readonly playback: boolean
  rate: number
  frame_bytes: number
  period_size: Frames
  buffer_size: Frames
  /** Number of the state in CODES.state. */
  state: number
  /** As the last pointer update left it. */
  hw_ptr: Frames
  appl_ptr: Frames
  /** When the driver was last told to start, resume or leave a pause; -1: never. */
  startedAtNs: Ns
  /** hw_ptr at that moment. */
  startHwPtr: Frames
  /** Record and time of the last change of appl_ptr; -1: never. */
  lastTransferNs: Ns
}

export class StreamTable implements Fold<readonly StreamNow[]> {
  readonly kinds = [
    T.snd_pcm_hw_params,
    T.snd_pcm_state,
    T.snd_pcm_trigger,
    T.snd_pcm_hwptr,
    T.snd_pcm_applptr,
    T.snd_pcm_xrun,
  ]
  private readonly table: PerSymbol<StreamNow>

  constructor(symbols: Symbols) {
    this.table = new PerSymbol((id) => unopened(symbols, id))
  }

  get(id: number): StreamNow {
    return this.table.get(id)
  }

  record(r: TraceRecord): void {
    const s = this.table.get(r.a)
    if (r.kind === T.snd_pcm_hwptr) s.hw_ptr = movedHwPtr(s, r)
    else if (r.kind === T.snd_pcm_applptr) {
      s.appl_ptr = r.c
      s.lastTransferNs = r.timeNs
    } else if (r.kind === T.snd_pcm_state) enterState(s, r.c)
    else if (r.kind === T.snd_pcm_xrun) s.hw_ptr = r.b
    else if (r.kind === T.snd_pcm_hw_params) takeParams(s, r)
    else if (STARTING.includes(r.b)) {
      s.startedAtNs = r.timeNs
      s.startHwPtr = s.hw_ptr
    }
  }

  finish(): readonly StreamNow[] {
    return this.table.entries().map(([, stream]) => stream)
  }
}

function unopened(symbols: Symbols, id: number): StreamNow {
  const entry = symbols.entry('stream', id)
  return {
    id,
    name: entry.name,
    playback: (entry.group ?? entry.kind) !== 'capture',
    rate: 48_000,
    frame_bytes: 4,
    period_size: 0,
    buffer_size: 0,
    state: 0,
    hw_ptr: 0,
    appl_ptr: 0,
    startedAtNs: -1,
    startHwPtr: 0,
    lastTransferNs: -1,
  }
}

/** The new hw_ptr of an update: base + pos, a buffer further if that lies behind the old one. */
function movedHwPtr(s: StreamNow, r: TraceRecord): Frames {
  const [pos, old, base] = [r.c, r.d, r.e]
  if (pos < 0 || pos >= s.buffer_size) return old
  const next = base + pos
  return next < old ? next + s.buffer_size : next
}

function enterState(s: StreamNow, state: number): void {
  s.state = state
  if (state !== STATE_PREPARED) return
  s.hw_ptr = 0
  s.appl_ptr = 0
}

function takeParams(s: StreamNow, r: TraceRecord): void {
  s.rate = r.b
  s.frame_bytes = r.d
  s.period_size = r.e
  s.buffer_size = r.f
}

/** Kernel: snd_pcm_running(): RUNNING, or DRAINING playback. */
export function isRunning(s: StreamNow): boolean {
  return s.state === STATE_RUNNING || (s.state === STATE_DRAINING && s.playback)
}

/** Frames that the application may write (playback) or read (capture) now. */
export function availOf(s: StreamNow): Frames {
  if (!s.playback) return s.hw_ptr - s.appl_ptr
  return s.hw_ptr + s.buffer_size - s.appl_ptr
}

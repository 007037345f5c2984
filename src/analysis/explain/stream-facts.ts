/**
 * What happened on one stream, as far as explanations need it: the calls of period elapsed with
 * what they reported, transfers, updates of the pointer, messages, starts. Times are ns.
 */
import { type Frames, framesToNsFloor, type Ns } from '../../base/units.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Fold } from '../fold.ts'
import { availOf, STATE_RUNNING, type StreamNow, type StreamTable } from '../streams.ts'

/** One call of snd_pcm_period_elapsed(). */
export interface PeriodCall {
  readonly fromNs: Ns
  readonly record: number
  readonly context: number
  /** Frames by which its own update moved hw_ptr and those since the call before. */
  frames: Frames
  /** Its own update, from which the client is woken; its own begin, if none came. */
  updatedNs: Ns
  updateRecord: number
  /** When the stream was last set going. */
  readonly startedNs: Ns
  /** I/O messages that were completed since the call before. */
  readonly completed: number
}
export interface Transfer {
  readonly fromNs: Ns
  readonly record: number
  readonly context: number
  /** Frames free (playback) or waiting (capture) after it. */
  readonly avail: Frames
  readonly appl_ptr: Frames
}
export interface Update {
  readonly fromNs: Ns
  readonly record: number
  readonly context: number
  readonly moved: Frames
}
/** A message given to the device: its period in the ring. */
export interface Sent {
  readonly fromNs: Ns
  readonly record: number
  readonly msg: number
}

const STARTING = ['START', 'PAUSE_RELEASE', 'RESUME'].map((word) =>
  (CODES.trigger as readonly string[]).indexOf(word),
)

export class StreamFacts implements Fold<StreamFacts> {
  readonly kinds = [
    T.snd_pcm_period_elapsed,
    T.snd_pcm_hwptr,
    T.snd_pcm_applptr,
    T.snd_pcm_trigger,
    T.snd_pcm_state,
    T.virtsnd_msg_send,
    T.virtsnd_msg_complete,
  ]
  readonly calls: PeriodCall[] = []
  readonly transfers: Transfer[] = []
  readonly updates: Update[] = []
  readonly sent: Sent[] = []
  readonly completed: Sent[] = []
  readonly starts: Transfer[] = []
  rate = 48_000
  period_size: Frames = 0
  buffer_size: Frames = 0
  playback = true
  private completions = 0
  private readonly id: number
  private readonly streams: StreamTable

  /** Is added to a FoldSet behind `streams`. */
  constructor(streams: StreamTable, id: number) {
    this.streams = streams
    this.id = id
  }

  get periodNs(): Ns {
    return framesToNsFloor(this.period_size, this.rate)
  }

  nsOf(frames: Frames): Ns {
    return framesToNsFloor(frames, this.rate)
  }

  record(r: TraceRecord): void {
    if (r.a !== this.id) return
    const s = this.streams.get(r.a)
    const { timeNs: fromNs, index: record, context } = r
    if (r.kind === T.snd_pcm_period_elapsed) this.call(s, r)
    else if (r.kind === T.snd_pcm_hwptr) {
      const moved = s.hw_ptr - r.d
      this.updates.push({ fromNs, record, context, moved })
      const last = this.calls.at(-1)
      if (r.b === 1 && last !== undefined && last.context === context) {
        last.frames += moved
        last.updatedNs = fromNs
        last.updateRecord = record
      }
    } else if (r.kind === T.snd_pcm_applptr) {
      this.transfers.push({ fromNs, record, context, avail: availOf(s), appl_ptr: s.appl_ptr })
    } else if (r.kind === T.virtsnd_msg_send) this.sent.push({ fromNs, record, msg: r.b })
    else if (r.kind === T.virtsnd_msg_complete) {
      this.completions++
      this.completed.push({ fromNs, record, msg: r.b })
    } else if (r.kind === T.snd_pcm_trigger ? STARTING.includes(r.b) : r.c === STATE_RUNNING) {
      this.starts.push({ fromNs, record, context, avail: availOf(s), appl_ptr: s.appl_ptr })
    }
  }

  finish(): StreamFacts {
    return this
  }

  private call(s: StreamNow, r: TraceRecord): void {
    const { rate, period_size, buffer_size, playback, startedAtNs: startedNs } = s
    Object.assign(this, { rate, period_size, buffer_size, playback })
    const { timeNs: fromNs, index: record, context } = r
    const completed = this.completions
    this.completions = 0
    const about = { fromNs, record, context, startedNs, completed }
    this.calls.push({ ...about, frames: 0, updatedNs: fromNs, updateRecord: record })
  }
}

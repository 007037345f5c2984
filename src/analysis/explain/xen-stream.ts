/**
 * What happened between the Xen front end and its back end on one stream, as far as explanations
 * need it: position events with what the driver made of them, and what prepare left as it was.
 * Driver: sound/xen/xen_snd_front_alsa.c, v6.12. Positions are frames, times ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Fold } from '../fold.ts'

/** One run of xen_snd_front_alsa_handle_cur_pos(). */
export interface PositionEvent {
  readonly fromNs: Ns
  readonly record: number
  readonly delta: Frames
  /** Since the last notification, before the remainder is taken. */
  readonly out_frames: Frames
  /** Position in the ring. */
  readonly hw_ptr: Frames
  /** Whether the test held, so that snd_pcm_period_elapsed() was called. */
  readonly elapsed: boolean
}

/** A START after prepare, with the back end's stream open since the START before. */
export interface Restart {
  readonly fromNs: Ns
  readonly record: number
  /** The driver's hw_ptr then; the core begins at 0. */
  readonly driverAt: Frames
  /** Where in the ring the back end reads first after it; -1: nowhere yet. */
  deviceAt: Frames
  /** The first position event after it. */
  first: PositionEvent | null
}

const op = (word: string): number => (CODES.op as readonly string[]).indexOf(word)
const request = (word: string): number => (CODES.xensnd as readonly string[]).indexOf(word)
const [PREPARE, OPEN] = [op('prepare'), request('OPEN')]
const START = (CODES.trigger as readonly string[]).indexOf('START')

export class XenStream implements Fold<XenStream> {
  readonly kinds = [
    T.snd_pcm_op_done,
    T.snd_pcm_trigger,
    T.xensnd_request,
    T.xensnd_cur_pos,
    T.audio_copy,
  ]
  readonly positions: PositionEvent[] = []
  readonly restarts: Restart[] = []
  private prepared = false
  private openedAnew = true
  private readonly id: number

  constructor(id: number) {
    this.id = id
  }

  record(r: TraceRecord): void {
    if (r.kind === T.xensnd_request) {
      if (r.b === this.id && r.a === OPEN) this.openedAnew = true
      return
    }
    if (r.a !== this.id) return
    const { timeNs: fromNs, index: record } = r
    const last = this.restarts.at(-1)
    if (r.kind === T.snd_pcm_op_done) this.prepared ||= r.b === PREPARE && r.c === 0
    else if (r.kind === T.snd_pcm_trigger) {
      if (r.b === START) this.started(fromNs, record)
    } else if (r.kind === T.audio_copy) {
      if (last !== undefined && last.deviceAt < 0) last.deviceAt = r.b
    } else {
      const { b: delta, c: out_frames, d: hw_ptr } = r
      const event = { fromNs, record, delta, out_frames, hw_ptr, elapsed: r.e === 1 }
      this.positions.push(event)
      if (last !== undefined) last.first ??= event
    }
  }

  finish(): XenStream {
    return this
  }

  private started(fromNs: Ns, record: number): void {
    const driverAt = this.positions.at(-1)?.hw_ptr ?? 0
    if (this.prepared && !this.openedAnew) {
      this.restarts.push({ fromNs, record, driverAt, deviceAt: -1, first: null })
    }
    this.prepared = false
    this.openedAnew = false
  }
}

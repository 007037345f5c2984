/**
 * Events of the device that nobody acted upon (design §6): a running stream was to be told of
 * something, and went on as if nothing had been. Times are ns.
 *
 * An XRUN event is acted upon by an xrun of the core, whatever its cause. It is lost if there was
 * no element for it in the event queue; if the driver read it and the stream's next completion
 * came before a pointer call did, which clears the driver's flag (domain/virtio-snd.md H13); if a
 * pointer call came and the driver told a position all the same; and if it still waits when the
 * stream stops or the run ends, a period or more after it was sent. A position event (CUR_POS) is
 * acted upon when the driver takes it; one that the driver passes over, or that has no room, is
 * lost.
 *
 * Not lost: events of a stream that does not run, and virtio's PERIOD_ELAPSED, which drivers
 * ignore because the completion tells the same.
 */
import { framesToNsFloor, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { type Fold, PerSymbol } from './fold.ts'
import { REPORTS_MAX } from './full-lists.ts'
import type { SilentFailure } from './silent-failures.ts'
import { isRunning, type StreamTable } from './streams.ts'

const EVENTS = CODES.event as readonly string[]
const XRUN = EVENTS.indexOf('XRUN')
const PERIOD_ELAPSED = EVENTS.indexOf('PERIOD_ELAPSED')

/** An event on its way. */
interface Pending {
  readonly timeNs: Ns
  readonly record: number
  readonly event: number
  readonly state: string
  /** The driver has taken it from the queue. */
  read: boolean
}

const CLEARED = 'the next completion cleared it before anybody looked'
const IGNORED = 'the driver was asked for its position and told one all the same'

interface Watch {
  readonly found: SilentFailure[]
  pending: Pending[]
}

/** Events kept while on their way. */
const PENDING_MAX = 1_000

export class LostEventFold implements Fold<ReadonlyMap<number, readonly SilentFailure[]>> {
  readonly kinds = [
    T.device_event,
    T.driver_event,
    T.virtsnd_msg_complete,
    T.snd_pcm_hwptr,
    T.snd_pcm_xrun,
    T.snd_pcm_state,
  ]
  private readonly watches = new PerSymbol<Watch>(() => ({ found: [], pending: [] }))
  private readonly streams: StreamTable

  constructor(streams: StreamTable) {
    this.streams = streams
  }

  record(r: TraceRecord): void {
    // Events of jacks and controls belong to no stream.
    if (r.a < 0) return
    const watch = this.watches.get(r.a)
    if (r.kind === T.device_event) this.sent(watch, r)
    else if (watch.pending.length === 0) return
    else if (r.kind === T.driver_event) take(watch, r)
    else if (r.kind === T.virtsnd_msg_complete) loseRead(watch, r.timeNs, CLEARED)
    else if (r.kind === T.snd_pcm_hwptr) loseRead(watch, r.timeNs, IGNORED)
    else if (r.kind === T.snd_pcm_xrun) watch.pending = []
    else if (!isRunning(this.streams.get(r.a))) this.end(r.a, watch, r.timeNs)
  }

  finish(endNs: Ns): ReadonlyMap<number, readonly SilentFailure[]> {
    for (const [id, watch] of this.watches.entries()) this.end(id, watch, endNs)
    return new Map(this.watches.entries().map(([id, watch]) => [id, watch.found]))
  }

  private sent(watch: Watch, r: TraceRecord): void {
    const stream = this.streams.get(r.a)
    if (r.b === PERIOD_ELAPSED || !isRunning(stream)) return
    const { timeNs, index: record, b: event } = r
    const state = CODES.state?.[stream.state] ?? ''
    const one = { timeNs, record, event, state, read: false }
    if (r.c === 0) lose(watch, one, timeNs, 'the event queue had no room')
    else if (watch.pending.length < PENDING_MAX) watch.pending.push(one)
  }

  /** The stream has stopped, or the run ended: what was sent long ago has been for nothing. */
  private end(id: number, watch: Watch, nowNs: Ns): void {
    const { period_size, rate } = this.streams.get(id)
    const periodNs = framesToNsFloor(period_size, rate)
    for (const one of watch.pending) {
      if (nowNs - one.timeNs < periodNs) continue
      lose(watch, one, nowNs, one.read ? 'nobody asked for the position' : 'nobody read it')
    }
    watch.pending = []
  }
}

/** The driver has come to the oldest event. */
function take(watch: Watch, r: TraceRecord): void {
  const one = watch.pending.find((pending) => !pending.read && pending.event === r.b)
  if (one === undefined) return
  one.read = true
  if (r.c === 0) lose(watch, one, r.timeNs, 'the driver passed it over')
  else if (one.event === XRUN) return
  watch.pending = watch.pending.filter((pending) => pending !== one)
}

/** What the driver has read and will not act upon any more. */
function loseRead(watch: Watch, nowNs: Ns, why: string): void {
  for (const one of watch.pending) if (one.read) lose(watch, one, nowNs, why)
  watch.pending = watch.pending.filter(({ read }) => !read)
}

function lose(watch: Watch, one: Pending, untilNs: Ns, why: string): void {
  if (watch.found.length >= REPORTS_MAX) return
  const { timeNs, record, state } = one
  const what = `${EVENTS[one.event]}: ${why}`
  watch.found.push({ timeNs, kind: 'lost-event', state, untilNs, frames: 0, record, what })
}

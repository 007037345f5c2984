/**
 * Who does what when, for the timeline chart: seven lanes from the client down to the sink, each
 * with spans and marks of a few styles, within a stretch of the run. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
import { HEARD_KINDS, Heard, type HeardSink } from './heard.ts'
import type { StreamTable } from './streams.ts'

export const LANES = ['client', 'alsa', 'kworker', 'irq', 'queue', 'device', 'sink'] as const
export type LaneName = (typeof LANES)[number]

export type SpanStyle = 'run' | 'call' | 'sleep' | 'trigger' | 'play' | 'silence'
export type MarkStyle = 'elapsed' | 'applptr' | 'xrun' | 'kick' | 'used' | 'timer'

export interface Lane {
  /** Names of the contexts or queues seen in it. */
  readonly names: readonly string[]
  /** Starts and ends in turn. */
  readonly spans: Readonly<Record<SpanStyle, readonly Ns[]>>
  readonly marks: Readonly<Record<MarkStyle, readonly Ns[]>>
}

export interface LaneSet {
  readonly lanes: Readonly<Record<LaneName, Lane>>
  /** Messages that the driver has given to the device and not got back, as steps. */
  readonly inFlight: { readonly timesNs: readonly Ns[]; readonly count: readonly number[] }
}

interface Draft {
  readonly names: Set<string>
  readonly spans: Record<SpanStyle, Ns[]>
  readonly marks: Record<MarkStyle, Ns[]>
}

const CALL_SLEEP = (CODES.call as readonly string[]).indexOf('sleep')

function draft(): Draft {
  return {
    names: new Set(),
    spans: { run: [], call: [], sleep: [], trigger: [], play: [], silence: [] },
    marks: { elapsed: [], applptr: [], xrun: [], kick: [], used: [], timer: [] },
  }
}

export class LaneFold implements Fold<LaneSet>, HeardSink {
  readonly kinds = [
    T.sched_switch,
    T.syscall_enter,
    T.syscall_exit,
    T.workqueue_execute_start,
    T.workqueue_execute_end,
    T.irq_handler_entry,
    T.irq_handler_exit,
    T.snd_pcm_trigger,
    T.snd_pcm_trigger_done,
    T.snd_pcm_period_elapsed,
    T.snd_pcm_applptr,
    T.snd_pcm_xrun,
    T.virtqueue_add,
    T.virtqueue_get_buf,
    T.virtqueue_kick,
    T.virtqueue_push,
    T.audio_run,
    ...HEARD_KINDS,
  ]
  private readonly drafts = Object.fromEntries(LANES.map((lane) => [lane, draft()])) as Record<
    LaneName,
    Draft
  >
  /** Open spans by lane and style and context: where they began. */
  private readonly open = new Map<string, Ns>()
  /** Their names, where it is not the context's. */
  private readonly labels = new Map<string, string>()
  private readonly inFlight = { timesNs: [] as Ns[], count: [] as number[] }
  private messages = 0
  private readonly symbols: Symbols
  private readonly played: Heard
  private readonly streams: StreamTable
  private readonly stream: number
  private readonly fromNs: Ns
  private readonly toNs: Ns

  constructor(symbols: Symbols, streams: StreamTable, stream: number, fromNs: Ns, toNs: Ns) {
    this.symbols = symbols
    this.stream = stream
    this.fromNs = fromNs
    this.toNs = toNs
    this.streams = streams
    this.played = new Heard(streams, this)
    this.drafts.alsa.names.add(symbols.name('stream', stream))
  }

  record(r: TraceRecord): void {
    // What is heard after the stretch's end may have begun within it.
    if (r.timeNs > this.toNs && !HEARD_KINDS.includes(r.kind)) return
    switch (r.kind) {
      case T.sched_switch:
        this.switched(r)
        return
      case T.syscall_enter:
      case T.syscall_exit:
        if (r.a === this.stream) this.called(r)
        return
      case T.workqueue_execute_start:
        this.begin('kworker', 'run', r.context, r.timeNs)
        return
      case T.workqueue_execute_end:
        this.end('kworker', 'run', r.context, r.timeNs)
        return
      case T.irq_handler_entry:
        this.begin('irq', 'run', r.context, r.timeNs, this.symbols.name('irq', r.a))
        return
      case T.irq_handler_exit:
        this.end('irq', 'run', r.context, r.timeNs)
        return
      case T.virtqueue_add:
      case T.virtqueue_get_buf:
        this.inRing(r)
        return
      case T.virtqueue_kick:
        if (r.b === 1) this.mark('queue', 'kick', r.timeNs)
        return
      case T.virtqueue_push:
        this.mark('queue', 'used', r.timeNs)
        return
      case T.audio_run:
        this.mark('device', 'timer', r.timeNs)
        return
      default:
        if (r.a === this.stream) this.ofStream(r)
    }
  }

  finish(): LaneSet {
    this.played.finish()
    this.drafts.sink.names.add(`${this.streams.get(this.stream).rate} Hz`)
    for (const [key] of [...this.open]) {
      const [lane, style, context] = key.split('/') as [LaneName, SpanStyle, string]
      this.end(lane, style, Number(context), this.toNs)
    }
    const lanes = {} as Record<LaneName, Lane>
    for (const lane of LANES) {
      const { names, spans, marks } = this.drafts[lane]
      lanes[lane] = { names: [...names], spans, marks }
    }
    if (this.inFlight.timesNs.length === 0) this.level(this.fromNs)
    this.level(this.toNs)
    return { lanes, inFlight: this.inFlight }
  }

  private ofStream(r: TraceRecord): void {
    const { timeNs } = r
    if (r.kind === T.snd_pcm_trigger) this.begin('alsa', 'trigger', r.context, timeNs)
    else if (r.kind === T.snd_pcm_trigger_done) this.end('alsa', 'trigger', r.context, timeNs)
    else if (r.kind === T.snd_pcm_period_elapsed) this.mark('alsa', 'elapsed', timeNs)
    else if (r.kind === T.snd_pcm_applptr) this.mark('alsa', 'applptr', timeNs)
    else if (r.kind === T.snd_pcm_xrun) this.mark('alsa', 'xrun', timeNs)
    else this.played.record(r)
  }

  heard(_stream: number, first: number, _frames: number, fromNs: Ns, toNs: Ns): void {
    this.span('sink', first < 0 ? 'silence' : 'play', fromNs, toNs)
  }

  private switched(r: TraceRecord): void {
    const before = this.laneOfTask(r.a)
    const after = this.laneOfTask(r.b)
    if (before !== null) this.end(before, 'run', r.a, r.timeNs)
    if (after !== null) this.begin(after, 'run', r.b, r.timeNs)
  }

  private laneOfTask(context: number): LaneName | null {
    const kind = this.symbols.entries('ctx')[context]?.kind
    return kind === 'client' ? 'client' : kind === 'host' ? 'device' : null
  }

  private called(r: TraceRecord): void {
    const style = r.b === CALL_SLEEP ? 'sleep' : 'call'
    if (r.kind === T.syscall_enter) this.begin('client', style, r.context, r.timeNs)
    else this.end('client', style, r.context, r.timeNs)
  }

  private inRing(r: TraceRecord): void {
    const name = this.symbols.name('queue', r.a)
    if (!/tx|rx/.test(name)) return
    this.drafts.queue.names.add(name)
    if (r.timeNs > this.fromNs && this.inFlight.timesNs.length === 0) this.level(this.fromNs)
    this.messages += r.kind === T.virtqueue_add ? 1 : -1
    if (r.timeNs > this.fromNs) this.level(r.timeNs)
  }

  private level(timeNs: Ns): void {
    this.inFlight.timesNs.push(timeNs)
    this.inFlight.count.push(this.messages)
  }

  private begin(lane: LaneName, style: SpanStyle, context: number, at: Ns, name?: string): void {
    const key = `${lane}/${style}/${context}`
    this.open.set(key, at)
    if (name !== undefined) this.labels.set(key, name)
  }

  private end(lane: LaneName, style: SpanStyle, context: number, at: Ns): void {
    const key = `${lane}/${style}/${context}`
    const since = this.open.get(key)
    if (since === undefined) return
    this.open.delete(key)
    if (!this.span(lane, style, since, at) || lane === 'alsa') return
    this.drafts[lane].names.add(this.labels.get(key) ?? this.symbols.name('ctx', context))
  }

  /** Whether some of it lies within the stretch. */
  private span(lane: LaneName, style: SpanStyle, from: Ns, to: Ns): boolean {
    if (to < this.fromNs || from >= this.toNs) return false
    const first = from < this.fromNs ? this.fromNs : from
    this.drafts[lane].spans[style].push(first, to < this.toNs ? to : this.toNs)
    return true
  }

  private mark(lane: LaneName, style: MarkStyle, at: Ns): void {
    if (at >= this.fromNs) this.drafts[lane].marks[style].push(at)
  }
}

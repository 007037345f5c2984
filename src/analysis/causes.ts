/**
 * What caused what: each step of the way from the driver's kick through device, interrupt and work
 * item to the client, with the step that led to it. A context's steps are caused by what it is in
 * the course of: the handler, work item or wake-up that it runs. For charts and breakdowns. Times
 * are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'

export type StepKind =
  | 'kick'
  | 'worker'
  | 'pop'
  | 'timer'
  | 'used'
  | 'event'
  | 'raise'
  | 'irq'
  | 'thread'
  | 'queued'
  | 'started'
  | 'elapsed'
  | 'woken'
  | 'runs'
  | 'writes'
  | 'xrun'
  | 'stop'

export interface Step {
  readonly kind: StepKind
  readonly timeNs: Ns
  /** Index of its record in the trace. */
  readonly record: number
  readonly context: number
  /** Symbol number of the queue, line, work item, stream or woken context. */
  readonly subject: number
  readonly cause: Step | null
  /** Length of the chain that leads here. */
  readonly depth: number
}

export interface StepSink {
  step(step: Step): void
}

/** Causes are followed so far back: a stream's periods cause each other without end. */
const DEPTH_MAX = 32

const TRIGGER_STOP = (CODES.trigger as readonly string[]).indexOf('STOP')

export class CausesFold implements Fold<void> {
  readonly kinds = [
    T.sched_waking,
    T.sched_switch,
    T.irq_raise,
    T.irq_handler_entry,
    T.irq_handler_exit,
    T.workqueue_queue_work,
    T.workqueue_execute_start,
    T.workqueue_execute_end,
    T.virtqueue_kick,
    T.virtqueue_pop,
    T.virtqueue_push,
    T.audio_run,
    T.xensnd_evt_send,
    T.snd_pcm_period_elapsed,
    T.snd_pcm_applptr,
    T.snd_pcm_xrun,
    T.snd_pcm_trigger,
  ]
  /** By context: what it is in the course of, and the call of period_elapsed that it is in. */
  private readonly doing: (Step | null)[] = []
  private readonly elapsedIn: (Step | null)[] = []
  /** By context: what woke it, until it runs. */
  private readonly wokenBy: (Step | null)[] = []
  /** By context: the used buffer that its next interrupt tells of. */
  private readonly lastUsed: (Step | null)[] = []
  private readonly raised: (Step | null)[] = []
  private readonly queued: (Step | null)[] = []
  /** By queue: a kick that no pop has answered yet. */
  private readonly kicked: (Step | null)[] = []
  /** The latest of them. */
  private unanswered: Step | null = null
  private readonly symbols: Symbols
  private readonly sink: StepSink

  constructor(symbols: Symbols, sink: StepSink) {
    this.symbols = symbols
    this.sink = sink
  }

  record(r: TraceRecord): void {
    if (r.kind === T.sched_switch) this.switched(r)
    else if (r.kind === T.sched_waking) this.waking(r)
    else if (r.kind <= T.workqueue_execute_end) this.handler(r)
    else if (r.kind >= T.virtqueue_add) this.transport(r)
    else this.core(r)
  }

  finish(): void {}

  private tell(r: TraceRecord, kind: StepKind, subject: number, cause: Step | null): Step {
    const from = cause !== null && cause.depth >= DEPTH_MAX ? null : cause
    const depth = from === null ? 0 : from.depth + 1
    const { timeNs, index: record, context } = r
    const step: Step = { kind, timeNs, record, context, subject, cause: from, depth }
    this.sink.step(step)
    return step
  }

  private kindOf(context: number): string {
    return this.symbols.entries('ctx')[context]?.kind ?? ''
  }

  private waking(r: TraceRecord): void {
    const kind = this.kindOf(r.a)
    this.doing[r.a] = null
    if (kind === 'client') {
      const cause = this.elapsedIn[r.context] ?? this.doing[r.context] ?? null
      this.wokenBy[r.a] = this.tell(r, 'woken', r.a, cause)
    } else if (kind === 'irq-thread') this.wokenBy[r.a] = this.doing[r.context] ?? null
    else if (kind === 'host') this.wokenBy[r.a] = this.unanswered
  }

  private switched(r: TraceRecord): void {
    const cause = this.wokenBy[r.b] ?? null
    if (cause === null) return
    this.wokenBy[r.b] = null
    const kind = this.kindOf(r.b)
    const word = kind === 'client' ? 'runs' : kind === 'host' ? 'worker' : 'thread'
    this.doing[r.b] = this.tell(r, word, r.b, cause)
  }

  /** Interrupts and work items. */
  private handler(r: TraceRecord): void {
    const { context } = r
    if (r.kind === T.irq_raise) {
      const cause = this.lastUsed[context] ?? this.doing[context] ?? null
      this.lastUsed[context] = null
      this.raised[r.a] ??= this.tell(r, 'raise', r.a, cause)
    } else if (r.kind === T.irq_handler_entry) {
      this.doing[context] = this.tell(r, 'irq', r.a, this.raised[r.a] ?? null)
      this.raised[r.a] = null
    } else if (r.kind === T.workqueue_queue_work) {
      this.queued[r.a] = this.tell(r, 'queued', r.a, this.doing[context] ?? null)
    } else if (r.kind === T.workqueue_execute_start) {
      this.doing[context] = this.tell(r, 'started', r.a, this.queued[r.a] ?? null)
      this.queued[r.a] = null
    } else if (r.kind === T.irq_handler_exit || r.kind === T.workqueue_execute_end) {
      this.doing[context] = null
      this.elapsedIn[context] = null
    }
  }

  private transport(r: TraceRecord): void {
    const { context } = r
    const cause = this.doing[context] ?? null
    if (r.kind === T.virtqueue_kick) {
      if (r.b !== 1 || this.kicked[r.a] != null) return
      this.kicked[r.a] = this.tell(r, 'kick', r.a, cause)
      this.unanswered = this.kicked[r.a] ?? null
    } else if (r.kind === T.virtqueue_pop) {
      const kick = this.kicked[r.a] ?? null
      if (kick === null) return
      this.kicked[r.a] = null
      if (this.unanswered === kick) this.unanswered = null
      this.doing[context] = this.tell(r, 'pop', r.a, kick)
    } else if (r.kind === T.virtqueue_push) {
      this.lastUsed[context] = this.tell(r, 'used', r.a, cause)
    } else if (r.kind === T.xensnd_evt_send) {
      this.lastUsed[context] = this.tell(r, 'event', context, cause)
    } else if (r.kind === T.audio_run) this.doing[context] = this.tell(r, 'timer', r.a, null)
  }

  /** The PCM core. */
  private core(r: TraceRecord): void {
    const { context } = r
    const doing = this.doing[context] ?? null
    const elapsed = this.elapsedIn[context] ?? null
    if (r.kind === T.snd_pcm_period_elapsed) {
      this.elapsedIn[context] = this.tell(r, 'elapsed', r.a, doing)
    } else if (r.kind === T.snd_pcm_applptr) {
      const step = this.tell(r, 'writes', r.a, doing)
      if (this.kindOf(context) === 'client') this.doing[context] = step
    } else if (r.kind === T.snd_pcm_xrun) {
      this.elapsedIn[context] = this.tell(r, 'xrun', r.a, elapsed ?? doing)
    } else if (r.b === TRIGGER_STOP) this.tell(r, 'stop', r.a, elapsed ?? doing)
  }
}

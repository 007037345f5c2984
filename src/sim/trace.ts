/**
 * The only way out of a run: typed records offered to sinks. A record that no sink asked for costs
 * one branch. The record object is reused for every record: a sink copies what it wants to keep.
 *
 * Not here: storing (trace-store.ts), text (trace-text.ts). Times are integer nanoseconds.
 */

import { Symbols } from './symbols.ts'
import { RECORDS, type RecordName } from './trace-kinds.ts'

const names = Object.keys(RECORDS) as RecordName[]

/** Number of each record kind, by name: `T.sched_switch`. */
export const T = Object.fromEntries(names.map((name, index) => [name, index])) as {
  readonly [N in RecordName]: number
}

/** Kind names by number. */
export const KIND_NAMES: readonly RecordName[] = names

/** Number of arguments of each kind. */
export const KIND_ARITY: readonly number[] = names.map((name) => RECORDS[name].length - 1)

/** No CPU: the record comes from hardware beside the processors. */
export const NO_CPU = 255

/** One record, as a sink sees it; valid only during the call. */
export class TraceRecord {
  /** Position in the run, from 0. */
  index = 0
  timeNs = 0
  kind = 0
  /** Processor of the context's machine, or NO_CPU. */
  cpu = 0
  /** Symbol number of the context that caused the record. */
  context = 0
  a = 0
  b = 0
  c = 0
  d = 0
  e = 0
  f = 0
}

export interface TraceSink {
  record(record: TraceRecord): void
}

/** What the trace needs to know of the scheduler. */
export interface Clock {
  readonly now: number
  /** Ends the run: nothing in a run grows without bound. */
  hitLimit(sentence: string): void
}

/** Records of one run: about 2.5 GB of columns. */
const RECORDS_MAX = 50_000_000

/** A recording: takes every record's parts directly, because it is always there. */
export interface TraceRecorder {
  append(
    timeNs: number,
    kind: number,
    cpu: number,
    context: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void
}

export class Trace {
  readonly symbols = new Symbols()
  /** Records emitted so far. */
  count = 0
  private readonly current = new TraceRecord()
  private recorder: TraceRecorder | null = null
  /** Sinks of each kind; a kind that nobody asked for has none. */
  private readonly sinks: (TraceSink[] | null)[] = names.map(() => null)
  private wanted = false

  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Whether any sink listens; callers may skip preparing arguments when none does. */
  get on(): boolean {
    return this.wanted
  }

  /** The run's recording; at most one. */
  setRecorder(recorder: TraceRecorder): void {
    this.recorder = recorder
    this.wanted = true
  }

  /** A sink for some kinds, or for all. */
  addSink(sink: TraceSink, kinds?: readonly number[]): void {
    this.wanted = true
    for (let kind = 0; kind < names.length; kind++) {
      if (kinds !== undefined && !kinds.includes(kind)) continue
      const others = this.sinks[kind]
      this.sinks[kind] = others === null || others === undefined ? [sink] : [...others, sink]
    }
  }

  emit(kind: number, cpu: number, context: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    if (!this.wanted) return
    const index = this.count++
    if (index === RECORDS_MAX) this.clock.hitLimit(`more than ${RECORDS_MAX} trace records`)
    const timeNs = this.clock.now
    if (this.recorder !== null) this.recorder.append(timeNs, kind, cpu, context, a, b, c, d, e, f)
    const sinks = this.sinks[kind]
    if (sinks === null || sinks === undefined) return
    const r = this.current
    r.index = index
    r.timeNs = timeNs
    r.kind = kind
    r.cpu = cpu
    r.context = context
    r.a = a
    r.b = b
    r.c = c
    r.d = d
    r.e = e
    r.f = f
    for (let i = 0; i < sinks.length; i++) (sinks[i] as TraceSink).record(r)
  }
}

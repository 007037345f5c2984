/**
 * The only way out of a run: typed records offered to sinks. A record that no sink asked for costs
 * one branch. The record object is reused for every record: a sink copies what it wants to keep.
 *
 * Not here: storing (trace-store.ts), text (trace-text.ts). Times are integer nanoseconds.
 */

import { Symbols } from './symbols.ts'
import { ARITY, BLOCK_MASK, CHUNK_MASK } from './trace-chunk.ts'
import type { TraceColumns } from './trace-columns.ts'
import { RECORDS, type RecordName } from './trace-kinds.ts'

const names = Object.keys(RECORDS) as RecordName[]

/** Number of each record kind, by name: `T.sched_switch`. */
export const T = Object.fromEntries(names.map((name, index) => [name, index])) as {
  readonly [N in RecordName]: number
}

/** Kind names by number. */
export const KIND_NAMES: readonly RecordName[] = names

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

export class Trace {
  readonly symbols = new Symbols()
  /** Records emitted so far. */
  count = 0
  /** Whether accesses of shared variables are recorded; set before the world is built. */
  accesses = false
  /** Bits of access-flags.ts that the accesses under way have beside their own. */
  accessMark = 0
  private readonly current = new TraceRecord()
  private recorder: TraceColumns | null = null
  /** Sinks of each kind; a kind that nobody asked for has none. */
  private readonly sinks: TraceSink[][] = names.map(() => [])
  /** 1 for each kind that has a sink. */
  private readonly listened = new Uint8Array(names.length)
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
  setRecorder(recorder: TraceColumns): void {
    this.recorder = recorder
    this.wanted = true
  }

  /** A sink for some kinds, or for all. */
  addSink(sink: TraceSink, kinds?: readonly number[]): void {
    this.wanted = true
    for (let kind = 0; kind < names.length; kind++) {
      if (kinds !== undefined && !kinds.includes(kind)) continue
      ;(this.sinks[kind] as TraceSink[]).push(sink)
      this.listened[kind] = 1
    }
  }

  /** Called tens of times a period: writes the recording's columns in place. */
  emit(kind: number, cpu: number, context: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    if (!this.wanted) return
    const index = this.count++
    const { recorder } = this
    if (recorder !== null) {
      const nth = recorder.length++
      if ((nth & BLOCK_MASK) === 0) this.beginBlock(recorder, nth)
      const at = nth & CHUNK_MASK
      recorder.times[at] = this.clock.now
      recorder.heads[at] = (kind << 8) | cpu
      recorder.contexts[at] = context
      const { args, argEnd } = recorder
      const arity = ARITY[kind] as number
      // What exceeds the kind's arity is overwritten by the next record.
      args[argEnd] = a
      args[argEnd + 1] = b
      args[argEnd + 2] = c
      if (arity > 3) {
        args[argEnd + 3] = d
        args[argEnd + 4] = e
        args[argEnd + 5] = f
      }
      recorder.argEnd = argEnd + arity
    }
    if (this.listened[kind] !== 0) this.offer(index, kind, cpu, context, [a, b, c, d, e, f])
  }

  private beginBlock(recorder: TraceColumns, first: number): void {
    const { lengthMax } = recorder
    if (first >= lengthMax) this.clock.hitLimit(`more than ${lengthMax} trace records`)
    recorder.beginBlock(first)
  }

  /** To the sinks, by way of the one record object. */
  private offer(
    index: number,
    kind: number,
    cpu: number,
    context: number,
    args: readonly [number, number, number, number, number, number],
  ): void {
    const r = this.current
    r.index = index
    r.timeNs = this.clock.now
    r.kind = kind
    r.cpu = cpu
    r.context = context
    ;[r.a, r.b, r.c, r.d, r.e, r.f] = args
    const sinks = this.sinks[kind] as TraceSink[]
    for (let i = 0; i < sinks.length; i++) (sinks[i] as TraceSink).record(r)
  }
}

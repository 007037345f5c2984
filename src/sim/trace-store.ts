/**
 * A recording of a run: the source of records for any number of folds after the run, and a sink for
 * records that come from elsewhere.
 */
import { unreachable } from '../base/assert.ts'
import type { Symbols } from './symbols.ts'
import { TraceRecord, type TraceSink } from './trace.ts'
import {
  ARITY,
  argStart,
  BLOCK_MASK,
  CHUNK_MASK,
  CHUNK_RECORDS,
  type TraceChunk,
} from './trace-chunk.ts'
import { type ChunkPool, TraceColumns } from './trace-columns.ts'

export class TraceStore extends TraceColumns implements TraceSink {
  readonly symbols: Symbols

  constructor(symbols: Symbols, pool: ChunkPool | null = null) {
    super(pool)
    this.symbols = symbols
  }

  /** Adds a copy of a record. */
  record(r: TraceRecord): void {
    const nth = this.length++
    if ((nth & BLOCK_MASK) === 0) this.beginBlock(nth)
    const at = nth & CHUNK_MASK
    const { args, argEnd } = this
    this.times[at] = r.timeNs
    this.heads[at] = (r.kind << 8) | r.cpu
    this.contexts[at] = r.context
    args[argEnd] = r.a
    args[argEnd + 1] = r.b
    args[argEnd + 2] = r.c
    args[argEnd + 3] = r.d
    args[argEnd + 4] = r.e
    args[argEnd + 5] = r.f
    this.argEnd = argEnd + (ARITY[r.kind] as number)
  }

  /** Offers every record to the sink, in order; the record object is reused. */
  replay(sink: TraceSink): void {
    const r = new TraceRecord()
    let [index, nth] = [0, 0]
    for (const chunk of this.chunksInOrder()) {
      const length = this.lengthOf(nth++)
      let from = 0
      for (let at = 0; at < length; at++) {
        from += load(chunk, at, from, r)
        r.index = index++
        sink.record(r)
      }
    }
  }

  /** Copies record `index` into `into`. */
  at(index: number, into: TraceRecord): TraceRecord {
    if (!(index >= 0 && index < this.length)) unreachable(`no record ${index} of ${this.length}`)
    const chunk = this.chunk(Math.floor(index / CHUNK_RECORDS))
    const at = index & CHUNK_MASK
    load(chunk, at, argStart(chunk, at), into)
    into.index = index
    return into
  }
}

/** Copies record `at`, whose arguments begin at `from`; returns their number. */
export function load(chunk: TraceChunk, at: number, from: number, r: TraceRecord): number {
  const head = chunk.heads[at] as number
  const kind = head >> 8
  const arity = ARITY[kind] as number
  const args = chunk.args
  r.timeNs = chunk.times[at] as number
  r.kind = kind
  r.cpu = head & 255
  r.context = chunk.contexts[at] as number
  r.a = arity > 0 ? (args[from] as number) : 0
  r.b = arity > 1 ? (args[from + 1] as number) : 0
  r.c = arity > 2 ? (args[from + 2] as number) : 0
  r.d = arity > 3 ? (args[from + 3] as number) : 0
  r.e = arity > 4 ? (args[from + 4] as number) : 0
  r.f = arity > 5 ? (args[from + 5] as number) : 0
  return arity
}

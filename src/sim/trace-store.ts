/**
 * A recording of a run: records in chunks of typed columns, 14 bytes and 8 for each argument. It is
 * a sink while the run goes on and a source of records afterwards, for any number of folds.
 */
import { unreachable } from '../base/assert.ts'
import type { Symbols } from './symbols.ts'
import { KIND_ARITY, TraceRecord, type TraceRecorder, type TraceSink } from './trace.ts'

const CHUNK_BITS = 14
const CHUNK_RECORDS = 1 << CHUNK_BITS
const ARGS_MAX = 6
/** Where a record's arguments begin is kept for each 64th record only. */
const BLOCK_BITS = 6
const BLOCK_MASK = (1 << BLOCK_BITS) - 1

/** Columns of up to 16,384 consecutive records, in one piece of memory until the arguments grow. */
export class TraceChunk {
  readonly times: Float64Array
  /** kind << 8 | cpu */
  readonly heads: Uint16Array
  readonly contexts: Uint32Array
  readonly argStarts: Uint32Array
  args: Float64Array
  length = 0
  argLength = 0

  constructor() {
    const n = CHUNK_RECORDS
    const blocks = n >> BLOCK_BITS
    // 8 bytes for the time and two arguments of 8, 4 for the context, 2 for the head.
    const buffer = new ArrayBuffer(n * 30 + blocks * 4)
    this.times = new Float64Array(buffer, 0, n)
    this.args = new Float64Array(buffer, n * 8, n * 2)
    this.contexts = new Uint32Array(buffer, n * 24, n)
    this.argStarts = new Uint32Array(buffer, n * 28, blocks)
    this.heads = new Uint16Array(buffer, n * 28 + blocks * 4, n)
  }
}

export class TraceStore implements TraceSink, TraceRecorder {
  readonly symbols: Symbols
  readonly chunks: TraceChunk[] = []
  private chunk: TraceChunk = new TraceChunk()

  constructor(symbols: Symbols) {
    this.symbols = symbols
    this.chunks.push(this.chunk)
  }

  get length(): number {
    return (this.chunks.length - 1) * CHUNK_RECORDS + this.chunk.length
  }

  record(r: TraceRecord): void {
    this.append(r.timeNs, r.kind, r.cpu, r.context, r.a, r.b, r.c, r.d, r.e, r.f)
  }

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
  ): void {
    let chunk = this.chunk
    if (chunk.length === CHUNK_RECORDS) chunk = this.nextChunk()
    const at = chunk.length++
    chunk.times[at] = timeNs
    chunk.heads[at] = (kind << 8) | cpu
    chunk.contexts[at] = context
    const to = chunk.argLength
    if ((at & BLOCK_MASK) === 0) chunk.argStarts[at >> BLOCK_BITS] = to
    if (to + ARGS_MAX > chunk.args.length) chunk.args = widen(chunk.args)
    // All six are written: what exceeds the kind's arity is overwritten by the next record.
    const { args } = chunk
    args[to] = a
    args[to + 1] = b
    args[to + 2] = c
    args[to + 3] = d
    args[to + 4] = e
    args[to + 5] = f
    chunk.argLength = to + (KIND_ARITY[kind] as number)
  }

  /** Offers every record to the sink, in order; the record object is reused. */
  replay(sink: TraceSink): void {
    const r = new TraceRecord()
    let index = 0
    for (const chunk of this.chunks) {
      let from = 0
      for (let at = 0; at < chunk.length; at++) {
        from += load(chunk, at, from, r)
        r.index = index++
        sink.record(r)
      }
    }
  }

  /** Copies record `index` into `into`. */
  at(index: number, into: TraceRecord): TraceRecord {
    if (!(index >= 0 && index < this.length)) unreachable(`no record ${index} of ${this.length}`)
    const chunk = this.chunks[index >> CHUNK_BITS] as TraceChunk
    const at = index & (CHUNK_RECORDS - 1)
    load(chunk, at, argStart(chunk, at), into)
    into.index = index
    return into
  }

  private nextChunk(): TraceChunk {
    this.chunk = new TraceChunk()
    this.chunks.push(this.chunk)
    return this.chunk
  }
}

/** Position of a record's first argument. */
function argStart(chunk: TraceChunk, at: number): number {
  let from = chunk.argStarts[at >> BLOCK_BITS] as number
  for (let i = at & ~BLOCK_MASK; i < at; i++) {
    from += KIND_ARITY[(chunk.heads[i] as number) >> 8] as number
  }
  return from
}

/** Copies record `at`, whose arguments begin at `from`; returns their number. */
function load(chunk: TraceChunk, at: number, from: number, r: TraceRecord): number {
  const head = chunk.heads[at] as number
  const kind = head >> 8
  const arity = KIND_ARITY[kind] as number
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

function widen(args: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(args.length * 2)
  wider.set(args)
  return wider
}

/**
 * Where records are kept: chunks of typed columns, 14 bytes a record and 8 for each argument. The
 * columns of the current chunk are open to Trace.emit, which writes them in place: a call with ten
 * arguments would cost as much as the writing.
 */
import { RECORDS, type RecordName } from './trace-kinds.ts'

const CHUNK_BITS = 14
export const CHUNK_RECORDS = 1 << CHUNK_BITS
export const ARGS_MAX = 6
/** Where a record's arguments begin is kept for each 64th record only. */
export const BLOCK_BITS = 6
export const BLOCK_MASK = (1 << BLOCK_BITS) - 1

/** Number of arguments of each kind. */
export const ARITY = Uint8Array.from(
  (Object.keys(RECORDS) as RecordName[]).map((name) => RECORDS[name].length - 1),
)

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

export class TraceColumns {
  readonly chunks: TraceChunk[] = []
  chunk: TraceChunk = new TraceChunk()
  // The current chunk's columns, one step nearer.
  times = this.chunk.times
  heads = this.chunk.heads
  contexts = this.chunk.contexts
  args = this.chunk.args

  constructor() {
    this.chunks.push(this.chunk)
  }

  get length(): number {
    return (this.chunks.length - 1) * CHUNK_RECORDS + this.chunk.length
  }

  nextChunk(): void {
    const chunk = new TraceChunk()
    this.chunks.push(chunk)
    this.chunk = chunk
    this.times = chunk.times
    this.heads = chunk.heads
    this.contexts = chunk.contexts
    this.args = chunk.args
  }

  /** Room for more arguments than two a record. */
  widen(): void {
    const wider = new Float64Array(this.args.length * 2)
    wider.set(this.args)
    this.args = wider
    this.chunk.args = wider
  }
}

/**
 * A stretch of consecutive records as typed columns, 14 bytes a record and 8 for each argument, and
 * where in it a record's arguments are. Its form as bytes is trace-chunk-bytes.ts; which chunks
 * there are is for trace-columns.ts.
 */
import { RECORDS, type RecordName } from './trace-kinds.ts'

const CHUNK_BITS = 14
export const CHUNK_RECORDS = 1 << CHUNK_BITS
/** Place of a record in its chunk. */
export const CHUNK_MASK = CHUNK_RECORDS - 1
const ARGS_MAX = 6
/** Where a record's arguments begin is kept for each 64th record only. */
export const BLOCK_BITS = 6
export const BLOCK_MASK = (1 << BLOCK_BITS) - 1
/** Most arguments of a block. */
export const BLOCK_ARGS_MAX = ARGS_MAX << BLOCK_BITS

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

/** Makes room for more arguments than two a record: for at least `length`. */
export function widen(chunk: TraceChunk, length: number): void {
  const wider = new Float64Array(Math.max(length, chunk.args.length * 2))
  wider.set(chunk.args)
  chunk.args = wider
}

/** Position of a record's first argument; of the place after the last record: their number. */
export function argStart(chunk: TraceChunk, at: number): number {
  const block = at === 0 ? 0 : (at - 1) >> BLOCK_BITS
  let from = chunk.argStarts[block] as number
  for (let i = block << BLOCK_BITS; i < at; i++) {
    from += ARITY[(chunk.heads[i] as number) >> 8] as number
  }
  return from
}

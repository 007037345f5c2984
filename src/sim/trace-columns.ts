/**
 * Where records are kept: chunks of typed columns, 14 bytes a record and 8 for each argument. The
 * columns of the current chunk are open to Trace.emit, which writes them in place: a call with ten
 * arguments would cost as much as the writing.
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
const BLOCK_ARGS_MAX = ARGS_MAX << BLOCK_BITS

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

/**
 * Chunks that a recording no longer needs, for the next one: fresh memory costs a sixth of a run.
 * Belongs to whoever makes many runs one after the other.
 */
export class ChunkPool {
  private readonly free: TraceChunk[] = []

  take(): TraceChunk {
    return this.free.pop() ?? new TraceChunk()
  }

  give(chunks: readonly TraceChunk[]): void {
    for (const chunk of chunks) if (this.free.length < POOL_CHUNKS_MAX) this.free.push(chunk)
  }
}

/** About 250 MB. */
const POOL_CHUNKS_MAX = 512

export class TraceColumns {
  readonly chunks: TraceChunk[] = []
  /** Records so far. */
  length = 0
  // The current chunk's columns, one step nearer, and where its next argument goes.
  times: Float64Array = new Float64Array(0)
  heads: Uint16Array = new Uint16Array(0)
  contexts: Uint32Array = new Uint32Array(0)
  args: Float64Array = this.times
  argEnd = 0
  private readonly pool: ChunkPool | null

  constructor(pool: ChunkPool | null = null) {
    this.pool = pool
  }

  /** Gives the memory back to the pool; the recording is empty and must not be used again. */
  release(): void {
    this.pool?.give(this.chunks.splice(0))
    this.length = 0
  }

  /** Before record `first`, the first of a block: makes room for all of the block. */
  beginBlock(first: number): void {
    const at = first & CHUNK_MASK
    if (at === 0) this.nextChunk()
    const chunk = this.chunks[this.chunks.length - 1] as TraceChunk
    if (this.argEnd + BLOCK_ARGS_MAX > chunk.args.length) widen(chunk)
    this.args = chunk.args
    chunk.argStarts[at >> BLOCK_BITS] = this.argEnd
  }

  private nextChunk(): void {
    const chunk = this.pool === null ? new TraceChunk() : this.pool.take()
    this.chunks.push(chunk)
    this.times = chunk.times
    this.heads = chunk.heads
    this.contexts = chunk.contexts
    this.argEnd = 0
  }
}

/** Room for more arguments than two a record. */
function widen(chunk: TraceChunk): void {
  const wider = new Float64Array(chunk.args.length * 2)
  wider.set(chunk.args)
  chunk.args = wider
}

/**
 * Where records are kept: chunks of typed columns. The columns of the current chunk are open to
 * Trace.emit, which writes them in place: a call with ten arguments would cost as much as the
 * writing. A recording that was given a file keeps its first chunks and the current one in memory
 * and the others there, so that its memory does not grow with the time that is simulated.
 */
import {
  BLOCK_ARGS_MAX,
  BLOCK_BITS,
  CHUNK_MASK,
  CHUNK_RECORDS,
  TraceChunk,
  widen,
} from './trace-chunk.ts'
import { ChunkEncoder, decodeChunk } from './trace-chunk-bytes.ts'

/** Blocks of bytes outside of memory, numbered from 0 in the order in which they came. */
export interface BlockFile {
  /** Adds a block; a piece is valid only until the next one is asked for. */
  append(pieces: Iterable<Uint8Array>): void
  /** Block `nth`; valid until the next call. */
  read(nth: number): Uint8Array
  /** Forgets all blocks. */
  close(): void
}

/**
 * Chunks that a recording no longer needs, for the next one: fresh memory costs a sixth of a run.
 * Belongs to whoever makes many runs one after the other, and says where long recordings go.
 */
export class ChunkPool {
  private readonly free: TraceChunk[] = []
  /** Null: recordings stay in memory. */
  readonly openFile: (() => BlockFile) | null

  constructor(openFile: (() => BlockFile) | null = null) {
    this.openFile = openFile
  }

  take(): TraceChunk {
    return this.free.pop() ?? new TraceChunk()
  }

  give(chunks: readonly TraceChunk[]): void {
    for (const chunk of chunks) if (this.free.length < POOL_CHUNKS_MAX) this.free.push(chunk)
  }
}

/** About 250 MB. */
const POOL_CHUNKS_MAX = 512
/** First chunks of a recording that stay in memory beside its file: 8 MB, most whole runs. */
const KEPT_CHUNKS = 16
/** Chunks brought back from the file that are remembered. */
const FETCHED_CHUNKS = 4
/** About 2.5 GB of columns. */
const RECORDS_IN_MEMORY_MAX = 50_000_000
/** About 12 GB of file. */
const RECORDS_MAX = 1_000_000_000

export class TraceColumns {
  /** Records so far. */
  length = 0
  // The current chunk's columns, one step nearer, and where its next argument goes.
  times: Float64Array = new Float64Array(0)
  heads: Uint16Array = new Uint16Array(0)
  contexts: Uint32Array = new Uint32Array(0)
  args: Float64Array = this.times
  argEnd = 0
  private readonly kept: TraceChunk[] = []
  private current: TraceChunk | null = null
  private readonly pool: ChunkPool | null
  private file: BlockFile | null = null
  private readonly encoder = new ChunkEncoder()
  /** Chunks from the file, the latest used first. */
  private readonly fetched: { nth: number; readonly chunk: TraceChunk }[] = []

  constructor(pool: ChunkPool | null = null) {
    this.pool = pool
  }

  /** Most records that it takes. */
  get lengthMax(): number {
    return this.pool?.openFile == null ? RECORDS_IN_MEMORY_MAX : RECORDS_MAX
  }

  /** Number of chunks. */
  get chunkCount(): number {
    return Math.ceil(this.length / CHUNK_RECORDS)
  }

  /** Records in chunk `nth`. */
  lengthOf(nth: number): number {
    const left = this.length - nth * CHUNK_RECORDS
    return left < CHUNK_RECORDS ? left : CHUNK_RECORDS
  }

  /** The bytes of chunk `nth` (trace-chunk-bytes.ts); a piece is valid until the next one. */
  bytesOf(nth: number): Iterable<Uint8Array> {
    const chunk = this.inMemory(nth)
    if (chunk !== null) return this.encoder.pieces(chunk, this.lengthOf(nth))
    return [this.fileRead(nth)]
  }

  /** Gives memory and file back; the recording is empty and must not be used again. */
  release(): void {
    const { current } = this
    const own = current === null || this.kept.includes(current) ? [] : [current]
    const fetched = this.fetched.splice(0).map(({ chunk }) => chunk)
    this.pool?.give([...this.kept.splice(0), ...own, ...fetched])
    this.current = null
    this.file?.close()
    this.file = null
    this.length = 0
  }

  /** Before record `first`, the first of a block: makes room for all of the block. */
  beginBlock(first: number): void {
    const at = first & CHUNK_MASK
    const chunk = at === 0 || this.current === null ? this.nextChunk(first) : this.current
    if (this.argEnd + BLOCK_ARGS_MAX > chunk.args.length) widen(chunk, 0)
    this.args = chunk.args
    chunk.argStarts[at >> BLOCK_BITS] = this.argEnd
  }

  /** Chunk `nth`, valid until others are asked for. */
  protected chunk(nth: number): TraceChunk {
    const chunk = this.inMemory(nth)
    if (chunk !== null) return chunk
    const [latest] = this.fetched
    return latest?.nth === nth ? latest.chunk : this.recall(nth)
  }

  /**
   * Every chunk in order; valid until the next one. One that is on file comes into memory of its
   * own, so that the sink of a replay may look at other records.
   */
  protected *chunksInOrder(): Generator<TraceChunk, void, undefined> {
    let spare: TraceChunk | null = null
    for (let nth = 0; nth < this.chunkCount; nth++) {
      const chunk = this.inMemory(nth)
      if (chunk === null) spare = this.decode(nth, spare ?? this.spare())
      yield chunk ?? (spare as TraceChunk)
    }
    if (spare !== null) this.pool?.give([spare])
  }

  private spare(): TraceChunk {
    return this.pool?.take() ?? new TraceChunk()
  }

  private decode(nth: number, into: TraceChunk): TraceChunk {
    decodeChunk(this.fileRead(nth), 0, CHUNK_RECORDS, into)
    return into
  }

  private nextChunk(first: number): TraceChunk {
    const nth = first / CHUNK_RECORDS
    const chunk = this.roomFor(nth)
    this.current = chunk
    this.times = chunk.times
    this.heads = chunk.heads
    this.contexts = chunk.contexts
    this.argEnd = 0
    return chunk
  }

  /** A chunk for the records of number `nth`: a fresh one, or the current one, put on file. */
  private roomFor(nth: number): TraceChunk {
    const open = this.pool?.openFile ?? null
    if (open === null || nth < KEPT_CHUNKS) {
      const chunk = this.spare()
      this.kept.push(chunk)
      return chunk
    }
    if (nth === KEPT_CHUNKS || this.current === null) return this.spare()
    this.file ??= open()
    this.file.append(this.encoder.pieces(this.current, CHUNK_RECORDS))
    return this.current
  }

  private inMemory(nth: number): TraceChunk | null {
    return this.kept[nth] ?? (nth === this.chunkCount - 1 ? this.current : null)
  }

  private fileRead(nth: number): Uint8Array {
    return (this.file as BlockFile).read(nth - KEPT_CHUNKS)
  }

  private recall(nth: number): TraceChunk {
    const { fetched } = this
    const known = fetched.findIndex((one) => one.nth === nth)
    if (known >= 0) {
      const [one] = fetched.splice(known, 1)
      if (one !== undefined) fetched.unshift(one)
    } else {
      const full = fetched.length >= FETCHED_CHUNKS ? fetched.pop() : undefined
      const chunk = this.decode(nth, full?.chunk ?? this.spare())
      fetched.unshift({ nth, chunk })
    }
    return (fetched[0] as (typeof fetched)[number]).chunk
  }
}

/**
 * A chunk of records as compact bytes and back: what a run's fingerprint is made of, what a report
 * page carries, and what a long recording keeps on disk. Bytes that are not of this form are our
 * own bug.
 *
 * Layout: four columns: the times since the record before (of the chunk's first: since 0),
 * kind << 8 | cpu, the contexts, the arguments in order. A column is its values as uint16, where
 * 65535 stands for a value that is none, and then those values as float64; all little-endian. -0 is
 * written as 0, as in the text form.
 */
import { ARITY, argStart, BLOCK_BITS, BLOCK_MASK, type TraceChunk, widen } from './trace-chunk.ts'

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const ESCAPE = 65_535

/** Writes chunks; its memory is used again for each. */
export class ChunkEncoder {
  private readonly column = new NarrowColumn()

  /** The bytes of the chunk's first `length` records; a piece is valid until the next one. */
  pieces(chunk: TraceChunk, length: number): Iterable<Uint8Array> {
    return chunkPieces(chunk, length, this.column)
  }
}

function* chunkPieces(
  chunk: TraceChunk,
  length: number,
  column: NarrowColumn,
): Generator<Uint8Array, void, undefined> {
  yield* column.pieces(intervals(chunk.times, length), length)
  yield* column.pieces(chunk.heads, length)
  yield* column.pieces(chunk.contexts, length)
  yield* column.pieces(chunk.args, argStart(chunk, length))
}

function intervals(times: Float64Array, length: number): Float64Array {
  const out = new Float64Array(length)
  let last = 0
  for (let i = 0; i < length; i++) {
    const time = times[i] as number
    out[i] = time - last
    last = time
  }
  return out
}

type Values = Float64Array | Uint32Array | Uint16Array

class NarrowColumn {
  private narrow = new Uint16Array(0)
  private wide = new Float64Array(0)

  /** The two pieces of a column; valid until the next call. */
  pieces(values: Values, length: number): Uint8Array[] {
    if (this.narrow.length < length) {
      this.narrow = new Uint16Array(length)
      this.wide = new Float64Array(length)
    }
    const wideLength = this.split(values, length)
    return [
      littleEndian(this.narrow.subarray(0, length)),
      littleEndian(this.wide.subarray(0, wideLength)),
    ]
  }

  private split(values: Values, length: number): number {
    const { narrow, wide } = this
    let wideLength = 0
    for (let i = 0; i < length; i++) {
      const value = values[i] as number
      const small = value & 65_535
      if (small === value && small !== ESCAPE) narrow[i] = small
      else {
        narrow[i] = ESCAPE
        wide[wideLength++] = value
      }
    }
    return wideLength
  }
}

function littleEndian(column: Float64Array | Uint16Array): Uint8Array {
  const bytes = new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
  return LITTLE_ENDIAN ? bytes : swapped(bytes, column.BYTES_PER_ELEMENT)
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(bytes.length)
  for (let at = 0; at < bytes.length; at += width) {
    for (let i = 0; i < width; i++) out[at + i] = bytes[at + width - 1 - i] as number
  }
  return out
}

/** Reads the `length` records at `from` of `bytes` into the chunk; returns where they end. */
export function decodeChunk(
  bytes: Uint8Array,
  from: number,
  length: number,
  chunk: TraceChunk,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = decodeColumn(view, from, length, chunk.times)
  let time = 0
  for (let i = 0; i < length; i++) {
    time += chunk.times[i] as number
    chunk.times[i] = time
  }
  at = decodeColumn(view, at, length, chunk.heads)
  at = decodeColumn(view, at, length, chunk.contexts)
  let args = 0
  for (let i = 0; i < length; i++) {
    if ((i & BLOCK_MASK) === 0) chunk.argStarts[i >> BLOCK_BITS] = args
    args += ARITY[(chunk.heads[i] as number) >> 8] as number
  }
  if (args > chunk.args.length) widen(chunk, args)
  return decodeColumn(view, at, args, chunk.args)
}

/** Returns where the column ends. */
function decodeColumn(view: DataView, from: number, length: number, into: Values): number {
  let wide = from + 2 * length
  for (let i = 0; i < length; i++) {
    const narrow = view.getUint16(from + 2 * i, true)
    if (narrow === ESCAPE) {
      into[i] = view.getFloat64(wide, true)
      wide += 8
    } else into[i] = narrow
  }
  return wide
}

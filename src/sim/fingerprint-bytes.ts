/**
 * The canonical bytes of a recording, whose SHA-256 is the run's fingerprint. Narrow columns,
 * because hashing costs more than the making. Not the hash itself (app/Fingerprint.ts) and not the
 * text form (trace-text.ts).
 *
 * Layout: one line of UTF-8 (format, version, symbol tables), then of each block of 16,384 records
 * four columns: the times since the record before (of the block's first: since 0), kind << 8 | cpu,
 * the contexts, the arguments in order. A column is its values as uint16, where 65535 stands for a
 * value that is none, and then those values as float64; all little-endian. -0 is written as 0, as
 * in the text form.
 */
import { SYMBOL_TABLES, type Symbols } from './symbols.ts'
import { TRACE_VERSION } from './trace-kinds.ts'
import type { TraceChunk, TraceStore } from './trace-store.ts'

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const ESCAPE = 65_535

/** The byte stream in pieces; a piece is valid until the next one is asked for. */
export function* fingerprintBytes(store: TraceStore): Generator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(symbolLine(store.symbols))
  const column = new NarrowColumn()
  for (let at = 0; at < store.chunks.length; at++) {
    const chunk = store.chunks[at] as TraceChunk
    const length = store.lengthOf(at)
    yield* column.pieces(intervals(chunk.times, length), length)
    yield* column.pieces(chunk.heads, length)
    yield* column.pieces(chunk.contexts, length)
    yield* column.pieces(chunk.args, store.argLengthOf(at))
  }
}

function symbolLine(symbols: Symbols): string {
  const tables = SYMBOL_TABLES.map((table) => [
    table,
    symbols.entries(table).map((entry) => [entry.name, entry.kind ?? '', entry.group ?? '']),
  ])
  return `pcmsim-fingerprint ${TRACE_VERSION} ${JSON.stringify(tables)}\n`
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

/**
 * The canonical bytes of a recording, whose SHA-256 is the run's fingerprint. Little-endian on
 * every machine. Not the hash itself (app/Fingerprint.ts) and not the text form (trace-text.ts).
 *
 * Layout: the header line as UTF-8 (format, version, symbol tables), then for each block of up to
 * 16,384 records: their number (uint32), the times (float64), kind << 8 | cpu (uint16), contexts
 * (uint32) and the arguments of all of them in order (float64). -0 is written as 0.
 */
import { SYMBOL_TABLES, type Symbols } from './symbols.ts'
import { TRACE_VERSION } from './trace-kinds.ts'
import type { TraceChunk, TraceStore } from './trace-store.ts'

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The byte stream in pieces; a piece is valid until the next one is asked for. */
export function* fingerprintBytes(store: TraceStore): Generator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(symbolLine(store.symbols))
  for (const chunk of store.chunks) {
    yield littleEndian(new Uint32Array([chunk.length]))
    yield littleEndian(chunk.times.subarray(0, chunk.length))
    yield littleEndian(chunk.heads.subarray(0, chunk.length))
    yield littleEndian(chunk.contexts.subarray(0, chunk.length))
    yield littleEndian(argumentsOf(chunk))
  }
}

function symbolLine(symbols: Symbols): string {
  const tables = SYMBOL_TABLES.map((table) => [
    table,
    symbols.entries(table).map((entry) => [entry.name, entry.kind ?? '', entry.group ?? '']),
  ])
  return `pcmsim-fingerprint ${TRACE_VERSION} ${JSON.stringify(tables)}\n`
}

/** A copy without negative zeros: they print as 0, so a trace read back would differ. */
function argumentsOf(chunk: TraceChunk): Float64Array {
  const copy = new Float64Array(chunk.argLength)
  const args = chunk.args
  for (let i = 0; i < copy.length; i++) copy[i] = (args[i] as number) + 0
  return copy
}

type Column = Float64Array | Uint16Array | Uint32Array

function littleEndian(column: Column): Uint8Array {
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

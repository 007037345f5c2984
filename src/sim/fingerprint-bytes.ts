/**
 * The canonical bytes of a recording, whose SHA-256 is the run's fingerprint. Narrow columns,
 * because hashing costs more than the making. Not the hash itself (app/Fingerprint.ts) and not the
 * text form (trace-text.ts).
 *
 * Layout: one line of UTF-8 (format, version, symbol tables), then each chunk of 16,384 records as
 * trace-chunk-bytes.ts lays it out.
 */
import { SYMBOL_TABLES, type Symbols } from './symbols.ts'
import { TRACE_VERSION } from './trace-kinds.ts'
import type { TraceStore } from './trace-store.ts'

/** The byte stream in pieces; a piece is valid until the next one is asked for. */
export function* fingerprintBytes(store: TraceStore): Generator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(symbolLine(store.symbols))
  for (let nth = 0; nth < store.chunkCount; nth++) yield* store.bytesOf(nth)
}

function symbolLine(symbols: Symbols): string {
  const tables = SYMBOL_TABLES.map((table) => [
    table,
    symbols.entries(table).map((entry) => [entry.name, entry.kind ?? '', entry.group ?? '']),
  ])
  return `pcmsim-fingerprint ${TRACE_VERSION} ${JSON.stringify(tables)}\n`
}

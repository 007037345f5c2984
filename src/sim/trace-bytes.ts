/**
 * A recording as compact bytes and back, for a page that carries its records with it: the form of
 * fingerprint-bytes.ts, which says how it is laid out, and its reader. Bytes that are not of this
 * form are our own bug, so the reader asserts.
 */
import { unreachable } from '../base/assert.ts'
import { fingerprintBytes } from './fingerprint-bytes.ts'
import { SYMBOL_TABLES, Symbols } from './symbols.ts'
import { TraceRecord } from './trace.ts'
import { CHUNK_RECORDS, TraceChunk } from './trace-chunk.ts'
import { decodeChunk } from './trace-chunk-bytes.ts'
import { load, TraceStore } from './trace-store.ts'

/** The bytes of a recording in one piece. */
export function traceBytes(store: TraceStore): Uint8Array {
  const pieces: Uint8Array[] = []
  let length = 0
  for (const piece of fingerprintBytes(store)) {
    pieces.push(piece.slice())
    length += piece.length
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

/** The recording of `count` records. */
export function readTraceBytes(bytes: Uint8Array, count: number): TraceStore {
  const end = bytes.indexOf(10)
  const store = new TraceStore(readSymbols(new TextDecoder().decode(bytes.subarray(0, end))))
  const chunk = new TraceChunk()
  const r = new TraceRecord()
  let at = end + 1
  for (let left = count; left > 0; left -= CHUNK_RECORDS) {
    const length = Math.min(left, CHUNK_RECORDS)
    at = decodeChunk(bytes, at, length, chunk)
    for (let i = 0, from = 0; i < length; i++) {
      from += load(chunk, i, from, r)
      store.record(r)
    }
  }
  return store
}

function readSymbols(line: string): Symbols {
  const symbols = new Symbols()
  const tables = JSON.parse(line.slice(line.indexOf('['))) as [string, string[][]][]
  for (const [name, entries] of tables) {
    const table = SYMBOL_TABLES.find((one) => one === name) ?? unreachable(`no table ${name}`)
    for (const [entry = '', kind = '', group = ''] of entries) {
      const rest = { ...(kind === '' ? {} : { kind }), ...(group === '' ? {} : { group }) }
      symbols.define(table, { name: entry, ...rest })
    }
  }
  return symbols
}

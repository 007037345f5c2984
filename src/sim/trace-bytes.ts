/**
 * A recording as compact bytes and back, for a page that carries its records with it: the form of
 * fingerprint-bytes.ts, which says how it is laid out, and its reader. Bytes that are not of this
 * form are our own bug, so the reader asserts.
 */
import { unreachable } from '../base/assert.ts'
import { fingerprintBytes } from './fingerprint-bytes.ts'
import { SYMBOL_TABLES, Symbols } from './symbols.ts'
import { TraceRecord } from './trace.ts'
import { ARITY, CHUNK_RECORDS } from './trace-columns.ts'
import { TraceStore } from './trace-store.ts'

const ESCAPE = 65_535

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
  const columns = new ColumnReader(bytes, end + 1)
  const r = new TraceRecord()
  for (let left = count; left > 0; left -= CHUNK_RECORDS) {
    const length = Math.min(left, CHUNK_RECORDS)
    const intervals = columns.read(length)
    const heads = columns.read(length)
    const contexts = columns.read(length)
    const args = columns.read(heads.reduce((sum, head) => sum + (ARITY[head >> 8] as number), 0))
    let [time, from] = [0, 0]
    for (let i = 0; i < length; i++) {
      const head = heads[i] as number
      time += intervals[i] as number
      r.timeNs = time
      r.kind = head >> 8
      r.cpu = head & 255
      r.context = contexts[i] as number
      const arity = ARITY[r.kind] as number
      const at = (n: number): number => (n < arity ? (args[from + n] as number) : 0)
      ;[r.a, r.b, r.c, r.d, r.e, r.f] = [at(0), at(1), at(2), at(3), at(4), at(5)]
      from += arity
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

/** Reads columns one after the other; little-endian whatever the machine is. */
class ColumnReader {
  private readonly view: DataView
  private at: number

  constructor(bytes: Uint8Array, at: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  read(length: number): Float64Array {
    const values = new Float64Array(length)
    let wide = this.at + 2 * length
    for (let i = 0; i < length; i++) {
      const narrow = this.view.getUint16(this.at + 2 * i, true)
      if (narrow === ESCAPE) {
        values[i] = this.view.getFloat64(wide, true)
        wide += 8
      } else values[i] = narrow
    }
    this.at = wide
    return values
  }
}

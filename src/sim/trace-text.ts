/**
 * A recording as text: NDJSON, a header line with version and symbol tables, then one line a
 * record. A recording survives the trip bit for bit. trace-lines.ts writes the lines;
 * docs/trace.md says what each column means. Times are integer nanoseconds.
 *
 *   {"t":1200,"ev":"sched:sched_waking","cpu":0,"ctx":"sh","args":{"target":"aplay","cpu":0}}
 *
 * `cpu` is null for hardware beside the processors. A symbol is written by its name, or `name#id`
 * where an earlier symbol of its table has that name; a number without a name stays a number.
 */
import { parseJson } from '../base/json.ts'
import { SYMBOL_TABLES, type SymbolEntry, Symbols } from './symbols.ts'
import { NO_CPU, TraceRecord } from './trace.ts'
import type { ChunkPool } from './trace-columns.ts'
import { CODES, TRACE_VERSION } from './trace-kinds.ts'
import {
  ARGUMENT_FIELDS,
  ARGUMENTS,
  type Argument,
  EVENT_NAMES,
  uniqueLabels,
} from './trace-labels.ts'
import { LineWriter } from './trace-lines.ts'
import { TraceStore } from './trace-store.ts'

export const TRACE_FORMAT = 'pcmsim-trace'

/** What the header tells about the run: facts that the records do not hold. */
export type TraceMeta = Readonly<Record<string, unknown>>

/** A trace file that cannot be read; `line` counts from 1. */
export class TraceTextFault extends Error {
  override readonly name = 'TraceTextFault'
  readonly line: number

  constructor(line: number, sentence: string) {
    super(sentence)
    this.line = line
  }
}

const PIECE_BYTES = 60_000

/** The text in pieces of some 60 KB, each ending with a whole line. */
export function* traceText(
  store: TraceStore,
  meta: TraceMeta = {},
): Generator<string, void, undefined> {
  const decoder = new TextDecoder()
  for (const piece of traceTextBytes(store, meta)) yield decoder.decode(piece)
}

/** The same as UTF-8; a piece is valid until the next one is asked for. */
export function* traceTextBytes(
  store: TraceStore,
  meta: TraceMeta = {},
): Generator<Uint8Array, void, undefined> {
  const writer = new LineWriter(store.symbols)
  const tables = Object.fromEntries(SYMBOL_TABLES.map((t) => [t, store.symbols.entries(t)]))
  const record = new TraceRecord()
  const about = { format: TRACE_FORMAT, version: TRACE_VERSION, records: store.length }
  const header = `${JSON.stringify({ ...about, meta, symbols: tables })}\n`
  yield new TextEncoder().encode(header)
  for (let index = 0; index < store.length; index++) {
    if (writer.add(store.at(index, record)) >= PIECE_BYTES) yield writer.take()
  }
  yield writer.take()
}

/** What was read: the records and what the header said of the run. */
export interface ReadTrace {
  readonly store: TraceStore
  readonly meta: TraceMeta
}

/** Reads a trace in any pieces; throws TraceTextFault at the first line that is not one. */
export class TraceTextReader {
  private rest = ''
  private line = 0
  private header: HeaderState | null = null
  private readonly record = new TraceRecord()
  private readonly pool: ChunkPool | null

  /** `pool` says where the records of a long trace are kept. */
  constructor(pool: ChunkPool | null = null) {
    this.pool = pool
  }

  push(piece: string): void {
    const { rest } = this
    const most = this.header === null ? HEADER_LENGTH_MAX : LINE_LENGTH_MAX
    if (rest.length > most) throw this.tooLong(most)
    const text = rest + piece
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.take(text.slice(from, end))
      from = end + 1
    }
    this.rest = text.slice(from)
  }

  finish(): ReadTrace {
    if (this.rest !== '') this.take(this.rest)
    const header = this.header
    if (header === null) throw this.fault('the file is empty, not a trace')
    const { store, expected, meta } = header
    if (store.length !== expected) {
      throw this.fault(`the trace is cut short: ${store.length} of ${expected} records`)
    }
    return { store, meta }
  }

  private take(text: string): void {
    this.line++
    const most = this.header === null ? HEADER_LENGTH_MAX : LINE_LENGTH_MAX
    if (text.length > most) throw new TraceTextFault(this.line, longLine(most))
    if (this.header === null) {
      this.header = readHeader(this.json(text), this.pool, (s) => this.fault(s))
    } else readRecord(this.json(text), this.header, this.record, (s) => this.fault(s))
  }

  private json(text: string): Json {
    let parsed: unknown
    try {
      parsed = parseJson(text)
    } catch {
      throw this.fault('this line is not JSON')
    }
    if (typeof parsed !== 'object' || parsed === null) throw this.fault('this line is no object')
    return parsed as Json
  }

  private tooLong(most: number): TraceTextFault {
    return new TraceTextFault(this.line + 1, longLine(most))
  }

  private fault(sentence: string): TraceTextFault {
    return new TraceTextFault(this.line, sentence)
  }
}

/** The header has all symbols; a record has the longest text of them at most. */
const HEADER_LENGTH_MAX = 8 * 1_048_576
const LINE_LENGTH_MAX = 1_048_576

function longLine(most: number): string {
  return `this line is longer than ${most / 1_048_576} MiB, the limit of a trace`
}

type Json = Readonly<Record<string, unknown>>
type Fault = (sentence: string) => TraceTextFault

interface HeaderState {
  readonly store: TraceStore
  readonly expected: number
  readonly meta: TraceMeta
  readonly numbers: Record<string, Map<string, number>>
}

function readHeader(json: Json, pool: ChunkPool | null, fault: Fault): HeaderState {
  if (json.format !== TRACE_FORMAT) throw fault(`not a ${TRACE_FORMAT} header`)
  if (json.version !== TRACE_VERSION) {
    throw fault(`trace version ${json.version}, this pcmsim reads version ${TRACE_VERSION}`)
  }
  const symbols = new Symbols()
  const numbers: Record<string, Map<string, number>> = {}
  for (const [type, words] of Object.entries(CODES)) numbers[type] = numbered(words)
  for (const table of SYMBOL_TABLES) {
    const entries = (json.symbols as Record<string, SymbolEntry[]> | undefined)?.[table]
    if (!Array.isArray(entries)) throw fault(`the header has no symbol table '${table}'`)
    if (entries.length > SYMBOLS_MAX) throw fault(`more than ${SYMBOLS_MAX} symbols '${table}'`)
    entries.forEach((entry, id) => {
      if (!isEntry(entry)) throw fault(`symbol ${id} of '${table}' has no name`)
      // A text is also entered where `text()` finds it, as in the run that wrote it.
      const plain = table === 'text' && entry.kind === undefined && entry.group === undefined
      if (!plain || symbols.text(entry.name) !== id) symbols.define(table, entry)
    })
    numbers[table] = numbered(uniqueLabels(entries))
  }
  const meta = (json.meta ?? {}) as TraceMeta
  return { store: new TraceStore(symbols, pool), expected: Number(json.records), meta, numbers }
}

/** More than any run has. */
const SYMBOLS_MAX = 10_000_000

function isEntry(value: unknown): value is SymbolEntry {
  const { name, kind, group } = (value ?? {}) as Partial<Record<string, unknown>>
  const isText = (one: unknown): boolean => typeof one === 'string'
  return (
    isText(name) && (kind === undefined || isText(kind)) && (group === undefined || isText(group))
  )
}

function numbered(words: readonly string[]): Map<string, number> {
  return new Map(words.map((word, index) => [word, index]))
}

const KIND_OF_EVENT = numbered(EVENT_NAMES)

function readRecord(json: Json, header: HeaderState, r: TraceRecord, fault: Fault): void {
  const kind = KIND_OF_EVENT.get(json.ev as string)
  if (kind === undefined) throw fault(`unknown event '${json.ev}'`)
  const beforeNs = header.store.length === 0 ? 0 : r.timeNs
  r.timeNs = timeOf(json.t, beforeNs, fault)
  r.kind = kind
  r.cpu = json.cpu === null ? NO_CPU : cpuOf(json.cpu, fault)
  r.context = numberOf(json.ctx, 'ctx', header, fault)
  const args = (json.args ?? {}) as Json
  const types = ARGUMENTS[kind] as readonly Argument[]
  types.forEach(({ name, type }, i) => {
    r[ARGUMENT_FIELDS[i] as 'a'] = numberOf(args[name], type, header, fault)
  })
  header.store.record(r)
}

/** More processors than any model has. */
const CPUS_MAX = 128

function timeOf(value: unknown, beforeNs: number, fault: Fault): number {
  if (typeof value !== 'number') throw fault('the record has no time')
  if (!Number.isSafeInteger(value)) throw fault(`the time ${value} is no whole number of ns`)
  if (value < beforeNs) throw fault(`the time ${value} is before that of the last record`)
  return value
}

function cpuOf(value: unknown, fault: Fault): number {
  const isOne = Number.isInteger(value) && (value as number) >= 0 && (value as number) < CPUS_MAX
  if (!isOne) throw fault(`'${value}' is not a CPU, allowed: null, 0..${CPUS_MAX - 1}`)
  return value as number
}

function numberOf(value: unknown, type: string, header: HeaderState, fault: Fault): number {
  if (typeof value === 'number') {
    const table = header.numbers[type]
    if (table === undefined) return value
    // -1: none.
    if (Number.isInteger(value) && value >= -1 && value < table.size) return value
    throw fault(`${value} is not a ${type}, allowed: -1..${table.size - 1}, or a name`)
  }
  const known = header.numbers[type]?.get(value as string)
  if (known !== undefined) return known
  const plain = typeof value === 'string' ? Number(value) : Number.NaN
  if (type === 'int' && (value === 'NaN' || !Number.isNaN(plain))) return plain
  throw fault(`'${value}' is not a ${type}`)
}

/**
 * A run as a ladder of short checks, so that a later run can say where it first differs without the
 * records of the earlier one. Not the fingerprint, which only says that it differs.
 *
 * A check is 12 bits of a hash over all records up to its place. Checks stand after each of the
 * first 512 records, then ever further apart (a 512th of the place), and after each record of a new
 * shape: an event, context and first symbol not seen together before. The places follow from the
 * records alone. So as long as two runs agree they have the same checks, and the first check that
 * differs says: the runs agree up to the check before, and no longer at this one's place.
 *
 * Records count by what they say (names, not symbol numbers), so a new lock shifts nothing.
 */
import { hash32 } from '../../base/hash.ts'
import { SYMBOL_TABLES, type Symbols, type SymbolTable } from '../../sim/symbols.ts'
import type { TraceRecord, TraceSink } from '../../sim/trace.ts'
import { ARGUMENT_FIELDS, ARGUMENTS, EVENT_NAMES, isSymbolTable } from '../../sim/trace-labels.ts'

const DENSE_BITS = 9
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Characters of one check. */
const WIDTH = 2
/** A ladder longer than this ends; what differs later is known to lie after it. */
const CHECKS_MAX = 32_768
const TWO_32 = 4_294_967_296

function mixed(hash: number, value: number): number {
  let h = Math.imul(hash ^ value, 0x9e3779b1)
  h ^= h >>> 15
  return Math.imul(h, 0x85ebca77)
}

function withNumber(hash: number, value: number): number {
  return mixed(mixed(hash, value | 0), Math.floor(value / TWO_32) | 0)
}

export class CheckLadder implements TraceSink {
  private readonly symbols: Symbols
  private readonly events = EVENT_NAMES.map((name) => hash32(name))
  private readonly tables = ARGUMENTS.map((args) =>
    args.map(({ type }) => (isSymbolTable(type) ? type : null)),
  )
  private readonly names = Object.fromEntries(
    SYMBOL_TABLES.map((table) => [table, [] as number[]]),
  ) as Record<SymbolTable, number[]>
  private readonly shapes = new Set<number>()
  private hash = 1
  private next = 0
  private readonly checks: string[] = []
  /** Index of the record after which each check stands. */
  readonly places: number[] = []

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    const shape = this.shapeOf(r)
    let h = withNumber(mixed(this.hash, shape), r.timeNs)
    h = mixed(h, r.cpu)
    const types = this.tables[r.kind] as readonly (SymbolTable | null)[]
    for (let i = 0; i < types.length; i++) {
      const value = r[ARGUMENT_FIELDS[i] as 'a']
      const table = types[i] as SymbolTable | null
      h = table === null ? withNumber(h, value) : mixed(h, this.nameOf(table, value))
    }
    this.hash = h
    const known = this.shapes.has(shape)
    if (!known) this.shapes.add(shape)
    if (r.index >= this.next || !known) this.put(r.index)
  }

  text(): string {
    return this.checks.join('')
  }

  private shapeOf(r: TraceRecord): number {
    const event = mixed(this.events[r.kind] as number, this.nameOf('ctx', r.context))
    const first = this.tables[r.kind]?.[0] ?? null
    // Every text is new, which would make each line of a log a shape of its own.
    return first === null || first === 'text' ? event : mixed(event, this.nameOf(first, r.a))
  }

  private put(index: number): void {
    if (this.checks.length >= CHECKS_MAX) return
    this.next = index + 1 + (index >>> DENSE_BITS)
    this.places.push(index)
    const bits = this.hash >>> 20
    this.checks.push((DIGITS[bits >>> 6] as string) + (DIGITS[bits & 63] as string))
  }

  private nameOf(table: SymbolTable, id: number): number {
    const known = this.names[table][id]
    if (known !== undefined) return known
    const entry = this.symbols.entries(table)[id]
    const hash = entry === undefined ? id | 0 : hash32(entry.name)
    this.names[table][id] = hash
    return hash
  }
}

/** Records of which the first is the first that differs: `after < first differing <= upTo`. */
export interface Bracket {
  /** The last record known to be equal; -1: none. */
  readonly after: number
  /** Record that is known to differ, or `null`: beyond the end of the ladder or of the run. */
  readonly upTo: number | null
}

/** Where a run leaves the run whose ladder is `before`; null if the ladders are equal. */
export function bracketOf(before: string, now: CheckLadder): Bracket | null {
  const text = now.text()
  if (text === before) return null
  let at = 0
  while (at < text.length && text.slice(at, at + WIDTH) === before.slice(at, at + WIDTH)) {
    at += WIDTH
  }
  const place = at / WIDTH
  return { after: now.places[place - 1] ?? -1, upTo: now.places[place] ?? null }
}

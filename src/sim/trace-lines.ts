/**
 * A record as a line of the trace's text form (trace-text.ts), written as UTF-8 into memory that is
 * used again: strings of millions of records would make as much garbage as the run.
 */
import { SYMBOL_TABLES, type Symbols, type SymbolTable } from './symbols.ts'
import { NO_CPU, type TraceRecord } from './trace.ts'
import { CODES } from './trace-kinds.ts'
import {
  ARGUMENTS,
  type Argument,
  EVENT_NAMES,
  isSymbolTable,
  uniqueLabels,
} from './trace-labels.ts'

type Bytes = Uint8Array

interface KindPlan {
  /** From the event to `"cpu":`. */
  readonly event: Bytes
  /** What comes before each argument: `"name":`, before it a comma or what opens them all. */
  readonly keys: readonly Bytes[]
  /** Words by number, or null where numbers are written. */
  readonly labels: readonly (readonly Bytes[] | null)[]
  readonly end: Bytes
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const TIME = encoder.encode('{"t":')
const CONTEXT = encoder.encode(',"ctx":')
const NULL = encoder.encode('null')
const DIGIT_0 = 48
const MINUS = 45
/** Numbers are written in two parts: of nine digits, and before them of seven at most. */
const PART = 1e9
const PART_DIGITS = 9
/** A sign and the digits of the largest number that is written so. */
const NUMBER_BYTES_MAX = 17
/** Longer pieces are copied by the engine. */
const SHORT = 48

export class LineWriter {
  private readonly plans: readonly KindPlan[]
  private readonly contexts: readonly Bytes[]
  private bytes = new Uint8Array(4096)
  private length = 0

  constructor(symbols: Symbols) {
    const labels = quotedLabels(symbols)
    this.plans = EVENT_NAMES.map((_, kind) => kindPlan(kind, labels))
    this.contexts = labels.ctx
  }

  /** The record's line with its line feed. */
  line(r: TraceRecord): string {
    this.length = 0
    this.add(r)
    return decoder.decode(this.take())
  }

  /** Adds the record's line to those not taken yet; returns how many bytes they are. */
  add(r: TraceRecord): number {
    const plan = this.plans[r.kind] as KindPlan
    this.put(TIME)
    this.number(r.timeNs)
    this.put(plan.event)
    if (r.cpu === NO_CPU) this.put(NULL)
    else this.number(r.cpu)
    this.put(CONTEXT)
    const context = this.contexts[r.context]
    if (context === undefined) this.number(r.context)
    else this.put(context)
    const arity = plan.keys.length
    if (arity > 0) this.argument(plan, 0, r.a)
    if (arity > 1) this.argument(plan, 1, r.b)
    if (arity > 2) this.argument(plan, 2, r.c)
    if (arity > 3) this.argument(plan, 3, r.d)
    if (arity > 4) this.argument(plan, 4, r.e)
    if (arity > 5) this.argument(plan, 5, r.f)
    this.put(plan.end)
    return this.length
  }

  /** The lines added since the last call, valid until the next line is added. */
  take(): Uint8Array {
    const lines = this.bytes.subarray(0, this.length)
    this.length = 0
    return lines
  }

  private argument(plan: KindPlan, nth: number, value: number): void {
    this.put(plan.keys[nth] as Bytes)
    const label = plan.labels[nth]?.[value]
    if (label !== undefined) this.put(label)
    else if (Number.isFinite(value)) this.number(value)
    else this.put(encoder.encode(`"${value}"`))
  }

  private put(piece: Bytes): void {
    const { length } = piece
    if (this.length + length > this.bytes.length) this.grow(length)
    const { bytes, length: at } = this
    if (length > SHORT) bytes.set(piece, at)
    else for (let i = 0; i < length; i++) bytes[at + i] = piece[i] as number
    this.length = at + length
  }

  private number(value: number): void {
    const size = value < 0 ? -value : value
    if (!Number.isInteger(value) || size > Number.MAX_SAFE_INTEGER) {
      this.put(encoder.encode(`${value}`))
      return
    }
    if (this.length + NUMBER_BYTES_MAX > this.bytes.length) this.grow(NUMBER_BYTES_MAX)
    if (value < 0) this.bytes[this.length++] = MINUS
    if (size < PART) this.digits(size, digitsOf(size))
    else {
      const high = Math.floor(size / PART)
      this.digits(high, digitsOf(high))
      this.digits(size - high * PART, PART_DIGITS)
    }
  }

  /** Writes a number below 2^31 in so many digits. */
  private digits(value: number, count: number): void {
    const { bytes, length } = this
    let rest = value
    for (let at = length + count - 1; at >= length; at--) {
      const tenth = (rest / 10) | 0
      bytes[at] = DIGIT_0 + (rest - tenth * 10)
      rest = tenth
    }
    this.length = length + count
  }

  private grow(more: number): void {
    const wider = new Uint8Array(2 * (this.bytes.length + more))
    wider.set(this.bytes)
    this.bytes = wider
  }
}

function digitsOf(value: number): number {
  let count = 1
  for (let limit = 10; limit <= value; limit *= 10) count++
  return count
}

type Labels = Record<SymbolTable, Bytes[]>

function kindPlan(kind: number, quoted: Labels): KindPlan {
  const args = ARGUMENTS[kind] as readonly Argument[]
  return {
    event: encoder.encode(`,"ev":"${EVENT_NAMES[kind]}","cpu":`),
    keys: args.map(({ name }, i) => encoder.encode(`${i === 0 ? ',"args":{' : ','}"${name}":`)),
    labels: args.map(({ type }) =>
      isSymbolTable(type)
        ? quoted[type]
        : (CODES[type]?.map((word) => encoder.encode(`"${word}"`)) ?? null),
    ),
    end: encoder.encode(args.length === 0 ? '}\n' : '}}\n'),
  }
}

function quotedLabels(symbols: Symbols): Labels {
  const pairs = SYMBOL_TABLES.map((table) => {
    const labels = uniqueLabels(symbols.entries(table))
    return [table, labels.map((label) => encoder.encode(JSON.stringify(label)))]
  })
  return Object.fromEntries(pairs) as Labels
}

/**
 * Names that records refer to by number: contexts, locks, interrupt lines, work items, queues,
 * streams and free texts. Numbers are given in order of definition, so they are part of a run's
 * meaning and of its fingerprint.
 */
import { unreachable } from '../base/assert.ts'

export const SYMBOL_TABLES = ['ctx', 'lock', 'irq', 'work', 'queue', 'stream', 'text'] as const
export type SymbolTable = (typeof SYMBOL_TABLES)[number]

/** A symbol: its name, unique among its table unless it is a text, and facts that analyses need. */
export interface SymbolEntry {
  readonly name: string
  /** ctx: task|client|kworker|irq-thread|softirq|hardirq|idle|vcpu|host. lock: its lock type. */
  readonly kind?: string
  /** ctx: machine name. lock: lockdep class name. work: function name. stream: direction. */
  readonly group?: string
}

/** More symbols than this in one table means that something grows without bound. */
const SYMBOLS_MAX = 1 << 20

export class Symbols {
  private readonly tables: Record<SymbolTable, SymbolEntry[]> = {
    ctx: [],
    lock: [],
    irq: [],
    work: [],
    queue: [],
    stream: [],
    text: [],
  }
  private readonly texts = new Map<string, number>()

  /** Adds a symbol and returns its number. */
  define(table: SymbolTable, entry: SymbolEntry): number {
    const entries = this.tables[table]
    if (!(entries.length < SYMBOLS_MAX))
      unreachable(`more than ${SYMBOLS_MAX} symbols of kind ${table}`)
    entries.push(entry)
    return entries.length - 1
  }

  /** Number of a free text; equal texts share one. */
  text(text: string): number {
    const known = this.texts.get(text)
    if (known !== undefined) return known
    const id = this.define('text', { name: text })
    this.texts.set(text, id)
    return id
  }

  entry(table: SymbolTable, id: number): SymbolEntry {
    return this.tables[table][id] ?? unreachable(`no symbol ${id} in table ${table}`)
  }

  name(table: SymbolTable, id: number): string {
    return this.entry(table, id).name
  }

  entries(table: SymbolTable): readonly SymbolEntry[] {
    return this.tables[table]
  }
}

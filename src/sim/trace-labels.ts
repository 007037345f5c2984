/**
 * Records in words: the named and typed arguments of each kind, and the unique name of each symbol.
 * Shared by everything that prints records or reads them back.
 */
import { present } from '../base/assert.ts'
import { SYMBOL_TABLES, type SymbolEntry, type SymbolTable } from './symbols.ts'
import { KIND_NAMES } from './trace.ts'
import { RECORDS } from './trace-kinds.ts'

export interface Argument {
  readonly name: string
  /** A symbol table, `int`, `ns` or a code list. */
  readonly type: string
}

/** The kernel's name of each kind (`sched:sched_switch`), by number. */
export const EVENT_NAMES: readonly string[] = KIND_NAMES.map((name) => RECORDS[name][0])

/** The arguments of each kind in order, by number. */
export const ARGUMENTS: readonly (readonly Argument[])[] = KIND_NAMES.map((kind) =>
  RECORDS[kind].slice(1).map((text) => {
    const [name, type] = text.split(':')
    return { name: present(name, 'a name'), type: present(type, `${kind}: argument type`) }
  }),
)

/** The fields of a record that hold its arguments. */
export const ARGUMENT_FIELDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const

export function isSymbolTable(type: string): type is SymbolTable {
  return (SYMBOL_TABLES as readonly string[]).includes(type)
}

/** Names made unique within their table: a repeated one gets `#` and its number. */
export function uniqueLabels(entries: readonly SymbolEntry[]): string[] {
  const taken = new Set<string>()
  return entries.map((entry, id) => {
    let label = entry.name
    while (taken.has(label)) label += `#${id}`
    taken.add(label)
    return label
  })
}

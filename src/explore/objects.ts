/**
 * What a record touches that others can touch too: a lock, a work item, a queue, a stream, a task
 * that is woken. Two steps that touch nothing in common commute.
 */
import { T, type TraceRecord } from '../sim/trace.ts'
import { ARGUMENTS } from '../sim/trace-labels.ts'

/** Objects of different tables get different numbers. */
const TABLES = ['lock', 'work', 'queue', 'stream', 'ctx', 'irq'] as const

const tableOf: readonly number[] = ARGUMENTS.map((list) => {
  const first = list[0]?.type
  return (TABLES as readonly (string | undefined)[]).indexOf(first)
})

/** Not an access: the processor changes hands. */
const APART: ReadonlySet<number> = new Set([T.sched_switch])

/** Number of the object, or -1. */
export function objectOf(r: TraceRecord): number {
  const table = tableOf[r.kind] as number
  if (table < 0 || APART.has(r.kind)) return -1
  return r.a * TABLES.length + table
}

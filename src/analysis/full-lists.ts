/**
 * Lists of a result that are full. Nothing in a result grows without bound: what comes after the
 * last entry is left out, and a warning of the kind `limit` says of which list. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Incident } from './log.ts'

/** Most entries of a list of one stream, and of the reports on memory and protocol. */
export const REPORTS_MAX = 10_000
/** Most lines of the log, failed calls, and incidents. */
export const LINES_MAX = 100_000

type Entries = readonly { readonly timeNs: Ns }[]

/** The warning for a list with no room left; none while it has some. */
export function whenFull(what: string, entries: Entries, most: number): readonly Incident[] {
  const last = entries.at(-1)
  if (last === undefined || entries.length < most) return []
  const text = `the result lists ${most} ${what} and no more: later ones are left out`
  return [{ timeNs: last.timeNs, kind: 'limit', text }]
}

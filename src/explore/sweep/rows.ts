/**
 * What a sweep says of each setting: its runs folded into one row. Sums over runs; of latencies the
 * worst run, so that a row bounds all of its runs. Times are ns.
 */
import { type Interval, wilson } from './intervals.ts'
import type { PointResult } from './point.ts'

export interface SettingRow {
  readonly set: readonly string[]
  runs: number
  failing: number
  xruns: number
  silentFailures: number
  errors: number
  silence: number
  wakeUps: number
  wakeP99Ns: number
  wakeMaxNs: number
  endToEndP50Ns: number
  endToEndP99Ns: number
  endToEndMaxNs: number
  periodMaxNs: number
}

/** What a table or a heat map may show of a row. */
export const MEASURES = {
  failing: 'runs',
  xruns: '',
  silentFailures: '',
  errors: '',
  silence: 'frames',
  wakeUps: '',
  wakeP99Ns: 'ns',
  wakeMaxNs: 'ns',
  endToEndP50Ns: 'ns',
  endToEndP99Ns: 'ns',
  endToEndMaxNs: 'ns',
  periodMaxNs: 'ns',
} as const satisfies Partial<Record<keyof SettingRow, string>>

export type Measure = keyof typeof MEASURES

const SUMS = ['xruns', 'silentFailures', 'errors', 'silence', 'wakeUps'] as const
const WORST = [
  'wakeP99Ns',
  'wakeMaxNs',
  'endToEndP50Ns',
  'endToEndP99Ns',
  'endToEndMaxNs',
  'periodMaxNs',
] as const

/** Rows of points that come in their order: those of a setting follow each other. */
export class RowFold {
  readonly rows: SettingRow[] = []

  add(set: readonly string[], result: PointResult): void {
    let row = this.rows.at(-1)
    if (row === undefined || !sameSet(row.set, set)) {
      row = emptyRow(set)
      this.rows.push(row)
    }
    row.runs++
    if (result.fails) row.failing++
    for (const key of SUMS) row[key] += result[key]
    for (const key of WORST) row[key] = Math.max(row[key], result[key])
  }
}

function emptyRow(set: readonly string[]): SettingRow {
  const zeros = Object.fromEntries([...SUMS, ...WORST].map((key) => [key, 0])) as Record<
    (typeof SUMS)[number] | (typeof WORST)[number],
    number
  >
  return { set, runs: 0, failing: 0, ...zeros }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.every((value, i) => value === b[i])
}

/** Of the share of runs that fail. */
export function failInterval(row: SettingRow, confidence: number): Interval {
  return wilson(row.failing, row.runs, confidence)
}

/** Finds the record that a place in a chart stands for, and puts it into words. */
import { formatDuration } from '../analysis/format.ts'
import type { RecordPick } from '../chart/layout/shapes.ts'
import { TraceRecord } from '../sim/trace.ts'
import { LineWriter } from '../sim/trace-lines.ts'
import type { TraceStore } from '../sim/trace-store.ts'

/** Records looked at on either side; beyond them the pointer is on nothing. */
const LOOK_MAX = 20_000

export interface FoundRecord {
  readonly index: number
  readonly timeNs: number
}

export class RecordFinder {
  private readonly store: TraceStore
  private readonly writer: LineWriter
  private readonly r = new TraceRecord()

  constructor(store: TraceStore) {
    this.store = store
    this.writer = new LineWriter(store.symbols)
  }

  /** The nearest record of these, at most `withinNs` away. */
  nearest(timeNs: number, pick: RecordPick, withinNs: number): FoundRecord | null {
    const middle = this.firstAtOrAfter(timeNs)
    const after = this.seek(middle, 1, pick, timeNs + withinNs)
    const before = this.seek(middle - 1, -1, pick, timeNs - withinNs)
    if (before === null || after === null) return before ?? after
    return timeNs - before.timeNs < after.timeNs - timeNs ? before : after
  }

  /** The record as lines: when and what, by whom, with what arguments. */
  lines(index: number): string[] {
    const line = JSON.parse(this.writer.line(this.store.at(index, this.r))) as {
      readonly t: number
      readonly ev: string
      readonly cpu: number | null
      readonly ctx: string
      readonly args?: Readonly<Record<string, string | number>>
    }
    const where = line.cpu === null ? line.ctx : `${line.ctx} on CPU ${line.cpu}`
    const args = Object.entries(line.args ?? {}).map(([name, value]) => `${name} ${value}`)
    return [`${(line.t / 1e9).toFixed(9)} s  ${line.ev}`, where, ...args, `record ${index}`]
  }

  private firstAtOrAfter(timeNs: number): number {
    let [low, high] = [0, this.store.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.store.at(middle, this.r).timeNs < timeNs) low = middle + 1
      else high = middle
    }
    return low
  }

  private seek(from: number, step: 1 | -1, pick: RecordPick, end: number): FoundRecord | null {
    const { r, store } = this
    for (let i = from, n = 0; i >= 0 && i < store.length && n < LOOK_MAX; i += step, n++) {
      const { timeNs } = store.at(i, r)
      if (step > 0 ? timeNs > end : timeNs < end) return null
      if (picks(pick, r)) return { index: i, timeNs }
    }
    return null
  }
}

function picks({ kinds, contexts, subject }: RecordPick, r: TraceRecord): boolean {
  if (kinds.length > 0 && !kinds.includes(r.kind)) return false
  if (contexts !== undefined && !contexts.includes(r.context)) return false
  return subject === undefined || r.a === subject
}

/** How far the pointer is from something, for the tooltip's first line. */
export function instantText(ns: number, spanNs: number): string {
  return `${(ns / 1e9).toFixed(spanNs < 1_000_000 ? 9 : 6)} s, ${formatDuration(spanNs)} shown`
}

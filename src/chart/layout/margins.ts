/**
 * How long a stall a setup stands, along one period: a row for each place where a context was held
 * back, in the order of the period, with the shortest stall that is heard. Pure. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawTitle, LEFT, RIGHT, WIDTH } from './frame.ts'
import { addMark, drawHeading, type LegendEntry, type Swatch } from './legend.ts'
import { TimeScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText } from './text-metrics.ts'

export interface MarginRow {
  /** Kind of holding back: vcpu, worker, interrupt, device. */
  readonly holding: string
  /** Context and operation. */
  readonly where: string
  /** From the beginning of the period. */
  readonly phaseNs: Ns
  /** Null: nothing was heard up to `triedNs`. */
  readonly shortestNs: Ns | null
  readonly triedNs: Ns
}

export interface MarginsInput {
  readonly title: string
  readonly about: string
  readonly periodNs: Ns
  readonly rows: readonly MarginRow[]
}

const ROW = 18
const ROWS_MAX = 60
const NAMES = 330
const TOP = 112

/** A mark and a word each: told apart without colour. */
const MARKS: Readonly<Record<string, LegendEntry>> = {
  vcpu: { swatch: 'dot', class: 'fill client', text: 'vCPU stolen' },
  worker: { swatch: 'diamond', class: 'fill kworker', text: 'worker late' },
  interrupt: { swatch: 'kick', class: 'fill irq', text: 'interrupt late' },
  device: { swatch: 'used', class: 'fill host', text: 'device late' },
}

export function layoutMargins(input: MarginsInput): Drawing {
  const sheet = new Sheet()
  const rows = input.rows.toSorted((a, b) => a.phaseNs - b.phaseNs || order(a, b))
  const shown = rows.slice(0, ROWS_MAX)
  drawTitle(sheet, input.title, input.about)
  const plot = LEFT + NAMES
  const most = shown.reduce((ns, row) => Math.max(ns, row.shortestNs ?? 0), input.periodNs)
  const scale = new TimeScale(0, Math.ceil(most * 1.15), plot, RIGHT)
  const bottom = TOP + shown.length * ROW
  const box = { left: LEFT, right: RIGHT, y: TOP - 16 }
  drawHeading(sheet, box, 'from the beginning of the period, held back before', [
    ...Object.values(MARKS).filter((_, i) => shown.some((row) => row.holding === kinds[i])),
    { swatch: 'line', class: 'stroke neutral', text: 'not heard' },
  ])
  const label = 'shortest stall that is heard'
  drawTimeAxis(sheet, { scale, originNs: 0, label, panels: [[TOP - 4, bottom]] })
  for (const [i, row] of shown.entries()) drawName(sheet, row, TOP + i * ROW + 12, plot)
  drawBars(sheet, shown, scale)
  const hidden = rows.length - shown.length
  const rest = hidden === 0 ? '' : ` ${hidden} more places are not shown.`
  return sheet.drawing(input.title, `${input.about}.${rest}`, WIDTH, bottom + AXIS_HEIGHT + 14)
}

const kinds = Object.keys(MARKS)

function order(a: MarginRow, b: MarginRow): number {
  return a.where < b.where ? -1 : a.where > b.where ? 1 : 0
}

function drawName(sheet: Sheet, { phaseNs, where }: MarginRow, y: number, plot: number): void {
  const phase = `${(phaseNs / 1_000_000).toFixed(3)} ms`
  sheet.text('muted', LEFT + 62, y, phase, { size: 11, anchor: 'end' })
  const name = fitText(where, 11, plot - LEFT - 86)
  sheet.text('text', LEFT + 72, y, name, { size: 11 })
}

/** A line as far as nothing is heard, a mark where something is. */
function drawBars(sheet: Sheet, rows: readonly MarginRow[], scale: TimeScale): void {
  const quiet = new Path()
  const marks = new Map<string, Path>()
  rows.forEach((row, i) => {
    const y = TOP + i * ROW + 8
    quiet.line(scale.x0, y, scale.x(row.shortestNs ?? row.triedNs), y)
    if (row.shortestNs === null) return
    const path = marks.get(row.holding) ?? new Path()
    marks.set(row.holding, path)
    addMark(path, markOf(row.holding).swatch as Swatch, scale.x(row.shortestNs), y)
  })
  sheet.path('stroke neutral', quiet)
  for (const [holding, path] of marks) sheet.path(markOf(holding).class, path)
}

function markOf(holding: string): LegendEntry {
  return MARKS[holding] ?? { swatch: 'dot', class: 'fill client', text: holding }
}

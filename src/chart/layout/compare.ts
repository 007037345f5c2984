/**
 * Variants side by side: for each the fill of its ring over time, on the same axes, with xruns and
 * silent failures, and the numbers that decide between them. Pure. Frames and ns.
 */
import type { CompareRow } from '../../analysis/compare.ts'
import { formatFine, plural } from '../../analysis/format.ts'
import { isTail } from '../../analysis/silent-failures.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawTitle, LANE_PLOT, LEFT, RIGHT, WIDTH } from './frame.ts'
import { drawHeading } from './legend.ts'
import { bandPath, marksPath } from './overview.ts'
import { TimeScale, ValueScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText } from './text-metrics.ts'

/** Rows that fit a page; more are named in a line below. */
export const COMPARE_ROWS_MAX = 24

const COLUMNS = [
  { name: 'xruns', width: 48 },
  { name: 'silent', width: 48 },
  { name: 'lock reports', width: 78 },
  { name: 'interval p99', width: 84 },
  { name: 'wake p99', width: 74 },
  { name: 'to ear p50', width: 74 },
] as const

export interface CompareInput {
  readonly scenario: string
  readonly seed: number
  readonly rows: readonly CompareRow[]
}

export function layoutCompare({ scenario, seed, rows }: CompareInput): Drawing {
  const sheet = new Sheet()
  const title = finding(rows)
  const shown = rows.slice(0, COMPARE_ROWS_MAX)
  const about = `${scenario} · ${rows.length} runs, same axes · seed ${seed}`
  drawTitle(sheet, title, about)
  const numbers = COLUMNS.reduce((sum, { width }) => sum + width, 0)
  const right = RIGHT - numbers - 10
  const height = shown.length > 12 ? 34 : 52
  const top = 122
  const bottom = top + shown.length * height
  drawHeading(sheet, { left: LEFT, right, y: top - 28 }, 'Ring fill (frames)', [
    { swatch: 'bar', class: 'fillband', text: 'least to greatest' },
    { swatch: 'cross', class: 'alarm', text: 'xrun' },
    { swatch: 'ring', class: 'warning', text: 'silent failure' },
  ])
  const endNs = shown.reduce((most, row) => Math.max(most, row.endNs), 1)
  const size = shown.reduce((most, row) => Math.max(most, row.stream?.params.buffer_size ?? 0), 1)
  const scale = new TimeScale(0, endNs, LANE_PLOT, right)
  drawColumnNames(sheet, right + 10, top - 8)
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[top, bottom]] })
  sheet.axes.push({ what: 'queued', unit: 'frames', step: size, ticks: [0, size] })
  shown.forEach((row, i) => {
    const place = { top: top + i * height, bottom: top + (i + 1) * height - 8 }
    drawRow(sheet, row, scale, size, place)
    drawNumbers(sheet, row, right + 10, (place.top + place.bottom) / 2 + 4)
  })
  let y = bottom + AXIS_HEIGHT
  if (rows.length > shown.length) {
    const rest = `${rows.length - shown.length} more are not shown`
    y += 14
    sheet.text('muted', LEFT, y, rest, { size: 11 })
  }
  const desc =
    `${about}. One row for each: fill of the ring over time, then xruns, silent failures, lock ` +
    'reports, interval, wake latency and end-to-end latency.'
  return sheet.drawing(title, desc, WIDTH, y + 12)
}

function finding(rows: readonly CompareRow[]): string {
  const bad = rows.filter((row) => faultsOf(row) > 0 || row.outcome !== 'completed')
  if (rows.length === 0) return 'nothing to compare'
  if (bad.length === 0) return `all ${rows.length} run without xrun, silent failure or deadlock`
  const words = bad.map((row) => `${row.name} (${briefly(row)})`)
  return `${bad.length} of ${rows.length} fail: ${words.join(', ')}`
}

function faultsOf({ stream }: CompareRow): number {
  if (stream === null) return 0
  return stream.xruns.length + stream.silentFailures.filter((one) => !isTail(one)).length
}

function briefly(row: CompareRow): string {
  if (row.outcome === 'deadlock') return 'deadlock'
  const xruns = row.stream?.xruns.length ?? 0
  const silent = faultsOf(row) - xruns
  const parts = [xruns > 0 ? plural(xruns, 'xrun') : '', silent > 0 ? `${silent} silent` : '']
  return parts.filter((part) => part !== '').join(', ') || row.outcome
}

function drawColumnNames(sheet: Sheet, left: number, y: number): void {
  let x = left
  for (const { name, width } of COLUMNS) {
    x += width
    sheet.text('muted', x, y, name, { size: 10, anchor: 'end' })
  }
}

interface Place {
  readonly top: number
  readonly bottom: number
}

function drawRow(
  sheet: Sheet,
  row: CompareRow,
  scale: TimeScale,
  size: number,
  { top, bottom }: Place,
): void {
  const name = fitText(row.name, 12, LANE_PLOT - LEFT - 60, true)
  sheet.text('text', LEFT + 6, (top + bottom) / 2 + 4, name, { size: 12, bold: true })
  const ends = new Path()
    .line(scale.x0, top, scale.x1, top)
    .line(scale.x0, bottom, scale.x1, bottom)
  sheet.path('grid', ends)
  sheet.text('muted', scale.x0 - 8, top + 8, `${size}`, { size: 10, anchor: 'end' })
  sheet.text('muted', scale.x0 - 8, bottom, '0', { size: 10, anchor: 'end' })
  const { stream, overview } = row
  if (stream === null || overview === null) return
  const values = new ValueScale(0, size, bottom, top)
  const own = new TimeScale(0, row.endNs, scale.x0, scale.x(row.endNs))
  sheet.path('fillband', bandPath(overview, own, values))
  const silent = stream.silentFailures.map(({ timeNs }) => timeNs)
  const xruns = stream.xruns.map(({ timeNs }) => timeNs)
  sheet.path('alarm', marksPath(xruns, 'cross', scale, bottom - 7))
  sheet.path('warning', marksPath(silent, 'ring', scale, bottom - 7))
}

function drawNumbers(sheet: Sheet, row: CompareRow, left: number, y: number): void {
  const { stream, lockReports, outcome } = row
  const xruns = stream?.xruns.length ?? 0
  const silent = stream?.silentFailures.length ?? 0
  const stats = (one: { count: number } | undefined, ns: number | undefined): string =>
    one === undefined || one.count === 0 ? '–' : formatFine(ns ?? 0)
  const elapsed = stream?.periodElapsed.intervalNs
  const texts = [
    outcome === 'deadlock' ? 'deadlock' : `${xruns}`,
    `${silent}`,
    `${lockReports}`,
    stats(elapsed, elapsed?.p99),
    stats(stream?.wakeLatencyNs, stream?.wakeLatencyNs.p99),
    stats(stream?.endToEndNs, stream?.endToEndNs.p50),
  ]
  let x = left
  texts.forEach((text, i) => {
    const { width } = COLUMNS[i] as (typeof COLUMNS)[number]
    x += width
    const failed = i < 3 && text !== '0'
    const shown = fitText(text, 11, width - 6, failed)
    sheet.text('text', x, y, shown, { size: 11, anchor: 'end', bold: failed })
  })
}

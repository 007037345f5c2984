/**
 * The latency breakdown: what the way from interrupt to client consists of, period by period.
 * Stacked over time on top (of the periods on one pixel the slowest), below it typical and rare
 * periods part by part. Pure. Times are ns.
 */
import { formatDuration, formatInstant, plural } from '../../analysis/format.ts'
import {
  LATENCY_PARTS,
  type LatencyPart,
  type PeriodLatency,
} from '../../analysis/period-latency.ts'
import type { RunResult, StreamResult } from '../../analysis/result.ts'
import type { Window } from '../../analysis/windows.ts'
import { T } from '../../sim/trace.ts'
import { AXIS_HEIGHT, drawTimeAxis, drawValueAxis, timeUnitOf } from './axis.ts'
import { drawTitle, LEFT, PLOT, RIGHT, WIDTH } from './frame.ts'
import { subline } from './headline.ts'
import { addMark, drawHeading, type LegendEntry } from './legend.ts'
import { TimeScale, ValueScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export interface LatencyInput {
  readonly result: RunResult
  readonly name: string
  readonly stream: StreamResult
  readonly window: Window
  readonly periods: readonly PeriodLatency[]
}

const WORDS: Record<LatencyPart, string> = {
  delivery: 'interrupt delivery',
  deferral: 'handler to work item',
  report: 'to period_elapsed()',
  core: 'locks, pointer, wake-up',
  schedule: 'until the client runs',
}
/** Class of each part; neighbours differ in hue and in brightness. */
const CLASSES: Record<LatencyPart, string> = {
  delivery: 'part irq',
  deferral: 'part kworker',
  report: 'part neutral',
  core: 'part alsa',
  schedule: 'part client',
}

const LEGEND: readonly LegendEntry[] = LATENCY_PARTS.map((part) => ({
  swatch: 'bar',
  class: CLASSES[part],
  text: WORDS[part],
}))

const OVER_TIME = 190
const ROW = 34

export function layoutLatency(input: LatencyInput): Drawing {
  const { result, name, stream, periods, window } = input
  const sheet = new Sheet()
  const ordered = periods.toSorted((a, b) => a.totalNs - b.totalNs || a.record - b.record)
  const title = finding(ordered)
  const about = subline(result, name, stream)
  drawTitle(sheet, title, about)
  const worst = ordered.at(-1)
  if (worst === undefined) return sheet.drawing(title, `${about}.`, WIDTH, 76)
  const top = 108
  drawOverTime(sheet, input, reachOf(ordered), top, top + OVER_TIME)
  const lower = top + OVER_TIME + AXIS_HEIGHT + 40
  const bottom = drawRanks(sheet, ordered, lower)
  const desc =
    `${about}. Top: time from the host raising the interrupt to the client running, stacked by ` +
    `part, from ${formatDuration(window.fromNs)} to ${formatDuration(window.toNs)}. Below: the ` +
    'median period, the 99th percentile and the slowest, part by part.'
  return sheet.drawing(title, desc, WIDTH, bottom + 12)
}

function finding(ordered: readonly PeriodLatency[]): string {
  const worst = ordered.at(-1)
  if (worst === undefined) return 'no period has elapsed: there is no latency to show'
  const typical = at(ordered, 500)
  const ends = worst.awake ? 'client' : 'period_elapsed()'
  const most = Math.max(...worst.partsNs)
  const part = LATENCY_PARTS[worst.partsNs.indexOf(most)] ?? 'delivery'
  const share = Math.round((100 * most) / Math.max(1, worst.totalNs))
  return (
    `interrupt to client in ${formatDuration(typical.totalNs)} (p50); the slowest, at ` +
    `${formatInstant(worst.fromNs)}, to ${ends} in ${formatDuration(worst.totalNs)}: ` +
    `${share} % ${WORDS[part]}`
  )
}

function at(ordered: readonly PeriodLatency[], perMille: number): PeriodLatency {
  const rank = Math.max(1, Math.ceil((perMille * ordered.length) / 1000))
  return ordered[rank - 1] as PeriodLatency
}

/** A few periods that took far longer than all others must not hide these. */
function reachOf(ordered: readonly PeriodLatency[]): number {
  const most = at(ordered, 1000).totalNs
  const usual = at(ordered, 970).totalNs
  return Math.max(1, most > 12 * usual && usual > 0 ? 3 * usual : most)
}

/** As wide as their usual distance allows. */
function columnWidth(places: readonly number[]): number {
  const sorted = places.toSorted((a, b) => a - b)
  const gaps = sorted.slice(1).map((x, i) => x - (sorted[i] as number))
  gaps.sort((a, b) => a - b)
  const usual = gaps[Math.floor(gaps.length / 10)] ?? 9
  return Math.max(1, Math.min(8, usual - 1))
}

/** One column a pixel at most: the slowest period that falls on it. */
function columnsOf(periods: readonly PeriodLatency[], scale: TimeScale): [number, PeriodLatency][] {
  const slowest = new Map<number, PeriodLatency>()
  for (const period of periods) {
    const x = Math.floor(scale.x(period.fromNs))
    const before = slowest.get(x)
    if (before === undefined || period.totalNs > before.totalNs) slowest.set(x, period)
  }
  return [...slowest]
}

function drawOverTime(
  sheet: Sheet,
  { window, periods, stream }: LatencyInput,
  most: number,
  top: number,
  bottom: number,
): void {
  const values = new ValueScale(0, most * 1.04, bottom, top)
  const above = periods.filter((period) => period.totalNs > values.to)
  const furthest = above.reduce((far, period) => Math.max(far, period.totalNs), 0)
  const rest =
    above.length === 0 ? '' : `; ▲ ${above.length} above, up to ${formatDuration(furthest)}`
  const heading = `Interrupt to client (${timeUnitOf(values)})${rest}`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 20 }, heading, LEGEND)
  const scale = new TimeScale(window.fromNs, window.toNs, PLOT, RIGHT)
  drawValueAxis(sheet, { scale: values, x0: PLOT, x1: RIGHT, what: 'latency', unit: 'time' })
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[top, bottom]] })
  const columns = columnsOf(periods, scale)
  const width = columnWidth(columns.map(([x]) => x))
  const paths = LATENCY_PARTS.map(() => new Path())
  const over = new Path()
  for (const [x, period] of columns) {
    let sum = 0
    const left = Math.min(x, RIGHT - width)
    period.partsNs.forEach((part, i) => {
      const y = values.y(Math.min(sum + part, values.to))
      const height = values.y(Math.min(sum, values.to)) - y
      if (height > 0) paths[i]?.box(left, y, width, height)
      sum += part
    })
    if (period.totalNs > values.to) addMark(over, 'used', left + width / 2, top - 5)
  }
  sheet.path('alarmfill', over)
  for (const [i, part] of LATENCY_PARTS.entries()) sheet.path(CLASSES[part], paths[i] as Path)
  const pick = { kinds: [T.snd_pcm_period_elapsed], subject: stream.id }
  const rows = [{ top, bottom, pick }]
  sheet.panels.push({ x0: PLOT, x1: RIGHT, ...window, top, bottom, rows })
}

const RANKS = [
  ['median', 500],
  ['1 in 10', 900],
  ['1 in 100', 990],
  ['slowest', 1000],
] as const

/** Real periods at these ranks, each as a bar of its parts' shares, with the numbers in it. */
function drawRanks(sheet: Sheet, ordered: readonly PeriodLatency[], top: number): number {
  const count = plural(ordered.length, 'period')
  const scale = new ValueScale(0, 100, PLOT, RIGHT - 90)
  const bottom = top + RANKS.length * ROW
  const heading = `Where the time goes: the period at each rank of ${count}`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 16 }, heading, [])
  drawShares(sheet, scale, top, bottom)
  const paths = LATENCY_PARTS.map(() => new Path())
  const texts: { x: number; y: number; text: string }[] = []
  RANKS.forEach(([name, perMille], row) => {
    const period = at(ordered, perMille)
    const y = top + row * ROW + 6
    sheet.text('text', LEFT + 6, y + 10, name, { size: 12, bold: true })
    const when = `at ${formatInstant(period.fromNs)}`
    sheet.text('muted', LEFT + 6, y + 22, when, { size: 10 })
    let sum = 0
    period.partsNs.forEach((part, i) => {
      const share = (100 * part) / Math.max(1, period.totalNs)
      const [from, to] = [scale.y(sum), scale.y(sum + share)]
      sum += share
      if (part === 0) return
      paths[i]?.box(from, y, Math.max(0.8, to - from), ROW - 12)
      const text = formatDuration(part)
      if (textWidth(text, 11) + 8 < to - from) texts.push({ x: (from + to) / 2, y, text })
    })
    const total = fitText(formatDuration(period.totalNs), 12, 80)
    sheet.text('text', RIGHT, y + 15, total, { size: 12, anchor: 'end', bold: true })
  })
  for (const [i, part] of LATENCY_PARTS.entries()) sheet.path(CLASSES[part], paths[i] as Path)
  for (const { x, y, text } of texts) {
    const width = textWidth(text, 11) + 6
    sheet.rect('plate', x - width / 2, y + 3, width, 16)
    sheet.text('text', x, y + 15, text, { size: 11, anchor: 'middle' })
  }
  return bottom + AXIS_HEIGHT
}

/** Along the bottom: shares of the whole way. */
function drawShares(sheet: Sheet, scale: ValueScale, top: number, bottom: number): void {
  const ticks = [0, 20, 40, 60, 80, 100]
  const grid = new Path()
  for (const share of ticks) {
    const x = scale.y(share)
    grid.line(x, top, x, bottom)
    sheet.text('muted', x, bottom + 16, `${share}`, { size: 11, anchor: 'middle' })
  }
  sheet.path('grid', grid)
  const what = 'share of the way from interrupt to client'
  sheet.axes.push({ what, unit: '%', step: 20, ticks })
  const middle = (scale.yBottom + scale.yTop) / 2
  sheet.text('muted', middle, bottom + 30, `${what} (%)`, { size: 11, anchor: 'middle' })
}

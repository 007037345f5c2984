/**
 * Histogram and distribution of durations. Both show the range where the bulk lies; what is beyond
 * it is told in words at the edge, never left out. The distribution's axis gives each of 0–90 %,
 * 90–99 %, 99–99.9 % and 99.9–100 % the same room. Durations are ns, sorted.
 */
import { formatDuration, formatFine } from '../../analysis/format.ts'
import type { Stats } from '../../analysis/stats.ts'
import { drawTimeAxis, drawValueAxis } from './axis.ts'
import { drawHeading } from './legend.ts'
import { roundStep, TimeScale, ValueScale } from './scale.ts'
import { Path, type Sheet } from './shapes.ts'
import { textWidth } from './text-metrics.ts'

export interface DistributionPanel {
  readonly values: Float64Array
  readonly stats: Stats
  readonly box: {
    readonly left: number
    readonly right: number
    readonly top: number
    readonly bottom: number
  }
  readonly heading: string
  readonly what: string
}

/** How many widths of the bulk the range reaches beyond the median. */
const BULKS = 8
const BINS = 60

interface Range {
  readonly from: number
  readonly to: number
  readonly below: number
  readonly above: number
}

/** The bulk of the values, and how many lie outside. */
function rangeOf(values: Float64Array, { min, max, p50, p90 }: Stats): Range {
  const p10 = values[Math.floor(values.length / 10)] ?? min
  const bulk = Math.max(p90 - p50, p50 - p10, 500)
  let from = Math.max(min, p50 - BULKS * bulk)
  let to = Math.min(max, p50 + BULKS * bulk)
  // Nothing is gained by cutting off a little.
  if (max - to < (to - from) * 0.5) to = max
  if (from - min < (to - from) * 0.5) from = min
  const room = Math.max((to - from) * 0.03, 50)
  from = Math.max(0, from - room)
  to += room
  let [below, above] = [0, 0]
  for (const value of values) {
    if (value < from) below++
    else if (value > to) above++
  }
  return { from, to, below, above }
}

export function drawHistogram(sheet: Sheet, panel: DistributionPanel & { noun: string }): void {
  const { values, stats, box, noun } = panel
  const range = rangeOf(values, stats)
  const binNs = roundStep((range.to - range.from) / BINS)
  const first = Math.floor(range.from / binNs)
  const counts = new Array<number>(Math.floor(range.to / binNs) - first + 1).fill(0)
  for (const value of values) {
    if (value < range.from || value > range.to) continue
    const bin = Math.floor(value / binNs) - first
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const most = counts.reduce((a, b) => Math.max(a, b), 1)
  const scale = new TimeScale(first * binNs, (first + counts.length) * binNs, box.left, box.right)
  const heights = new ValueScale(0, most * 1.05, box.bottom, box.top)
  const heading = `${panel.heading} (${noun}s per ${formatDuration(binNs)})`
  drawHeading(sheet, { left: box.left - 44, right: box.right, y: box.top - 16 }, heading, [])
  drawValueAxis(sheet, {
    scale: heights,
    x0: box.left,
    x1: box.right,
    what: noun,
    unit: `${noun}s`,
  })
  const panels = [[box.top, box.bottom]] as const
  drawTimeAxis(sheet, { scale, originNs: 0, label: panel.what, panels })
  const bars = new Path()
  counts.forEach((count, i) => {
    if (count === 0) return
    const x = scale.x((first + i) * binNs)
    const width = scale.x((first + i + 1) * binNs) - x
    const y = Math.min(heights.y(count), box.bottom - 1.5)
    bars.box(x + 0.5, y, Math.max(1, width - 1), box.bottom - y)
  })
  sheet.path('fill alsa', bars)
  drawOutside(sheet, panel, range)
}

/** What lies beyond the axis, in words at the end where it lies. */
function drawOutside(sheet: Sheet, { stats, box }: DistributionPanel, range: Range): void {
  const y = box.top + 12
  if (range.above > 0) {
    const text = `${range.above} more, up to ${formatFine(stats.max)} →`
    outside(sheet, box.right - 6, y, text, 'end')
  }
  if (range.below > 0) {
    const text = `← ${range.below} more, down to ${formatFine(stats.min)}`
    outside(sheet, box.left + 6, y + 18, text, 'start')
  }
}

function outside(sheet: Sheet, x: number, y: number, text: string, anchor: 'start' | 'end'): void {
  const width = textWidth(text, 11) + 8
  sheet.rect('background', anchor === 'end' ? x - width + 4 : x - 4, y - 11, width, 15)
  sheet.text('text', x, y, text, { size: 11, anchor })
}

/** Shares at which the axis has a line, in thousandths, and the stats that belong to them. */
const LEVELS = [
  { perMille: 0, text: '0 %' },
  { perMille: 500, text: '50 %' },
  { perMille: 900, text: '90 %' },
  { perMille: 990, text: '99 %' },
  { perMille: 999, text: '99.9 %' },
  { perMille: 1000, text: '100 %' },
] as const

/** 0 to 4: each factor of ten of the rest has the same room, straight lines within it. */
export function stretched(share: number): number {
  const rest = 1 - share
  let edge = 1
  for (let decade = 0; decade < 3; decade++) {
    const next = edge / 10
    if (rest > next) return decade + (edge - rest) / (edge - next)
    edge = next
  }
  return 3 + (edge - Math.max(0, rest)) / edge
}

/** Room at the right for the values of the quantiles. */
const QUANTILES = 116

export function drawDistribution(sheet: Sheet, panel: DistributionPanel): void {
  const { values, stats, box } = panel
  const range = rangeOf(values, stats)
  const right = box.right - QUANTILES
  const scale = new TimeScale(range.from, range.to, box.left, right)
  const shares = new ValueScale(0, 4, box.bottom, box.top)
  drawHeading(
    sheet,
    { left: box.left - 44, right: box.right, y: box.top - 16 },
    `${panel.heading} (%, upper end stretched)`,
    [],
  )
  const lines = new Path()
  for (const { perMille, text } of LEVELS) {
    const y = shares.y(stretched(perMille / 1000))
    lines.line(box.left, y, right, y)
    sheet.text('muted', box.left - 8, y + 4, text, { size: 11, anchor: 'end' })
  }
  sheet.path('grid', lines)
  sheet.axes.push({ what: 'share', unit: '%', step: 0, ticks: [] })
  drawTimeAxis(sheet, {
    scale,
    originNs: 0,
    label: panel.what,
    panels: [[box.top, box.bottom]],
  })
  sheet.path('stroke alsa', distributionPath(values, scale, shares))
  drawQuantiles(sheet, stats, scale, shares, right)
  drawOutside(sheet, { ...panel, box: { ...box, right } }, { ...range, above: 0 })
}

/** A step line; of the values on one pixel only the last counts. */
function distributionPath(values: Float64Array, scale: TimeScale, shares: ValueScale): Path {
  const path = new Path()
  let lastX = scale.x0
  let lastY = shares.y(0)
  path.move(lastX, lastY)
  for (let i = 0; i < values.length; i++) {
    const x = Math.round(scale.x(values[i] as number) * 2) / 2
    const next = i + 1 < values.length ? Math.round(scale.x(values[i + 1] as number) * 2) / 2 : -1
    if (next === x) continue
    const y = shares.y(stretched((i + 1) / values.length))
    if (x !== lastX) path.to(x, lastY)
    path.to(x, y)
    lastX = x
    lastY = y
  }
  return path.to(scale.x1, lastY)
}

function drawQuantiles(
  sheet: Sheet,
  stats: Stats,
  scale: TimeScale,
  shares: ValueScale,
  right: number,
): void {
  const dots = new Path()
  const named = [
    ['p50', 0.5, stats.p50],
    ['p99', 0.99, stats.p99],
    ['p99.9', 0.999, stats.p999],
    ['max', 1, stats.max],
  ] as const
  for (const [name, share, ns] of named) {
    const y = shares.y(stretched(share))
    dots.circle(scale.x(ns), y, 3.2)
    sheet.text('text', right + 10, y + 4, name, { size: 11, bold: true })
    sheet.text('text', right + QUANTILES, y + 4, formatFine(ns), { size: 11, anchor: 'end' })
  }
  sheet.path('dot', dots)
}

/**
 * A bench trend: each measured figure over a list of baselines, oldest first, as a panel of its own
 * with the spread of the runs and the limit beyond which it counts as a regression. Pure.
 */
import { drawValueAxis } from './axis.ts'
import { drawTitle, LEFT, PLOT, RIGHT, WIDTH } from './frame.ts'
import { drawHeading } from './legend.ts'
import { ValueScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export interface TrendPoint {
  /** Name of the baseline. */
  readonly label: string
  readonly value: number
  /** Spread of the runs behind it. */
  readonly least?: number
  readonly most?: number
}

export interface TrendSeries {
  readonly name: string
  /** `time` for ns, else a word: records/s, MB. */
  readonly unit: string
  /** Whether less is better. */
  readonly lessIsBetter: boolean
  readonly points: readonly TrendPoint[]
}

/** A change of the last point against the one before that counts, as a share. */
const CHANGE = 0.05
const PANELS_MAX = 12
const HEIGHT = 110
const STEP = HEIGHT + 66

export function layoutTrend(name: string, series: readonly TrendSeries[]): Drawing {
  const sheet = new Sheet()
  const title = finding(name, series)
  const shown = series.slice(0, PANELS_MAX)
  const hidden = series.length - shown.length
  const rest = hidden === 0 ? '' : `, ${hidden} more are not shown`
  const about = `${name} · ${series.length} figures over the baselines, oldest first${rest}`
  drawTitle(sheet, title, about)
  let top = 108
  for (const one of shown) {
    drawSeries(sheet, one, top, top + HEIGHT)
    top += STEP
  }
  return sheet.drawing(title, `${about}.`, WIDTH, Math.max(76, top - 20))
}

/** Change of the last against the one before, above 0 if worse. */
function changeOf({ points, lessIsBetter }: TrendSeries): number {
  const [before, last] = points.slice(-2)
  if (before === undefined || last === undefined || before.value === 0) return 0
  const change = (last.value - before.value) / Math.abs(before.value)
  return lessIsBetter ? change : -change
}

function finding(name: string, series: readonly TrendSeries[]): string {
  const worst = series.reduce<TrendSeries | null>((a, b) => {
    return a === null || changeOf(b) > changeOf(a) ? b : a
  }, null)
  const last = worst?.points.at(-1)
  if (worst === null || last === undefined) return `${name}: no baseline yet`
  const change = changeOf(worst)
  const since = worst.points.at(-2)?.label ?? last.label
  if (change > CHANGE) {
    return `${worst.name} is ${percent(change)} worse than in ${since}`
  }
  const best = Math.min(...series.map(changeOf))
  const better = best < -CHANGE ? `, the best is ${percent(-best)} better` : ''
  return `${name}: nothing is more than ${percent(CHANGE)} worse than in ${since}${better}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share >= 0.1 ? 0 : 1)} %`
}

function drawSeries(sheet: Sheet, series: TrendSeries, top: number, bottom: number): void {
  const { points, unit, name } = series
  const most = points.reduce((a, p) => Math.max(a, p.value, p.most ?? p.value), 0)
  const least = points.reduce((a, p) => Math.min(a, p.value, p.least ?? p.value), most)
  const room = Math.max((most - least) * 0.12, most * 0.02, 1)
  const values = new ValueScale(Math.max(0, least - room), most + room, bottom, top)
  const axis = { scale: values, x0: PLOT, x1: RIGHT, what: name, unit }
  const written = drawValueAxis(sheet, axis)
  const direction = series.lessIsBetter ? 'less is better' : 'more is better'
  const heading = `${name} (${written}), ${direction}`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 12 }, heading, [
    { swatch: 'dot', class: 'fill client', text: 'median' },
    { swatch: 'tick', class: 'stroke client', text: 'spread' },
    { swatch: 'ring', class: 'alarm', text: `worse by over ${percent(CHANGE)}` },
  ])
  const step = (RIGHT - PLOT - 40) / Math.max(1, points.length - 1)
  const at = (i: number): number => PLOT + 20 + i * step
  drawPoints(sheet, series, values, at)
  drawNames(sheet, points, at, step, bottom + 16)
}

function drawPoints(
  sheet: Sheet,
  series: TrendSeries,
  values: ValueScale,
  at: (i: number) => number,
): void {
  const line = new Path()
  const spread = new Path()
  const dots = new Path()
  const worse = new Path()
  series.points.forEach((point, i) => {
    const [x, y] = [at(i), values.y(point.value)]
    if (i === 0) line.move(x, y)
    else line.to(x, y)
    spread.line(x, values.y(point.least ?? point.value), x, values.y(point.most ?? point.value))
    dots.circle(x, y, 3)
    const soFar = { ...series, points: series.points.slice(0, i + 1) }
    if (changeOf(soFar) > CHANGE) worse.circle(x, y, 7)
  })
  sheet.path('stroke client', spread)
  sheet.path('availline', line)
  sheet.path('fill client', dots)
  sheet.path('alarm', worse)
}

/** As many names as fit, the last one always. */
function drawNames(
  sheet: Sheet,
  points: readonly TrendPoint[],
  at: (i: number) => number,
  step: number,
  y: number,
): void {
  const every = Math.max(1, Math.ceil(80 / step))
  const last = points.length - 1
  points.forEach(({ label }, i) => {
    if ((last - i) % every !== 0) return
    const text = fitText(label, 10, Math.min(every * step, 140) - 8)
    const half = textWidth(text, 10) / 2
    const x = Math.min(Math.max(at(i), half + 4), WIDTH - half - 4)
    sheet.text('muted', x, y, text, { size: 10, anchor: 'middle' })
  })
}

/**
 * Captured against simulated: for each stage the shares of both distributions, one over the other,
 * up to the captured 99th percentile. Pure. Times are ns, sorted.
 */
import { drawTimeAxis } from './axis.ts'
import { drawTitle, LEFT, RIGHT, WIDTH } from './frame.ts'
import { drawHeading } from './legend.ts'
import { TimeScale, ValueScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'

export interface CalibrationPanel {
  readonly title: string
  readonly captured: readonly number[]
  readonly simulated: readonly number[]
}

const TOP = 92
const HEIGHT = 130
const GAP = 96

export function layoutCalibration(name: string, panels: readonly CalibrationPanel[]): Drawing {
  const sheet = new Sheet()
  const title = `${name}: captured and simulated`
  const about = 'share of times at or below, each stage to the 99th percentile'
  drawTitle(sheet, title, about)
  const middle = (LEFT + RIGHT) / 2
  panels.forEach((panel, i) => {
    const top = TOP + 16 + Math.floor(i / 2) * (HEIGHT + GAP)
    const left = i % 2 === 0 ? LEFT + 44 : middle + 54
    drawPanel(sheet, panel, { left, right: i % 2 === 0 ? middle - 20 : RIGHT, top })
  })
  const rows = Math.ceil(panels.length / 2)
  return sheet.drawing(title, `${about}.`, WIDTH, TOP + rows * (HEIGHT + GAP))
}

function drawPanel(
  sheet: Sheet,
  { title, captured, simulated }: CalibrationPanel,
  { left, right, top }: { readonly left: number; readonly right: number; readonly top: number },
): void {
  const bottom = top + HEIGHT
  const from = Math.min(captured[0] ?? 0, simulated[0] ?? Number.POSITIVE_INFINITY)
  const last = captured[Math.ceil(captured.length * 0.99) - 1] ?? from
  const scale = new TimeScale(from, Math.max(last, from + 1000), left, right)
  const shares = new ValueScale(0, 1, bottom, top)
  drawHeading(sheet, { left: left - 44, right, y: top - 16 }, title, [
    { swatch: 'line', class: 'stroke alsa', text: 'captured' },
    { swatch: 'line', class: 'stroke device', text: 'simulated' },
  ])
  const lines = new Path()
  for (const share of [0, 0.5, 0.9, 1]) {
    const y = shares.y(share)
    lines.line(left, y, right, y)
    sheet.text('muted', left - 8, y + 4, `${share * 100} %`, { size: 11, anchor: 'end' })
  }
  sheet.path('grid', lines)
  sheet.axes.push({ what: 'share', unit: '%', step: 0, ticks: [] })
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[top, bottom]] })
  sheet.path('stroke alsa', steps(captured, scale, shares))
  sheet.path('stroke device', steps(simulated, scale, shares))
}

/** A step line; of the values on one pixel only the last counts. */
function steps(values: readonly number[], scale: TimeScale, shares: ValueScale): Path {
  const path = new Path()
  path.move(scale.x0, shares.y(0))
  let x = scale.x0
  let y = shares.y(0)
  values.forEach((ns, i) => {
    const next = Math.round(Math.min(scale.x(ns), scale.x1) * 2) / 2
    if (scale.x(ns) > scale.x1) return
    if (next !== x) path.to(next, y)
    x = next
    y = shares.y((i + 1) / values.length)
    path.to(x, y)
  })
  return path.to(scale.x1, y)
}

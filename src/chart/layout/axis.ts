/** Time axes: grid lines at round times through a panel, numbers and unit below it. */
import type { Ns } from '../../base/units.ts'
import { roundTicks, type TimeScale, tickText, unitOf } from './scale.ts'
import { Path, type Sheet } from './shapes.ts'
import { textWidth } from './text-metrics.ts'

export interface TimeAxis {
  readonly scale: TimeScale
  /** The instant that is written as 0. */
  readonly originNs: Ns
  /** What is measured; the unit is added. */
  readonly label: string
  /** Top and bottom of the panels that grid lines span; the numbers stand below the last. */
  readonly panels: readonly (readonly [top: number, bottom: number])[]
}

const TICK_SPACING = 90
const SIZE = 11
/** Room that the numbers and the label take below the panel. */
export const AXIS_HEIGHT = 34

export function drawTimeAxis(sheet: Sheet, axis: TimeAxis): void {
  const { scale, originNs, panels } = axis
  const bottom = panels.at(-1)?.[1] ?? 0
  const most = Math.floor((scale.x1 - scale.x0) / TICK_SPACING)
  const { values, step } = roundTicks(scale.fromNs, scale.toNs, most, originNs)
  const unit = unitOf(step, Math.max(scale.toNs - originNs, 1))
  const grid = new Path()
  for (const ns of values) {
    const x = scale.x(ns)
    for (const [top, end] of panels) grid.line(x, top, x, end)
    const text = tickText(ns - originNs, step, unit)
    const half = textWidth(text, SIZE) / 2
    if (x - half < scale.x0 - 24 || x + half > scale.x1 + 20) continue
    sheet.text('muted', x, bottom + 16, text, { size: SIZE, anchor: 'middle' })
  }
  sheet.path('grid', grid)
  const middle = (scale.x0 + scale.x1) / 2
  sheet.text('muted', middle, bottom + 30, `${axis.label} (${unit.name})`, {
    size: SIZE,
    anchor: 'middle',
  })
}

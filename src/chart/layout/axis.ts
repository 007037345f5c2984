/**
 * Axes: grid lines at round values through a panel, numbers beside it, what is measured and its
 * unit. Time axes run along the bottom; value axes up the left side.
 */
import type { Ns } from '../../base/units.ts'
import { roundTicks, type TimeScale, tickText, unitOf, type ValueScale } from './scale.ts'
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
  const unit = unitOf(Math.max(scale.toNs - originNs, 1))
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
  const ticks = values.map((ns) => ns - originNs)
  sheet.axes.push({ what: axis.label, unit: unit.name, step, ticks })
  sheet.text('muted', middle, bottom + 30, `${axis.label} (${unit.name})`, {
    size: SIZE,
    anchor: 'middle',
  })
}

export interface ValueAxis {
  readonly scale: ValueScale
  readonly x0: number
  readonly x1: number
  /** What is measured. */
  readonly what: string
  /** `time`: values are ns, written in the unit that suits them. Else a word: frames, periods. */
  readonly unit: string
  /** Most ticks. */
  readonly ticks?: number
}

/** Numbers and grid lines of a value axis; returns its unit, which belongs in the heading. */
export function drawValueAxis(sheet: Sheet, axis: ValueAxis): string {
  const { scale, x0, x1, what } = axis
  const height = scale.yBottom - scale.yTop
  const most = axis.ticks ?? Math.max(1, Math.floor(height / 24))
  const { values, step } = roundTicks(scale.from, scale.to, most)
  const largest = Math.max(Math.abs(scale.from), Math.abs(scale.to), 1)
  const unit = axis.unit === 'time' ? unitOf(largest) : { name: axis.unit, ns: 1 }
  const grid = new Path()
  for (const value of values) {
    const y = scale.y(value)
    grid.line(x0, y, x1, y)
    const text = tickText(value, step, unit)
    sheet.text('muted', x0 - 8, y + 4, text, { size: SIZE, anchor: 'end' })
  }
  sheet.path('grid', grid)
  sheet.axes.push({ what, unit: unit.name, step, ticks: values })
  return unit.name
}

/** Unit in which a value axis of times will be written, for a heading that is drawn first. */
export function timeUnitOf(scale: ValueScale): string {
  return unitOf(Math.max(Math.abs(scale.from), Math.abs(scale.to), 1)).name
}

/**
 * Steps thinned to what pixels can show: of all values within half a pixel the first, the least,
 * the greatest and the last are kept, so no spike is lost.
 */
import type { Ns } from '../../base/units.ts'
import type { TimeScale, ValueScale } from './scale.ts'
import type { Path } from './shapes.ts'

export interface StepPoint {
  readonly x: number
  readonly value: number
}

const CELLS_PER_PIXEL = 2

/** Corner points of the step line through values that hold from their time on. */
export function stepPoints(
  timesNs: readonly Ns[],
  values: readonly number[],
  scale: TimeScale,
): StepPoint[] {
  const points: StepPoint[] = []
  let cell = -1
  let [least, greatest, last] = [0, 0, 0]
  const flush = (x: number): void => {
    if (least < last) points.push({ x, value: least })
    if (greatest > last) points.push({ x, value: greatest })
    points.push({ x, value: last })
  }
  timesNs.forEach((ns, i) => {
    const value = values[i] as number
    const next = Math.round(scale.x(ns) * CELLS_PER_PIXEL)
    if (next !== cell) {
      if (cell >= 0) flush(cell / CELLS_PER_PIXEL)
      if (points.length > 0) points.push({ x: next / CELLS_PER_PIXEL, value: last })
      cell = next
      least = value
      greatest = value
    }
    if (value < least) least = value
    if (value > greatest) greatest = value
    last = value
  })
  if (cell >= 0) flush(cell / CELLS_PER_PIXEL)
  return points
}

/** Adds the line through the points. */
export function strokeSteps(path: Path, points: readonly StepPoint[], scale: ValueScale): void {
  points.forEach(({ x, value }, i) => {
    if (i === 0) path.move(x, scale.y(value))
    else path.to(x, scale.y(value))
  })
}

/** Adds the area between an upper and a lower line. */
export function fillBetween(
  path: Path,
  upper: readonly StepPoint[],
  lower: readonly StepPoint[],
  scale: ValueScale,
): void {
  if (upper.length === 0 || lower.length === 0) return
  strokeSteps(path, upper, scale)
  for (const { x, value } of lower.toReversed()) path.to(x, scale.y(value))
  path.close()
}

/** The base of an area under the points: their ends at one level. */
export function baseOf(points: readonly StepPoint[], value: number): StepPoint[] {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined) return []
  return [
    { x: first.x, value },
    { x: last.x, value },
  ]
}

/** What falls on one pixel: the extremes and how many. */
export interface ColumnRange {
  readonly x: number
  least: number
  most: number
  count: number
}

/** Values in order of time, gathered by pixel. */
export function columnRanges(
  data: { readonly timesNs: Float64Array; readonly intervalsNs: Float64Array },
  scale: TimeScale,
): ColumnRange[] {
  const columns: ColumnRange[] = []
  data.timesNs.forEach((ns, i) => {
    const value = data.intervalsNs[i] as number
    const x = Math.round(scale.x(ns) * CELLS_PER_PIXEL) / CELLS_PER_PIXEL
    const last = columns.at(-1)
    if (last === undefined || last.x !== x) {
      columns.push({ x, least: value, most: value, count: 1 })
      return
    }
    if (value < last.least) last.least = value
    if (value > last.most) last.most = value
    last.count++
  })
  return columns
}

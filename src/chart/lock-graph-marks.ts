/**
 * Marks of the lock graph: the outline of a class says how it meets interrupts, by its shape first
 * and its colour second; edges are smooth lines with an open head.
 */
import type { Path } from './layout/shapes.ts'
import type { Point } from './lock-graph-layers.ts'

/** How a class meets interrupts, by its usage marks. */
export type IrqSort = 'safe' | 'unsafe' | 'both' | 'neither'

/** `usage`: four characters, as in `{-.+.}`. Both: one kind of interrupt has both marks. */
export function irqSortOf(usage: string): IrqSort {
  if (usage.includes('?')) return 'both'
  if (usage.includes('-')) return 'safe'
  return usage.includes('+') ? 'unsafe' : 'neither'
}

export interface SortLook {
  /** Class of the theme. */
  readonly class: string
  readonly text: string
}

export const SORTS: Readonly<Record<IrqSort, SortLook>> = {
  safe: { class: 'stroke irq', text: 'taken in interrupts (irq-safe)' },
  unsafe: { class: 'stroke client', text: 'taken with interrupts on (irq-unsafe)' },
  both: { class: 'stroke alsa', text: 'both: contradiction' },
  neither: { class: 'empty neutral', text: 'neither' },
}

/** Room that an outline takes beside the text, on each side. */
export const POINTED = 14

/** The outline around a box: hexagon, rectangle, octagon with a second line, dashed rectangle. */
export function addOutline(path: Path, sort: IrqSort, at: Point, width: number, height: number) {
  const [left, right] = [at.x - width / 2, at.x + width / 2]
  const [top, bottom] = [at.y - height / 2, at.y + height / 2]
  if (sort === 'safe') {
    path.polygon([
      [left, at.y],
      [left + POINTED, top],
      [right - POINTED, top],
      [right, at.y],
      [right - POINTED, bottom],
      [left + POINTED, bottom],
    ])
  } else if (sort === 'both') {
    for (const inset of [0, 3])
      addOctagon(path, left + inset, right - inset, top + inset, bottom - inset)
  } else path.box(left, top, width, height)
}

function addOctagon(path: Path, left: number, right: number, top: number, bottom: number): void {
  const cut = 8
  path.polygon([
    [left, top + cut],
    [left + cut, top],
    [right - cut, top],
    [right, top + cut],
    [right, bottom - cut],
    [right - cut, bottom],
    [left + cut, bottom],
    [left, bottom - cut],
  ])
}

/** How far from a bend its curve begins, at most, and the points on it. */
const BEND = 34
const STEPS = 8

/** The line through all points, its bends rounded, with an open arrow head. */
export function addEdge(path: Path, points: readonly Point[], head: number): void {
  const smooth = roundBends(points)
  const [first, ...rest] = smooth
  const last = smooth.at(-1)
  if (first === undefined || last === undefined) return
  path.move(first.x, first.y)
  for (const { x, y } of rest) path.to(x, y)
  const before = smooth.at(-2) ?? first
  const length = distance(before, last)
  if (length === 0) return
  const [ux, uy] = [((last.x - before.x) / length) * head, ((last.y - before.y) / length) * head]
  path.move(last.x - ux - uy * 0.5, last.y - uy + ux * 0.5).to(last.x, last.y)
  path.to(last.x - ux + uy * 0.5, last.y - uy - ux * 0.5)
}

/** Where a label on the line goes: the point of its curve that is nearest to where it was meant. */
export function onEdge(points: readonly Point[], meant: Point): Point {
  return roundBends(points).reduce(
    (best, one) => (distance(one, meant) < distance(best, meant) ? one : best),
    points[0] ?? meant,
  )
}

/** Each bend becomes a parabola between points near it. */
function roundBends(points: readonly Point[]): Point[] {
  return points.flatMap((at, i) => {
    const [before, after] = [points[i - 1], points[i + 1]]
    if (before === undefined || after === undefined) return [at]
    const from = towards(at, before)
    const to = towards(at, after)
    return Array.from({ length: STEPS + 1 }, (_, step) => {
      const t = step / STEPS
      const [wa, wb, wc] = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2]
      return {
        x: wa * from.x + wb * at.x + wc * to.x,
        y: wa * from.y + wb * at.y + wc * to.y,
      }
    })
  })
}

/** The point on the way to another where the curve of a bend begins: before the middle. */
function towards(at: Point, other: Point): Point {
  const length = distance(at, other)
  const part = length === 0 ? 0 : Math.min(0.48, BEND / length)
  return { x: at.x + (other.x - at.x) * part, y: at.y + (other.y - at.y) * part }
}

function distance(a: Point, b: Point): number {
  return Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2)
}

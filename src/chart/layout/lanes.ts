/**
 * The lanes: one row for each context, stream, line, lock, queue and processor that did something,
 * from the application down to the hardware. All spans and marks of a kind are one path; spans that
 * touch on the screen become one.
 */

import type { Arrow } from '../../analysis/arrows.ts'
import {
  type Lane,
  type LaneGroup,
  type LaneSet,
  MARK_STYLES,
  type MarkStyle,
  SPAN_STYLES,
  type SpanStyle,
} from '../../analysis/lanes.ts'
import type { Ns } from '../../base/units.ts'
import { addMark, type Swatch } from './legend.ts'
import { baseOf, fillBetween, stepPoints } from './reduce.ts'
import { type TimeScale, ValueScale } from './scale.ts'
import { Path, type Sheet, type TimePanel } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export interface LanePanel {
  readonly set: LaneSet
  readonly scale: TimeScale
  readonly top: number
  readonly rowHeight: number
  /** Left edge of the labels. */
  readonly left: number
}

export const LANE_TITLES: Record<LaneGroup, string> = {
  client: 'client',
  alsa: 'ALSA core',
  kworker: 'kworker',
  task: 'task',
  irq: 'interrupt',
  lock: 'lock',
  queue: 'virtqueue',
  vcpu: 'vCPU',
  device: 'host',
  sink: 'sink',
}

/** Classes of spans, and their height as a share of the row. */
const SPANS: Record<SpanStyle, { readonly class: string; readonly height: number }> = {
  call: { class: 'pale', height: 0.34 },
  sleep: { class: 'asleep', height: 0.5 },
  trigger: { class: 'pale', height: 0.56 },
  run: { class: 'fill', height: 0.56 },
  held: { class: 'fill', height: 0.4 },
  waited: { class: 'waited', height: 0.62 },
  stolen: { class: 'waited', height: 0.62 },
  play: { class: 'fill', height: 0.46 },
  silence: { class: 'empty', height: 0.46 },
}

/** Class, shape and place in the row (0 top, 1 bottom) of marks. */
const MARKS: Record<MarkStyle, { readonly class: string; swatch: Swatch; at: number }> = {
  elapsed: { class: 'fill', swatch: 'diamond', at: 0.34 },
  applptr: { class: 'stroke', swatch: 'tick', at: 0.72 },
  xrun: { class: 'alarm', swatch: 'cross', at: 0.5 },
  report: { class: 'alarm', swatch: 'cross', at: 0.5 },
  kick: { class: 'fill', swatch: 'kick', at: 0.27 },
  used: { class: 'fill', swatch: 'used', at: 0.73 },
  timer: { class: 'fill', swatch: 'dot', at: 0.5 },
}

/** Middle of a lane's row; null if the set has no such lane. */
export function rowMiddle(panel: LanePanel, key: string): number | null {
  const at = panel.set.lanes.findIndex((lane) => lane.key === key)
  return at < 0 ? null : panel.top + (at + 0.5) * panel.rowHeight
}

export function laneBottom(panel: LanePanel): number {
  return panel.top + panel.set.lanes.length * panel.rowHeight
}

/** Stripes and labels; to be drawn below the grid. */
export function drawLaneFrame(sheet: Sheet, panel: LanePanel): void {
  const { scale, rowHeight, left } = panel
  panel.set.lanes.forEach((lane, i) => {
    const top = panel.top + i * rowHeight
    if (i % 2 === 0) sheet.rect('stripe', left, top, scale.x1 - left, rowHeight)
    const first = panel.set.lanes[i - 1]?.group !== lane.group
    const title = first ? LANE_TITLES[lane.group] : ''
    const y = top + rowHeight / 2 + 4
    if (first) sheet.text('text', left + 6, y, title, { size: 11, bold: true })
    const indent = left + 6 + (first ? textWidth(title, 11, true) + 6 : 10)
    const name = fitText(lane.name, 10, scale.x0 - indent - 8)
    sheet.text('muted', scale.x0 - 8, y, name, { size: 10, anchor: 'end' })
  })
}

export function drawSpans(sheet: Sheet, panel: LanePanel): void {
  eachGroup(panel, (group, lanes) => {
    const level = new Path()
    for (const { lane, top } of lanes) addLevel(level, lane, panel, top)
    sheet.path(`pale ${group}`, level)
    for (const style of SPAN_STYLES) {
      const look = SPANS[style]
      const height = panel.rowHeight * look.height
      const paths = { dense: new Path(), sparse: new Path() }
      for (const { lane, top } of lanes) {
        const y = top + (panel.rowHeight - height) / 2
        addSpans(paths, lane.spans[style], panel.scale, y, height)
      }
      const faint = look.class === 'fill' ? 'pale' : look.class
      sheet.path(`${faint} ${group}`, paths.sparse)
      sheet.path(`${look.class} ${group}`, paths.dense)
    }
  })
}

export function drawMarks(sheet: Sheet, panel: LanePanel): void {
  eachGroup(panel, (group, lanes) => {
    for (const style of MARK_STYLES) {
      const look = MARKS[style]
      const path = new Path()
      for (const { lane, top } of lanes) {
        addMarks(path, lane.marks[style], panel.scale, look.swatch, top + panel.rowHeight * look.at)
      }
      sheet.path(`${look.class} ${group}`, path)
    }
  })
}

/** Arrows that are less wide have no head. */
const HEAD_ROOM = 7

/** From cause to effect, as far as both have a lane. */
export function drawArrows(sheet: Sheet, panel: LanePanel, arrows: readonly Arrow[]): void {
  const path = new Path()
  const links = new Path()
  for (const { from, to } of arrows) {
    const [y1, y2] = [rowMiddle(panel, from.lane), rowMiddle(panel, to.lane)]
    if (y1 === null || y2 === null) continue
    const [x1, x2] = [panel.scale.x(from.timeNs), panel.scale.x(to.timeNs)]
    const down = y2 > y1 ? 1 : -1
    // Where all happens on one pixel, heads would cover what they point at.
    if (Math.abs(x2 - x1) < HEAD_ROOM) links.line(x1, y1, x2, y2)
    else path.arrow(x1, y1 + down * 4, x2, y2 - down * 6)
  }
  sheet.path('link', links)
  sheet.path('arrow thin', path)
}

/** What the rows stand for, for whoever points at them. */
export function lanePanel(panel: LanePanel): TimePanel {
  const { scale, top, rowHeight } = panel
  const rows = panel.set.lanes.map(({ pick }, i) => ({
    top: top + i * rowHeight,
    bottom: top + (i + 1) * rowHeight,
    pick,
  }))
  const { x0, x1, fromNs, toNs } = scale
  return { x0, x1, fromNs, toNs, top, bottom: laneBottom(panel), rows }
}

interface PlacedLane {
  readonly lane: Lane
  readonly top: number
}

function eachGroup(
  panel: LanePanel,
  draw: (group: LaneGroup, lanes: readonly PlacedLane[]) => void,
): void {
  const groups = new Map<LaneGroup, PlacedLane[]>()
  panel.set.lanes.forEach((lane, i) => {
    const placed = { lane, top: panel.top + i * panel.rowHeight }
    groups.set(lane.group, [...(groups.get(lane.group) ?? []), placed])
  })
  for (const [group, lanes] of groups) draw(group, lanes)
}

/** Narrower spans would vanish. */
const SPAN_WIDTH_MIN = 1.4
const SPAN_GAP_MIN = 0.8

/** Spans that touch on the screen but cover less than this of it are drawn faintly. */
const SPARSE = 0.5

/** Sparse: many short spans that look like one long one. */
interface SpanPaths {
  readonly dense: Path
  readonly sparse: Path
}

function addSpans(
  paths: SpanPaths,
  ends: readonly Ns[],
  scale: TimeScale,
  y: number,
  h: number,
): void {
  let [from, to, busy, count] = [-1, -1, 0, 0]
  const flush = (): void => {
    if (from < 0) return
    const width = Math.min(to, scale.x1) - from
    const sparse = count > 2 && busy < SPARSE * width
    const path = sparse ? paths.sparse : paths.dense
    path.box(from, y, width, h)
  }
  for (let i = 0; i < ends.length; i += 2) {
    const first = Math.min(scale.x(ends[i] as Ns), scale.x1 - SPAN_WIDTH_MIN)
    const end = scale.x(ends[i + 1] as Ns)
    const last = Math.max(end, first + SPAN_WIDTH_MIN)
    if (from >= 0 && first <= to + SPAN_GAP_MIN) to = Math.max(to, last)
    else {
      flush()
      from = first
      to = last
      busy = 0
      count = 0
    }
    busy += end - scale.x(ends[i] as Ns)
    count++
  }
  flush()
}

/** Marks closer than this look like one. */
const MARK_GAP_MIN = 2

function addMarks(
  path: Path,
  at: readonly Ns[],
  scale: TimeScale,
  swatch: Swatch,
  y: number,
): void {
  let last = Number.NEGATIVE_INFINITY
  for (const ns of at) {
    const x = scale.x(ns)
    if (x - last < MARK_GAP_MIN) continue
    addMark(path, swatch, x, y)
    last = x
  }
}

/** Buffers in flight as a filled step line behind the queue's marks. */
function addLevel(path: Path, lane: Lane, panel: LanePanel, top: number): void {
  const { timesNs, count } = lane.level
  if (count.length === 0) return
  const most = count.reduce((max, value) => (value > max ? value : max), 1)
  const scale = new ValueScale(0, most, top + panel.rowHeight - 2, top + 3)
  const points = stepPoints(timesNs, count, panel.scale)
  fillBetween(path, points, baseOf(points, 0), scale)
}

/**
 * The lanes: one row for each of client, ALSA core, kworker, interrupt, virtqueue, device and sink,
 * from the application down to the hardware. All spans and marks of a kind are one path; spans that
 * touch on the screen become one.
 */

import {
  LANES,
  type LaneName,
  type LaneSet,
  type MarkStyle,
  type SpanStyle,
} from '../../analysis/lanes.ts'
import type { Ns } from '../../base/units.ts'
import { addMark, type Swatch } from './legend.ts'
import { baseOf, fillBetween, stepPoints } from './reduce.ts'
import { type TimeScale, ValueScale } from './scale.ts'
import { Path, type Sheet } from './shapes.ts'
import { fitText } from './text-metrics.ts'

export interface LanePanel {
  readonly set: LaneSet
  readonly scale: TimeScale
  readonly top: number
  readonly rowHeight: number
  /** Left edge of the labels. */
  readonly left: number
}

const TITLES: Record<LaneName, string> = {
  client: 'client',
  alsa: 'ALSA core',
  kworker: 'kworker',
  irq: 'interrupt',
  queue: 'virtqueue',
  device: 'QEMU main loop',
  sink: 'sink',
}

/** Classes of spans, and their height as a share of the row. */
const SPANS: Record<SpanStyle, { readonly class: string; readonly height: number }> = {
  call: { class: 'pale', height: 0.3 },
  sleep: { class: 'asleep', height: 0.5 },
  trigger: { class: 'pale', height: 0.5 },
  run: { class: 'fill', height: 0.5 },
  play: { class: 'fill', height: 0.4 },
  silence: { class: 'empty', height: 0.4 },
}

/** Class, shape and place in the row (0 top, 1 bottom) of marks. */
const MARKS: Record<MarkStyle, { readonly class: string; swatch: Swatch; at: number }> = {
  elapsed: { class: 'fill', swatch: 'diamond', at: 0.35 },
  applptr: { class: 'stroke', swatch: 'tick', at: 0.72 },
  xrun: { class: 'alarm', swatch: 'cross', at: 0.5 },
  kick: { class: 'fill', swatch: 'kick', at: 0.28 },
  used: { class: 'fill', swatch: 'used', at: 0.72 },
  timer: { class: 'fill', swatch: 'dot', at: 0.5 },
}

/** Top of a lane's row. */
export function rowTop(panel: LanePanel, lane: LaneName): number {
  return panel.top + LANES.indexOf(lane) * panel.rowHeight
}

export function laneBottom(panel: LanePanel): number {
  return panel.top + LANES.length * panel.rowHeight
}

/** Stripes and labels; to be drawn below the grid. */
export function drawLaneFrame(sheet: Sheet, panel: LanePanel): void {
  const { scale, rowHeight, left } = panel
  LANES.forEach((lane, i) => {
    const top = rowTop(panel, lane)
    if (i % 2 === 0) sheet.rect('stripe', left, top, scale.x1 - left, rowHeight)
    const names = panel.set.lanes[lane].names
    const detail = names.length > 1 ? `${names[0]} +${names.length - 1}` : (names[0] ?? '')
    const room = scale.x0 - left - 14
    const middle = top + rowHeight / 2
    const y = detail === '' ? middle + 4 : middle - 2
    sheet.text('text', left + 6, y, TITLES[lane], { size: 12, bold: true })
    if (detail === '') return
    sheet.text('muted', left + 6, middle + 11, fitText(detail, 10, room), { size: 10 })
  })
}

export function drawSpans(sheet: Sheet, panel: LanePanel): void {
  drawInFlight(sheet, panel)
  for (const lane of LANES) {
    const top = rowTop(panel, lane)
    const { spans } = panel.set.lanes[lane]
    for (const [style, look] of Object.entries(SPANS)) {
      const height = panel.rowHeight * look.height
      const y = top + (panel.rowHeight - height) / 2
      const path = spanPath(spans[style as SpanStyle], panel.scale, y, height)
      sheet.path(`${look.class} ${lane}`, path)
    }
  }
}

export function drawMarks(sheet: Sheet, panel: LanePanel): void {
  for (const lane of LANES) {
    const top = rowTop(panel, lane)
    const { marks } = panel.set.lanes[lane]
    for (const [style, look] of Object.entries(MARKS)) {
      const y = top + panel.rowHeight * look.at
      const path = markPath(marks[style as MarkStyle], panel.scale, look.swatch, y)
      sheet.path(`${look.class} ${lane}`, path)
    }
  }
}

/** Narrower spans would vanish. */
const SPAN_WIDTH_MIN = 1.4
const SPAN_GAP_MIN = 0.4

function spanPath(ends: readonly Ns[], scale: TimeScale, y: number, height: number): Path {
  const path = new Path()
  let [from, to] = [-1, -1]
  for (let i = 0; i < ends.length; i += 2) {
    const first = scale.x(ends[i] as Ns)
    const last = Math.max(scale.x(ends[i + 1] as Ns), first + SPAN_WIDTH_MIN)
    if (from >= 0 && first <= to + SPAN_GAP_MIN) {
      to = Math.max(to, last)
      continue
    }
    if (from >= 0) path.box(from, y, to - from, height)
    from = first
    to = last
  }
  if (from >= 0) path.box(from, y, Math.min(to, scale.x1) - from, height)
  return path
}

/** Marks closer than this look like one. */
const MARK_GAP_MIN = 0.75

function markPath(times: readonly Ns[], scale: TimeScale, swatch: Swatch, y: number): Path {
  const path = new Path()
  let last = Number.NEGATIVE_INFINITY
  for (const ns of times) {
    const x = scale.x(ns)
    if (x - last < MARK_GAP_MIN) continue
    addMark(path, swatch, x, y)
    last = x
  }
  return path
}

/** Messages in flight as a filled step line behind the virtqueue's marks. */
function drawInFlight(sheet: Sheet, panel: LanePanel): void {
  const { timesNs, count } = panel.set.inFlight
  const top = rowTop(panel, 'queue')
  const most = count.reduce((max, value) => (value > max ? value : max), 1)
  const scale = new ValueScale(0, most, top + panel.rowHeight - 2, top + 4)
  const points = stepPoints(timesNs, count, panel.scale)
  const path = new Path()
  fillBetween(path, points, baseOf(points, 0), scale)
  sheet.path('pale queue', path)
}

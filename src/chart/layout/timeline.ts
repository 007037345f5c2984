/**
 * The timeline chart: what was found, the whole run, a stretch of it with lanes and ring, and one
 * period of that stretch with its causal chain. Pure: analyses in, shapes out.
 */

import { formatDuration, formatInstant } from '../../analysis/format.ts'
import type { RunResult, StreamResult } from '../../analysis/result.ts'
import type { CloseUp, TimelineData } from '../../analysis/timeline.ts'
import type { Window } from '../../analysis/windows.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawChain, drawStepList } from './close-up.ts'
import { headline, subline } from './headline.ts'
import { drawLaneFrame, drawMarks, drawSpans, type LanePanel, laneBottom } from './lanes.ts'
import { drawHeading, type LegendEntry } from './legend.ts'
import { drawOverview } from './overview.ts'
import { drawAvail, drawInstants, drawPointers } from './ring-fill.ts'
import { TimeScale } from './scale.ts'
import { type Drawing, Sheet } from './shapes.ts'
import { fitText, textWidth } from './text-metrics.ts'

export const WIDTH = 1200
const LEFT = 24
const RIGHT = WIDTH - 28
/** Left end of everything that has a time axis. */
const PLOT = 168
const LIST_WIDTH = 270
const ROW_HEIGHT = 32

const LANE_LEGEND: readonly LegendEntry[] = [
  { swatch: 'bar', class: 'fill neutral', text: 'runs' },
  { swatch: 'bar', class: 'pale neutral', text: 'in a call, in flight' },
  { swatch: 'bar', class: 'asleep neutral', text: 'asleep' },
  { swatch: 'diamond', class: 'fill alsa', text: 'period elapsed' },
  { swatch: 'tick', class: 'stroke alsa', text: 'appl_ptr' },
  { swatch: 'kick', class: 'fill queue', text: 'kick' },
  { swatch: 'used', class: 'fill queue', text: 'used' },
  { swatch: 'dot', class: 'fill device', text: 'timer' },
  { swatch: 'cross', class: 'alarm', text: 'xrun' },
]

/** How many bins the overview's width can show. */
export const OVERVIEW_BINS = RIGHT - PLOT

export function layoutTimeline(result: RunResult, data: TimelineData | null): Drawing {
  const sheet = new Sheet()
  if (data === null) return emptyDrawing(result)
  const title = headline(result, data.stream)
  drawTitle(sheet, title)
  const about = fitText(subline(result, data.name, data.stream), 12, RIGHT - LEFT)
  sheet.text('muted', LEFT, 56, about, { size: 12 })
  let y = drawWholeRun(sheet, data, 92)
  y = drawStretch(sheet, data, y + 30)
  if (data.closeUp !== null) y = drawCloseUp(sheet, data.closeUp, y + 30)
  return {
    width: WIDTH,
    height: Math.ceil(y + 14),
    title,
    desc: describe(result, data),
    shapes: sheet.shapes,
  }
}

/** As large as fits; what does not fit at all is cut, but the SVG's own title has all of it. */
function drawTitle(sheet: Sheet, title: string): void {
  const room = RIGHT - LEFT
  const size = [19, 18, 17, 16].find((one) => textWidth(title, one, true) <= room) ?? 15
  sheet.text('text', LEFT, 36, fitText(title, size, room, true), { size, bold: true })
}

function emptyDrawing(result: RunResult): Drawing {
  const sheet = new Sheet()
  const title = `${result.scenario}: no stream was opened`
  drawTitle(sheet, title)
  return { width: WIDTH, height: 60, title, desc: title, shapes: sheet.shapes }
}

function describe(result: RunResult, data: TimelineData): string {
  const { fromNs, toNs } = data.window
  const stretch = `${formatInstant(fromNs)} to ${formatInstant(toNs)}`
  return (
    `${subline(result, data.name, data.stream)}. From top to bottom: fill of the ring over the ` +
    'whole run; lanes of client, ALSA core, kworker, interrupt, virtqueue, QEMU main loop and ' +
    `sink with the ring's pointers from ${stretch}; the causal chain of one period.`
  )
}

/** Each part draws itself below `top` and returns where it ends. */
function drawWholeRun(sheet: Sheet, data: TimelineData, top: number): number {
  const box = { left: LEFT, right: RIGHT, y: top }
  drawHeading(sheet, box, 'Whole run: frames queued in the ring', [
    { swatch: 'bar', class: 'fillband', text: 'least to greatest' },
    { swatch: 'bar', class: 'window', text: 'shown below' },
    { swatch: 'cross', class: 'alarm', text: 'xrun' },
    { swatch: 'ring', class: 'warning', text: 'silent failure' },
  ])
  const scale = new TimeScale(0, data.endNs, PLOT, RIGHT)
  const [upper, lower] = [top + 18, top + 74]
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[upper, lower]] })
  const { overview, stream, window } = data
  drawOverview(sheet, { overview, stream, window, scale, top: upper, bottom: lower })
  return lower + AXIS_HEIGHT
}

const POINTER_HEIGHT = 150
const AVAIL_HEIGHT = 56

function drawStretch(sheet: Sheet, data: TimelineData, top: number): number {
  const { window, ring, stream } = data
  const span = `${formatInstant(window.fromNs).slice(0, -2)}–${formatInstant(window.toNs)}`
  const heading = `${occasion(stream, window)}, ${span}`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top }, heading, LANE_LEGEND)
  const scale = new TimeScale(window.fromNs, window.toNs, PLOT, RIGHT)
  const lanesTop = top + 14
  const panel: LanePanel = {
    set: data.lanes,
    scale,
    top: lanesTop,
    rowHeight: ROW_HEIGHT,
    left: LEFT,
  }
  const pointersTop = laneBottom(panel) + 40
  const availTop = pointersTop + POINTER_HEIGHT + 40
  const bottom = availTop + AVAIL_HEIGHT
  drawLaneFrame(sheet, panel)
  const pointersBottom = pointersTop + POINTER_HEIGHT
  const panels = [
    [lanesTop, laneBottom(panel)],
    [pointersTop, pointersBottom],
    [availTop, bottom],
  ] as const
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels })
  drawSpans(sheet, panel)
  drawMarks(sheet, panel)
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: pointersTop - 12 }, 'Ring pointers (frames)', [
    { swatch: 'line', class: 'applptr', text: 'appl_ptr: written by the client' },
    { swatch: 'dash', class: 'hwptr', text: 'hw_ptr: taken by the device' },
    { swatch: 'bar', class: 'queued', text: 'queued' },
    { swatch: 'line', class: 'grid', text: 'period boundary' },
  ])
  drawPointers(sheet, { ring, stream, scale, top: pointersTop, bottom: pointersBottom })
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: availTop - 12 }, 'avail (frames)', [
    { swatch: 'bar', class: 'availarea', text: 'free for the client' },
    { swatch: 'dash', class: 'limit', text: 'whole ring free: xrun' },
  ])
  drawAvail(sheet, { ring, stream, scale, top: availTop, bottom })
  const xruns = stream.xruns.map(({ timeNs }) => timeNs)
  const silent = stream.silentFailures.map(({ timeNs }) => timeNs)
  for (const [from, to] of panels) {
    drawInstants(sheet, 'xrunline', scale, xruns, from, to)
    drawInstants(sheet, 'silentline', scale, silent, from, to)
  }
  return bottom + AXIS_HEIGHT
}

function occasion(stream: StreamResult, window: Window): string {
  const inside = ({ timeNs }: { readonly timeNs: number }): boolean =>
    timeNs >= window.fromNs && timeNs <= window.toNs
  if (stream.xruns.some(inside)) return 'Around the xrun'
  return stream.silentFailures.some(inside) ? 'Around the silent failure' : 'Close up'
}

function drawCloseUp(sheet: Sheet, closeUp: CloseUp, top: number): number {
  const { window, steps, lanes } = closeUp
  const originNs = steps[0]?.timeNs ?? window.fromNs
  const length = formatDuration(window.toNs - window.fromNs)
  const heading = `One period in ${length}: what causes what, from ${(originNs / 1e9).toFixed(6)} s`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top }, heading, [
    { swatch: 'line', class: 'arrow', text: 'causes' },
  ])
  const right = RIGHT - LIST_WIDTH - 24
  const scale = new TimeScale(window.fromNs, window.toNs, PLOT, right)
  const panel: LanePanel = { set: lanes, scale, top: top + 14, rowHeight: ROW_HEIGHT, left: LEFT }
  const bottom = laneBottom(panel)
  drawLaneFrame(sheet, panel)
  const panels = [[panel.top, bottom]] as const
  drawTimeAxis(sheet, { scale, originNs, label: 'time since step 1', panels })
  drawSpans(sheet, panel)
  drawChain(sheet, panel, steps)
  drawStepList(sheet, { left: right + 24, right: RIGHT, top: panel.top }, steps)
  return bottom + AXIS_HEIGHT
}

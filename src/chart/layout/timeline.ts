/**
 * The timeline chart: what was found, the whole run, a stretch of it with lanes and ring, and one
 * period of that stretch with its causal chain. Pure: analyses in, shapes out.
 */

import { formatDuration, formatInstant, formatSpan } from '../../analysis/format.ts'
import type { RunResult } from '../../analysis/result.ts'
import type { CloseUp, TimelineData } from '../../analysis/timeline.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawChain, drawStepList } from './close-up.ts'
import { drawTitle, LANE_PLOT, LEFT, RIGHT, WIDTH } from './frame.ts'
import { headline, subline } from './headline.ts'
import {
  drawArrows,
  drawLaneFrame,
  drawMarks,
  drawSpans,
  LANE_TITLES,
  type LanePanel,
  laneBottom,
  lanePanel,
} from './lanes.ts'
import { drawHeading, type LegendEntry } from './legend.ts'
import { crossText, drawWholeRun } from './overview.ts'
import { drawRing } from './ring.ts'
import { drawInstants } from './ring-fill.ts'
import { TimeScale } from './scale.ts'
import { type Drawing, Sheet } from './shapes.ts'

const LIST_WIDTH = 270
const ROW_HEIGHT = 24

/** The cross at its end says what it is in this run. */
const LANE_LEGEND: readonly LegendEntry[] = [
  { swatch: 'bar', class: 'fill neutral', text: 'runs, holds' },
  { swatch: 'bar', class: 'pale neutral', text: 'in a call, queued, at times' },
  { swatch: 'bar', class: 'asleep neutral', text: 'asleep' },
  { swatch: 'bar', class: 'waited lock', text: 'waits, CPU stolen' },
  { swatch: 'diamond', class: 'fill alsa', text: 'period elapsed' },
  { swatch: 'tick', class: 'stroke alsa', text: 'appl_ptr' },
  { swatch: 'kick', class: 'fill queue', text: 'kick' },
  { swatch: 'used', class: 'fill queue', text: 'used' },
  { swatch: 'dot', class: 'fill device', text: 'timer' },
]

/** How many bins the overview's width can show. */
export const OVERVIEW_BINS = RIGHT - LANE_PLOT

export function layoutTimeline(result: RunResult, data: TimelineData | null): Drawing {
  const sheet = new Sheet()
  if (data === null) return layoutEmpty(result)
  const title = headline(result, data.stream)
  drawTitle(sheet, title, subline(result, data.name, data.stream))
  let y = drawWholeRun(sheet, data, 92)
  y = drawStretch(sheet, data, y + 30)
  if (data.closeUp !== null) y = drawCloseUp(sheet, data.closeUp, data.reportsNs, y + 30)
  return sheet.drawing(title, describe(result, data), WIDTH, y + 14)
}

export function layoutEmpty(result: RunResult): Drawing {
  const sheet = new Sheet()
  const title = `${result.scenario}: no stream was opened`
  drawTitle(sheet, title)
  return sheet.drawing(title, title, WIDTH, 60)
}

function describe(result: RunResult, data: TimelineData): string {
  const { fromNs, toNs } = data.window
  const lanes = [...new Set(data.lanes.lanes.map((lane) => LANE_TITLES[lane.group]))]
  const stretch = `${formatInstant(fromNs)} to ${formatInstant(toNs)}`
  return (
    `${subline(result, data.name, data.stream)}. From top to bottom: fill of the ring over the ` +
    `whole run; lanes of ${lanes.join(', ')} with the ring's pointers from ${stretch}; the ` +
    'causal chain of one period.'
  )
}

/** Each part draws itself below `top` and returns where it ends. */
const POINTER_HEIGHT = 150
const AVAIL_HEIGHT = 56

function drawStretch(sheet: Sheet, data: TimelineData, top: number): number {
  const { window, ring, stream } = data
  const span = formatSpan(window.fromNs, window.toNs)
  const heading = `${occasion(data)}, ${span}`
  const cross: LegendEntry = { swatch: 'cross', class: 'alarm', text: crossText(data, 'report') }
  const legend = [...LANE_LEGEND, cross]
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top }, heading, legend)
  const scale = new TimeScale(window.fromNs, window.toNs, LANE_PLOT, RIGHT)
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
  drawArrows(sheet, panel, data.arrows)
  drawMarks(sheet, panel)
  sheet.panels.push(lanePanel(panel))
  drawRing(sheet, {
    ring,
    stream,
    played: data.played,
    scale,
    pointers: [pointersTop, pointersBottom],
    avail: [availTop, bottom],
    lines: panels,
    stopNs: data.stopNs,
    reportsNs: data.reportsNs,
  })
  return bottom + AXIS_HEIGHT
}

function occasion({ stream, window, stopNs, reportsNs, endNs }: TimelineData): string {
  if (window.toNs - window.fromNs > 0.9 * endNs) return 'Whole run'
  const inside = ({ timeNs }: { readonly timeNs: number }): boolean =>
    timeNs >= window.fromNs && timeNs <= window.toNs
  if (stopNs !== null && inside({ timeNs: stopNs })) return 'Around the deadlock'
  if (stream.xruns.some(inside)) return 'Around the xrun'
  if (reportsNs.some((timeNs) => inside({ timeNs }))) return 'Around the report'
  return stream.silentFailures.some(inside) ? 'Around the silent failure' : 'Close up'
}

function drawCloseUp(
  sheet: Sheet,
  closeUp: CloseUp,
  reportsNs: readonly number[],
  top: number,
): number {
  const { window, steps, lanes } = closeUp
  const originNs = steps[0]?.timeNs ?? window.fromNs
  const length = formatDuration(window.toNs - window.fromNs)
  const heading = `One period in ${length}: what causes what, from ${(originNs / 1e9).toFixed(6)} s`
  const shown = reportsNs.filter((ns) => ns >= window.fromNs && ns <= window.toNs)
  const line: LegendEntry = { swatch: 'dash', class: 'xrunline', text: 'lock report' }
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top }, heading, [
    ...(shown.length === 0 ? [] : [line]),
    { swatch: 'line', class: 'arrow', text: 'causes' },
  ])
  const right = RIGHT - LIST_WIDTH - 24
  const scale = new TimeScale(window.fromNs, window.toNs, LANE_PLOT, right)
  const panel: LanePanel = { set: lanes, scale, top: top + 14, rowHeight: ROW_HEIGHT, left: LEFT }
  const bottom = laneBottom(panel)
  drawLaneFrame(sheet, panel)
  const panels = [[panel.top, bottom]] as const
  drawTimeAxis(sheet, { scale, originNs, label: 'time since step 1', panels })
  drawSpans(sheet, panel)
  sheet.panels.push(lanePanel(panel))
  drawInstants(sheet, 'xrunline', scale, shown, panel.top, bottom)
  drawChain(sheet, panel, steps)
  drawStepList(sheet, { left: right + 24, right: RIGHT, top: panel.top }, steps)
  return bottom + AXIS_HEIGHT
}

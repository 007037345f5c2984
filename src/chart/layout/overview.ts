/**
 * The whole run at a glance: the ring's fill as a band between the least and the greatest number of
 * queued frames of each pixel, with xruns and the stretch that is shown closely below. Frames.
 */

import type { StreamResult } from '../../analysis/result.ts'
import type { RingOverview } from '../../analysis/ring-series.ts'
import type { TimelineData } from '../../analysis/timeline.ts'
import type { Window } from '../../analysis/windows.ts'
import type { Ns } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { LANE_PLOT, LEFT, RIGHT } from './frame.ts'
import { addMark, drawHeading, type Swatch } from './legend.ts'
import { TimeScale, ValueScale } from './scale.ts'
import { Path, type Sheet } from './shapes.ts'

/** The fill of the whole run below `top`, with its heading and axis; returns where it ends. */
export function drawWholeRun(sheet: Sheet, data: TimelineData, top: number): number {
  const box = { left: LEFT, right: RIGHT, y: top }
  drawHeading(sheet, box, 'Whole run: frames queued in the ring', [
    { swatch: 'bar', class: 'fillband', text: 'least to greatest' },
    { swatch: 'bar', class: 'window', text: 'shown below' },
    { swatch: 'cross', class: 'alarm', text: crossText(data, 'lock report') },
    { swatch: 'ring', class: 'warning', text: 'silent failure' },
  ])
  const scale = new TimeScale(0, data.endNs, LANE_PLOT, RIGHT)
  const [upper, lower] = [top + 18, top + 74]
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[upper, lower]] })
  const { overview, stream, window, reportsNs } = data
  drawOverview(sheet, { overview, stream, window, reportsNs, scale, top: upper, bottom: lower })
  const kinds = [T.snd_pcm_xrun, T.snd_pcm_state, T.audio_copy]
  const rows = [{ top: upper, bottom: lower, pick: { kinds, subject: stream.id } }]
  const { x0, x1, fromNs, toNs } = scale
  const whole = { x0, x1, fromNs, toNs, top: upper, bottom: lower, rows, whole: true }
  sheet.panels.push(whole)
  return lower + AXIS_HEIGHT
}

/** What a red cross is in the charts of this run. */
export function crossText({ stream, reportsNs }: TimelineData, report: string): string {
  if (reportsNs.length === 0) return 'xrun'
  return stream.xruns.length === 0 ? report : `xrun, ${report}`
}

interface OverviewPanel {
  readonly overview: RingOverview
  readonly stream: StreamResult
  readonly window: Window
  readonly reportsNs: readonly Ns[]
  readonly scale: TimeScale
  readonly top: number
  readonly bottom: number
}

function drawOverview(sheet: Sheet, panel: OverviewPanel): void {
  const { scale, stream, top, bottom } = panel
  const size = Math.max(1, stream.params.buffer_size)
  const values = new ValueScale(0, size, bottom, top)
  drawWindow(sheet, panel)
  sheet.path('fillband', bandPath(panel.overview, scale, values))
  const ends = new Path()
    .line(scale.x0, top, scale.x1, top)
    .line(scale.x0, bottom, scale.x1, bottom)
  sheet.path('grid', ends)
  for (const value of [0, size]) {
    sheet.text('muted', scale.x0 - 8, values.y(value) + 4, `${value}`, { size: 11, anchor: 'end' })
  }
  sheet.axes.push({ what: 'queued', unit: 'frames', step: size, ticks: [0, size] })
  const xruns = [...stream.xruns.map(({ timeNs }) => timeNs), ...panel.reportsNs]
  xruns.sort((a, b) => a - b)
  const silent = stream.silentFailures.map(({ timeNs }) => timeNs)
  sheet.path('alarm', marksPath(xruns, 'cross', scale, bottom - 8))
  sheet.path('warning', marksPath(silent, 'ring', scale, bottom - 8))
}

/** Marks that would lie on top of each other are one. */
export function marksPath(times: readonly Ns[], mark: Swatch, scale: TimeScale, y: number): Path {
  const path = new Path()
  let last = Number.NEGATIVE_INFINITY
  for (const timeNs of times) {
    const x = scale.x(timeNs)
    if (x - last < 1) continue
    addMark(path, mark, x, y)
    last = x
  }
  return path
}

function drawWindow(sheet: Sheet, panel: OverviewPanel): void {
  const { scale, window, top, bottom } = panel
  const from = scale.x(window.fromNs)
  const width = Math.max(3, scale.x(window.toNs) - from)
  sheet.rect('window', from, top - 5, width, bottom - top + 10)
}

/** One band for each stretch in which the stream was active; a column is never thinner than 1. */
export function bandPath(overview: RingOverview, scale: TimeScale, values: ValueScale): Path {
  const { least, most } = overview
  const path = new Path()
  const width = (scale.x1 - scale.x0) / least.length
  for (let from = 0; from < least.length; from++) {
    if ((least[from] as number) < 0) continue
    let to = from
    while (to + 1 < least.length && (least[to + 1] as number) >= 0) to++
    const x = (bin: number): number => scale.x0 + bin * width
    const outline: [number, number][] = []
    for (let bin = from; bin <= to; bin++) {
      const y = values.y(most[bin] as number) - 0.5
      outline.push([x(bin), y], [x(bin + 1), y])
    }
    for (let bin = to; bin >= from; bin--) {
      const y = values.y(least[bin] as number) + 0.5
      outline.push([x(bin + 1), y], [x(bin), y])
    }
    path.polygon(outline)
    from = to
  }
  return path
}

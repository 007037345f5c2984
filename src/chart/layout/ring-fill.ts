/**
 * The ring: appl_ptr and hw_ptr as they climb over the period boundaries, the queued frames between
 * them, and avail below, with the level at which the stream xruns. Values are frames.
 */

import type { StreamResult } from '../../analysis/result.ts'
import type { PlayedStretch, RingSteps } from '../../analysis/ring-series.ts'
import type { Ns } from '../../base/units.ts'
import { baseOf, fillBetween, stepPoints, strokeSteps } from './reduce.ts'
import { roundStep, type TimeScale, ValueScale } from './scale.ts'
import { Path, type Sheet } from './shapes.ts'

export interface RingPanel {
  readonly ring: RingSteps
  /** What the sink plays when. */
  readonly played: readonly PlayedStretch[]
  readonly stream: StreamResult
  readonly scale: TimeScale
  readonly top: number
  readonly bottom: number
}

/** The two pointers, and what is heard. */
export function drawPointers(sheet: Sheet, panel: RingPanel): void {
  const { ring, scale, stream } = panel
  const period = Math.max(1, stream.params.period_size)
  const heard = panel.played.map((one) => heardWithin(one, scale)).filter((one) => one !== null)
  const firsts = heard.map(([, first]) => first)
  const least = Math.min(
    extremes(ring.hw_ptr)[0],
    extremes(ring.appl_ptr)[0],
    firsts.length > 0 ? extremes(firsts)[0] : Number.POSITIVE_INFINITY,
  )
  const greatest = Math.max(...extremes(ring.hw_ptr), ...extremes(ring.appl_ptr))
  const from = Math.floor(least / period) * period
  const to = Math.max(from + period, Math.ceil(greatest / period) * period)
  const values = new ValueScale(from, to, panel.bottom, panel.top)
  drawBoundaries(sheet, panel, values, period)
  const hw = stepPoints(ring.timesNs, ring.hw_ptr, scale)
  const appl = stepPoints(ring.timesNs, ring.appl_ptr, scale)
  const band = new Path()
  fillBetween(band, appl, hw, values)
  sheet.path('queued', band)
  const hwPath = new Path()
  strokeSteps(hwPath, hw, values)
  const applPath = new Path()
  strokeSteps(applPath, appl, values)
  sheet.path('played', playedPath(heard, scale, values))
  sheet.path('hwptr', hwPath)
  sheet.path('applptr', applPath)
}

type HeardPart = readonly [fromNs: Ns, first: number, toNs: Ns, end: number]

/** A jump of this many pixels is drawn as a gap: what is heard did not pass through it. */
const JUMP = 3

/** Stretches as lines; those that touch on the screen go on as one, a point for each pixel. */
function playedPath(heard: readonly HeardPart[], scale: TimeScale, values: ValueScale): Path {
  const path = new Path()
  let last = Number.NEGATIVE_INFINITY
  let level = 0
  for (const [fromNs, first, toNs, end] of heard) {
    const [x1, x2] = [scale.x(fromNs), scale.x(toNs)]
    const [y1, y2] = [values.y(first), values.y(Math.min(end, values.to))]
    if (x1 - last > 1 || Math.abs(y1 - level) > JUMP) path.move(x1, y1)
    else if (x2 - last < 1) continue
    path.to(x2, y2)
    last = x2
    level = y2
  }
  return path
}

/** The part of a stretch that lies within the scale's ends; null: none. */
function heardWithin(
  { fromNs, toNs, first, end }: PlayedStretch,
  scale: TimeScale,
): HeardPart | null {
  if (toNs <= scale.fromNs || fromNs >= scale.toNs || toNs <= fromNs) return null
  const at = (ns: Ns): number => first + ((ns - fromNs) / (toNs - fromNs)) * (end - first)
  const from = Math.max(fromNs, scale.fromNs)
  const to = Math.min(toNs, scale.toNs)
  return [from, at(from), to, at(to)]
}

/** Least room between two labels of the y axis. */
const LABEL_SPACING = 16

function drawBoundaries(sheet: Sheet, panel: RingPanel, values: ValueScale, period: number): void {
  const { scale } = panel
  const perPeriod = ((panel.bottom - panel.top) * period) / (values.to - values.from)
  const lines = new Path()
  const everyLine = Math.max(1, Math.ceil(3 / perPeriod))
  const everyLabel = roundStep(Math.ceil(LABEL_SPACING / perPeriod))
  for (let n = 0; values.from + n * period <= values.to; n++) {
    const y = values.y(values.from + n * period)
    // Where not every boundary has room, lines stand only where a number tells which they are.
    if (n % (everyLine === 1 ? 1 : everyLabel) === 0) lines.line(scale.x0, y, scale.x1, y)
    if (n % everyLabel !== 0) continue
    const text = `${values.from + n * period}`
    sheet.text('muted', scale.x0 - 8, y + 4, text, { size: 11, anchor: 'end' })
  }
  sheet.path('grid', lines)
  const ticks = Array.from(
    { length: Math.round((values.to - values.from) / period) + 1 },
    (_, n) => {
      return values.from + n * period
    },
  )
  sheet.axes.push({ what: 'pointers', unit: 'frames', step: period, ticks })
}

/** avail between 0 and a little over the ring's size. */
export function drawAvail(sheet: Sheet, panel: RingPanel): void {
  const { ring, scale, stream, top, bottom } = panel
  const size = Math.max(1, stream.params.buffer_size)
  const values = new ValueScale(0, size, bottom, top)
  const free = stream.direction === 'capture' ? 0 : size
  const avail = ring.hw_ptr.map((hw, i) => clamp(hw + free - (ring.appl_ptr[i] as number), size))
  const points = stepPoints(ring.timesNs, avail, scale)
  const area = new Path()
  fillBetween(area, points, baseOf(points, 0), values)
  sheet.path('availarea', area)
  const line = new Path()
  strokeSteps(line, points, values)
  sheet.path('availline', line)
  const { stop_threshold = size, avail_min } = stream.params.thresholds ?? {}
  const stop = typeof stop_threshold === 'number' && stop_threshold <= size ? stop_threshold : -1
  if (stop >= 0) {
    sheet.path('limit', new Path().line(scale.x0, values.y(stop), scale.x1, values.y(stop)))
  }
  if (avail_min !== undefined && avail_min <= size) {
    const wakes = new Path().line(scale.x0, values.y(avail_min), scale.x1, values.y(avail_min))
    sheet.path('wakeline', wakes)
  }
  sheet.path('grid', new Path().line(scale.x0, bottom, scale.x1, bottom))
  for (const value of [0, size]) {
    sheet.text('muted', scale.x0 - 8, values.y(value) + 4, `${value}`, { size: 11, anchor: 'end' })
  }
  sheet.axes.push({ what: 'avail', unit: 'frames', step: size, ticks: [0, size] })
}

function clamp(avail: number, size: number): number {
  return avail < 0 ? 0 : avail > size ? size : avail
}

function extremes(values: readonly number[]): [number, number] {
  let least = values[0] ?? 0
  let greatest = least
  for (const value of values) {
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  return [least, greatest]
}

/** Vertical lines through a panel where something failed. */
export function drawInstants(
  sheet: Sheet,
  name: string,
  scale: TimeScale,
  times: readonly Ns[],
  top: number,
  bottom: number,
): void {
  const path = new Path()
  for (const ns of times) {
    if (ns < scale.fromNs || ns > scale.toNs) continue
    path.line(scale.x(ns), top, scale.x(ns), bottom)
  }
  sheet.path(name, path)
}

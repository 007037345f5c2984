/**
 * The jitter sheet: how regularly the driver reports periods. Interval over time on top, below it
 * the histogram of the intervals and their distribution, whose upper end is stretched so that one
 * in a hundred and one in a thousand can be read. Pure. Times are ns.
 */
import { formatDuration, formatFine, plural } from '../../analysis/format.ts'
import type { JitterData } from '../../analysis/jitter.ts'
import type { RunResult, StreamResult } from '../../analysis/result.ts'
import type { Window } from '../../analysis/windows.ts'
import { framesToNsCeil } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import { AXIS_HEIGHT, drawTimeAxis, drawValueAxis, timeUnitOf } from './axis.ts'
import { drawDistribution, drawHistogram } from './distribution.ts'
import { drawTitle, LEFT, PLOT, RIGHT, WIDTH } from './frame.ts'
import { subline } from './headline.ts'
import { drawHeading } from './legend.ts'
import { columnRanges } from './reduce.ts'
import { TimeScale, ValueScale } from './scale.ts'
import { type Drawing, Path, Sheet } from './shapes.ts'

export interface JitterInput {
  readonly result: RunResult
  readonly name: string
  readonly stream: StreamResult
  readonly window: Window
  readonly data: JitterData
}

const OVER_TIME = 150
const BELOW = 210

export function layoutJitter(input: JitterInput): Drawing {
  const { result, name, stream, window, data } = input
  const sheet = new Sheet()
  const title = finding(input)
  const about = subline(result, name, stream)
  drawTitle(sheet, title, about)
  if (data.stats.count === 0) return sheet.drawing(title, `${about}.`, WIDTH, 76)
  const top = 92
  drawOverTime(sheet, input, top + 16, top + 16 + OVER_TIME)
  const lower = top + 16 + OVER_TIME + AXIS_HEIGHT + 40
  const middle = (PLOT + RIGHT) / 2
  drawHistogram(sheet, {
    values: data.sorted,
    stats: data.stats,
    box: { left: PLOT, right: middle - 40, top: lower, bottom: lower + BELOW },
    heading: 'How often each interval came',
    what: 'interval',
    noun: 'interval',
  })
  drawDistribution(sheet, {
    values: data.sorted,
    stats: data.stats,
    box: { left: middle + 50, right: RIGHT, top: lower, bottom: lower + BELOW },
    heading: 'Share of intervals at or below',
    what: 'interval',
  })
  const desc =
    `${about}. Top: each interval between two calls of snd_pcm_period_elapsed() from ` +
    `${formatDuration(window.fromNs)} to ${formatDuration(window.toNs)}. Left: histogram. ` +
    `Right: distribution; p50 ${formatFine(data.stats.p50)}, p99 ` +
    `${formatFine(data.stats.p99)}, p99.9 ${formatFine(data.stats.p999)}.`
  return sheet.drawing(title, desc, WIDTH, lower + BELOW + AXIS_HEIGHT + 12)
}

/** Worst against typical: the number that decides how much buffer is needed. */
function finding({ data, stream }: JitterInput): string {
  const { count, p50, max, min } = data.stats
  if (count === 0) return 'no interval to show: fewer than two periods elapsed'
  const over = data.sorted.reduce((sum, one) => sum + (one > 1.5 * p50 ? 1 : 0), 0)
  const typical = `a period every ${formatFine(p50)}`
  const missing =
    over === 0
      ? `shortest ${formatFine(min)}, longest ${formatFine(max)}`
      : `${plural(over, 'interval')} over one and a half of that, the longest ${formatFine(max)}`
  const xruns = stream.xruns.length === 0 ? '' : `; ${plural(stream.xruns.length, 'xrun')}`
  return `${typical} (p50), ${missing}${xruns}`
}

/** Every interval as a dot; where dots lie closer than pixels, the column from least to most. */
function drawOverTime(sheet: Sheet, input: JitterInput, top: number, bottom: number): void {
  const { stream, window, data } = input
  const { stats } = data
  const nominalNs = framesToNsCeil(Math.max(1, stream.params.period_size), stream.params.rate)
  const [least, most] = [Math.min(stats.min, nominalNs), Math.max(stats.max, nominalNs)]
  const room = Math.max((most - least) * 0.06, 1_000)
  const values = new ValueScale(Math.max(0, least - room), most + room, bottom, top)
  const heading = `Interval between calls of snd_pcm_period_elapsed() (${timeUnitOf(values)})`
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 16 }, heading, [
    { swatch: 'dot', class: 'fill alsa', text: 'one interval' },
    { swatch: 'dash', class: 'nominal', text: 'nominal period' },
    { swatch: 'dash', class: 'xrunline', text: 'xrun' },
  ])
  const scale = new TimeScale(window.fromNs, window.toNs, PLOT, RIGHT)
  drawValueAxis(sheet, { scale: values, x0: PLOT, x1: RIGHT, what: 'interval', unit: 'time' })
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: [[top, bottom]] })
  const y = values.y(nominalNs)
  sheet.path('nominal', new Path().line(PLOT, y, RIGHT, y))
  const xruns = new Path()
  for (const { timeNs } of stream.xruns) {
    if (timeNs < window.fromNs || timeNs > window.toNs) continue
    xruns.line(scale.x(timeNs), top, scale.x(timeNs), bottom)
  }
  sheet.path('xrunline', xruns)
  const dots = new Path()
  const columns = new Path()
  for (const { x, least: low, most: high, count } of columnRanges(data, scale)) {
    if (count > 2) columns.line(x, values.y(low) + 0.5, x, values.y(high) - 0.5)
    dots.circle(x, values.y(high), 2)
    if (high !== low) dots.circle(x, values.y(low), 2)
  }
  sheet.path('stroke alsa', columns)
  sheet.path('fill alsa', dots)
  const pick = { kinds: [T.snd_pcm_period_elapsed], subject: stream.id }
  const rows = [{ top, bottom, pick }]
  sheet.panels.push({ x0: PLOT, x1: RIGHT, ...window, top, bottom, rows })
}

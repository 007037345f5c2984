/**
 * The ring chart: fill over the whole run, then closely the pointers with what is really heard, and
 * avail with the levels at which the client wakes and the stream stops. Pure. Frames and ns.
 */
import { formatInstant } from '../../analysis/format.ts'
import type { RunResult, StreamResult } from '../../analysis/result.ts'
import type { PlayedStretch, RingSteps } from '../../analysis/ring-series.ts'
import type { TimelineData } from '../../analysis/timeline.ts'
import { T } from '../../sim/trace.ts'
import { AXIS_HEIGHT, drawTimeAxis } from './axis.ts'
import { drawTitle, LANE_PLOT, LEFT, RIGHT, WIDTH } from './frame.ts'
import { headline, subline } from './headline.ts'
import { drawHeading, type LegendEntry } from './legend.ts'
import { drawWholeRun } from './overview.ts'
import { drawAvail, drawInstants, drawPointers } from './ring-fill.ts'
import { TimeScale } from './scale.ts'
import { type Drawing, Sheet } from './shapes.ts'

type Span = readonly [top: number, bottom: number]

export interface RingParts {
  readonly ring: RingSteps
  readonly stream: StreamResult
  readonly played: readonly PlayedStretch[]
  readonly scale: TimeScale
  readonly pointers: Span
  readonly avail: Span
  /** Panels through which the lines of xruns and silent failures go. */
  readonly lines: readonly Span[]
  /** When the run really stopped; null: it did not. */
  readonly stopNs: number | null
  readonly reportsNs: readonly number[]
}

/** Room between the panels, for the second one's heading. */
export const RING_GAP = 40

/** Pointers above, avail below, with their headings; the time axis is the caller's. */
export function drawRing(sheet: Sheet, parts: RingParts): void {
  const { ring, stream, played, scale } = parts
  const [top, bottom] = parts.pointers
  const [availTop, availBottom] = parts.avail
  const playback = stream.direction === 'playback'
  const words = playback ? ['written by', 'taken by'] : ['read by', 'filled by']
  const legend: LegendEntry[] = [
    { swatch: 'line', class: 'applptr', text: `appl_ptr: ${words[0]} the client` },
    { swatch: 'dash', class: 'hwptr', text: `hw_ptr: ${words[1]} the device` },
    { swatch: 'dash', class: 'played', text: 'heard' },
    { swatch: 'bar', class: 'queued', text: 'queued' },
    { swatch: 'line', class: 'grid', text: 'period boundary' },
  ]
  const shown = legend.filter(({ text }) => text !== 'heard' || played.length > 0)
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: top - 12 }, 'Ring pointers (frames)', shown)
  drawPointers(sheet, { ring, stream, played, scale, top, bottom })
  drawHeading(sheet, { left: LEFT, right: RIGHT, y: availTop - 12 }, 'avail (frames)', [
    { swatch: 'bar', class: 'availarea', text: playback ? 'free for the client' : 'to be read' },
    ...levels(stream),
  ])
  drawAvail(sheet, { ring, stream, played, scale, top: availTop, bottom: availBottom })
  const stops = parts.stopNs === null ? [] : [parts.stopNs]
  const xruns = [...stream.xruns.map(({ timeNs }) => timeNs), ...stops, ...parts.reportsNs]
  const silent = stream.silentFailures.map(({ timeNs }) => timeNs)
  for (const [from, to] of parts.lines) {
    drawInstants(sheet, 'xrunline', scale, xruns, from, to)
    drawInstants(sheet, 'silentline', scale, silent, from, to)
  }
  const kinds = [T.snd_pcm_hwptr, T.snd_pcm_applptr, T.snd_pcm_xrun, T.snd_pcm_state]
  const pick = { kinds, subject: stream.id }
  const { x0, x1, fromNs, toNs } = scale
  for (const [from, to] of [parts.pointers, parts.avail]) {
    const rows = [{ top: from, bottom: to, pick }]
    sheet.panels.push({ x0, x1, fromNs, toNs, top: from, bottom: to, rows })
  }
}

/** The levels of avail that mean something, as far as they are known and within the ring. */
function levels({ params }: StreamResult): LegendEntry[] {
  const { buffer_size, thresholds } = params
  if (thresholds === undefined) {
    return [{ swatch: 'dash', class: 'limit', text: 'the whole ring: xrun' }]
  }
  const { stop_threshold, avail_min } = thresholds
  const entries: LegendEntry[] = []
  if (avail_min <= buffer_size) {
    const text = `avail_min ${avail_min}: the client wakes`
    entries.push({ swatch: 'dash', class: 'wakeline', text })
  }
  if (typeof stop_threshold === 'number' && stop_threshold <= buffer_size) {
    const text = `stop_threshold ${stop_threshold}: xrun`
    entries.push({ swatch: 'dash', class: 'limit', text })
  }
  return entries
}

const POINTERS = 260
const AVAIL = 110

export function layoutRing(result: RunResult, data: TimelineData): Drawing {
  const sheet = new Sheet()
  const { stream, name, window, ring, played } = data
  const title = headline(result, stream)
  const about = subline(result, name, stream)
  drawTitle(sheet, title, about)
  const top = drawWholeRun(sheet, data, 92) + 42
  const scale = new TimeScale(window.fromNs, window.toNs, LANE_PLOT, RIGHT)
  const pointers = [top, top + POINTERS] as const
  const avail = [top + POINTERS + RING_GAP, top + POINTERS + RING_GAP + AVAIL] as const
  const lines = [pointers, avail]
  drawTimeAxis(sheet, { scale, originNs: 0, label: 'time', panels: lines })
  const { stopNs, reportsNs } = data
  drawRing(sheet, { ring, stream, played, scale, pointers, avail, lines, stopNs, reportsNs })
  const desc =
    `${about}. Fill of the ring over the whole run; hw_ptr, appl_ptr, what is heard and avail ` +
    `from ${formatInstant(window.fromNs)} to ${formatInstant(window.toNs)}.`
  return sheet.drawing(title, desc, WIDTH, avail[1] + AXIS_HEIGHT + 12)
}

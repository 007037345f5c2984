/** The tables of the report page: everything that result.json counts. Pure; times are ns. */
import { formatFine, formatInstant } from '../analysis/format.ts'
import type { StreamResult } from '../analysis/result.ts'
import type { Stats } from '../analysis/stats.ts'
import { type HtmlCell, htmlTable } from './html.ts'
import type { FullResult } from './Jobs.ts'

/** Rows of a table; the JSON in the page has all. */
const ROWS_MAX = 2_000

export interface HtmlSection {
  readonly title: string
  readonly html: string
}

export function tablesOf(result: FullResult): readonly HtmlSection[] {
  const streams = Object.entries(result.streams)
  const sections = [
    section('Expectations', expectations(result)),
    section('Streams', streamTable(streams)),
    section('Latencies', latencies(streams)),
    section('Xruns', xruns(streams)),
    section('Silent failures', silent(streams)),
    section('Lock order', edges(result)),
    section('Lock classes', classes(result)),
    section('Kernel log and clients', log(result)),
  ]
  return sections.filter((one) => one !== null)
}

interface Rows {
  readonly heads: readonly string[]
  readonly rows: readonly (readonly HtmlCell[])[]
}

function section(title: string, { heads, rows }: Rows): HtmlSection | null {
  if (rows.length === 0) return null
  const shown = rows.slice(0, ROWS_MAX)
  const rest = rows.length - shown.length
  const note = rest === 0 ? '' : `<p>${rest} more are in the JSON.</p>`
  return { title: `${title} (${rows.length})`, html: htmlTable(heads, shown) + note }
}

const count = (value: number): HtmlCell => ({ text: `${value}`, value })
const lasting = (ns: number): HtmlCell => ({ text: formatFine(ns), value: ns })
const when = (ns: number): HtmlCell => ({ text: formatInstant(ns), value: ns })

function expectations({ expectations }: FullResult): Rows {
  const rows = expectations.map((one) => [
    one.pass ? 'ok' : 'FAILED',
    one.name,
    one.actual,
    one.expected,
  ])
  return { heads: ['verdict', 'name', 'actual', 'expected'], rows }
}

type Streams = readonly (readonly [string, StreamResult])[]

function streamTable(streams: Streams): Rows {
  const rows = streams.map(([name, one]) => [
    name,
    one.direction,
    count(one.params.rate),
    count(one.params.period_size),
    count(one.params.buffer_size),
    count(one.xruns.length),
    count(one.silentFailures.length),
    count(one.frames.written),
    count(one.frames.played),
    one.finalState,
  ])
  const sizes = ['rate (Hz)', 'period (frames)', 'buffer (frames)']
  const counts = ['xruns', 'silent failures', 'written (frames)', 'played (frames)', 'left in']
  return { heads: ['stream', 'direction', ...sizes, ...counts], rows }
}

function latencies(streams: Streams): Rows {
  const rows = streams.flatMap(([name, one]) =>
    [
      ['period elapsed, interval', one.periodElapsed.intervalNs] as const,
      ['period elapsed, lateness', one.periodElapsed.latenessNs] as const,
      ['wake latency', one.wakeLatencyNs] as const,
      ['end to end', one.endToEndNs] as const,
    ].flatMap(([what, stats]) => (stats.count === 0 ? [] : [[name, what, ...statCells(stats)]])),
  )
  const heads = ['stream', 'what', 'count', 'min', 'p50', 'p90', 'p99', 'p99.9', 'max', 'mean']
  return { heads, rows }
}

function statCells({ count: n, min, p50, p90, p99, p999, max, mean }: Stats): HtmlCell[] {
  return [count(n), ...[min, p50, p90, p99, p999, max, mean].map(lasting)]
}

function xruns(streams: Streams): Rows {
  const rows = streams.flatMap(([name, { xruns: list }]) =>
    list.map((one) => [
      when(one.timeNs),
      name,
      one.cause,
      count(one.at.avail),
      one.recoveryNs === null ? '' : lasting(one.recoveryNs),
      one.at.what,
    ]),
  )
  return { heads: ['time', 'stream', 'cause', 'avail (frames)', 'recovery', 'why'], rows }
}

function silent(streams: Streams): Rows {
  const rows = streams.flatMap(([name, { silentFailures }]) =>
    silentFailures.map((one) => [
      when(one.timeNs),
      name,
      one.kind,
      one.state,
      count(one.frames),
      lasting(one.untilNs - one.timeNs),
    ]),
  )
  return { heads: ['time', 'stream', 'kind', 'state', 'frames', 'lasted'], rows }
}

function edges({ locks }: FullResult): Rows {
  const rows = locks.edges.map((one) => [one.before, one.after, count(one.count)])
  return { heads: ['held', 'then taken', 'times'], rows }
}

function classes({ locks }: FullResult): Rows {
  return { heads: ['class', 'usage'], rows: locks.classes.map((one) => [one.name, one.usage]) }
}

function log(result: FullResult): Rows {
  const rows = result.log.map((one) => [when(one.timeNs), one.source, one.text])
  return { heads: ['time', 'from', 'line'], rows }
}

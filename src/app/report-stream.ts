/**
 * The part of a report about one stream: its parameters, what went wrong with it and why, and its
 * latencies. Part of Report.ts; pure. Times are ns, sizes frames.
 */
import type { StreamResult } from '../analysis/result.ts'
import type { SilentFailure } from '../analysis/silent-failures.ts'
import type { Stats } from '../analysis/stats.ts'
import type { Xrun } from '../analysis/xruns.ts'
import { framesToNsCeil, framesToNsFloor } from '../base/units.ts'
import * as errnos from '../model/linux/errno.ts'
import { driverVersions } from '../scenario/driver-kinds.ts'
import { formatDuration } from '../scenario/quantity.ts'
import type { ScenarioSpec, StreamSpec } from '../scenario/spec.ts'
import { cut, grouped, kernelTime, listMax, plural, shortDuration, table } from './report-format.ts'

/** Below an entry whose time stamp stands at column 4. */
const below = ' '.repeat(19)

/** A stream of the scenario; `name` differs from its own for the second direction of a client. */
export function streamSection(
  scenario: ScenarioSpec,
  spec: StreamSpec,
  name: string,
  stream: StreamResult | undefined,
): readonly string[] {
  if (stream === undefined) return [`stream ${name}: ${absence(spec)}`]
  const { period_size, periods, buffer_size, rate } = spec
  const length = (frames: number): string => shortDuration(framesToNsFloor(frames, rate))
  const ring = `period ${period_size} (${length(period_size)}) x ${periods}`
  const parameters = `${spec.format} ${rate} Hz ${spec.channels} ch`
  return [
    `stream ${name}: ${spec.client} ${stream.direction}, ${parameters}`,
    `  ${ring} = buffer ${buffer_size} (${length(buffer_size)}), thresholds: ` +
      `start ${spec.start_threshold}, stop ${spec.stop_threshold}, avail_min ${spec.avail_min}`,
    `  ${plural(stream.xruns.length, 'xrun')}, ` +
      `${plural(stream.silentFailures.length, 'silent failure')}, ` +
      `${frameCounts(stream)}, left in ${stream.finalState}`,
    ...unfinished(spec, scenario.durationNs),
    ...eventLines(scenario, spec, stream),
    '',
    ...latencyTable(stream),
  ]
}

function absence(spec: StreamSpec): string {
  if (spec.shares !== null) return `wants the substream of ${spec.shares}, see there`
  return `never opened (client ${spec.client}, from ${formatDuration(spec.startAtNs)})`
}

function frameCounts({ direction, frames }: StreamResult): string {
  const { written, played, silence } = frames
  if (direction === 'capture') return `frames read ${grouped(written)}`
  const padding = silence === 0 ? '' : ` and ${grouped(silence)} of silence`
  return `frames written ${grouped(written)}, played ${grouped(played)}${padding}`
}

/** A run that ends before its client has played everything is allowed, but said. */
function unfinished(spec: StreamSpec, durationNs: number): readonly string[] {
  if (spec.frames === null) return []
  const playNs = framesToNsCeil(spec.frames, spec.rate)
  if (spec.startAtNs + playNs <= durationNs) return []
  const what = `${formatDuration(playNs)} to play from ${formatDuration(spec.startAtNs)}`
  return [`  warning: ${what}, but the run ends at ${formatDuration(durationNs)}: it is cut short`]
}

interface Entry {
  readonly timeNs: number
  readonly lines: readonly string[]
}

/** Xruns, silent failures and failed calls in one list, by time. */
function eventLines(
  scenario: ScenarioSpec,
  spec: StreamSpec,
  stream: StreamResult,
): readonly string[] {
  const { kind, version } = scenario.driver
  const requeues = kind === 'virtio-snd' && driverVersions[version].requeues
  const events: readonly Entry[] = [
    ...stream.xruns.map((one) => ({ timeNs: one.timeNs, lines: xrunLines(one, spec) })),
    ...stream.silentFailures.map((one) => ({
      timeNs: one.timeNs,
      lines: [`silent: ${silentText(one, requeues)}`],
    })),
    ...failedCalls(stream),
  ]
  const ordered = events.toSorted((a, b) => a.timeNs - b.timeNs)
  const entries = ordered.map(({ timeNs, lines: [first = '', ...more] }) =>
    [`    ${kernelTime(timeNs)} ${first}`, ...more.map((line) => `${below}${line}`)].join('\n'),
  )
  return cut(entries, listMax)
}

/** Why, then the pointers at that instant, then what became of it. */
function xrunLines({ cause, at, recoveryNs }: Xrun, spec: StreamSpec): readonly string[] {
  const avail = `avail ${grouped(at.avail)} of ${grouped(spec.buffer_size)}`
  const after =
    recoveryNs === null ? 'did not run again' : `ran again ${shortDuration(recoveryNs)} later`
  return [
    `xrun, cause: ${cause}: ${at.what}`,
    `hw_ptr ${grouped(at.hw_ptr)} (moved by ${grouped(at.movedFrames)}), ` +
      `appl_ptr ${grouped(at.appl_ptr)}, ${avail}; ${after}`,
  ]
}

/** What the state says of the finding: a tail of the drain, or data that was heard. */
function silentText(one: SilentFailure, requeues: boolean): string {
  const while_ = `while ${one.state}`
  const frames = plural(one.frames, 'frame')
  const lasted = one.untilNs - one.timeNs
  const during = lasted > 0 ? `, during ${shortDuration(lasted)}` : ''
  switch (one.kind) {
    case 'stalled':
      return `stalled, hw_ptr did not move for ${shortDuration(lasted)}, ${while_}`
    case 'stale': {
      const tail = requeues && one.state === 'DRAINING'
      const why = tail
        ? 'the driver had requeued a period the client never refilled'
        : 'the device read what it had read before'
      return `stale, ${frames}, ${while_} (${why})${during}`
    }
    case 'skipped':
      return `skipped, ${frames}, ${while_} (never read, or overwritten before)${during}`
    case 'position':
      return `position, ${frames}, ${while_} (hw_ptr ahead of what the device has read)${during}`
    case 'lost-event':
      return `lost-event, ${one.what}, ${while_}${during}`
  }
}

const errnoNames = new Map(Object.entries(errnos).map(([name, value]) => [value as number, name]))

/** `-EPIPE` of -32. */
export function errnoName(errno: number): string {
  return `-${errnoNames.get(-errno) ?? -errno}`
}

/** Calls that returned an error, by call and error. */
function failedCalls({ errors }: StreamResult): readonly Entry[] {
  const groups = new Map<string, { count: number; readonly firstNs: number }>()
  for (const { timeNs, call, errno } of errors) {
    const text = `${call}() = ${errnoName(errno)}`
    const group = groups.get(text) ?? { count: 0, firstNs: timeNs }
    groups.set(text, { ...group, count: group.count + 1 })
  }
  return [...groups].map(([text, { count, firstNs }]) => {
    const times = count === 1 ? '' : `, the first of ${grouped(count)}`
    return { timeNs: firstNs, lines: [`${text}${times}`] }
  })
}

function latencyTable({ direction, ...stream }: StreamResult): readonly string[] {
  const row = (name: string, stats: Stats): readonly string[] => {
    if (stats.count === 0) return [name, '0', '-', '-', '-', '-', '-', '-']
    const { min, p50, p90, p99, max, mean } = stats
    return [name, grouped(stats.count), ...[min, p50, p90, p99, max, mean].map(shortDuration)]
  }
  const rows = [
    ['', 'count', 'min', 'p50', 'p90', 'p99', 'max', 'mean'],
    row('period elapsed, interval', stream.periodElapsed.intervalNs),
    row('period elapsed, lateness', stream.periodElapsed.latenessNs),
    row('wake latency (elapsed -> client)', stream.wakeLatencyNs),
  ]
  const endToEnd = row('end to end (write -> audible)', stream.endToEndNs)
  return table(direction === 'capture' ? rows : [...rows, endToEnd], '  ')
}

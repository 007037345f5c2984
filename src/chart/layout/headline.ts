/** The chart's title: the finding in one sentence, and what was run in a second line. */
import { formatDuration, formatInstant, plural } from '../../analysis/format.ts'
import type { RunResult, StreamResult } from '../../analysis/result.ts'
import { isTail, type SilentFailure } from '../../analysis/silent-failures.ts'
import { lockReports } from '../../analysis/timeline.ts'
import { framesToNsFloor } from '../../base/units.ts'

export function headline(result: RunResult, stream: StreamResult): string {
  const deadlock = result.locks.actual.find((one) => one.kind === 'deadlock')
  if (deadlock !== undefined) {
    const [first = ''] = deadlock.text.split('\n')
    const cycle = first.replace(/^deadlock:? */i, '')
    return `deadlock at ${formatInstant(deadlock.timeNs)}${cycle === '' ? '' : `: ${cycle}`}`
  }
  const { xruns, silentFailures, periodElapsed, wakeLatencyNs } = stream
  const first = xruns[0]
  if (first !== undefined) {
    const count = plural(xruns.length, 'xrun')
    const where = xruns.length === 1 ? 'at' : ', the first at'
    const start = xruns.length === 1 ? `${count} ${where}` : `${count}${where}`
    return `${start} ${formatInstant(first.timeNs)}: ${first.at.what}`
  }
  const reports = lockReports(result)
  if (reports[0] !== undefined) return reportSentence(reports[0], reports.length)
  const failures = silentFailures.filter((one) => !isTail(one))
  const silent = failures[0]
  if (silent !== undefined) {
    const count = plural(failures.length, 'silent failure')
    const at = `${failures.length === 1 ? 'at' : 'the first at'} ${formatInstant(silent.timeNs)}`
    return `no xrun, but ${count}, ${at}: ${silentSentence(silent)}`
  }
  if (periodElapsed.count < 2) return 'no xrun: no period has elapsed'
  const every = formatDuration(periodElapsed.intervalNs.mean)
  const awake = formatDuration(wakeLatencyNs.p99)
  const client = wakeLatencyNs.count === 0 ? '' : `, the client runs ${awake} later (p99)`
  const tail = silentFailures.reduce((sum, one) => sum + one.frames, 0)
  const remark = tail === 0 ? '' : `; ${plural(tail, 'stale frame')} read at the drain`
  return `no xrun: a period every ${every}${client}${remark}`
}

function reportSentence({ timeNs, text }: RunResult['locks']['actual'][number], count: number) {
  const [first = ''] = text.split('\n')
  const more = count === 1 ? '' : ` (the first of ${count} reports)`
  return `no xrun, but at ${formatInstant(timeNs)} ${first}${more}`
}

/** What a silent failure did to the listener or the client. */
export function silentSentence(failure: SilentFailure): string {
  const lastedNs = failure.untilNs - failure.timeNs
  switch (failure.kind) {
    case 'stale':
      return `device read ${plural(failure.frames, 'stale frame')} while ${failure.state}`
    case 'skipped':
      return `device never read ${plural(failure.frames, 'frame')}`
    case 'stalled':
      return `RUNNING, but hw_ptr stood still for ${formatDuration(lastedNs)}`
    case 'position':
      return `hw_ptr ${plural(failure.frames, 'frame')} ahead of the device`
    case 'lost-event':
      return `event of the device lost: ${failure.what}`
  }
}

/** Scenario, stream, ring and seed. */
export function subline(result: RunResult, name: string, stream: StreamResult): string {
  const { rate, period_size, buffer_size } = stream.params
  const variant = result.variant === null ? '' : ` / ${result.variant}`
  const periods = period_size > 0 ? buffer_size / period_size : 0
  const length = formatDuration(framesToNsFloor(buffer_size, rate))
  const ring = `${period_size} × ${periods} frames at ${rate} Hz = ${length}`
  const run = `${result.scenario}${variant}`
  return `${run} · ${name}, ${stream.direction} · ${ring} · seed ${result.seed}`
}

/** What a run found, as sentences with the stretch of the run where to look. Pure; times are ns. */
import { usualLength, windowAround } from '../analysis/around.ts'
import { formatDuration, formatInstant, plural } from '../analysis/format.ts'
import type { StreamResult } from '../analysis/result.ts'
import { isTail, type SilentFailure } from '../analysis/silent-failures.ts'
import type { Window } from '../analysis/windows.ts'
import { silentSentence } from '../chart/layout/headline.ts'
import type { FullResult } from './Jobs.ts'
import { errnoName } from './report-stream.ts'

export interface Finding {
  /** `bad`: something failed; `note`: worth knowing. */
  readonly weight: 'bad' | 'note'
  readonly text: string
  /** Longer text, as a kernel log. */
  readonly detail: string | null
  readonly window: Window | null
}

/** Findings of a kind that are told one by one. */
const EACH_MAX = 12

export function findingsOf(result: FullResult): readonly Finding[] {
  const found = [
    ...outcomeFindings(result),
    ...Object.entries(result.streams).flatMap(([name, stream]) =>
      streamFindings(name, stream, result.virtualTimeNs),
    ),
    ...lockFindings(result),
    ...result.memory.map((one) =>
      at(result, one.timeNs, `${one.kind}: ${one.what.split('\n')[0]}`, one.what),
    ),
    ...result.warnings.map((one) =>
      at(result, one.timeNs, `${one.kind}: ${one.text.split('\n')[0]}`, one.text),
    ),
    ...result.expectations
      .filter((one) => !one.pass)
      .map((one) => plain(`${one.name} is ${one.actual}, expected ${one.expected}`)),
  ]
  return found
}

function plain(text: string, detail: string | null = null): Finding {
  return { weight: 'bad', text, detail, window: null }
}

function at(result: FullResult, timeNs: number, text: string, detail: string | null): Finding {
  const window = windowAround(timeNs, 60_000_000, Math.max(1, result.virtualTimeNs))
  const told = `at ${formatInstant(timeNs)}: ${text}`
  return { weight: 'bad', text: told, detail: detail === text ? null : detail, window }
}

function outcomeFindings(result: FullResult): readonly Finding[] {
  if (result.outcome === 'limit') return [plain(`stopped by a limit: ${result.limit ?? 'unknown'}`)]
  if (result.outcome !== 'deadlock') return []
  return [plain('the run stopped in a deadlock; the report below says who waits for whom')]
}

function streamFindings(name: string, stream: StreamResult, endNs: number): readonly Finding[] {
  const length = usualLength(stream)
  const windowOf = (timeNs: number): Window => windowAround(timeNs, length, Math.max(1, endNs))
  const xruns = stream.xruns.slice(0, EACH_MAX).map((one): Finding => {
    const back = one.recoveryNs === null ? '; it did not run again' : ''
    const ran = one.recoveryNs === null ? '' : `; ran again ${formatDuration(one.recoveryNs)} later`
    const text = `${name}: xrun at ${formatInstant(one.timeNs)} (${one.cause}): ${one.at.what}`
    return { weight: 'bad', text: text + back + ran, detail: null, window: windowOf(one.timeNs) }
  })
  const silent = stream.silentFailures.slice(0, EACH_MAX).map((one: SilentFailure): Finding => {
    const text = `${name}: ${one.kind} at ${formatInstant(one.timeNs)}: ${silentSentence(one)}`
    const weight = isTail(one) ? 'note' : 'bad'
    return { weight, text, detail: null, window: windowOf(one.timeNs) }
  })
  const errors = stream.errors.slice(0, EACH_MAX).map((one): Finding => {
    const failed = `${one.call}() = ${errnoName(one.errno)}`
    const text = `${name}: ${failed} at ${formatInstant(one.timeNs)}`
    return { weight: 'note', text, detail: null, window: windowOf(one.timeNs) }
  })
  return [
    ...more(xruns, stream.xruns.length, `${name}: xrun`),
    ...more(silent, stream.silentFailures.length, `${name}: silent failure`),
    ...more(errors, stream.errors.length, `${name}: failed call`),
  ]
}

function more(found: readonly Finding[], count: number, what: string): readonly Finding[] {
  if (count <= found.length) return found
  const text = `${plural(count - found.length, `${what}`)} more, in the tables below`
  return [...found, { weight: 'note', text, detail: null, window: null }]
}

function lockFindings(result: FullResult): readonly Finding[] {
  const actual = result.locks.actual.map((one) =>
    at(result, one.timeNs, `${one.kind}, it happened in this run`, one.text),
  )
  const predicted = result.locks.predicted.map((one) => {
    const classes = one.classes.join(', ')
    return plain(`predicted, it did not happen here: ${one.kind} of ${classes}`, one.text)
  })
  return [...actual, ...predicted]
}

/** What is to be explained: what was asked for, or what went wrong first. Times are ns. */
import type { Ns } from '../../base/units.ts'
import type { FailedCall, Incident } from '../log.ts'
import type { MemoryFault } from '../memory.ts'
import type { RunResult, StreamResult } from '../result.ts'
import { isTail, type SilentFailure } from '../silent-failures.ts'
import type { Xrun } from '../xruns.ts'

/** `number` counts from 1; of `at` it is the instant in ns. */
export interface Asked {
  readonly kind: 'xrun' | 'silent' | 'late' | 'report' | 'memory' | 'at'
  readonly number: number
}

interface OfStream {
  readonly number: number
  readonly timeNs: Ns
  readonly name: string
  readonly stream: StreamResult
}

export type Subject =
  | (OfStream & { readonly kind: 'xrun'; readonly xrun: Xrun })
  | (OfStream & { readonly kind: 'silent'; readonly silent: SilentFailure })
  | { readonly kind: 'late' | 'at'; readonly number: number; readonly timeNs: Ns }
  | {
      readonly kind: 'report'
      readonly number: number
      readonly timeNs: Ns
      readonly report: Incident
    }
  | {
      readonly kind: 'memory'
      readonly number: number
      readonly timeNs: Ns
      readonly fault: MemoryFault
    }
  | { readonly kind: 'error'; readonly number: 1; readonly timeNs: Ns; readonly error: FailedCall }

/** Errors that only say what is told elsewhere: EAGAIN, EPIPE, ESTRPIPE. */
const CONSEQUENCES = [-11, -32, -86]

/** The subject, or null where the run has none of that kind and number. */
export function askedSubject(result: RunResult, asked: Asked): Subject | null {
  const { kind, number } = asked
  if (kind === 'late') return { kind, number, timeNs: 0 }
  if (kind === 'at')
    return number <= result.virtualTimeNs ? { kind, number: 1, timeNs: number } : null
  return all(result).filter((one) => one.kind === kind)[number - 1] ?? null
}

/** How many the run has of a kind. */
export function countOf(result: RunResult, kind: Asked['kind']): number {
  return all(result).filter((one) => one.kind === kind).length
}

/** What the run stopped for, else what went wrong first, else its latest period. */
export function firstSubject(result: RunResult, errors: readonly FailedCall[]): Subject {
  const found = all(result)
  const stopped = found.find((one) => one.kind === 'report' && one.report.kind === 'deadlock')
  if (stopped !== undefined) return stopped
  const failures = found.filter((one) => one.kind !== 'silent' || !isTail(one.silent))
  const [first] = failures.toSorted((a, b) => a.timeNs - b.timeNs || order(a) - order(b))
  if (first !== undefined) return first
  const error = errors.find(({ errno }) => !CONSEQUENCES.includes(errno))
  if (error !== undefined) return { kind: 'error', number: 1, timeNs: error.timeNs, error }
  return { kind: 'late', number: 1, timeNs: 0 }
}

const ORDER = ['report', 'memory', 'xrun', 'silent']
function order({ kind }: Subject): number {
  return ORDER.indexOf(kind)
}

/** Failures of each kind, numbered in order of time over all streams. */
function all(result: RunResult): readonly Subject[] {
  const streams = Object.entries(result.streams)
  const xruns = streams
    .flatMap(([name, stream]) => stream.xruns.map((xrun) => ({ name, stream, xrun })))
    .toSorted((a, b) => a.xrun.timeNs - b.xrun.timeNs || a.xrun.at.record - b.xrun.at.record)
  const silents = streams
    .flatMap(([name, stream]) => stream.silentFailures.map((silent) => ({ name, stream, silent })))
    .toSorted((a, b) => a.silent.timeNs - b.silent.timeNs || a.silent.record - b.silent.record)
  return [
    ...result.locks.actual.map((report, i): Subject => {
      return { kind: 'report', number: i + 1, timeNs: report.timeNs, report }
    }),
    ...result.memory.map((fault, i): Subject => {
      return { kind: 'memory', number: i + 1, timeNs: fault.timeNs, fault }
    }),
    ...xruns.map((one, i): Subject => {
      return { kind: 'xrun', number: i + 1, timeNs: one.xrun.timeNs, ...one }
    }),
    ...silents.map((one, i): Subject => {
      return { kind: 'silent', number: i + 1, timeNs: one.silent.timeNs, ...one }
    }),
  ]
}

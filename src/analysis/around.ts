/**
 * Instants of a run by name, for charts that zoom to them: `xrun:2` is the second xrun of the
 * stream, `silent:1` its first silent failure, `late:1` the end of its longest interval between
 * periods, `report:1` its first report of locks,
 * `deadlock` the instant at which the run stopped. Numbers count from 1. Times are ns.
 */
import { framesToNsCeil, type Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { collectJitter } from './jitter.ts'
import type { RunResult, StreamResult } from './result.ts'
import type { Window } from './windows.ts'

export const AROUND_KINDS = ['xrun', 'silent', 'late', 'report', 'deadlock'] as const
export type AroundKind = (typeof AROUND_KINDS)[number]

export interface Around {
  readonly kind: AroundKind
  /** From 1. */
  readonly number: number
}

/** The instants of this kind that the run has, in the order in which they are numbered. */
export function instantsOf(
  kind: AroundKind,
  store: TraceStore,
  result: RunResult,
  stream: StreamResult,
): readonly Ns[] {
  if (kind === 'xrun') return stream.xruns.map(({ timeNs }) => timeNs)
  if (kind === 'silent') return stream.silentFailures.map(({ timeNs }) => timeNs)
  if (kind === 'report') return result.locks.actual.map(({ timeNs }) => timeNs)
  if (kind === 'deadlock') {
    const stops = result.locks.actual.filter((one) => one.kind === 'deadlock')
    return stops.map(({ timeNs }) => timeNs)
  }
  const whole = { fromNs: 0, toNs: result.virtualTimeNs }
  const { timesNs, intervalsNs } = collectJitter(store, stream.id, whole)
  const order = Array.from(timesNs, (timeNs, i) => ({ timeNs, length: intervalsNs[i] as Ns }))
  order.sort((a, b) => b.length - a.length || a.timeNs - b.timeNs)
  return order.map(({ timeNs }) => timeNs)
}

/** A window of this length around an instant, a little more before it than after, in the run. */
export function windowAround(atNs: Ns, lengthNs: Ns, endNs: Ns): Window {
  const length = Math.min(lengthNs, endNs)
  const from = Math.max(0, Math.min(atNs - Math.round(length * 0.6), endNs - length))
  return { fromNs: from, toNs: from + length }
}

/** Long enough to see the ring run empty and fill again. */
export function usualLength(stream: StreamResult): Ns {
  const { rate, buffer_size } = stream.params
  return Math.max(60_000_000, Math.round(2.25 * framesToNsCeil(Math.max(1, buffer_size), rate)))
}

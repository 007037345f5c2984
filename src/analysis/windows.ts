/**
 * Which stretches of a run a reader wants to see: around the first xrun, report of locks or silent
 * failure, or steady state in the middle; and in it one period to look at closely. Times are ns.
 */
import { framesToNsCeil, type Ns } from '../base/units.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import type { Fold } from './fold.ts'
import type { StreamResult } from './result.ts'
import { isTail } from './silent-failures.ts'

export interface Window {
  readonly fromNs: Ns
  readonly toNs: Ns
}

/** Shortest window, so that a few periods of any usual size fit. */
const WINDOW_NS_MIN = 60_000_000

/**
 * A ring and a half before the first failure (or the instant at which the run stopped for good) and
 * most of one after it, else six steady periods.
 */
export function chooseWindow(
  stream: StreamResult,
  endNs: Ns,
  stopNs: Ns | null = null,
  reportNs: Ns | null = null,
): Window {
  const { rate, period_size, buffer_size } = stream.params
  const periodNs = framesToNsCeil(period_size, rate)
  const bufferNs = framesToNsCeil(buffer_size, rate)
  const silent = stream.silentFailures.find((one) => !isTail(one))
  const failureNs = stopNs ?? stream.xruns[0]?.timeNs ?? reportNs ?? silent?.timeNs
  const lengthNs = Math.min(endNs, Math.max(WINDOW_NS_MIN, 6 * periodNs))
  if (failureNs === undefined) return within(Math.round((endNs - lengthNs) / 2), lengthNs, endNs)
  const beforeNs = Math.round(Math.max(1.5 * bufferNs, WINDOW_NS_MIN / 2))
  const afterNs = Math.round(0.75 * Math.max(bufferNs, WINDOW_NS_MIN / 2))
  return within(failureNs - beforeNs, beforeNs + afterNs, endNs)
}

function within(fromNs: Ns, lengthNs: Ns, endNs: Ns): Window {
  const from = Math.max(0, Math.min(fromNs, endNs - lengthNs))
  return { fromNs: from, toNs: Math.min(endNs, from + lengthNs) }
}

/** Record index and time of every call of snd_pcm_period_elapsed on one stream within a window. */
export class ElapsedCallsFold implements Fold<readonly ElapsedCall[]> {
  readonly kinds = [T.snd_pcm_period_elapsed, T.irq_handler_entry]
  private readonly calls: ElapsedCall[] = []
  /** By context: the record at which its last handler began. */
  private readonly entered = new Map<number, number>()
  private readonly stream: number
  private readonly window: Window

  constructor(stream: number, window: Window) {
    this.stream = stream
    this.window = window
  }

  record(r: TraceRecord): void {
    const { fromNs, toNs } = this.window
    if (r.kind === T.irq_handler_entry) {
      this.entered.set(r.context, r.index)
      return
    }
    if (r.a !== this.stream || r.timeNs < fromNs || r.timeNs > toNs) return
    const handler = this.entered.get(r.context) ?? -1
    this.calls.push({ index: r.index, timeNs: r.timeNs, handler })
  }

  finish(): readonly ElapsedCall[] {
    return this.calls
  }
}

export interface ElapsedCall {
  readonly index: number
  readonly timeNs: Ns
  /** Record at which the hard interrupt's handler began that calls; -1: no such handler. */
  readonly handler: number
}

/**
 * The last call before a stop, the call of an xrun, the one before a failure, the one in which the
 * first report was made, else the middle: of several calls of one handler the first.
 */
export function chooseCall(
  calls: readonly ElapsedCall[],
  stream: StreamResult,
  window: Window,
  stopNs: Ns | null = null,
  reportNs: Ns | null = null,
): ElapsedCall | null {
  if (stopNs !== null && stopNs >= window.fromNs && stopNs <= window.toNs) {
    const last = calls.findLast((call) => call.timeNs <= stopNs)
    if (last !== undefined) return last
  }
  const inside = ({ timeNs }: { readonly timeNs: Ns }): boolean =>
    timeNs >= window.fromNs && timeNs <= window.toNs
  const xrun = stream.xruns.find(inside)?.at.record
  const reported = xrun === undefined && reportNs !== null && inside({ timeNs: reportNs })
  const during = reported ? calls.findLast((call) => call.timeNs <= reportNs) : undefined
  if (during !== undefined) return during
  const record = xrun ?? stream.silentFailures.find(inside)?.record
  const before = record === undefined ? null : calls.findLast((call) => call.index < record)
  return before ?? firstOfHandler(calls, calls.length >> 1)
}

function firstOfHandler(calls: readonly ElapsedCall[], middle: number): ElapsedCall | null {
  const found = calls[middle]
  if (found === undefined || found.handler < 0) return found ?? null
  return calls.find(({ handler }) => handler === found.handler) ?? found
}

/**
 * Everything that the timeline chart shows, folded out of a recording: two passes, one to choose
 * what to look at closely, one to look. Times are ns.
 */
import { framesToNsCeil, type Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { type Arrow, ArrowFold } from './arrows.ts'
import { ChainFold, type ChainStep } from './chain.ts'
import { FoldSet, foldStore } from './fold.ts'
import { LaneFold } from './lane-fold.ts'
import type { LaneSet } from './lanes.ts'
import type { RunResult, StreamResult } from './result.ts'
import {
  PlayedFold,
  type PlayedStretch,
  type RingOverview,
  RingOverviewFold,
  type RingSteps,
  RingStepsFold,
} from './ring-series.ts'
import { StreamTable } from './streams.ts'
import { chooseCall, chooseWindow, ElapsedCallsFold, type Window } from './windows.ts'

export interface TimelineOptions {
  /** Name of the stream in the result; default: the first with an xrun, else the first. */
  readonly stream?: string
  /** What to show closely; default: around the first xrun or report, else steady state. */
  readonly window?: Window
  /** Most bins of the overview; fewer where a bin would hold less than two periods. */
  readonly bins: number
}

export interface TimelineData {
  readonly endNs: Ns
  /** When the run really stopped; null: it did not. */
  readonly stopNs: Ns | null
  /** When locks were misused, the stop left out. */
  readonly reportsNs: readonly Ns[]
  readonly name: string
  readonly stream: StreamResult
  readonly overview: RingOverview
  readonly window: Window
  readonly lanes: LaneSet
  readonly ring: RingSteps
  readonly played: readonly PlayedStretch[]
  /** What caused what, if the window holds few enough periods to see it. */
  readonly arrows: readonly Arrow[]
  readonly closeUp: CloseUp | null
}

export interface CloseUp {
  readonly window: Window
  readonly steps: readonly ChainStep[]
  readonly lanes: LaneSet
}

/** Periods of a window beyond which arrows would be a thicket. */
const ARROW_PERIODS_MAX = 8

/** Null if the run opened no stream. */
export function collectTimeline(
  store: TraceStore,
  result: RunResult,
  options: TimelineOptions,
): TimelineData | null {
  const names = Object.keys(result.streams)
  const named = options.stream ?? names.find((name) => result.streams[name]?.xruns.length)
  const name = named ?? names[0]
  const stream = name === undefined ? undefined : result.streams[name]
  if (name === undefined || stream === undefined) return null
  const id = stream.id
  const endNs = result.virtualTimeNs
  const stopNs = stopOf(result)
  const reportsNs = lockReports(result).map(({ timeNs }) => timeNs)
  const [reportNs = null] = reportsNs
  const window = options.window ?? chooseWindow(stream, endNs, stopNs, reportNs)
  const calls = foldStore(store, new ElapsedCallsFold(id, window), endNs)
  const call = chooseCall(calls, stream, window, stopNs, reportNs)
  const set = new FoldSet()
  const streams = set.add(new StreamTable(store.symbols))
  const overview = set.add(
    new RingOverviewFold(streams, id, binsOf(stream, options.bins, endNs), endNs),
  )
  const ring = set.add(new RingStepsFold(streams, id, window.fromNs, window.toNs))
  const played = set.add(new PlayedFold(streams, id, window.fromNs, window.toNs))
  const lanes = set.add(new LaneFold(store.symbols, streams, window))
  const arrows = set.add(new ArrowFold(store.symbols, window))
  const chain = call && set.add(new ChainFold(store.symbols, call.index))
  store.replay(set)
  return {
    endNs,
    stopNs,
    reportsNs,
    name,
    stream,
    window,
    overview: overview.finish(),
    ring: ring.finish(),
    played: played.finish(),
    lanes: lanes.finish(),
    arrows: calls.length > ARROW_PERIODS_MAX ? [] : arrows.arrows(),
    closeUp: chain && closeUp(store, chain.steps()),
  }
}

/** What the run's own checks said of locks, apart from the deadlock that it ended in. */
export function lockReports({ locks }: RunResult): RunResult['locks']['actual'] {
  return locks.actual.filter(({ kind }) => kind !== 'deadlock')
}

/** When the run really stopped, if it did. */
function stopOf(result: RunResult): Ns | null {
  if (result.outcome !== 'deadlock') return null
  return result.locks.actual.find((one) => one.kind === 'deadlock')?.timeNs ?? null
}

/** Bins shorter than the ring's own rhythm would show a beat that is not there. */
function binsOf(stream: StreamResult, most: number, endNs: Ns): number {
  const twoPeriodsNs = framesToNsCeil(
    2 * Math.max(1, stream.params.period_size),
    stream.params.rate,
  )
  return Math.max(1, Math.min(most, Math.floor(endNs / twoPeriodsNs)))
}

/** The chain with some room around it, and what the lanes show there. */
function closeUp(store: TraceStore, steps: readonly ChainStep[]): CloseUp {
  const times = steps.map((step) => step.timeNs)
  const first = Math.min(...times)
  const last = Math.max(...times)
  const room = Math.max(2_000, Math.round((last - first) * 0.06))
  const window = { fromNs: Math.max(0, first - room), toNs: last + 2 * room }
  const set = new FoldSet()
  const streams = set.add(new StreamTable(store.symbols))
  const lanes = set.add(new LaneFold(store.symbols, streams, window))
  store.replay(set)
  return { window, steps, lanes: lanes.finish() }
}

/** What a comparison shows of one run, small enough to be kept when the run's recording is not. */
import { framesToNsCeil, type Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { FoldSet } from './fold.ts'
import type { RunResult, StreamResult } from './result.ts'
import { type RingOverview, RingOverviewFold } from './ring-series.ts'
import { StreamTable } from './streams.ts'

export interface CompareRow {
  /** The variant, or the scenario where there are several. */
  readonly name: string
  readonly endNs: Ns
  readonly outcome: RunResult['outcome']
  readonly lockReports: number
  /** Null if the run opened no stream. */
  readonly stream: StreamResult | null
  readonly overview: RingOverview | null
}

/** `stream` names one; default: the first with an xrun, else the first. */
export function collectCompareRow(
  name: string,
  store: TraceStore,
  result: RunResult,
  bins: number,
  stream?: string,
): CompareRow {
  const all = Object.values(result.streams)
  const named = stream === undefined ? undefined : result.streams[stream]
  const shown = named ?? all.find((one) => one.xruns.length > 0) ?? all[0] ?? null
  const endNs = result.virtualTimeNs
  const { locks, outcome } = result
  const lockReports = locks.actual.length + locks.predicted.length
  const about = { name, endNs, outcome, lockReports, stream: shown }
  if (shown === null) return { ...about, overview: null }
  const set = new FoldSet()
  const streams = set.add(new StreamTable(store.symbols))
  const { rate, period_size } = shown.params
  const least = framesToNsCeil(2 * Math.max(1, period_size), rate)
  const count = Math.max(1, Math.min(bins, Math.floor(endNs / least)))
  const overview = set.add(new RingOverviewFold(streams, shown.id, count, endNs))
  store.replay(set)
  return { ...about, overview: overview.finish() }
}

/**
 * Intervals between the calls of snd_pcm_period_elapsed of one stream: in order of time for the
 * jitter sheet, in order of size for its histogram and distribution. Defined in period-elapsed.ts.
 * Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { FoldSet } from './fold.ts'
import { PeriodElapsedFold } from './period-elapsed.ts'
import { Samples, type Stats, statsOf } from './stats.ts'
import { StreamTable } from './streams.ts'
import type { Window } from './windows.ts'

export interface JitterData {
  /** When each interval ended. */
  readonly timesNs: Float64Array
  readonly intervalsNs: Float64Array
  readonly sorted: Float64Array
  readonly stats: Stats
}

export function collectJitter(store: TraceStore, stream: number, window: Window): JitterData {
  const set = new FoldSet()
  const streams = set.add(new StreamTable(store.symbols))
  const times = new Samples()
  const intervals = new Samples()
  const sink = {
    interval(id: number, timeNs: Ns, intervalNs: Ns): void {
      if (id !== stream || timeNs < window.fromNs || timeNs > window.toNs) return
      times.push(timeNs)
      intervals.push(intervalNs)
    },
  }
  set.add(new PeriodElapsedFold(streams, sink))
  store.replay(set)
  const sorted = intervals.values()
  const stats = statsOf(sorted)
  return { timesNs: times.values(), intervalsNs: intervals.values(), sorted, stats }
}

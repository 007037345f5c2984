/**
 * The samples behind the latencies of a result, of each stream, from the least: for formats that
 * hold whole distributions. Defined where `result.json`'s statistics are. Times are ns.
 */
import type { TraceStore } from '../sim/trace-store.ts'
import { EndToEndFold } from './end-to-end.ts'
import { FoldSet } from './fold.ts'
import { PeriodElapsedFold } from './period-elapsed.ts'
import type { RunResult } from './result.ts'
import type { SampleSet } from './sample-set.ts'
import { StreamTable } from './streams.ts'
import { WakeLatencyFold } from './wake-latency.ts'

export interface Latency {
  /** Name of the stream in the result. */
  readonly stream: string
  readonly metric: 'period_interval' | 'wake_latency' | 'end_to_end'
  readonly valuesNs: Float64Array
}

export function collectLatencies(store: TraceStore, result: RunResult): readonly Latency[] {
  const set = new FoldSet()
  const table = set.add(new StreamTable(store.symbols))
  const elapsed = set.add(new PeriodElapsedFold(table))
  const wakes = set.add(new WakeLatencyFold(store.symbols))
  const heard = set.add(new EndToEndFold(table))
  store.replay(set)
  heard.finish()
  const metrics: readonly (readonly [Latency['metric'], ReadonlyMap<number, SampleSet>])[] = [
    ['period_interval', elapsed.intervalsByStream()],
    ['wake_latency', wakes.samplesByStream()],
    ['end_to_end', heard.samplesByStream()],
  ]
  return Object.entries(result.streams).flatMap(([stream, { id }]) =>
    metrics.map(([metric, found]): Latency => {
      return { stream, metric, valuesNs: found.get(id)?.values() ?? new Float64Array(0) }
    }),
  )
}

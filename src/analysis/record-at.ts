/** Which record an instant belongs to. Times are ns. */
import type { Ns } from '../base/units.ts'
import { TraceRecord } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'

/** Index of the first record at an instant or after it; the number of records if there is none. */
export function recordAt(store: TraceStore, ns: Ns): number {
  const r = new TraceRecord()
  let [low, high] = [0, store.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (store.at(middle, r).timeNs < ns) low = middle + 1
    else high = middle
  }
  return low
}

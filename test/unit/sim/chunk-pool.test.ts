import { expect, it } from 'vitest'
import { fingerprint } from '../../../src/app/Fingerprint.ts'
import { ChunkPool } from '../../../src/sim/trace-columns.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { tinyKernel } from '../../support/tiny-kernel.ts'

/** A recording of `records` records, those of a kind with arguments and of one without by turns. */
function recording(records: number, pool: ChunkPool | null): TraceStore {
  const { sim } = tinyKernel()
  const store = new TraceStore(sim.trace.symbols, pool)
  sim.trace.setRecorder(store)
  for (let i = 0; i < records; i++) {
    sim.trace.emit(i % 3, 0, 1, i, i * 2)
  }
  return store
}

it('a recording in used memory is the recording in fresh memory', () => {
  const pool = new ChunkPool()
  const first = recording(40_000, pool)
  const fresh = fingerprint(recording(20_000, null))
  expect(fingerprint(first)).not.toBe(fresh)
  first.release()
  const second = recording(20_000, pool)
  expect(second.length).toBe(20_000)
  expect(fingerprint(second)).toBe(fresh)
})

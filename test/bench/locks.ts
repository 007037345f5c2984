/**
 * What the lock validator costs: a run of first-light with everything recorded, with the validator
 * folded over its records and without; and the fold alone, for each lock record. The target is 1.5
 * times the time of the run. Warm; the fold runs over the very recording of the run before it.
 */
import { readFileSync } from 'node:fs'
import { FoldSet } from '../../src/analysis/fold.ts'
import { LockdepFold } from '../../src/analysis/lockdep/trace-fold.ts'
import { loadScenario } from '../../src/index.ts'
import { runScenario } from '../../src/scenario/run.ts'
import { T, type TraceRecord } from '../../src/sim/trace.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'
import { showSpread, spread } from './measure.ts'

const SIMULATED_S = 20
const WARM_UP_RUNS = 4
const TARGET = 1.5
// The bench runs from dist/bench/test/bench.
const FILE = new URL('../../../../scenarios/first-light.yaml', import.meta.url)

function timeMs(body: () => void): number {
  const startMs = performance.now()
  body()
  return performance.now() - startMs
}

/** Replays a recording with the validator among the folds, or with none. */
function replay(store: TraceStore, on: boolean): void {
  const set = new FoldSet()
  const fold = new LockdepFold(store.symbols)
  if (on) set.add(fold)
  store.replay(set)
  if (on) fold.finish()
}

function countLockRecords(store: TraceStore): number {
  let count = 0
  const record = (r: TraceRecord): void => {
    if (r.kind === T.lock_acquire || r.kind === T.lock_release) count++
  }
  store.replay({ record })
  return count
}

export function locksCost(rounds: number): string {
  const set = [`duration=${SIMULATED_S + 1}s`, `streams.0.length=${SIMULATED_S}s`]
  const [spec] = loadScenario(readFileSync(FILE, 'utf8'), { name: 'first-light', set })
  if (spec === undefined) return 'no scenario'
  for (let run = 0; run < WARM_UP_RUNS; run++) {
    const { store } = runScenario(spec, 1)
    replay(store, false)
    replay(store, true)
  }
  const ratios: number[] = []
  const perRecordNs: number[] = []
  let lockRecords = 0
  for (let round = 0; round < rounds; round++) {
    let store: TraceStore | null = null
    const runMs = timeMs(() => {
      store = runScenario(spec, 1).store
    })
    const recording = store as unknown as TraceStore
    lockRecords = countLockRecords(recording)
    const offMs = timeMs(() => replay(recording, false))
    const onMs = timeMs(() => replay(recording, true))
    ratios.push((runMs + onMs) / (runMs + offMs))
    perRecordNs.push(((onMs - offMs) * 1e6) / lockRecords)
  }
  const result = spread(ratios)
  const verdict = result.median <= TARGET ? 'met' : 'missed: profile LockdepFold.record'
  return (
    `${showSpread(result)} times the run without it, target ${TARGET} ${verdict}; ` +
    `${showSpread(spread(perRecordNs), 0)} ns for each of ${lockRecords} lock records`
  )
}

/** Many seeds of random faults: each must end with an outcome, and leave no memory behind. */
import { loadScenario, runScenario } from '../../src/index.ts'
import { faultMix } from './fault-mix.ts'
import { HeapWatch } from './memory.ts'

const SAMPLES = 20

export interface FaultReport {
  readonly outcomes: Readonly<Record<string, number>>
  /** Runs that reported something, by what. */
  readonly reports: Readonly<Record<string, number>>
  /** Seeds that threw, and what. */
  readonly failures: readonly string[]
  readonly simulatedNs: number
  readonly records: number
  readonly heap: HeapWatch
}

export function faultSoak(from: number, to: number): FaultReport {
  const outcomes: Record<string, number> = {}
  const reports: Record<string, number> = {}
  const failures: string[] = []
  const heap = new HeapWatch()
  const distance = Math.ceil((to - from) / SAMPLES)
  let simulatedNs = 0
  let records = 0
  for (let seed = from; seed < to; seed++) {
    try {
      const run = oneRun(seed)
      outcomes[run.outcome] = (outcomes[run.outcome] ?? 0) + 1
      for (const kind of new Set(run.kinds)) reports[kind] = (reports[kind] ?? 0) + 1
      simulatedNs += run.virtualTimeNs
      records += run.records
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    if ((seed - from + 1) % distance === 0) heap.sample()
  }
  return { outcomes, reports, failures, simulatedNs, records, heap }
}

function oneRun(seed: number) {
  const [spec] = loadScenario(faultMix(seed))
  if (spec === undefined) throw new Error('no scenario')
  const { result, store } = runScenario(spec, seed)
  store.release()
  const { outcome, virtualTimeNs, records, memory, locks, warnings, streams } = result
  const kinds = [...memory, ...locks.actual, ...locks.predicted, ...warnings].map((one) => one.kind)
  for (const stream of Object.values(streams)) {
    kinds.push(...stream.silentFailures.map((one) => one.kind))
    if (stream.xruns.length > 0) kinds.push('xrun')
    if (stream.errors.length > 0) kinds.push('error')
  }
  return { outcome, virtualTimeNs, records, kinds }
}

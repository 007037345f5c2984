/**
 * The real-time factor of first-light: simulated seconds for one second of wall clock, warm, with
 * everything recorded. Folds and hashing come after a run and are not counted.
 */
import { readFileSync } from 'node:fs'
import { loadScenario } from '../../src/index.ts'
import { runScenario } from '../../src/scenario/run.ts'
import { ChunkPool } from '../../src/sim/trace-columns.ts'
import { showSpread, spread } from './measure.ts'

const SIMULATED_S = 60
const WARM_UP_RUNS = 4
// The bench runs from dist/bench/test/bench.
const FILE = new URL('../../../../scenarios/first-light.yaml', import.meta.url)

export async function firstLightFactor(rounds: number): Promise<string> {
  const set = [`duration=${SIMULATED_S + 1}s`, `streams.0.length=${SIMULATED_S}s`]
  const [spec] = loadScenario(readFileSync(FILE, 'utf8'), { name: 'first-light', set })
  if (spec === undefined) return 'no scenario'
  const pool = new ChunkPool()
  const once = (): number => {
    const { store } = runScenario(spec, 1, { pool })
    const { length } = store
    store.release()
    return length
  }
  for (let run = 0; run < WARM_UP_RUNS; run++) once()
  const factors: number[] = []
  const cpuFactors: number[] = []
  let records = 0
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now()
    const before = process.cpuUsage()
    records = once()
    const { user, system } = process.cpuUsage(before)
    factors.push((SIMULATED_S * 1000) / (performance.now() - startMs))
    cpuFactors.push((SIMULATED_S * 1e6) / (user + system))
  }
  const byCpu = `by processor time ${showSpread(spread(cpuFactors), 0)}`
  return `${showSpread(spread(factors), 0)} times real time, ${byCpu}; ${records} records`
}

/**
 * The real-time factor of first-light: simulated seconds for one second of wall clock, warm,
 * with everything recorded.
 *
 * The library is imported when asked for, so that the rest of the bench runs without it.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { showSpread, spread } from './measure.ts'

/** What the library offers to the bench: runs first-light for so many simulated seconds. */
interface Library {
  readonly benchFirstLight?: (simulatedS: number) => { readonly records: number }
}

const SIMULATED_S = 60
const WARM_UP_RUNS = 3

// Seen from dist/bench/test/bench, where this runs.
const library = new URL('../../../index.js', import.meta.url)

export async function firstLightFactor(rounds: number): Promise<string> {
  if (!existsSync(fileURLToPath(library))) return 'not built yet'
  const { benchFirstLight } = (await import(library.href)) as Library
  if (benchFirstLight === undefined) return 'not built yet'
  for (let run = 0; run < WARM_UP_RUNS; run++) benchFirstLight(SIMULATED_S)
  const factors: number[] = []
  let records = 0
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now()
    records = benchFirstLight(SIMULATED_S).records
    factors.push((SIMULATED_S * 1000) / (performance.now() - startMs))
  }
  return `${showSpread(spread(factors), 0)} times real time, ${records} records`
}

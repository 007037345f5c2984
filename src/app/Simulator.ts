/**
 * The seam between the shell and the simulator: one function that runs and folds the recording into
 * a judged result, one that only wants to know whether the run is the same.
 */
import { tmpdir } from 'node:os'
import { buildResult, type Thresholds } from '../analysis/result.ts'
import { evaluateExpect } from '../scenario/expect.ts'
import { runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { ChunkPool } from '../sim/trace-columns.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { fingerprint } from './Fingerprint.ts'
import type { FullResult } from './Jobs.ts'
import { filePool } from './record-file.ts'

/** Memory of recordings, used again by the next run of this thread that records there. */
const pools = new Map<string | null, ChunkPool>()

function poolFor(folder: string | null): ChunkPool {
  let pool = pools.get(folder)
  if (pool === undefined) {
    pool = folder === null ? new ChunkPool() : filePool(folder)
    pools.set(folder, pool)
  }
  return pool
}

export interface Simulated {
  readonly result: FullResult
  /** To be released when it is not needed any more. */
  readonly recording: TraceStore
  /** The scenario's name of each stream, by the name of its substream. */
  readonly streamNames: Readonly<Record<string, string>>
}

export interface SimulateOptions {
  /** Record the accesses of shared variables too: the fingerprint is another one. */
  readonly accesses?: boolean
  /**
   * Folder of the file that a long recording goes to while it runs (record-file.ts); default: that
   * for temporary files. Null: everything stays in memory.
   */
  readonly recordIn?: string | null
}

export function simulate(
  spec: ScenarioSpec,
  seed: number,
  options: SimulateOptions = {},
): Simulated {
  const { recordIn = tmpdir(), ...rest } = options
  const run = runScenario(spec, seed, { pool: poolFor(recordIn), ...rest })
  const { store, outcome, limit, virtualTimeNs, streamNames } = run
  const bare = buildResult(store, {
    scenario: spec.name,
    variant: spec.variant,
    seed,
    virtualTimeNs,
    outcome,
    limit,
    fingerprint: fingerprint(store),
    streamNames,
    thresholds: thresholdsOf(spec),
  })
  const expectations = evaluateExpect(spec.expect, bare)
  const pass = expectations.every((one) => one.pass)
  return { result: { ...bare, expectations, pass }, recording: store, streamNames }
}

/** What the scenario asks for of each stream, under the names that streams have in the result. */
function thresholdsOf(spec: ScenarioSpec): Readonly<Record<string, Thresholds>> {
  return Object.fromEntries(
    spec.streams.flatMap(({ name, start_threshold, stop_threshold, avail_min }) => {
      const thresholds = { start_threshold, stop_threshold, avail_min }
      return [name, `${name}-capture`].map((one) => [one, thresholds])
    }),
  )
}

/** Runs for the fingerprint only: no folds. */
export function simulateFingerprint(
  spec: ScenarioSpec,
  seed: number,
  { recordIn = tmpdir(), ...options }: SimulateOptions = {},
): string {
  const { store } = runScenario(spec, seed, { pool: poolFor(recordIn), ...options })
  const digits = fingerprint(store)
  store.release()
  return digits
}

/** A capture replayed on the simulator: what came of it, and where it differs. */

import type { Capture } from '../../../src/import/capture.ts'
import { differences } from '../../../src/import/compare.ts'
import type { Facts } from '../../../src/import/facts.ts'
import { scenarioText } from '../../../src/import/scenario.ts'
import { callResults, simulatedFacts } from '../../../src/import/simulated.ts'
import { loadScenario, runScenario, type ScenarioRun } from '../../../src/index.ts'

export interface Replay {
  readonly run: ScenarioRun
  readonly facts: Facts
  /** What each call of the clients returned. */
  readonly results: readonly string[]
  /** Empty when the two agree. */
  readonly differences: readonly string[]
}

export function replay(capture: Capture): Replay {
  const [spec] = loadScenario(scenarioText(capture), { name: capture.name })
  if (spec === undefined) throw new Error('a capture is one scenario')
  const run = runScenario(spec)
  const facts = simulatedFacts(run.store)
  const results = callResults(run.store)
  return { run, facts, results, differences: differences(capture, facts, results) }
}

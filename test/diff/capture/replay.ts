/** A capture replayed on the simulator: what came of it, and where it differs. */
import { loadScenario, runScenario, type ScenarioRun } from '../../../src/index.ts'
import type { Capture } from './capture.ts'
import { differences } from './compare.ts'
import type { Facts } from './facts.ts'
import { scenarioText } from './scenario.ts'
import { callResults, simulatedFacts } from './simulated.ts'

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
  const facts = simulatedFacts(run)
  const results = callResults(run)
  return { run, facts, results, differences: differences(capture, facts, results) }
}

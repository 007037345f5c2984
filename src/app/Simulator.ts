/**
 * A whole run: simulate, fingerprint, fold, judge. The one place where scenario, analyses and the
 * hash meet; the command line, worker threads, the library and tests all come through here.
 */
import { buildResult, type RunResult } from '../analysis/result.ts'
import { evaluateExpect } from '../scenario/expect.ts'
import { runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { traceText } from '../sim/trace-text.ts'
import { fingerprint } from './Fingerprint.ts'
import type { FullResult } from './Jobs.ts'

export interface Simulated {
  readonly result: FullResult
  readonly recording: TraceStore
}

export function simulate(spec: ScenarioSpec, seed: number): Simulated {
  const { store, outcome, virtualTimeNs, streamNames } = runScenario(spec, seed)
  const bare: RunResult = buildResult(store, {
    scenario: spec.name,
    variant: spec.variant,
    seed,
    virtualTimeNs,
    outcome,
    fingerprint: fingerprint(store),
    streamNames,
  })
  const expectations = evaluateExpect(spec.expect, bare)
  const pass = expectations.every((one) => one.pass)
  return { result: { ...bare, expectations, pass }, recording: store }
}

/** The fingerprint alone: what a second run must agree on. */
export function simulateFingerprint(spec: ScenarioSpec, seed: number): string {
  return fingerprint(runScenario(spec, seed).store)
}

export function traceTextOf(
  recording: TraceStore,
  spec: ScenarioSpec,
  seed: number,
): Iterable<string> {
  return traceText(recording, { scenario: spec.name, variant: spec.variant, seed })
}

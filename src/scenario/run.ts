/** Runs a scenario: builds its world, lets its time pass, says how it ended. */
import type { Ns } from '../base/units.ts'
import { fifo } from '../sim/policy.ts'
import { replay } from '../sim/schedule.ts'
import { T, type TraceRecord, type TraceSink } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { type BuildOptions, buildWorld } from './build.ts'
import type { ScenarioSpec } from './spec.ts'

export interface Run {
  readonly store: TraceStore
  readonly outcome: 'completed' | 'deadlock' | 'limit'
  /** Which limit ended the run early; null when none did. */
  readonly limit: string | null
  /** Where the clock stopped. */
  readonly virtualTimeNs: Ns
  readonly streamNames: Readonly<Record<string, string>>
}

/** Notices a cycle of waiting contexts: the run goes on, but its outcome is known. */
class DeadlockSink implements TraceSink {
  found = false

  record(_record: TraceRecord): void {
    this.found = true
  }
}

export function runScenario(spec: ScenarioSpec, seed: number, options: BuildOptions = {}): Run {
  const policy = options.policy ?? (spec.schedule === null ? fifo : replay(spec.schedule))
  const world = buildWorld(spec, seed, { ...options, policy })
  const { sim, store, streamNames } = world
  const deadlock = new DeadlockSink()
  sim.trace.addSink(deadlock, [T.deadlock])
  const reason = sim.run(spec.durationNs)
  const outcome = reason === 'limit' ? 'limit' : deadlock.found ? 'deadlock' : 'completed'
  return { store, outcome, limit: sim.limit, virtualTimeNs: sim.now, streamNames }
}

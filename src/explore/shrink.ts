/**
 * From a failing schedule to a scenario that a reviewer can read: fewest holds, then the smallest
 * document, the shortest run, and the holds once more. Each step keeps the reason, by its key.
 */
import type { Ns } from '../base/units.ts'
import type { InjectedFault } from '../scenario/fault-spec.ts'
import { formatDuration } from '../scenario/quantity.ts'
import { isMapping } from '../scenario/raw.ts'
import { runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { formatSchedule, replay, type Schedule } from '../sim/schedule.ts'
import type { ChunkPool } from '../sim/trace-columns.ts'
import type { Failure } from './failures.ts'
import { scriptOf } from './script.ts'
import { shrinkDocument } from './shrink-document.ts'
import { shrinkSchedule } from './shrink-schedule.ts'
import { ordinaryTrial, runTrial, type Target } from './trial.ts'

export interface ShrinkInput {
  /** The scenario as its file says it, without variants; `faults` and `schedule` are set by us. */
  readonly document: unknown
  /** The spec of a document; null if it is not a scenario. */
  readonly decode: (document: unknown) => ScenarioSpec | null
  readonly target: Omit<Target, 'spec' | 'features'>
  /** The reason to keep. */
  readonly key: string
  readonly schedule: Schedule
  /** Faults that the search added to the scenario's own. */
  readonly faults: readonly InjectedFault[]
  readonly seed: number
  readonly runsMax: number
}

export interface Shrunk {
  readonly document: unknown
  readonly schedule: Schedule
  readonly failure: Failure
  readonly script: readonly string[]
  readonly runs: number
}

/** The smallest scenario, or null if the failure does not come back. */
export function shrink(input: ShrinkInput, pool: ChunkPool): Shrunk | null {
  const shrinker = new Shrinker(input, pool)
  return shrinker.shrink()
}

class Shrinker {
  private runs = 0
  private readonly input: ShrinkInput
  private readonly pool: ChunkPool

  constructor(input: ShrinkInput, pool: ChunkPool) {
    this.input = input
    this.pool = pool
  }

  shrink(): Shrunk | null {
    const { faults, runsMax } = this.input
    let document = withFaults(this.input.document, faults)
    let { schedule } = this.input
    if (this.failure(document, schedule) === null) return null
    schedule = this.shrinkHolds(document, schedule)
    const fails = (one: unknown): boolean => this.failure(one, schedule) !== null
    document = shrinkDocument(document, fails, runsMax).value
    document = this.shortest(document, schedule)
    schedule = this.shrinkHolds(document, schedule)
    const failure = this.failure(document, schedule)
    if (failure === null) return null
    const script = this.script(document, schedule, failure)
    return { document, schedule, failure, script, runs: this.runs }
  }

  private shrinkHolds(document: unknown, schedule: Schedule): Schedule {
    return shrinkSchedule(schedule, (one) => this.failure(document, one) !== null)
  }

  /** Ends soon after the failure, at a round time. */
  private shortest(document: unknown, schedule: Schedule): unknown {
    const timeNs = this.failure(document, schedule)?.timeNs ?? null
    if (timeNs === null || !isMapping(document)) return document
    for (const unit of [1, 5, 20, 100, 500]) {
      const step = unit * 1_000_000
      const duration = formatDuration((Math.floor(timeNs / step) + 1) * step)
      const shorter = { ...document, duration }
      if (this.failure(shorter, schedule) !== null) return shorter
    }
    return document
  }

  private failure(document: unknown, schedule: Schedule): Failure | null {
    const { decode, key, seed, target } = this.input
    const spec = decode(document)
    if (spec === null) return null
    this.runs++
    const { holds, ties } = schedule
    const trial = { ...ordinaryTrial(seed, false), holds, ties }
    const { failures } = runTrial({ ...target, spec, features: false }, trial, this.pool)
    return failures.find((one) => one.key === key) ?? null
  }

  private script(document: unknown, schedule: Schedule, failure: Failure): readonly string[] {
    const spec = this.input.decode(document)
    if (spec === null) return []
    const { pool } = this
    const policy = replay(schedule)
    const { store } = runScenario(spec, this.input.seed, { policy, pool })
    const lines = scriptOf(store, failure.text, failure.timeNs)
    store.release()
    return lines
  }
}

/** The document with its schedule and what it shows, ready to be written. */
export function finishedDocument(shrunk: Shrunk, seed: number): Readonly<Record<string, unknown>> {
  const { document, failure, schedule } = shrunk
  const { expect, variants: _, ...rest } = isMapping(document) ? document : {}
  // A verdict that does not hold is shown by the verdict itself: the scenario then fails.
  const shown = failure.oracle === 'expect' ? expect : failure.expect
  return { ...rest, seed, schedule: formatSchedule(schedule), expect: shown }
}

function withFaults(document: unknown, faults: readonly InjectedFault[]): unknown {
  if (faults.length === 0 || !isMapping(document)) return document
  const own = Array.isArray(document.faults) ? document.faults : []
  return { ...document, faults: [...own, ...faults.map(faultInput)] }
}

/** A fault as a scenario says it. */
function faultInput(fault: InjectedFault): Readonly<Record<string, unknown>> {
  const { kind, atNs, probability, forNs, byNs, count, queue, request, status, gfp, stream } = fault
  const entries: readonly (readonly [string, unknown])[] = [
    ['kind', kind],
    ['at', formatDuration(atNs)],
    ['probability', probability],
    ['for', duration(forNs)],
    ['by', duration(byNs)],
    ['count', count],
    ['queue', queue],
    ['request', request],
    ['status', status],
    ['gfp', gfp],
    ['stream', stream],
  ]
  return Object.fromEntries(entries.filter(([, value]) => value !== null))
}

function duration(ns: Ns | null): string | null {
  return ns === null ? null : formatDuration(ns)
}

/**
 * Runs a plan of cases: facts in any number of processes, then samples one at a time, A and B in
 * turn, each in a process of its own. Nothing here judges or prints a result.
 */
import * as Effect from 'effect/Effect'
import type { CaseFacts, Timing } from '../analysis/bench/baseline.ts'
import type { Divergence } from '../analysis/bench/compare.ts'
import { METRICS } from '../analysis/bench/metrics.ts'
import { timingOf } from '../analysis/bench/statistics.ts'
import type { PlannedCase } from './BenchLoad.ts'
import { askAll, askFresh, type PoolAnswer, type TimedRequest } from './BenchPool.ts'
import type { ProgressBar } from './bench-progress.ts'
import { startUpSample } from './bench-start-up.ts'
import type { BenchWork, ScenarioWork } from './bench-work.ts'
import { InternalError, OutputError } from './Errors.ts'

/** A build of pcmsim to run cases on. */
export interface Build {
  /** Its benchmark worker. */
  readonly worker: string
  /** Its command line. */
  readonly main: string
  /** Folder to keep records in; null: keep none. */
  readonly keep: string | null
}

export interface FactsOutcome {
  readonly facts: ReadonlyMap<string, CaseFacts>
  /** Cases that did not end in time. */
  readonly late: readonly string[]
}

export function isTimed(metric: string): boolean {
  return METRICS[metric]?.timed === true
}

export const factsOfPlan = Effect.fnUntraced(function* (
  plan: readonly PlannedCase[],
  build: Build,
  jobs: number,
  progress: ProgressBar,
) {
  const own = plan.filter((one): one is PlannedCase & { work: BenchWork } => one.work !== null)
  const requests = own.map(({ work, limitNs, metrics }): TimedRequest => {
    const keep = metrics.includes('fingerprint') ? build.keep : null
    return { request: { ask: 'facts', work, keep }, limitNs }
  })
  const facts = new Map<string, CaseFacts>()
  const late: string[] = []
  const failures: (InternalError | OutputError)[] = []
  const take = (answer: PoolAnswer, at: number): void => {
    const one = own[at] as PlannedCase
    progress.done(one.name)
    if (answer.kind === 'facts') facts.set(one.name, wanted(answer.facts, one))
    else if (answer.kind === 'late') late.push(one.name)
    else failures.push(failureOf(one, answer))
  }
  yield* Effect.promise(() => askAll(build.worker, requests, jobs, take))
  const [failure] = failures
  if (failure !== undefined) return yield* failure
  const outcome: FactsOutcome = { facts, late }
  return outcome
})

/** Only what the suite records. */
function wanted(facts: CaseFacts, { metrics }: PlannedCase): CaseFacts {
  const { checks, locks, ...rest } = facts
  const chosen = Object.entries(facts.metrics).filter(
    ([name]) => metrics.includes(name) || name === 'operations' || name === 'check',
  )
  return {
    ...rest,
    metrics: Object.fromEntries(chosen),
    ...(checks !== undefined && metrics.includes('fingerprint') ? { checks } : {}),
    ...(locks !== undefined && metrics.includes('locks.edges') ? { locks } : {}),
  }
}

function failureOf(one: PlannedCase, answer: PoolAnswer): InternalError | OutputError {
  if (answer.kind === 'unwritable') {
    return new OutputError({ path: answer.path, reason: answer.reason })
  }
  const { message, stack } =
    answer.kind === 'bug' ? answer : { message: `answered ${answer.kind}`, stack: '' }
  const seed = one.work?.kind === 'scenario' ? one.work.seed : 0
  return new InternalError({ scenario: one.name, seed, reason: message, stack })
}

type Samples = Map<string, number[]>

/** Timed metrics by case. */
export type Times = Map<string, Readonly<Record<string, Timing>>>

/** Timed metrics of each case, of each build; of two builds, their ratios too. */
export const timingsOfPlan = Effect.fnUntraced(function* (
  plan: readonly PlannedCase[],
  builds: readonly Build[],
  rounds: number,
  progress: ProgressBar,
) {
  const late: string[] = []
  const times = builds.map((): Times => new Map())
  const ratios: Times = new Map()
  for (const one of plan) {
    const samples = builds.map((): Samples => new Map())
    for (let round = 0; round < rounds; round++) {
      // A B, then B A: neither always follows the other.
      const order = builds.map((_, i) => (round % 2 === 0 ? i : builds.length - 1 - i))
      for (const at of order) {
        if (!late.includes(one.name)) {
          const inTime = yield* addSample(one, builds[at] as Build, samples[at] as Samples)
          if (!inTime) late.push(one.name)
        }
        progress.done(`${one.name}, timing`)
      }
    }
    samples.forEach((values, at) => {
      times[at]?.set(one.name, timingsOf(values))
    })
    const [own, other] = samples
    if (own && other) ratios.set(one.name, timingsOf(ratiosOf(own, other)))
  }
  return { times, ratios, late }
})

function timingsOf(samples: Samples): Readonly<Record<string, Timing>> {
  return Object.fromEntries([...samples].map(([metric, all]) => [metric, timingOf(all)]))
}

/** Ours to theirs, round by round: a slow moment of the machine slows both. */
function ratiosOf(own: Samples, other: Samples): Samples {
  const pairs = [...own].map(([metric, values]): [string, number[]] => {
    const theirs = other.get(metric) ?? []
    const both = Math.min(values.length, theirs.length)
    const ratio = (i: number): number => (values[i] as number) / (theirs[i] as number)
    return [metric, Array.from({ length: both }, (_, i) => ratio(i))]
  })
  return new Map(pairs.filter(([, all]) => all.length > 0))
}

/** A sample runs its case that often, or a short one for a second or so. */
const SAMPLE_RUNS = 10

/** False if it did not end in time. */
const addSample = Effect.fnUntraced(function* (one: PlannedCase, build: Build, into: Samples) {
  const add = (metric: string, value: number): void => {
    if (one.metrics.includes(metric)) into.set(metric, [...(into.get(metric) ?? []), value])
  }
  const { work, limitNs } = one
  if (work === null) {
    add('start_up', startUpSample(build.main))
    return true
  }
  const request: TimedRequest = { request: { ask: 'time', work }, limitNs: limitNs * SAMPLE_RUNS }
  const answer = yield* Effect.promise(() => askFresh(build.worker, request))
  if (answer.kind === 'late') return false
  if (answer.kind !== 'sample') return yield* failureOf(one, answer)
  add('speed', answer.sample.speed)
  add('peak_memory', answer.sample.peakMemoryBytes)
  return true
})

/** Where a case leaves the run that had `checks`; null if it does not. */
export const divergenceOf = Effect.fnUntraced(function* (
  one: PlannedCase,
  worker: string,
  checks: string,
  kept: string | null,
) {
  const work = one.work as ScenarioWork
  const request: TimedRequest = {
    request: { ask: 'locate', work, checks, kept },
    limitNs: one.limitNs,
  }
  const answer = yield* Effect.promise(() => askFresh(worker, request))
  if (answer.kind === 'bug' || answer.kind === 'unwritable') {
    return yield* failureOf(one, answer)
  }
  const none: Divergence | null = null
  return answer.kind === 'located' ? answer.divergence : none
})

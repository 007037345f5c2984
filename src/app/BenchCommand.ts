/**
 * `pcmsim bench`: plan, run, compare, locate, print, save. Plain options in, exit code out; cli/
 * turns words into this call.
 */
import * as Effect from 'effect/Effect'
import {
  type Baseline,
  type CaseFacts,
  factsIn,
  merged,
  toBaseline,
} from '../analysis/bench/baseline.ts'
import { type CaseReport, compareCase, lateCase } from '../analysis/bench/compare.ts'
import type { BenchReport } from '../analysis/bench/show.ts'
import { formatDuration } from '../scenario/quantity.ts'
import {
  baselinePath,
  checkBaselineName,
  readBaseline,
  readBaselineIfAny,
  writeBaseline,
  writeOutput,
} from './BenchBaseline.ts'
import { loadSuites, type PlannedCase } from './BenchLoad.ts'
import { type BenchOutput, writeReport } from './BenchOutput.ts'
import { ownMain, ownWorker } from './BenchPool.ts'
import { type Build, divergenceOf, factsOfPlan, isTimed, timingsOfPlan } from './BenchRun.ts'
import { otherTree } from './BenchTree.ts'
import { epochsOf, trendChart } from './BenchTrend.ts'
import { ProgressBar } from './bench-progress.ts'
import { keptPath } from './bench-work.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import type { Output } from './Runner.ts'

export interface BenchOptions extends BenchOutput {
  readonly save?: string
  readonly against?: string
  /** A revision or a folder, instead of a baseline. */
  readonly vs?: string
  /** Folder of baselines that are given by name. */
  readonly baselines: string
  /** Undefined: as the suites say. */
  readonly timing?: boolean
  /** Processes for each timed case and build. */
  readonly rounds: number
  readonly jobs: number
  readonly filter?: string
  /** File for the trend of the baseline with this run at its end. */
  readonly chart?: string
  /** Folder for the records of saved runs. */
  readonly records: string
}

function ownBuild(keep: string | null): Build {
  return { worker: ownWorker, main: ownMain, keep }
}

export function benchCommand(
  paths: readonly string[],
  options: BenchOptions,
  console: Console & Output,
): Promise<number> {
  const program = bench(paths, options, console).pipe(Effect.provide(Files.layer))
  return exitCodeOf(program, console)
}

const bench = Effect.fnUntraced(function* (
  paths: readonly string[],
  options: BenchOptions,
  console: Console & Output,
) {
  const { save } = options
  const saveTo = save === undefined ? null : yield* savePath(save, options.baselines)
  const plan = yield* chosen(yield* loadSuites(paths), options)
  const kept = yield* before(options)
  const work = runBench(plan, options, kept, console)
  const outcome = yield* work.pipe(Effect.ensuring(Effect.sync(() => kept.remove())))
  const chart = yield* drawTrend(options, outcome.facts)
  yield* writeReport({ ...outcome, plan, chart }, options, console)
  if (saveTo !== null) {
    const old = dropped(yield* readBaselineIfAny(saveTo), plan, options)
    yield* writeBaseline(saveTo, merged(old, outcome.facts))
    if (!options.json && !options.quiet) console.print(`saved ${saveTo}\n`)
  }
  return outcome.report.failed ? exitCodes.regression : exitCodes.ok
})

/** The trend as an SVG, written where it is wanted; empty if it is not. */
const drawTrend = Effect.fnUntraced(function* (
  options: BenchOptions,
  facts: ReadonlyMap<string, CaseFacts>,
) {
  const { chart, against, save, baselines, filter } = options
  if (chart === undefined) return ''
  const name = against ?? save
  const epochs = name === undefined ? [] : epochsOf(baselinePath(baselines, name))
  const all = [...epochs, { label: 'now', baseline: toBaseline(facts) }]
  const svg = yield* Effect.promise(() => trendChart(name ?? 'bench', all, filter))
  yield* writeOutput(chart, svg)
  return svg
})

const savePath = Effect.fnUntraced(function* (name: string, folder: string) {
  return baselinePath(folder, yield* checkBaselineName(name))
})

const chosen = Effect.fnUntraced(function* (plan: readonly PlannedCase[], options: BenchOptions) {
  const { filter, timing } = options
  const named = plan.filter((one) => filter === undefined || one.name.includes(filter))
  const cases = named
    .map((one) => ({ ...one, metrics: metricsOf(one, timing) }))
    .filter((one) => one.work !== null || one.metrics.some(isTimed))
  if (cases.length > 0) return cases
  const line = filter === undefined ? 'there is nothing to run' : `no case is chosen by ${filter}`
  return yield* new InputError({ lines: [line] })
})

function metricsOf(one: PlannedCase, timing: boolean | undefined): readonly string[] {
  const { metrics, work } = one
  if (timing === false) return metrics.filter((name) => !isTimed(name))
  const timed = work === null ? ['start_up'] : ['speed', 'peak_memory']
  if (work !== null && (timing === undefined || metrics.some(isTimed))) return metrics
  return [...new Set([...metrics, ...timed])]
}

/** What the cases are compared with. */
interface Before {
  /** Null: nothing, or another build that is run now. */
  readonly baseline: Baseline | null
  readonly build: Build | null
  readonly name: string | null
  /** Folder of its kept records. */
  readonly records: string
  remove(): void
}

const before = Effect.fnUntraced(function* (options: BenchOptions) {
  const { against, vs, records, baselines } = options
  const nothing: Before = { baseline: null, build: null, name: null, records, remove: () => {} }
  if (vs !== undefined) {
    const tree = yield* otherTree(vs)
    const { build, name, remove } = tree
    const other: Before = { ...nothing, build, name, records: build.keep ?? records, remove }
    return other
  }
  if (against === undefined) return nothing
  const path = baselinePath(baselines, against)
  const known: Before = { ...nothing, baseline: yield* readBaseline(path), name: against }
  return known
})

interface Outcome {
  readonly report: BenchReport
  readonly facts: ReadonlyMap<string, CaseFacts>
}

const runBench = Effect.fnUntraced(function* (
  plan: readonly PlannedCase[],
  options: BenchOptions,
  was: Before,
  output: Output,
) {
  const { jobs, rounds, save, records } = options
  const own = ownBuild(save === undefined ? null : records)
  const builds = was.build === null ? [own] : [own, was.build]
  const timed = plan.filter((one) => one.metrics.some(isTimed))
  const runs = plan.filter((one) => one.work !== null).length
  const total = (runs + timed.length * rounds) * builds.length
  const progress = new ProgressBar(total, output)
  const now = yield* factsOfPlan(plan, own, jobs, progress)
  const other = was.build && (yield* factsOfPlan(plan, was.build, jobs, progress))
  const { times, ratios, late } = yield* timingsOfPlan(timed, builds, rounds, progress)
  progress.finish()
  const facts = withTimes(now.facts, times[0])
  const baseline = other ? toBaseline(withTimes(other.facts, times[1])) : was.baseline
  const cases: CaseReport[] = []
  for (const one of plan) {
    if (now.late.includes(one.name) || late.includes(one.name)) {
      cases.push(lateCase(one.name, formatDuration(one.limitNs)))
    } else {
      const own = { facts: facts.get(one.name), ratios: ratios.get(one.name) }
      cases.push(yield* reportOf(one, own, baseline, was.records))
    }
  }
  cases.push(...goneCases(baseline, plan, options))
  const failed = cases.some((one) => one.failed)
  const outcome: Outcome = { report: { against: was.name, cases, failed }, facts }
  return outcome
})

type Timings = NonNullable<CaseFacts['timing']>

function withTimes(
  facts: ReadonlyMap<string, CaseFacts>,
  times: ReadonlyMap<string, Timings> = new Map(),
): ReadonlyMap<string, CaseFacts> {
  const all = new Map(facts)
  for (const [name, timing] of times) {
    all.set(name, { ...(all.get(name) ?? { metrics: {} }), timing })
  }
  return all
}

const reportOf = Effect.fnUntraced(function* (
  one: PlannedCase,
  now: { readonly facts: CaseFacts | undefined; readonly ratios: Timings | undefined },
  baseline: Baseline | null,
  records: string,
) {
  const was = baseline === null ? undefined : factsIn(baseline, one.name)
  const report = compareCase(one.name, was, now.facts, one.thresholds, now.ratios)
  const old = was?.metrics.fingerprint
  const differs = report.rows.some((row) => row.metric === 'fingerprint' && row.verdict !== 'same')
  if (was?.checks === undefined || old === undefined || !differs) return report
  const kept = keptPath(records, String(old))
  const divergence = yield* divergenceOf(one, ownWorker, was.checks, kept)
  const located: CaseReport = divergence === null ? report : { ...report, divergence }
  return located
})

function suiteOf(name: string): string {
  return name.split('/')[0] as string
}

/** Cases of the suites that were run, which the suites no longer have. */
function goneCases(
  baseline: Baseline | null,
  plan: readonly PlannedCase[],
  { filter }: BenchOptions,
): readonly CaseReport[] {
  if (baseline === null || filter !== undefined) return []
  const suites = new Set(plan.map((one) => suiteOf(one.name)))
  const names = new Set(plan.map((one) => one.name))
  return Object.keys(baseline.cases)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .filter((name) => suites.has(suiteOf(name)) && !names.has(name))
    .filter((name) => Object.keys(baseline.cases[name]?.metrics ?? {}).length > 0)
    .map((name) => compareCase(name, factsIn(baseline, name), undefined, {}))
    .map((report) => ({ ...report, failed: false }))
}

/** The old baseline without what the suites that were run no longer have. */
function dropped(old: Baseline, plan: readonly PlannedCase[], options: BenchOptions): Baseline {
  const gone = new Set(goneCases(old, plan, options).map((one) => one.name))
  const kept = Object.entries(old.cases).filter(([name]) => !gone.has(name))
  return { ...old, cases: Object.fromEntries(kept) }
}

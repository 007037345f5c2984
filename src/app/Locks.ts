/**
 * `pcmsim locks`: the lock-order report of one scenario or of a saved trace, in text, JSON, the
 * shapes of /proc, or Graphviz; with a baseline, exit 1 if something is new.
 */
import { join } from 'node:path'
import * as Effect from 'effect/Effect'
import { foldStore } from '../analysis/fold.ts'
import { type LockFacts, type NewFacts, newFacts } from '../analysis/lockdep/baseline.ts'
import { lockGraphDot } from '../analysis/lockdep/dot.ts'
import type { EngineOptions } from '../analysis/lockdep/engine.ts'
import { LockStatFold } from '../analysis/lockdep/lock-stat.ts'
import { procLockStat } from '../analysis/lockdep/lock-stat-text.ts'
import { procChains, procLockdep } from '../analysis/lockdep/proc.ts'
import { withSchedule } from '../analysis/lockdep/reporter.ts'
import { LockdepFold, type LockdepResult } from '../analysis/lockdep/trace-fold.ts'
import { RaceFold, type RaceResult } from '../analysis/races/race-fold.ts'
import { reportKey, schedulesFor } from '../explore/realise.ts'
import { exitCodes, InputError } from './Errors.ts'
import { type Console, exitCodeOf } from './Exit.ts'
import { Files } from './Files.ts'
import { readBaseline } from './LocksInput.ts'
import { locksText } from './LocksReport.ts'
import { isTrace, type OneRecording, recordingOf } from './OneRecording.ts'
import { sortedJson } from './ResultJson.ts'
import { filePool } from './record-file.ts'
import type { Recording } from './SavedTrace.ts'
import { writeWhole } from './WriteFile.ts'

export const procFiles = ['lockdep', 'lockdep_chains', 'lock_stat'] as const

export interface LocksOptions {
  readonly set: readonly string[]
  readonly filter?: string
  readonly seed?: number
  readonly json: boolean
  readonly dot: boolean
  /** Folder for lock-graph.svg and lock-contention.svg. */
  readonly charts?: string
  readonly proc?: (typeof procFiles)[number]
  readonly baseline?: string
  /** Off after the first report, as the kernel. */
  readonly once: boolean
  readonly rawNesting: boolean
  /** Record the accesses of shared variables and look for data races. */
  readonly races: boolean
  /** Runs of a search for schedules that make the reports real; 0: none. */
  readonly explore: number
}

export function locksCommand(
  path: string,
  options: LocksOptions,
  console: Console,
): Promise<number> {
  const program = Effect.gen(function* () {
    const baseline = options.baseline === undefined ? null : yield* readBaseline(options.baseline)
    yield* searchable(path, options)
    const recording = yield* recordingOf(path, options, { accesses: options.races })
    const judged = realised(recording, judge(recording, options), options)
    yield* knownAccesses(path, judged)
    if (options.charts !== undefined) yield* writeCharts(recording, options.charts)
    const news = baseline === null ? null : newFacts(facts(judged.found), baseline)
    console.out(output(recording, judged, news, options))
    const isNew = news !== null && news.edges.length + news.reports.length > 0
    return isNew ? exitCodes.expectationFailed : exitCodes.ok
  })
  return exitCodeOf(program.pipe(Effect.provide(Files.layer)), console)
}

interface Judged {
  readonly fold: LockdepFold
  readonly found: LockdepResult
  readonly races: RaceResult | null
}

function judge({ store }: Recording, options: LocksOptions): Judged {
  const engine: Partial<EngineOptions> = {
    mode: options.once ? 'once' : 'continue',
    proveRawLockNesting: options.rawNesting,
  }
  const fold = new LockdepFold(store.symbols, engine)
  const races = options.races ? foldStore(store, new RaceFold(store.symbols), 0) : null
  return { fold, found: foldStore(store, fold, 0), races }
}

const searchable = Effect.fnUntraced(function* (path: string, { explore }: LocksOptions) {
  if (explore === 0 || !isTrace(path)) return
  const line = `${path}: --explore: a trace cannot be searched, allowed: a scenario`
  return yield* new InputError({ lines: [line] })
})

function realised(
  { result, spec }: OneRecording,
  judged: Judged,
  { explore }: LocksOptions,
): Judged {
  const open = judged.found.reports.filter((one) => one.schedule === null)
  if (explore === 0 || spec === null || open.length === 0) return judged
  const schedules = schedulesFor(spec, result.seed, open, explore, filePool())
  const reports = judged.found.reports.map((one) => {
    const schedule = one.schedule === null ? schedules.get(reportKey(one)) : undefined
    return schedule === undefined ? one : withSchedule(one, schedule)
  })
  return { ...judged, found: { ...judged.found, reports } }
}

/** A trace that was made without accesses cannot tell of races. */
const knownAccesses = Effect.fnUntraced(function* (path: string, { races }: Judged) {
  if (races === null || races.accesses > 0) return
  const why = isTrace(path)
    ? 'the trace has no accesses of shared variables, allowed: one of pcmsim run --accesses'
    : 'no access of a shared variable: the driver declares none, or nothing was played'
  return yield* new InputError({ lines: [`${path}: --races: ${why}`] })
})

/** Both charts; d3-node is loaded here only, as it takes longer than most runs. */
const writeCharts = Effect.fnUntraced(function* ({ store, result }: Recording, folder: string) {
  const files = yield* Effect.promise(async () => {
    const { drawChart } = await import('./Charts.ts')
    return [
      ['lock-graph.svg', await drawChart('locks', store, result)],
      ['lock-contention.svg', await drawChart('contention', store, result)],
    ] as const
  })
  for (const [name, svg] of files) yield* writeWhole(join(folder, name), svg)
})

function facts({ edges, reports }: LockdepResult): LockFacts {
  return { edges, predicted: reports }
}

function output(
  { store, result }: Recording,
  { fold, found, races }: Judged,
  news: NewFacts | null,
  options: LocksOptions,
): string {
  if (options.json) return locksJson(result, found, races, news)
  if (options.dot) return lockGraphDot(found)
  if (options.proc === 'lockdep') return procLockdep(fold.engine)
  if (options.proc === 'lockdep_chains') return procChains(fold.engine)
  if (options.proc === 'lock_stat') {
    return procLockStat(foldStore(store, new LockStatFold(store.symbols), 0), !fold.engine.enabled)
  }
  const variant = result.variant === null ? '' : `/${result.variant}`
  const name = `${result.scenario}${variant}, seed ${result.seed}`
  return locksText(name, found, races, result.locks.actual, news)
}

function locksJson(
  { scenario, variant, seed, fingerprint, locks }: Recording['result'],
  { classes, edges, reports }: LockdepResult,
  races: RaceResult | null,
  news: NewFacts | null,
): string {
  const about = { schema: 1, scenario, variant, seed, fingerprint }
  const compared = news === null ? {} : { new: news }
  return sortedJson({
    ...about,
    classes,
    edges,
    predicted: reports,
    actual: locks.actual,
    ...(races === null ? {} : { races: races.races }),
    ...compared,
  })
}

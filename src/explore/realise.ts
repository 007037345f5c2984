/**
 * For lock reports that are only predicted: the shortest schedule known that makes them real. A
 * search looks for deadlocks; each one found is run again under the validator, which says which
 * report its locks belong to.
 */
import { type Fold, foldStore } from '../analysis/fold.ts'
import { LockdepFold } from '../analysis/lockdep/trace-fold.ts'
import { runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { formatSchedule, parseSchedule, replay, type Schedule } from '../sim/schedule.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import type { ChunkPool } from '../sim/trace-columns.ts'
import { Search } from './search.ts'
import { shrinkSchedule } from './shrink-schedule.ts'
import { runTrial, type Target } from './trial.ts'

interface Report {
  readonly kind: string
  readonly classes: readonly string[]
}

/** Deadlocks of one search whose schedules are looked at. */
const DEADLOCKS_MAX = 20

/** A schedule for each report that one was found for, by `reportKey`. */
export function schedulesFor(
  spec: ScenarioSpec,
  seed: number,
  reports: readonly Report[],
  runsMax: number,
  pool: ChunkPool,
): ReadonlyMap<string, string> {
  const wanted = new Set(reports.map(reportKey))
  const realised = new Map<string, string>()
  const target: Target = { spec, oracles: ['deadlock'], predicates: [], features: true }
  const options = { strategy: 'mixed', seed: 1, runSeed: seed, depth: 3, delaysNs: null } as const
  const search = new Search(spec, runTrial(target, Search.firstTrial(options), pool), options)
  let looked = 0
  while (search.runs < runsMax && !search.exhausted && realised.size < wanted.size) {
    const trials = search.nextRound(runsMax - search.runs)
    const outcomes = trials.map((trial) => runTrial(target, trial, pool))
    search.take(trials, outcomes)
    for (const { failures, schedule } of outcomes) {
      if (failures.length === 0 || looked++ >= DEADLOCKS_MAX) continue
      const parsed = parseSchedule(schedule)
      if (typeof parsed === 'string') continue
      const { keys, waited } = deadlockOf(spec, seed, parsed, pool)
      for (const report of reports) {
        const key = reportKey(report)
        if (realised.has(key) || !(keys.includes(key) || concerns(report, waited))) continue
        const fails = (one: Schedule): boolean => {
          const again = deadlockOf(spec, seed, one, pool)
          return again.keys.includes(key) || concerns(report, again.waited)
        }
        realised.set(key, formatSchedule(shrinkSchedule(parsed, fails)))
      }
    }
  }
  return realised
}

/** The same in two runs. */
export function reportKey({ kind, classes }: Report): string {
  return `${kind}: ${classes.join(', ')}`
}

interface Deadlocked {
  /** Reports of the run that the validator itself calls actual. */
  readonly keys: readonly string[]
  /** Classes of the locks that stopped contexts wait for. */
  readonly waited: readonly string[]
}

/** Whether what stopped the run is an order that the report is about. */
function concerns({ classes }: Report, waited: readonly string[]): boolean {
  return waited.length > 0 && waited.every((name) => classes.includes(name))
}

function deadlockOf(
  spec: ScenarioSpec,
  seed: number,
  schedule: Schedule,
  pool: ChunkPool,
): Deadlocked {
  const { store } = runScenario(spec, seed, { policy: replay(schedule), pool })
  const { reports } = foldStore(store, new LockdepFold(store.symbols), 0)
  const waited = foldStore(store, new WaitedFor(store.symbols), 0)
  store.release()
  return { keys: reports.filter((one) => one.judgement === 'actual').map(reportKey), waited }
}

/** The lock that each context waited for when a deadlock was noticed there. */
class WaitedFor implements Fold<readonly string[]> {
  readonly kinds = [T.lock_contended, T.deadlock]
  private readonly wanted = new Map<number, number>()
  private readonly classes = new Set<string>()
  private readonly symbols: Symbols

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    if (r.kind === T.lock_contended) this.wanted.set(r.context, r.a)
    else {
      const lock = this.wanted.get(r.context)
      if (lock !== undefined) this.classes.add(this.symbols.entry('lock', lock).group ?? '')
    }
  }

  finish(): readonly string[] {
    return [...this.classes]
  }
}

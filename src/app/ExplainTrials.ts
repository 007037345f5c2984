/**
 * Counterfactuals: the scenario run again with one thing removed or moved, to see which single
 * changes prevent a failure. A claim that a change prevents it is that run; nothing is inferred.
 */
import type { Explanation, Facts } from '../analysis/explain/explain.ts'
import { collectFacts, rankedPeriods } from '../analysis/explain/explain.ts'
import { formatDuration, plural } from '../analysis/format.ts'
import type { RunResult } from '../analysis/result.ts'
import { isTail } from '../analysis/silent-failures.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { type Change, changesFor } from './ExplainChanges.ts'
import type { OneScenario } from './OneScenario.ts'
import { simulate } from './Simulator.ts'

export interface Trial {
  /** What was changed, in words. */
  readonly change: string
  readonly prevented: boolean
  /** What the run with the change came to. */
  readonly outcome: string
  /** The `--set` arguments that make the same run. */
  readonly set: readonly string[]
}

export interface Tried {
  /** What they were to prevent. */
  readonly what: string
  readonly runs: number
  /** The smallest change first. */
  readonly prevents: readonly Trial[]
  readonly others: readonly Trial[]
  /** Variants of the file that do not have it; looked for where no single change prevents it. */
  readonly variantsWithout: readonly string[]
  /** It is in the driver: such a variant differs from this one in nothing else. */
  readonly inDriver: boolean
}

/** Runs of one explanation at most; what is beyond is not tried. */
const RUNS_MAX = 40
/** Variants of the file that are run, where no single change prevents it. */
const VARIANTS_MAX = 8

export function tryChanges(
  explanation: Explanation,
  before: Facts,
  { spec, document, siblings, respec }: OneScenario,
  seed: number,
): Tried {
  const changes = changesFor(explanation, spec, document)
  changes.sort((a, b) => a.sizeNs - b.sizeNs || a.order - b.order)
  const trials = changes.slice(0, RUNS_MAX).flatMap((change) => {
    const changed = respec(change.set)
    return changed === null ? [] : [tryOne(change, changed, seed, explanation, before)]
  })
  const prevents = trials.filter((one) => one.prevented)
  const { kind } = explanation
  // A variant's periods are others: none of them is this one.
  const ofPeriod = kind === 'late' || kind === 'at'
  const asked = prevents.length > 0 || ofPeriod ? [] : siblings.slice(0, VARIANTS_MAX)
  const without = asked.filter((one) => runOf(one, seed, explanation, before).prevented)
  return {
    what: whatOf(explanation),
    runs: trials.length,
    prevents,
    others: trials.filter((one) => !one.prevented),
    variantsWithout: without.flatMap(({ variant }) => variant ?? []),
    inDriver: without.some((one) => sameButDriver(one, spec)),
  }
}

function sameButDriver(one: ScenarioSpec, other: ScenarioSpec): boolean {
  const { driver: mine, ...a } = setupOf(one)
  const { driver: theirs, ...b } = setupOf(other)
  return JSON.stringify(a) === JSON.stringify(b) && JSON.stringify(mine) !== JSON.stringify(theirs)
}

/** What of a scenario makes the run. */
function setupOf(one: ScenarioSpec) {
  const { variant: _v, summary: _s, tags: _t, source: _o, expect: _e, ...setup } = one
  return setup
}

function tryOne(
  { words, set }: Change,
  spec: ScenarioSpec,
  seed: number,
  explanation: Explanation,
  before: Facts,
): Trial {
  return { change: words, ...runOf(spec, seed, explanation, before), set }
}

function runOf(spec: ScenarioSpec, seed: number, explanation: Explanation, before: Facts): Verdict {
  const { recording, result } = simulate(spec, seed)
  const verdict = judge(explanation, before, collectFacts(recording, result))
  recording.release()
  return verdict
}

function whatOf({ kind, number }: Explanation): string {
  if (kind === 'late' || kind === 'at') return 'it (half of it is left at most)'
  return kind === 'error' ? 'the failed call' : `${kind} ${number}`
}

interface Verdict {
  readonly prevented: boolean
  readonly outcome: string
}

/** Whether what is explained is gone, and nothing else came for it. */
function judge(one: Explanation, before: Facts, after: Facts): Verdict {
  const verdict = isGone(one, before, after)
  const [was, is] = [tallyOf(before.result), tallyOf(after.result)]
  const worse = Object.entries(is).filter(([name, count]) => count > (was[name] ?? 0))
  if (!verdict.prevented || worse.length === 0) return verdict
  const instead = worse.map(([name, count]) => plural(count - (was[name] ?? 0), name)).join(', ')
  return { prevented: false, outcome: `${verdict.outcome}, but instead ${instead}` }
}

function isGone(one: Explanation, before: Facts, after: Facts): Verdict {
  if (one.kind === 'late' || one.kind === 'at') return lateness(one, after)
  const [was, is] = [countOf(one, before), countOf(one, after)]
  if (one.kind === 'xrun' || one.kind === 'silent') {
    const noun = one.kind === 'xrun' ? 'xrun' : 'silent failure of that kind'
    return { prevented: is < one.number && is < was, outcome: plural(is, noun) }
  }
  const noun = one.kind === 'memory' ? 'memory fault' : one.kind
  return { prevented: is === 0, outcome: plural(is, noun) }
}

/** The latest period of the stream up to the end of the window that is explained. */
function lateness({ lostNs, stream, window }: Explanation, after: Facts): Verdict {
  const endNs = (window?.toNs ?? 0) + lostNs
  const near = rankedPeriods(after).filter(({ name, late }) => {
    return name === stream && late.dueNs <= endNs && late.endNs >= (window?.fromNs ?? 0) - lostNs
  })
  const [worst] = near
  const leftNs = worst === undefined ? 0 : worst.late.endNs - worst.late.dueNs
  return {
    prevented: 2 * leftNs <= lostNs,
    outcome: `${formatDuration(leftNs)} late at most there`,
  }
}

/** Failures of the kind of `one`: of an xrun or silent failure those of the same stream. */
function countOf(one: Explanation, { result, log }: Facts): number {
  const stream = result.streams[one.stream ?? '']
  switch (one.kind) {
    case 'xrun':
      return stream?.xruns.length ?? 0
    case 'silent':
      return stream?.silentFailures.filter((fault) => fault.kind === one.failure).length ?? 0
    case 'report':
      return result.locks.actual.filter(({ kind }) => kind === one.failure).length
    case 'memory':
      return result.memory.filter(({ kind }) => kind === one.failure).length
    default:
      return log.failedCalls.filter(({ errno }) => `${errno}` === one.failure).length
  }
}

/** What went wrong in a run, by sort. */
function tallyOf(result: RunResult): Readonly<Record<string, number>> {
  const streams = Object.values(result.streams)
  const sum = (count: (one: (typeof streams)[number]) => number): number =>
    streams.reduce((all, one) => all + count(one), 0)
  return {
    xrun: sum((one) => one.xruns.length),
    'silent failure': sum((one) => one.silentFailures.filter((each) => !isTail(each)).length),
    'failed call': sum((one) => one.errors.length),
    'lock report': result.locks.actual.length,
    'memory fault': result.memory.length,
  }
}

/**
 * What the detectors found in one run, each mistake once, with the steps of the interleaving that
 * shows it: for formats of code scanners. A pure function of a recording and its result. Times are
 * ns.
 */
import { collectFacts, type Explanation, explainFacts } from '../analysis/explain/explain.ts'
import { PART_WORDS } from '../analysis/explain/parts.ts'
import { askedSubject, countOf, type Subject } from '../analysis/explain/subject.ts'
import { foldStore } from '../analysis/fold.ts'
import { formatDuration, formatInstant } from '../analysis/format.ts'
import type { LockReport } from '../analysis/lockdep/reporter.ts'
import { LockdepFold } from '../analysis/lockdep/trace-fold.ts'
import { type Access, type DataRace, RaceFold } from '../analysis/races/race-fold.ts'
import { raceText } from '../analysis/races/race-text.ts'
import type { RunResult } from '../analysis/result.ts'
import type { TraceStore } from '../sim/trace-store.ts'

export interface FindingStep {
  readonly timeNs: number
  /** Index in the trace; -1: none. */
  readonly record: number
  readonly text: string
  /** Function of the guest's kernel that it happened in; empty: not known. */
  readonly function: string
  /** Steps of phase 0 come before those of phase 1, whatever their times, as in a witness. */
  readonly phase: 0 | 1
  /** Words of SARIF 3.38.8, such as `acquire` and `lock`. */
  readonly kinds: readonly string[]
}

/** What one context does, in order of time. */
export interface FindingFlow {
  readonly context: string
  readonly steps: readonly FindingStep[]
}

export interface Finding {
  /** `group/kind`, such as `lock/circular`: one for each sort of mistake. */
  readonly rule: string
  /** One line or a report of several. */
  readonly text: string
  /** What makes it the same mistake in another run or version: no times, no numbers of records. */
  readonly identity: string
  /** How often the run has it. */
  readonly count: number
  readonly flows: readonly FindingFlow[]
}

/** Sorts of one group that are explained; the others are only counted. */
const FINDINGS_MAX = 1_000

export function findingsOf(store: TraceStore, result: RunResult): readonly Finding[] {
  const { reports } = foldStore(store, new LockdepFold(store.symbols), result.virtualTimeNs)
  return [...reports.map(lockFinding), ...explained(store, result)]
}

/** Of a recording with accesses, whose records have other numbers: they are left out. */
export function raceFindingsOf(store: TraceStore): readonly Finding[] {
  const { races } = foldStore(store, new RaceFold(store.symbols), 0)
  return races.map(raceFinding)
}

function lockFinding(report: LockReport): Finding {
  const { kind, classes, text, witness } = report
  const flows = new Map<string, FindingStep[]>()
  for (const range of witness) {
    const steps = flows.get(range.context) ?? []
    flows.set(range.context, steps)
    const { held, wanted, fromTimeNs, fromRecord, toTimeNs, toRecord } = range
    const kinds = ['acquire', 'lock']
    const taken = {
      phase: 0,
      timeNs: fromTimeNs,
      record: fromRecord,
      text: `takes ${held}`,
    } as const
    steps.push({ ...taken, function: '', kinds })
    if (fromRecord === toRecord) continue
    const text = `wants ${wanted} while it holds ${held}`
    steps.push({ phase: 1, timeNs: toTimeNs, record: toRecord, text, function: '', kinds })
  }
  return {
    rule: `lock/${kind}`,
    text: `${report.judgement} ${kind}: ${classes.join(', ')}\n\n${text}`,
    identity: `${kind} ${classes.join(' ')}`,
    count: 1,
    flows: [...flows].map(([context, steps]) => ({ context, steps })),
  }
}

function raceFinding(race: DataRace): Finding {
  const { cell, first, second, count } = race
  return {
    rule: 'race/data-race',
    text: `data race on ${cell}\n\n${raceText(race)}`,
    identity: [cell, ...bySpelling([sideOf(first), sideOf(second)])].join(' '),
    count,
    flows: [first, second].map((access) => accessFlow(cell, access)),
  }
}

function bySpelling(words: readonly string[]): readonly string[] {
  return words.toSorted((a, b) => (a < b ? -1 : 1))
}

function sideOf({ functions, kind, write }: Access): string {
  return `${functions[0] ?? kind}:${write ? 'write' : 'read'}`
}

function accessFlow(cell: string, access: Access): FindingFlow {
  const { context, write, marked, held, timeNs, functions } = access
  const how = `${write ? 'writes' : 'reads'} ${cell}${marked ? ' (marked)' : ''}`
  const locks = held.length === 0 ? 'no locks held' : `holding ${held.join(', ')}`
  const text = `${how}, ${locks}`
  const at = { phase: 0, timeNs, record: -1 } as const
  return { context, steps: [{ ...at, text, function: functions[0] ?? '', kinds: ['memory'] }] }
}

const EXPLAINED = ['xrun', 'silent', 'report', 'memory'] as const

/** Xruns, silent failures, reports and faults of memory, each sort with its first explanation. */
function explained(store: TraceStore, result: RunResult): readonly Finding[] {
  const counts = new Map<string, { subject: Subject; count: number }>()
  for (const kind of EXPLAINED) {
    for (let number = 1; number <= countOf(result, kind); number++) {
      const subject = askedSubject(result, { kind, number })
      if (subject === null) continue
      const key = `${ruleOf(subject)} ${streamOf(subject)}`
      const known = counts.get(key)
      if (known !== undefined) known.count++
      else if (counts.size < FINDINGS_MAX) counts.set(key, { subject, count: 1 })
    }
  }
  if (counts.size === 0) return []
  const facts = collectFacts(store, result)
  return [...counts].map(([identity, { subject, count }]): Finding => {
    const { kind, number } = subject
    const asked = kind === 'error' ? null : { kind, number }
    const told = explainFacts(facts, asked)
    return {
      rule: ruleOf(subject),
      text: told?.sentence ?? identity,
      identity,
      count,
      flows: told === null ? [] : flowsOf(told, store),
    }
  })
}

function ruleOf(subject: Subject): string {
  switch (subject.kind) {
    case 'xrun':
      return `xrun/${subject.xrun.cause}`
    case 'silent':
      return `silent/${subject.silent.kind}`
    case 'report':
      return `report/${subject.report.kind}`
    case 'memory':
      return `memory/${subject.fault.kind}`
    default:
      return subject.kind
  }
}

function streamOf(subject: Subject): string {
  return subject.kind === 'xrun' || subject.kind === 'silent' ? subject.name : ''
}

function flowsOf(told: Explanation, store: TraceStore): readonly FindingFlow[] {
  const flows = new Map<string, FindingStep[]>()
  for (const { part, fromNs, toNs, context, record, what } of told.path) {
    const name = context < 0 ? 'device' : store.symbols.name('ctx', context)
    const steps = flows.get(name) ?? []
    flows.set(name, steps)
    const words = what === '' ? PART_WORDS[part] : `${PART_WORDS[part]}: ${what}`
    const text = `${words}, ${formatDuration(toNs - fromNs)}`
    steps.push({ ...plain(fromNs, record), text })
  }
  const { timeNs, record, holders } = told
  for (const line of holders) {
    const context = line.split(' ', 1)[0] as string
    const step = { ...plain(timeNs, record), text: line, kinds: ['lock'] }
    flows.set(context, [...(flows.get(context) ?? []), step])
  }
  if (flows.size === 0 && record >= 0) {
    const text = `${formatInstant(timeNs)}: ${told.failure}`
    flows.set('run', [{ ...plain(timeNs, record), text }])
  }
  return [...flows].map(([context, steps]) => ({ context, steps }))
}

function plain(timeNs: number, record: number) {
  return { phase: 0, timeNs, record, function: '', kinds: [] } as const
}

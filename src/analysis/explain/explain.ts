/**
 * Why it happened: for an xrun, a silent failure, a report, a late period or an instant, the path
 * that led to it, its parts, which add up to the slack that was lost, and one plain sentence. A
 * fold over a recording: works on a live run and on a trace file alike. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { TraceRecord } from '../../sim/trace.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { FoldSet, foldStore } from '../fold.ts'
import { formatDuration, formatInstant } from '../format.ts'
import { type FailedCall, LogFold } from '../log.ts'
import { recordAt } from '../record-at.ts'
import type { RunResult } from '../result.ts'
import type { SilentFailure } from '../silent-failures.ts'
import { StreamTable } from '../streams.ts'
import { askedFor, errorSentence, memorySentence, reportSentence } from './fault-sentences.ts'
import { History } from './history.ts'
import { holdersAt, ordersAt } from './holders.ts'
import { type LatePeriod, latePeriods, segmentsOf } from './late.ts'
import { type PartShare, type Segment, sharesOf } from './parts.ts'
import { causeOf, causesOf } from './sentence.ts'
import { silentSentence } from './silent-sentences.ts'
import { StreamFacts } from './stream-facts.ts'
import { type Asked, askedSubject, firstSubject, type Subject } from './subject.ts'
import { type Loss, lossBefore } from './window.ts'
import { boundaryClause, xenCause } from './xen-sentences.ts'
import { XenStream } from './xen-stream.ts'

export interface Explanation {
  readonly kind: Subject['kind']
  readonly number: number
  /** Which sort of its kind: of xrun, silent failure, report, fault; of a call its error. */
  readonly failure: string
  /** Name of the stream in the result; null: it is about no stream. */
  readonly stream: string | null
  readonly timeNs: Ns
  /** Record of the failure; -1: none. */
  readonly record: number
  /** The cause in one plain sentence. */
  readonly sentence: string
  /** From when to when slack was lost; null: it is not a matter of time. */
  readonly window: { readonly fromNs: Ns; readonly toNs: Ns } | null
  /** Slack lost; the parts add up to it exactly. */
  readonly lostNs: Ns
  readonly parts: readonly PartShare[]
  /** The critical path, in order of time. */
  readonly path: readonly (Segment & { readonly name: string })[]
  /** Who holds what and waits for what, of failures of locks and memory. */
  readonly holders: readonly string[]
}

/** What explanations of one run share. */
export interface Facts {
  readonly store: TraceStore
  readonly result: RunResult
  readonly history: History
  readonly streams: ReadonlyMap<string, StreamFacts>
  /** Of the Xen front end, by the same names; empty of other drivers' streams. */
  readonly xen: ReadonlyMap<string, XenStream>
  readonly log: ReturnType<LogFold['finish']>
}

export function collectFacts(store: TraceStore, result: RunResult): Facts {
  const set = new FoldSet()
  const table = set.add(new StreamTable(store.symbols))
  const history = set.add(new History(store.symbols))
  const log = set.add(new LogFold(store.symbols))
  const entries = Object.entries(result.streams).map(([name, { id }]): [string, StreamFacts] => {
    return [name, set.add(new StreamFacts(table, id))]
  })
  const fronts = Object.entries(result.streams).map(([name, { id }]): [string, XenStream] => {
    return [name, set.add(new XenStream(id))]
  })
  store.replay(set)
  const [streams, xen] = [new Map(entries), new Map(fronts)]
  return { store, result, history, streams, xen, log: log.finish() }
}

/** Null if the run has none of what is asked for; nothing asked for: its first failure. */
export function explain(
  store: TraceStore,
  result: RunResult,
  asked: Asked | null = null,
): Explanation | null {
  return explainFacts(collectFacts(store, result), asked)
}

export function explainFacts(facts: Facts, asked: Asked | null): Explanation | null {
  const { result, log } = facts
  const subject =
    asked === null ? firstSubject(result, complaints(log)) : askedSubject(result, asked)
  if (subject === null) return null
  switch (subject.kind) {
    case 'late':
      return lateOne(facts, subject, rankedPeriods(facts)[subject.number - 1])
    case 'at':
      return lateOne(facts, subject, periodAt(facts, subject.timeNs))
    case 'xrun':
    case 'silent':
      return ofStream(facts, subject)
    default:
      return ofFault(facts, subject)
  }
}

/** Calls that failed; where none did, what clients print of errors. */
function complaints({ failedCalls, lines }: Facts['log']): readonly FailedCall[] {
  if (failedCalls.length > 0) return failedCalls
  const errors = lines.filter(({ source, text }) => source === 'client' && /: -E[A-Z]+$/.test(text))
  return errors.map(({ timeNs, text: call }) => ({ timeNs, call, stream: -1, errno: 0 }))
}

interface Ranked {
  readonly name: string
  readonly facts: StreamFacts
  readonly late: LatePeriod
}

/** The late periods of all streams, the latest first. */
export function rankedPeriods({ streams, history }: Facts): readonly Ranked[] {
  const ranked = [...streams].flatMap(([name, facts]) =>
    latePeriods(history, facts).map((late): Ranked => ({ name, facts, late })),
  )
  const lost = ({ late }: Ranked): Ns => late.endNs - late.dueNs
  return ranked.sort((a, b) => lost(b) - lost(a) || a.late.record - b.late.record)
}

/** The late period in which an instant lies, else the next one. */
function periodAt(facts: Facts, timeNs: Ns): Ranked | undefined {
  const later = rankedPeriods(facts).filter(({ late }) => late.endNs >= timeNs)
  return later.toSorted((a, b) => a.late.endNs - b.late.endNs || a.late.record - b.late.record)[0]
}

function lateOne(
  facts: Facts,
  { kind, number }: { kind: 'late' | 'at'; number: number },
  ranked: Ranked | undefined,
): Explanation | null {
  if (ranked === undefined) return null
  const { name, late } = ranked
  const segments = segmentsOf(facts.history, ranked.facts, late)
  const lostNs = late.endNs - late.dueNs
  const parts = sharesOf(segments)
  const over = late.refilled ? 'refilled' : 'reported'
  const when = formatInstant(late.endNs)
  const what = `${name}: the period due at ${formatInstant(late.dueNs)} was ${over} at ${when}`
  const xen = facts.xen.get(name) as XenStream
  const boundary = boundaryClause(xen, ranked.facts, late.call.fromNs)
  const causes = causesOf(facts.history, segments) + (boundary === '' ? '' : `; ${boundary}`)
  const sentence = `${what}, ${formatDuration(lostNs)} late: ${causes}.`
  return {
    kind,
    number,
    failure: '',
    stream: name,
    timeNs: late.endNs,
    record: late.record,
    sentence,
    window: { fromNs: late.dueNs, toNs: late.endNs },
    lostNs,
    parts,
    path: named(facts.history, segments),
    holders: [],
  }
}

function ofStream(facts: Facts, subject: Subject & { kind: 'xrun' | 'silent' }): Explanation {
  const { store, history } = facts
  const { name, timeNs, kind, number } = subject
  const stream = facts.streams.get(name) as StreamFacts
  const record = kind === 'xrun' ? subject.xrun.at.record : subject.silent.record
  const { context } = store.at(record, new TraceRecord())
  const needed = subject.stream.params.thresholds?.avail_min
  const least = typeof needed === 'number' ? needed : stream.period_size
  const loss =
    kind === 'silent' && subject.silent.kind === 'stalled'
      ? lastCall(facts, stream, subject.silent)
      : lossBefore(history, stream, timeNs, context, least)
  const timed = kind === 'xrun' || isTimed(stream, subject.silent.kind)
  const misplaced = kind === 'silent' && ['skipped', 'position'].includes(subject.silent.kind)
  const asOfNs = Math.max(timeNs, loss.toNs)
  const xen = xenCause(facts.xen.get(name) as XenStream, stream, asOfNs, loss, misplaced)
  const cause = xen === '' ? causeOf(history, stream, loss) : xen
  const sentence =
    kind === 'xrun'
      ? `${name}: xrun at ${formatInstant(timeNs)} (${subject.xrun.cause}): ${cause}.`
      : silentSentence(facts, stream, subject.silent, name, loss, { xen, cause })
  return {
    kind,
    number,
    failure: kind === 'xrun' ? subject.xrun.cause : subject.silent.kind,
    stream: name,
    timeNs,
    record,
    sentence,
    window: timed ? { fromNs: loss.fromNs, toNs: loss.toNs } : null,
    lostNs: timed ? loss.lostNs : 0,
    parts: timed ? withAhead(sharesOf(loss.segments), loss, record) : [],
    path: timed ? named(history, loss.segments) : [],
    holders: [],
  }
}

/** Whether it came of slack that was lost. */
function isTimed({ playback }: StreamFacts, kind: SilentFailure['kind']): boolean {
  return kind !== 'lost-event' && (playback || kind !== 'stale')
}

/** Slack that went at once is batching: no time passed. */
function withAhead(
  parts: readonly PartShare[],
  { aheadNs }: Loss,
  record: number,
): readonly PartShare[] {
  if (aheadNs === 0) return parts
  const cause = { what: 'taken by the device ahead of its rate', ns: aheadNs, record }
  const known = parts.find((one) => one.part === 'batching')
  if (known === undefined) return [{ part: 'batching', ns: aheadNs, causes: [cause] }, ...parts]
  const sum: PartShare = {
    part: 'batching',
    ns: known.ns + aheadNs,
    causes: [...known.causes, cause],
  }
  return parts.map((one) => (one === known ? sum : one))
}

/** Of a stall: the way of the latest period that was reported shortly before it or within it. */
function lastCall(
  { history }: Facts,
  stream: StreamFacts,
  { timeNs, untilNs }: SilentFailure,
): Loss {
  const sinceNs = timeNs - stream.nsOf(stream.buffer_size)
  const near = latePeriods(history, stream).filter(({ endNs }) => {
    return endNs >= sinceNs && endNs <= untilNs
  })
  const lost = (one: LatePeriod): Ns => one.endNs - one.dueNs
  const [late] = near.toSorted((a, b) => lost(b) - lost(a) || a.record - b.record)
  if (late === undefined) {
    return { fromNs: timeNs, toNs: timeNs, lostNs: 0, segments: [], aheadNs: 0 }
  }
  const segments = segmentsOf(history, stream, late)
  const lostNs = late.endNs - late.dueNs
  return { fromNs: late.dueNs, toNs: late.endNs, lostNs, segments, aheadNs: 0 }
}

function ofFault(
  facts: Facts,
  subject: Subject & { kind: 'report' | 'memory' | 'error' },
): Explanation {
  const { store } = facts
  const { kind, number, timeNs } = subject
  const record = recordOf(facts, subject)
  const then = foldStore(store, new History(store.symbols, record), timeNs)
  const sentence =
    subject.kind === 'report'
      ? reportSentence(facts, then, subject.report, record)
      : subject.kind === 'memory'
        ? memorySentence(facts, then, subject.fault)
        : errorSentence(facts, then, subject.error)
  const holders = kind === 'error' ? [] : holdersOf(facts, then, subject, record)
  const failure =
    subject.kind === 'report'
      ? subject.report.kind
      : subject.kind === 'memory'
        ? subject.fault.kind
        : `${subject.error.errno}`
  const rest = { failure, window: null, lostNs: 0, parts: [], path: [], holders }
  return { kind, number, stream: null, timeNs, record, sentence, ...rest }
}

function holdersOf(
  { store }: Facts,
  then: History,
  subject: Subject & { kind: 'report' | 'memory' },
  record: number,
): readonly string[] {
  const asked = subject.kind === 'report' ? askedFor(store, subject.report, record) : -1
  const orders = ordersAt(store, then, record, asked)
  return orders.length > 0 ? orders : holdersAt(then, subject.timeNs)
}

/** The last record of that instant by a text that the report has, else the last of the instant. */
function recordOf({ log, store }: Facts, subject: Subject & { kind: string }): number {
  const known = subject.kind === 'report' ? recordOfReport(log, subject.report) : undefined
  if (known !== undefined) return known
  return recordAt(store, subject.timeNs + 1) - 1
}

/** The result's reports are those of the log; found by time and text, as a trace has its own. */
function recordOfReport(
  { records }: Facts['log'],
  { timeNs, text }: { readonly timeNs: Ns; readonly text: string },
): number | undefined {
  for (const [one, record] of records) if (one.timeNs === timeNs && one.text === text) return record
  return undefined
}

function named(h: History, segments: readonly Segment[]): Explanation['path'] {
  return segments.map((one) => ({ ...one, name: h.nameOf(one.context) }))
}

/**
 * The result of a run, in the shape of `result.json` (interface §4). Times are integer ns, sizes
 * frames. A pure function of the recording and of what the records do not tell. The verdicts are
 * added afterwards, because they are judged on this.
 */
import type { Frames, Ns } from '../base/units.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { ClientWatch } from './client-watch.ts'
import { EndToEndFold } from './end-to-end.ts'
import { type Fold, FoldSet } from './fold.ts'
import { FramesFold } from './frames.ts'
import { LINES_MAX, REPORTS_MAX, whenFull } from './full-lists.ts'
import type { ClassUsage, LockEdge } from './lockdep/lock-order.ts'
import { LockdepFold } from './lockdep/trace-fold.ts'
import { type Incident, LogFold, type LogLine } from './log.ts'
import { LostEventFold } from './lost-events.ts'
import { type MemoryFault, MemoryFold } from './memory.ts'
import { type PeriodElapsed, PeriodElapsedFold } from './period-elapsed.ts'
import { ProtocolFold } from './protocol.ts'
import { type SilentFailure, SilentFailureFold } from './silent-failures.ts'
import { NO_STATS, type Stats } from './stats.ts'
import { type StreamNow, StreamTable } from './streams.ts'
import { type SwallowedError, SwallowedFold } from './swallowed.ts'
import { WakeLatencyFold } from './wake-latency.ts'
import { WriteSlackFold } from './write-slack.ts'
import { type Xrun, XrunFold } from './xruns.ts'

/** What is known of a run beside its records. */
export interface RunMeta {
  readonly scenario: string
  readonly variant: string | null
  readonly seed: number
  /** Where the virtual clock stopped. */
  readonly virtualTimeNs: Ns
  readonly outcome: 'completed' | 'deadlock' | 'limit'
  /** Which limit ended the run early, if one did. */
  readonly limit?: string | null
  readonly fingerprint: string
  /** Scenario's name of a stream by the name of its substream; those not named keep theirs. */
  readonly streamNames?: Readonly<Record<string, string>>
  /** Thresholds that the scenario asks for, by the name of the stream in the result. */
  readonly thresholds?: Readonly<Record<string, Thresholds>>
}

/** Marks on the ring, frames; `boundary` is never reached. */
export interface Thresholds {
  readonly start_threshold: Frames | 'boundary'
  readonly stop_threshold: Frames | 'boundary'
  readonly avail_min: Frames
}

export interface ExpectationResult {
  readonly name: string
  readonly pass: boolean
  readonly expected: string
  readonly actual: string
}

export interface StreamResult {
  /** Number of the stream in the trace's symbol table. */
  readonly id: number
  readonly direction: 'playback' | 'capture'
  readonly xruns: readonly Xrun[]
  readonly silentFailures: readonly SilentFailure[]
  readonly errors: readonly { readonly timeNs: Ns; readonly call: string; readonly errno: number }[]
  readonly swallowedErrors: readonly SwallowedError[]
  readonly params: {
    readonly rate: number
    readonly period_size: Frames
    readonly buffer_size: Frames
    /** As the scenario asks for them; absent where it is not known. */
    readonly thresholds?: Thresholds
  }
  readonly periodElapsed: PeriodElapsed
  readonly wakeLatencyNs: Stats
  readonly endToEndNs: Stats
  /** Frames between the pointers after each move of appl_ptr. */
  readonly writeSlackFrames: Stats
  readonly frames: { readonly written: Frames; readonly played: Frames; readonly silence: Frames }
  readonly finalState: string
}

export interface RunResult {
  readonly schema: 1
  readonly scenario: string
  readonly variant: string | null
  readonly seed: number
  readonly fingerprint: string
  readonly virtualTimeNs: Ns
  readonly records: number
  readonly pass: boolean
  readonly expectations: readonly ExpectationResult[]
  readonly outcome: 'completed' | 'deadlock' | 'limit'
  /** Present when the outcome is `limit`: which one. */
  readonly limit?: string
  readonly streams: Readonly<Record<string, StreamResult>>
  readonly locks: {
    readonly classes: readonly ClassUsage[]
    readonly edges: readonly LockEdge[]
    readonly predicted: readonly {
      readonly kind: string
      readonly classes: readonly string[]
      readonly text: string
    }[]
    readonly actual: readonly Incident[]
  }
  readonly memory: readonly MemoryFault[]
  /** Reports of the run's own checks that concern neither locks nor memory. */
  readonly warnings: readonly Incident[]
  readonly log: readonly LogLine[]
}

/** Everything, or only what is said of streams and in the log. */
export type ResultParts = 'all' | 'sound'

/** The folds that a result needs, over one shared table of streams; a sink for a live run. */
export class ResultFolds extends FoldSet {
  readonly streams: StreamTable
  readonly clients = this.add(new ClientWatch())
  readonly xruns: XrunFold
  readonly silent: SilentFailureFold
  readonly lostEvents: LostEventFold
  readonly elapsed: PeriodElapsedFold
  readonly wakes: WakeLatencyFold
  readonly endToEnd: EndToEndFold
  readonly frames = this.add(new FramesFold())
  readonly slack: WriteSlackFold
  readonly swallowed = this.add(new SwallowedFold())
  readonly locks: LockdepFold
  readonly memory: MemoryFold
  readonly protocol: ProtocolFold
  readonly log: LogFold

  /** `sound`: locks, memory and protocol see no record and find nothing, which saves time. */
  constructor(symbols: TraceStore['symbols'], parts: ResultParts = 'all') {
    super()
    const fed = <F extends Fold<unknown>>(fold: F): F => (parts === 'all' ? this.add(fold) : fold)
    this.streams = this.add(new StreamTable(symbols))
    this.xruns = this.add(new XrunFold(this.streams, this.clients))
    this.silent = this.add(new SilentFailureFold(this.streams))
    this.lostEvents = this.add(new LostEventFold(this.streams))
    this.elapsed = this.add(new PeriodElapsedFold(this.streams))
    this.wakes = this.add(new WakeLatencyFold(symbols))
    this.endToEnd = this.add(new EndToEndFold(this.streams))
    this.slack = this.add(new WriteSlackFold(this.streams))
    this.locks = fed(new LockdepFold(symbols))
    this.memory = fed(new MemoryFold(symbols))
    this.protocol = fed(new ProtocolFold(symbols))
    this.log = this.add(new LogFold(symbols))
  }
}

/** Folds a recording into the result, without verdicts: `pass` is true, `expectations` empty. */
export function buildResult(
  store: TraceStore,
  meta: RunMeta,
  parts: ResultParts = 'all',
): RunResult {
  const folds = new ResultFolds(store.symbols, parts)
  store.replay(folds)
  const log = folds.log.finish()
  const { classes, edges, reports } = folds.locks.finish()
  const streams = streamResults(folds, meta)
  const memory = folds.memory.finish()
  const protocol = folds.protocol.finish()
  return {
    schema: 1,
    scenario: meta.scenario,
    variant: meta.variant,
    seed: meta.seed,
    fingerprint: meta.fingerprint,
    virtualTimeNs: meta.virtualTimeNs,
    records: store.length,
    pass: true,
    expectations: [],
    outcome: meta.outcome,
    ...(typeof meta.limit === 'string' ? { limit: meta.limit } : {}),
    streams,
    locks: {
      classes,
      edges,
      predicted: reports.map(({ kind, classes, text }) => ({ kind, classes, text })),
      actual: log.incidents.filter((one) => LOCK_INCIDENTS.includes(one.kind)),
    },
    memory,
    warnings: [
      ...log.incidents.filter((one) => WARNINGS.includes(one.kind)),
      ...protocol,
      ...whenFull('reports on the protocol', protocol, REPORTS_MAX),
      ...Object.entries(streams).flatMap(([name, { xruns, silentFailures, swallowedErrors }]) => [
        ...whenFull(`xruns of ${name}`, xruns, REPORTS_MAX),
        ...whenFull(`silent failures of ${name}`, silentFailures.filter(notLost), REPORTS_MAX),
        ...whenFull(`swallowed errors of ${name}`, swallowedErrors, REPORTS_MAX),
        ...whenFull(`lost events of ${name}`, silentFailures.filter(isLost), REPORTS_MAX),
      ]),
      ...whenFull('reports on memory', memory, REPORTS_MAX),
      ...whenFull('lines of the log', log.lines, LINES_MAX),
      ...whenFull('failed calls', log.failedCalls, LINES_MAX),
      ...whenFull('reports of the kernel', log.incidents, LINES_MAX),
    ].toSorted((a, b) => a.timeNs - b.timeNs),
    log: log.lines,
  }
}

const LOCK_INCIDENTS = [
  'deadlock',
  'sleep-in-atomic',
  'scheduling-while-atomic',
  'lock-imbalance',
  'workqueue-leak',
]
const WARNINGS = ['protocol', 'warning']

const isLost = ({ kind }: SilentFailure): boolean => kind === 'lost-event'
const notLost = (failure: SilentFailure): boolean => !isLost(failure)

function streamResults(folds: ResultFolds, meta: RunMeta): Record<string, StreamResult> {
  const endNs = meta.virtualTimeNs
  const found = {
    xruns: folds.xruns.finish(endNs),
    silent: withLost(folds.silent.finish(endNs), folds.lostEvents.finish(endNs)),
    elapsed: folds.elapsed.finish(),
    wakes: folds.wakes.finish(),
    endToEnd: folds.endToEnd.finish(),
    frames: folds.frames.finish(),
    slack: folds.slack.finish(),
    swallowed: folds.swallowed.finish(),
    failedCalls: folds.log.finish().failedCalls,
  }
  const results: Record<string, StreamResult> = {}
  for (const stream of folds.streams.finish()) {
    const name = meta.streamNames?.[stream.name] ?? stream.name
    results[name] = streamResult(stream, found, meta.thresholds?.[name])
  }
  return results
}

type SilentFailures = ReadonlyMap<number, readonly SilentFailure[]>

/** Both sorts of each stream, by time. */
function withLost(silent: SilentFailures, lost: SilentFailures): SilentFailures {
  const all = new Map(silent)
  for (const [id, found] of lost) {
    if (found.length === 0) continue
    const both = [...(silent.get(id) ?? []), ...found]
    all.set(
      id,
      both.sort((a, b) => a.timeNs - b.timeNs || a.record - b.record),
    )
  }
  return all
}

interface Found {
  readonly xruns: ReadonlyMap<number, readonly Xrun[]>
  readonly silent: ReadonlyMap<number, readonly SilentFailure[]>
  readonly elapsed: ReadonlyMap<number, PeriodElapsed>
  readonly wakes: ReadonlyMap<number, Stats>
  readonly endToEnd: ReadonlyMap<number, Stats>
  readonly frames: ReadonlyMap<number, StreamResult['frames']>
  readonly slack: ReadonlyMap<number, Stats>
  readonly swallowed: ReadonlyMap<number, readonly SwallowedError[]>
  readonly failedCalls: ReturnType<LogFold['finish']>['failedCalls']
}

function streamResult(stream: StreamNow, found: Found, thresholds?: Thresholds): StreamResult {
  const { id, rate, period_size, buffer_size } = stream
  return {
    id,
    direction: stream.playback ? 'playback' : 'capture',
    xruns: found.xruns.get(id) ?? [],
    silentFailures: found.silent.get(id) ?? [],
    errors: found.failedCalls
      .filter((failed) => failed.stream === id)
      .map(({ timeNs, call, errno }) => ({ timeNs, call, errno })),
    swallowedErrors: found.swallowed.get(id) ?? [],
    params: {
      rate,
      period_size,
      buffer_size,
      ...(thresholds === undefined ? {} : { thresholds }),
    },
    periodElapsed: found.elapsed.get(id) ?? {
      count: 0,
      intervalNs: NO_STATS,
      latenessNs: NO_STATS,
    },
    wakeLatencyNs: found.wakes.get(id) ?? NO_STATS,
    endToEndNs: found.endToEnd.get(id) ?? NO_STATS,
    writeSlackFrames: found.slack.get(id) ?? NO_STATS,
    frames: found.frames.get(id) ?? { written: 0, played: 0, silence: 0 },
    finalState: CODES.state?.[stream.state] ?? 'OPEN',
  }
}

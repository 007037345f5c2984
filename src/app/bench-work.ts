/**
 * One case of a benchmark: what is asked of a process, what it answers, and how it is done. Plain
 * data that crosses to another process, maybe to one of another revision, so a scenario travels as
 * its text. Facts are the same everywhere; samples are not.
 */
import { existsSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { CaseFacts } from '../analysis/bench/baseline.ts'
import { bracketOf, CheckLadder } from '../analysis/bench/checks.ts'
import type { Divergence } from '../analysis/bench/compare.ts'
import { countsOf } from '../analysis/bench/counts.ts'
import { behaviourOf } from '../analysis/bench/metrics.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { TraceRecord } from '../sim/trace.ts'
import { LineWriter } from '../sim/trace-lines.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { LOOPS, type LoopName } from './bench-loops.ts'
import { readBounded } from './bounded-read.ts'
import { notation } from './CostList.ts'
import { loadText, parseOverride } from './Load.ts'
import { simulate } from './Simulator.ts'
import type { Unwritable } from './thread-answer.ts'

export interface ScenarioWork {
  readonly kind: 'scenario'
  /** As faults name the text. */
  readonly name: string
  readonly text: string
  /** `path=value` texts. */
  readonly set: readonly string[]
  readonly variant: string | null
  readonly seed: number
}

export interface LoopWork {
  readonly kind: 'loop'
  readonly loop: LoopName
  readonly processes: number
  readonly operations: number
  readonly delays: 'uniform' | 'skewed'
}

export type BenchWork = ScenarioWork | LoopWork

export type BenchRequest =
  | { readonly ask: 'facts'; readonly work: BenchWork; readonly keep: string | null }
  | {
      readonly ask: 'locate'
      readonly work: ScenarioWork
      readonly checks: string
      /** Where the earlier run's records may have been kept. */
      readonly kept: string | null
    }
  | { readonly ask: 'time'; readonly work: BenchWork }

export interface TimeSample {
  /** Records, or operations of a loop, for one operation of the reference loop. */
  readonly speed: number
  readonly peakMemoryBytes: number
}

export type BenchAnswer =
  | { readonly kind: 'facts'; readonly facts: CaseFacts }
  | { readonly kind: 'located'; readonly divergence: Divergence | null }
  | { readonly kind: 'sample'; readonly sample: TimeSample }
  | Unwritable
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string }

/** Larger recordings are not kept. */
const KEPT_RECORDS_MAX = 1_000_000
/** Of such a recording, packed or not; a line has some 110 bytes. */
const KEPT_BYTES_MAX = 256 * 1_024 * 1_024

export function specOf(work: ScenarioWork): ScenarioSpec {
  const overrides = work.set.map((text) => {
    const parsed = parseOverride(text)
    if (typeof parsed === 'string') throw new Error(parsed)
    return parsed
  })
  const { specs, lines } = loadText({ name: work.name, text: work.text }, overrides)
  const spec = specs?.find((one) => one.variant === work.variant)
  if (spec === undefined) throw new Error(`${work.name}: ${lines[0] ?? `no ${work.variant}`}`)
  return spec
}

/** Where the records of a run are kept, by its fingerprint. */
export function keptPath(folder: string, fingerprint: string): string {
  return `${folder}/${fingerprint}.ndjson.gz`
}

/** The facts of a run. `keep`: folder for its records, for whoever asks later what they were. */
export function factsOf(work: BenchWork, keep: string | null): CaseFacts {
  if (work.kind === 'loop') {
    const { ops, check } = LOOPS[work.loop](work.processes, work.delays, work.operations)
    return { metrics: { operations: ops, check } }
  }
  const spec = specOf(work)
  const { result, recording } = simulate(spec, work.seed)
  const ladder = new CheckLadder(recording.symbols)
  recording.replay(ladder)
  const metrics = behaviourOf(result, countsOf(recording))
  if (keep !== null && recording.length <= KEPT_RECORDS_MAX) {
    keepRecords(recording, keptPath(keep, result.fingerprint))
  }
  recording.release()
  const edges = result.locks.edges.map((one) => `${one.before} -> ${one.after}`)
  const reports = [
    ...result.locks.predicted.map((one) => `predicted ${one.kind}: ${one.classes.join(', ')}`),
    ...result.locks.actual.map((one) => `actual ${one.kind}: ${one.text}`),
  ]
  const locks = [...new Set([...edges, ...reports])].toSorted((a, b) => (a < b ? -1 : 1))
  return { metrics, checks: ladder.text(), locks, costs: costsOf(spec) }
}

function costsOf({ guest, host }: ScenarioSpec): Record<string, string> {
  const named = (of: string, costs: typeof guest.costs | typeof host.costs) =>
    Object.entries(costs).map(([name, dist]) => [`${of}.${name}`, notation(dist)])
  return Object.fromEntries([...named('guest', guest.costs), ...named('host', host.costs)])
}

function* linesOf(store: TraceStore): Generator<string> {
  const writer = new LineWriter(store.symbols)
  const record = new TraceRecord()
  for (let i = 0; i < store.length; i++) yield writer.line(store.at(i, record))
}

function keepRecords(store: TraceStore, path: string): void {
  if (existsSync(path)) return
  const packed = gzipSync([...linesOf(store)].join(''), { level: 1 })
  writeFileAtomically(path, packed)
}

/** Where the run of `work` leaves the run that had these checks; null if it does not. */
export function locate(work: ScenarioWork, checks: string, kept: string | null): Divergence | null {
  const { recording } = simulate(specOf(work), work.seed)
  const ladder = new CheckLadder(recording.symbols)
  recording.replay(ladder)
  const old = keptLines(kept)
  const bracket = bracketOf(checks, ladder)
  const last = recording.length
  const range =
    old === null
      ? bracket && { from: bracket.after + 1, to: bracket.upTo ?? last }
      : firstDifference(old, linesOf(recording))
  const found = range && describe(recording, range, old)
  recording.release()
  return found
}

/** Null also for what is damaged: the ladder of checks still says nearly where. */
function keptLines(kept: string | null): readonly string[] | null {
  if (kept === null || !existsSync(kept)) return null
  try {
    const packed = readBounded(kept, KEPT_BYTES_MAX, 'kept records')
    const bytes = gunzipSync(packed, { maxOutputLength: KEPT_BYTES_MAX })
    return bytes.toString('utf8').split(/(?<=\n)/)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}

function firstDifference(old: readonly string[], now: Iterable<string>) {
  let at = 0
  for (const line of now) {
    if (line !== old[at]) return { from: at, to: at }
    at++
  }
  return at < old.length ? { from: at, to: at } : null
}

/** A place at the run's own length stands for its end. */
function describe(
  store: TraceStore,
  { from, to }: { readonly from: number; readonly to: number },
  old: readonly string[] | null,
): Divergence {
  const writer = new LineWriter(store.symbols)
  const record = new TraceRecord()
  const line = (at: number): string | null =>
    at >= 0 && at < store.length ? writer.line(store.at(at, record)).trimEnd() : null
  const shown = line(Math.min(from, store.length - 1)) ?? '{}'
  const { t, ev, ctx } = JSON.parse(shown) as { t?: number; ev?: string; ctx?: string }
  const was = old === null ? {} : { was: old[from]?.trimEnd() ?? null }
  return {
    from,
    to,
    timeNs: t ?? 0,
    event: ev ?? '',
    context: String(ctx ?? ''),
    now: line(from),
    before: line(from - 1),
    ...was,
  }
}

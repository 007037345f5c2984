/**
 * Every kind of chart of one run, by the name under which the command line and the report know it.
 * A new kind is one entry here. Each takes a recording and its result and makes a drawing.
 */
import { collectFacts } from '../analysis/explain/explain.ts'
import { type CriticalPath, pathBetween, pathEnd, pathWithin } from '../analysis/explain/steps.ts'
import { foldStore } from '../analysis/fold.ts'
import { collectJitter } from '../analysis/jitter.ts'
import { LockStatFold } from '../analysis/lockdep/lock-stat.ts'
import { LockdepFold } from '../analysis/lockdep/trace-fold.ts'
import { collectLatency } from '../analysis/period-latency.ts'
import type { RunResult, StreamResult } from '../analysis/result.ts'
import { collectTimeline } from '../analysis/timeline.ts'
import type { Window } from '../analysis/windows.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { layoutCriticalPath } from './layout/critical-path.ts'
import { layoutJitter } from './layout/jitter.ts'
import { layoutLatency } from './layout/latency.ts'
import { layoutRing } from './layout/ring.ts'
import type { Drawing } from './layout/shapes.ts'
import { layoutEmpty, layoutTimeline, OVERVIEW_BINS } from './layout/timeline.ts'
import { layoutLockContention } from './lock-contention.ts'
import { layoutLockGraph } from './lock-graph.ts'

export interface ChartRun {
  readonly store: TraceStore
  readonly result: RunResult
}

export interface ChartChoice {
  /** Name of the stream in the result; default: the first with an xrun, else the first. */
  readonly stream?: string
  /** What to show; default: the kind's own choice. */
  readonly window?: Window
  /** Of `critical-path`: indices of the two records, instead of a window. */
  readonly records?: { readonly from: number; readonly to: number }
}

export interface ChartKind {
  readonly name: string
  /** What it shows, in a few words, for `--help` and the report. */
  readonly summary: string
  draw(run: ChartRun, choice: ChartChoice): Drawing
}

const timeline: ChartKind = {
  name: 'timeline',
  summary: 'who did what when: lanes of every context, the ring, one period in detail',
  draw: ({ store, result }, choice) =>
    layoutTimeline(result, collectTimeline(store, result, { ...choice, bins: OVERVIEW_BINS })),
}

const ring: ChartKind = {
  name: 'ring',
  summary: 'the ring: pointers, what is heard, avail and its thresholds',
  draw: ({ store, result }, choice) => {
    const data = collectTimeline(store, result, { ...choice, bins: OVERVIEW_BINS })
    return data === null ? layoutEmpty(result) : layoutRing(result, data)
  },
}

const jitter: ChartKind = {
  name: 'jitter',
  summary: 'intervals of period elapsed: over time, histogram, distribution',
  draw: ofStream(({ store, result }, shown) =>
    layoutJitter({ ...shown, result, data: collectJitter(store, shown.stream.id, shown.window) }),
  ),
}

const latency: ChartKind = {
  name: 'latency',
  summary: 'from interrupt to client, part by part, for each period',
  draw: ofStream(({ store, result }, shown) => {
    const periods = collectLatency(store, shown.stream.id, shown.window)
    return layoutLatency({ ...shown, result, periods })
  }),
}

const locks: ChartKind = {
  name: 'locks',
  summary: 'the lock graph: classes, their order, what was reported; of the whole run',
  draw: ({ store, result }) =>
    layoutLockGraph(result, foldStore(store, new LockdepFold(store.symbols), 0)),
}

const contention: ChartKind = {
  name: 'contention',
  summary: 'how long each lock class was held and waited for; of the whole run',
  draw: ({ store, result }) =>
    layoutLockContention(result, foldStore(store, new LockStatFold(store.symbols), 0)),
}

const criticalPath: ChartKind = {
  name: 'critical-path',
  summary: 'what determined the time between two records: who, in which steps, and the longest',
  draw: (run, choice) => layoutCriticalPath(run.result, choose(run, choice)),
}

/** The path that ends with the last refill or report of the stream in the window. */
function choose({ store, result }: ChartRun, choice: ChartChoice): CriticalPath | null {
  const facts = collectFacts(store, result)
  if (choice.records !== undefined) {
    const { from, to } = choice.records
    return pathBetween(facts, pathEnd(facts, from), pathEnd(facts, to))
  }
  return pathWithin(facts, choice.stream ?? chosenStream(result), choice.window)
}

export const CHART_KINDS: readonly ChartKind[] = [
  timeline,
  ring,
  jitter,
  latency,
  locks,
  contention,
  criticalPath,
]

/** Charts of several runs at once. */
export const COMPARE_KIND = {
  name: 'compare',
  summary: 'variants of a scenario side by side, on the same axes',
} as const

export function chartKind(name: string): ChartKind | undefined {
  return CHART_KINDS.find((kind) => kind.name === name)
}

interface Shown {
  readonly name: string
  readonly stream: StreamResult
  readonly window: Window
}

/** A chart of one stream over the whole run or a part of it. */
function ofStream(draw: (run: ChartRun, shown: Shown) => Drawing): ChartKind['draw'] {
  return (run, choice) => {
    const { result } = run
    const name = choice.stream ?? chosenStream(result)
    const stream = name === undefined ? undefined : result.streams[name]
    if (name === undefined || stream === undefined) return layoutEmpty(result)
    const window = choice.window ?? { fromNs: 0, toNs: Math.max(1, result.virtualTimeNs) }
    return draw(run, { name, stream, window })
  }
}

/** The first stream with an xrun, else the first. */
function chosenStream(result: RunResult): string | undefined {
  const names = Object.keys(result.streams)
  return names.find((name) => (result.streams[name]?.xruns.length ?? 0) > 0) ?? names[0]
}

/**
 * The library: load a scenario from text, run it, fold analyses over its records, draw a chart to
 * an SVG string. Nothing here touches the disk, unless it is asked for, or the console. Times are
 * integer nanoseconds, PCM sizes are frames; errors in a scenario are lines, as the command line
 * prints them.
 */
import type { FullResult } from './app/Jobs.ts'
import { containing, loadText, parseOverride } from './app/Load.ts'
import { type SimulateOptions, simulate as simulateSpec } from './app/Simulator.ts'
import type { ScenarioSpec } from './scenario/spec.ts'
import type { Override } from './scenario/variants.ts'
import type { TraceStore } from './sim/trace-store.ts'

export { type Explanation, explain } from './analysis/explain/explain.ts'
export { type Fold, FoldSet, foldStore } from './analysis/fold.ts'
export { LockdepFold, type LockdepResult } from './analysis/lockdep/trace-fold.ts'
export { type DataRace, RaceFold, type RaceResult } from './analysis/races/race-fold.ts'
export type { RunResult, StreamResult } from './analysis/result.ts'
export { buildResult } from './analysis/result.ts'
export type { Stats } from './analysis/stats.ts'
export type { ChartOptions } from './app/Charts.ts'
export { drawChart, drawTimeline, svgText } from './app/Charts.ts'
export { fingerprint } from './app/Fingerprint.ts'
export { scenarioJsonSchema } from './app/JsonSchemaText.ts'
export { reportText } from './app/Report.ts'
export { sortedJson } from './app/ResultJson.ts'
export type { GridCell, GridTable } from './chart/layout/heat-map.ts'
export { layoutHeatMap } from './chart/layout/heat-map.ts'
export type { Drawing } from './chart/layout/shapes.ts'
export type { TrendPoint, TrendSeries } from './chart/layout/trend.ts'
export { layoutTrend } from './chart/layout/trend.ts'
export { exploreTraces } from './explore/dpor.ts'
export { exploreAll } from './explore/exhaustive.ts'
export { pct } from './explore/pct.ts'
export type { Exploration, System } from './explore/system.ts'
export { chromeTrace } from './export/chrome.ts'
export { ftraceText } from './export/ftrace.ts'
export { perfettoTrace } from './export/perfetto.ts'
export { procAsound } from './export/proc-asound.ts'
export { vcdText } from './export/vcd.ts'
export { alignClocks } from './import/clock-align.ts'
export type { GuestEvent, HostEvent, Imported } from './import/guest-event.ts'
export { simulatedEvents } from './import/simulated-events.ts'
export { type Samples, STAGES, type Stage, stagesOf } from './import/stages.ts'
export { TraceImport, TraceImportFault } from './import/trace-import.ts'
export { evaluateExpect } from './scenario/expect.ts'
export { formatDuration, parseDuration } from './scenario/quantity.ts'
export type { ScenarioSpec, StreamSpec } from './scenario/spec.ts'
export { TraceRecord, type TraceSink } from './sim/trace.ts'
export { TraceStore } from './sim/trace-store.ts'
export { TraceTextReader, traceText } from './sim/trace-text.ts'

/** A scenario that cannot be used: one line for each fault, `file:line:col: path: what`. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

export interface LoadTextOptions {
  /** As messages name the text; default `scenario`. */
  readonly name?: string
  /** Overrides as `path=value`, such as `streams.0.period_size=256f`. */
  readonly set?: readonly string[]
  /** Text that `name/variant` must contain to be overridden by `set`; default: all are. */
  readonly filter?: string
}

/** One spec per variant, one for a text without variants. Throws ScenarioError. */
export function loadScenario(text: string, options: LoadTextOptions = {}): readonly ScenarioSpec[] {
  const overrides: Override[] = []
  for (const one of options.set ?? []) {
    const parsed = parseOverride(one)
    if (typeof parsed === 'string') throw new ScenarioError([parsed])
    overrides.push(parsed)
  }
  const loaded = loadText(
    { name: options.name ?? 'scenario', text },
    overrides,
    containing(options.filter),
  )
  if (loaded.specs === null) throw new ScenarioError(loaded.lines)
  return loaded.specs
}

export interface ScenarioRun {
  /** As in `result.json` (docs/cli.md). */
  readonly result: FullResult
  /** Every record of the run; `store.replay(sink)` offers them to a fold of yours. */
  readonly store: TraceStore
}

/**
 * Runs a scenario: the same spec and seed give the same run on every machine. With `accesses` the
 * records have every access of a shared variable of the driver, for the detector of data races.
 * With `recordIn`, a folder, the records of a long run are kept in a file there while `store` is in
 * use, and do not fill memory; `store.release()` ends that.
 */
export function runScenario(
  spec: ScenarioSpec,
  seed: number = spec.seed,
  options: SimulateOptions = {},
): ScenarioRun {
  const { result, recording } = simulateSpec(spec, seed, { recordIn: null, ...options })
  return { result, store: recording }
}

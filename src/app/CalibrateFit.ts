/**
 * Calibrates one run: finds the preset that is nearest from below, fits the knobs, simulates the
 * recorded run and compares. Times are ns.
 */
import { alignClocks } from '../import/clock-align.ts'
import { differences } from '../import/compare.ts'
import {
  type Fitted,
  fittable,
  KNOBS,
  quantile,
  quantilesIn,
  sorted,
  within,
} from '../import/fit.ts'
import { fittedTo, freeOf } from '../import/fit-rounds.ts'
import { type Costs, LEAD_MS, scenarioText } from '../import/scenario.ts'
import { callResults, simulatedFacts } from '../import/simulated.ts'
import { simulatedEvents } from '../import/simulated-events.ts'
import {
  outside,
  type Samples,
  STAGE_NAMES,
  type Stage,
  stagesOf,
  warmUps,
} from '../import/stages.ts'
import { startOf } from '../import/traced-run.ts'
import type { CostPreset } from '../scenario/costs.ts'
import { runScenario } from '../scenario/run.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Override } from '../scenario/variants.ts'
import { ChunkPool } from '../sim/trace-columns.ts'
import type { TracedRun } from './CalibrateInput.ts'
import { loadText } from './Load.ts'

export interface Calibration {
  readonly run: TracedRun
  readonly base: CostPreset
  readonly fitted: Fitted
  /** Of the whole run but for its first periods; times since the START. */
  readonly captured: Samples
  /** Of those first periods, which are not fitted. */
  readonly warmUp: Samples
  readonly simulated: Samples
  /** Where the part that was fitted ends, and the run. */
  readonly fitNs: number
  readonly endNs: number
  readonly clock: ReturnType<typeof alignClocks>
  readonly verdict: Verdict
  /** The scenario of the replay, as a scenario file has it. */
  readonly scenario: string
}

export interface Verdict {
  readonly xrunsCaptured: number
  readonly xrunsSimulated: number
  readonly ordersAgree: boolean
  /** Each difference, as the comparison of captured runs has it; of traces, of triggers. */
  readonly differences: readonly string[]
}

/** From the costliest to the cheapest; the first that is cheaper than the capture is taken. */
const BASES: readonly CostPreset[] = ['tcg', 'embedded-hypervisor', 'kvm-arm', 'kvm-x86', 'ideal']
/** Runs of different chance together, so that a quantile of the model is not one run's luck. */
/** So much longer than what is fitted is a trial, so that its last samples are whole. */
const BEHIND_NS = 100_000_000
/** Memory of recordings, used again by the next run. */
const pool = new ChunkPool()
const FIT_SEEDS = { first: 101, least: 6, most: 16, samples: 1000 }
const SHOWN_SEEDS = { first: 1, least: 8, most: 32, samples: 2000 }

/** As many runs as together have enough periods. */
function seedsOf({ first, least, most, samples }: typeof FIT_SEEDS, periods: number) {
  const count = Math.min(most, Math.max(least, Math.ceil(samples / Math.max(1, periods))))
  return Array.from({ length: count }, (_, i) => first + i)
}

/** `share`: which part of the run's time is fitted, from its beginning. Lines: what is wrong. */
export function calibrateRun(run: TracedRun, share: number): Calibration | readonly string[] {
  const { events } = run
  const clock = alignClocks(events)
  const zero = startOf(events)
  const all = stagesOf(events, clock?.offsetNs ?? null, timerOf(run))
  const spans = warmUps(events)
  const captured = shifted(outside(all, spans), zero)
  const warmUp = shifted(outside(all, spans, true), zero)
  const ends = captured.interval.map(({ atNs, ns }) => atNs + ns)
  const endNs = ends.reduce((a, b) => Math.max(a, b), 0) + 1
  const fitNs = Math.ceil(endNs * share)
  const part = within(captured, 0, fitNs)
  const stages = fittable(part)
  const [, lines] = specOf(run, 'tcg', {}, [])
  if (lines.length > 0) return lines
  const trial = (base: CostPreset, fitted: Fitted): Samples => {
    const spec = specOf(run, base, fitted, [])[0] as ScenarioSpec
    const durationNs = Math.min(spec.durationNs, LEAD_MS * 1_000_000 + fitNs + BEHIND_NS)
    const seeds = seedsOf(FIT_SEEDS, part.interval.length)
    return simulatedSamples(run, { ...spec, durationNs }, seeds, fitNs)
  }
  const bare = freeOf(stages)
  const base = BASES.find((one) => isCheaper(part, trial(one, bare), stages)) ?? 'ideal'
  const fitted = fittedTo(part, stages, (prices) => trial(base, prices))
  const found = { run, base, fitted, captured, warmUp, fitNs, endNs, clock }
  const [spec] = specOf(run, base, fitted, [])
  const scenario = scenarioText(run.replayed, costsOf(run, base, fitted))
  return { ...found, ...replayOf(run, spec as ScenarioSpec, captured, endNs), scenario }
}

/** The same run with keys of its scenario changed, nothing fitted anew. */
export function replayWith(
  found: Calibration,
  overrides: readonly Override[],
): Calibration | readonly string[] {
  const { run, base, fitted, captured, endNs } = found
  const [spec, lines] = specOf(run, base, fitted, overrides)
  return spec === null ? lines : { ...found, ...replayOf(run, spec, captured, endNs) }
}

function replayOf(run: TracedRun, spec: ScenarioSpec, captured: Samples, endNs: number) {
  const seeds = seedsOf(SHOWN_SEEDS, captured.interval.length)
  return {
    simulated: simulatedSamples(run, spec, seeds, endNs),
    verdict: verdictOf(run, spec),
  }
}

/** Of the stages of the guest: what the preset alone makes of them is less than was captured. */
function isCheaper(captured: Samples, bare: Samples, stages: readonly Stage[]): boolean {
  const timed = stages.filter((stage) => stage === 'irq_to_elapsed' || stage === 'wake')
  return timed.every((stage) => {
    if (bare[stage].length === 0) return true
    return quantile(sorted(bare[stage]), 0.1) <= quantile(sorted(captured[stage]), 0.1)
  })
}

function timerOf({ replayed }: TracedRun): number {
  return replayed.machine.audiodev.timerPeriodUs * 1000
}

/** The fitted prices as the cost tables of a scenario. */
export function costsOf(run: TracedRun, base: CostPreset, fitted: Fitted): Costs {
  const tables: Record<'guest' | 'host', Record<string, unknown>> = {
    guest: { preset: base },
    host: { preset: base },
  }
  if (fitted.tick_late === undefined) tables.host['main_loop_wake'] = timerLate(run)
  for (const { stage, side, costs } of KNOBS) {
    const prices = fitted[stage]
    if (prices === undefined) continue
    for (const cost of costs) tables[side][cost] = quantilesIn(prices)
  }
  return tables
}

function timerLate({ replayed }: TracedRun): object {
  const [p0, p50, p100] = replayed.machine.timerLateUs
  return { quantiles: { p0: `${p0}us`, p50: `${p50}us`, p100: `${p100}us` } }
}

function specOf(
  run: TracedRun,
  base: CostPreset,
  fitted: Fitted,
  overrides: readonly Override[],
): readonly [ScenarioSpec | null, readonly string[]] {
  const text = scenarioText(run.replayed, costsOf(run, base, fitted))
  const loaded = loadText({ name: run.name, text }, overrides)
  return [loaded.specs?.[0] ?? null, loaded.lines]
}

/** Samples of several runs together, with times since the START, before `endNs`. */
function simulatedSamples(
  run: TracedRun,
  spec: ScenarioSpec,
  seeds: readonly number[],
  endNs: number,
): Samples {
  const all = seeds.map((seed) => {
    const { store } = runScenario(spec, seed, { pool })
    const events = simulatedEvents(store)
    store.release()
    const samples = outside(stagesOf(events, 0, timerOf(run)), warmUps(events))
    return within(shifted(samples, startOf(events)), 0, endNs)
  })
  const entries = STAGE_NAMES.map((stage) => [stage, all.flatMap((one) => one[stage])])
  return Object.fromEntries(entries) as Samples
}

function shifted(samples: Samples, zero: number): Samples {
  const entries = STAGE_NAMES.map((stage) => [
    stage,
    samples[stage].map(({ atNs, ns }) => ({ atNs: atNs - zero, ns })),
  ])
  return Object.fromEntries(entries) as Samples
}

/** SNDRV_PCM_TRIGGER_START, PAUSE_RELEASE, RESUME. */
const STARTS: ReadonlySet<number> = new Set([1, 4, 6])

/** Of one run: xruns, and the order of what driver and device said to each other. */
function verdictOf(run: TracedRun, spec: ScenarioSpec): Verdict {
  const { store } = runScenario(spec, spec.seed, { pool })
  const facts = simulatedFacts(store)
  const events = simulatedEvents(store)
  const results = callResults(store)
  store.release()
  const captured = run.events.guest
  const order = (of: typeof captured): readonly number[] =>
    of.flatMap(({ kind, arg }) => (kind === 'trigger' ? [arg] : []))
  const wanted = order(captured)
  // Of a trace that ends while a stream runs, only the replay has the stop.
  const got = order(events.guest).slice(
    0,
    STARTS.has(wanted.at(-1) ?? 0) ? wanted.length : undefined,
  )
  const [a, b] = [wanted.join(' '), got.join(' ')]
  const triggers = a === '' || a === b ? [] : [`triggers: captured ${a}, simulated ${b}`]
  const found = run.capture === null ? triggers : differences(run.capture, facts, results)
  const ordered = found.every((line) => !/^(control messages|triggers|who|where)/.test(line))
  return {
    xrunsCaptured: captured.filter(({ kind }) => kind === 'xrun').length,
    xrunsSimulated: facts.xruns.length,
    ordersAgree: ordered,
    differences: found,
  }
}

/**
 * Calibrates one run: finds the preset that is nearest from below, fits the knobs, simulates the
 * recorded run and compares. Times are ns.
 */
import { type DistributionSpec, distribution } from '../base/distribution.ts'
import { Prng } from '../base/prng.ts'
import { alignClocks } from '../import/clock-align.ts'
import { differences } from '../import/compare.ts'
import { type Fitted, fittable, KNOBS, quantile, quantilesIn, sorted } from '../import/fit.ts'
import { fittedTo, freeOf } from '../import/fit-rounds.ts'
import { type Cut, chosen, type Part, partOf } from '../import/part.ts'
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
import { type FittedStretches, stretchesIn } from '../import/stretches-fit.ts'
import { startOf } from '../import/traced-run.ts'
import {
  COST_PRESETS,
  type CostPreset,
  type GuestCost,
  guestCostNames,
  type HostCost,
  hostCostNames,
} from '../scenario/costs.ts'
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
  /** Null: the steps are slow each for itself. */
  readonly stretches: FittedStretches | null
  /** Of the whole run but for its first periods; times since the START. */
  readonly captured: Samples
  /** Of those first periods, which are not fitted. */
  readonly warmUp: Samples
  /** Of replays of the whole run, each with a seed of its own. */
  readonly replays: readonly Samples[]
  /** What was fitted of the run, and where the run ends. */
  readonly part: Part
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
/** So much longer than what is fitted is a trial, so that its last samples are whole. */
const BEHIND_NS = 100_000_000
/** Memory of recordings, used again by the next run. */
const pool = new ChunkPool()
/** Runs of different chance together, so that a quantile of the model is not one run's luck. */
const FIT_SEEDS = { first: 101, least: 10, most: 20, samples: 1600 }
const SHOWN_SEEDS = { first: 1, least: 8, most: 32, samples: 2000 }
/**
 * Where a part is predicted: of 39 replays and a captured run, each as likely to be the least or
 * the greatest as another, the captured one is outside of the others once in twenty.
 */
const PREDICTING_SEEDS = { first: 1, least: 39, most: 39, samples: 0 }

/** As many runs as together have enough periods. */
function seedsOf(
  { first, least, most, samples }: typeof FIT_SEEDS,
  periods: number,
  round = 0,
): readonly number[] {
  const count = Math.min(most, Math.max(least, Math.ceil(samples / Math.max(1, periods))))
  return Array.from({ length: count }, (_, i) => first + round * most + i)
}

/** `cut`: which part of the run's time is fitted. Lines: what is wrong. */
export function calibrateRun(run: TracedRun, cut: Cut): Calibration | readonly string[] {
  const { events } = run
  const clock = alignClocks(events)
  const zero = startOf(events)
  const all = stagesOf(events, clock?.offsetNs ?? null, timerOf(run))
  const spans = warmUps(events)
  const captured = shifted(outside(all, spans), zero)
  const warmUp = shifted(outside(all, spans, true), zero)
  const ends = captured.interval.map(({ atNs, ns }) => atNs + ns)
  const endNs = ends.reduce((a, b) => Math.max(a, b), 0) + 1
  const part = partOf(cut, endNs)
  const target = chosen(captured, part.has)
  const stages = fittable(target)
  const [, lines] = specOf(run, { base: 'tcg', fitted: {}, stretches: null }, [])
  if (lines.length > 0) return lines
  const stretches = stretchesIn(target, stages)
  const trial = (base: CostPreset, fitted: Fitted, round: number): Samples => {
    const spec = specOf(run, { base, fitted, stretches }, [])[0] as ScenarioSpec
    const durationNs = Math.min(spec.durationNs, LEAD_MS * 1_000_000 + part.endNs + BEHIND_NS)
    const seeds = seedsOf(FIT_SEEDS, target.interval.length, round)
    const replays = simulatedSamples(run, { ...spec, durationNs }, seeds, part.endNs)
    return chosen(together(replays), part.has)
  }
  const bare = freeOf(stages)
  const base = BASES.find((one) => isCheaper(target, trial(one, bare, 0), stages)) ?? 'ideal'
  const fitted = fittedTo(target, stages, (prices, round) => trial(base, prices, round))
  const found = { run, base, fitted, stretches, captured, warmUp, part, endNs, clock }
  const [spec] = specOf(run, found, [])
  const scenario = scenarioText(run.replayed, costsOf(run, found))
  return { ...found, ...replayOf(found, spec as ScenarioSpec), scenario }
}

/** The same run with keys of its scenario changed, nothing fitted anew. */
export function replayWith(
  found: Calibration,
  overrides: readonly Override[],
): Calibration | readonly string[] {
  const [spec, lines] = specOf(found.run, found, overrides)
  return spec === null ? lines : { ...found, ...replayOf(found, spec) }
}

function replayOf(
  { run, captured, part, endNs }: Pick<Calibration, 'run' | 'captured' | 'part' | 'endNs'>,
  spec: ScenarioSpec,
): Pick<Calibration, 'replays' | 'verdict'> {
  const many = part.leavesRest ? PREDICTING_SEEDS : SHOWN_SEEDS
  const seeds = seedsOf(many, captured.interval.length)
  return { replays: simulatedSamples(run, spec, seeds, endNs), verdict: verdictOf(run, spec) }
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

/** What was fitted of the machine. */
type Prices = Pick<Calibration, 'base' | 'fitted' | 'stretches'>

/** As the cost tables of a scenario. */
export function costsOf(run: TracedRun, prices: Prices): Costs {
  const { base, fitted } = prices
  const tables: Record<'guest' | 'host', Record<string, unknown>> = {
    guest: { preset: base, ...steady(base, guestCostNames) },
    host: { preset: base, ...steady(base, hostCostNames) },
  }
  if (fitted.tick_late === undefined) tables.host['main_loop_wake'] = timerLate(run)
  for (const { stage, side, costs } of KNOBS) {
    const of = fitted[stage]
    if (of === undefined) continue
    for (const cost of costs) tables[side][cost] = quantilesIn(of)
  }
  return { ...tables, stretches: stretchesAs(prices) }
}

/**
 * What a preset has besides the fitted steps, at its typical price: all that a captured stage
 * varies is the fitted step's. With a variation of their own they would blur clusters that are
 * captured, and no price of the fitted step could take that back.
 */
function steady(base: CostPreset, names: readonly (GuestCost | HostCost)[]): object {
  const entries = names.flatMap((name): [string, string][] => {
    const { dist } = COST_PRESETS[base][name]
    return dist.kind === 'constant' ? [] : [[name, `${typicalNs(dist)}ns`]]
  })
  return Object.fromEntries(entries)
}

/** The median; of a mixture, that of its heaviest part. */
function typicalNs(dist: DistributionSpec): number {
  if (dist.kind !== 'mixture') return distribution(dist).at(0.5, new Prng(0, 'median'))
  const [heaviest] = dist.parts.toSorted((a, b) => b.weight - a.weight)
  return typicalNs((heaviest as (typeof dist.parts)[number]).of)
}

/** As a scenario file has them, by the costs of the stages that follow; null: none. */
function stretchesAs({ fitted, stretches }: Prices): object | null {
  if (stretches === null) return null
  const { slow, meanNs, weights } = stretches
  const follow = KNOBS.flatMap(({ stage, costs }) => {
    const weight = weights[stage]
    if (fitted[stage] === undefined || weight === undefined) return []
    return costs.map((cost): [string, number] => [cost, weight])
  })
  return { slow, mean: `${meanNs}ns`, follow: Object.fromEntries(follow) }
}

function timerLate({ replayed }: TracedRun): object {
  const [p0, p50, p100] = replayed.machine.timerLateUs
  return { quantiles: { p0: `${p0}us`, p50: `${p50}us`, p100: `${p100}us` } }
}

function specOf(
  run: TracedRun,
  prices: Prices,
  overrides: readonly Override[],
): readonly [ScenarioSpec | null, readonly string[]] {
  const text = scenarioText(run.replayed, costsOf(run, prices))
  const loaded = loadText({ name: run.name, text }, overrides)
  return [loaded.specs?.[0] ?? null, loaded.lines]
}

/** Samples of a run for each seed, with times since the START, before `endNs`. */
function simulatedSamples(
  run: TracedRun,
  spec: ScenarioSpec,
  seeds: readonly number[],
  endNs: number,
): readonly Samples[] {
  return seeds.map((seed) => {
    const { store } = runScenario(spec, seed, { pool })
    const events = simulatedEvents(store)
    store.release()
    const samples = outside(stagesOf(events, 0, timerOf(run)), warmUps(events))
    return chosen(shifted(samples, startOf(events)), (atNs) => atNs >= 0 && atNs < endNs)
  })
}

/** Of several runs, one after the other. */
export function together(runs: readonly Samples[]): Samples {
  const entries = STAGE_NAMES.map((stage) => [stage, runs.flatMap((one) => one[stage])])
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

/**
 * Calibrates one run: finds the preset that is nearest from below, fits the knobs, simulates the
 * recorded run and compares. Times are ns.
 */
import { alignClocks } from '../import/clock-align.ts'
import { differences } from '../import/compare.ts'
import {
  corrected,
  type Fitted,
  fittable,
  KNOBS,
  LEVELS,
  misfit,
  quantile,
  quantilesIn,
  sorted,
  within,
} from '../import/fit.ts'
import { type Costs, scenarioText } from '../import/scenario.ts'
import { callResults, simulatedFacts } from '../import/simulated.ts'
import { simulatedEvents } from '../import/simulated-events.ts'
import { type Samples, STAGE_NAMES, type Stage, stagesOf } from '../import/stages.ts'
import { startOf } from '../import/traced-run.ts'
import type { CostPreset } from '../scenario/costs.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Override } from '../scenario/variants.ts'
import type { TracedRun } from './CalibrateInput.ts'
import { loadText } from './Load.ts'
import { simulate } from './Simulator.ts'

export interface Calibration {
  readonly run: TracedRun
  readonly base: CostPreset
  readonly fitted: Fitted
  /** Of the whole run, and of the part that was fitted and the rest; times since the START. */
  readonly captured: Samples
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
const ROUNDS = 4
/** Runs of different chance together, so that a quantile of the model is not one run's luck. */
const FIT_SEEDS = [11, 12, 13]
const SHOWN_SEEDS = [1, 2, 3]

/** `share`: which part of the run's time is fitted, from its beginning. Lines: what is wrong. */
export function calibrateRun(run: TracedRun, share: number): Calibration | readonly string[] {
  const { events } = run
  const clock = alignClocks(events)
  const zero = startOf(events)
  const captured = shifted(stagesOf(events, clock?.offsetNs ?? null, timerOf(run)), zero)
  const ends = captured.interval.map(({ atNs, ns }) => atNs + ns)
  const endNs = ends.reduce((a, b) => Math.max(a, b), 0) + 1
  const fitNs = Math.ceil(endNs * share)
  const part = within(captured, 0, fitNs)
  const stages = fittable(part)
  const [, lines] = specOf(run, 'tcg', {}, [])
  if (lines.length > 0) return lines
  const trial = (base: CostPreset, fitted: Fitted): Samples => {
    const [spec] = specOf(run, base, fitted, [])
    return simulatedSamples(run, spec as ScenarioSpec, FIT_SEEDS, fitNs)
  }
  const bare = freeOf(stages)
  const base = BASES.find((one) => isCheaper(part, trial(one, bare), stages)) ?? 'ideal'
  const fitted = fittedTo(part, stages, (prices) => trial(base, prices))
  const found = { run, base, fitted, captured, fitNs, endNs, clock }
  const [spec] = specOf(run, base, fitted, [])
  const scenario = scenarioText(run.replayed, costsOf(run, base, fitted))
  return { ...found, ...replayOf(run, spec as ScenarioSpec, endNs), scenario }
}

/** The same run with keys of its scenario changed, nothing fitted anew. */
export function replayWith(
  found: Calibration,
  overrides: readonly Override[],
): Calibration | readonly string[] {
  const { run, base, fitted, endNs } = found
  const [spec, lines] = specOf(run, base, fitted, overrides)
  return spec === null ? lines : { ...found, ...replayOf(run, spec, endNs) }
}

function replayOf(run: TracedRun, spec: ScenarioSpec, endNs: number) {
  return {
    simulated: simulatedSamples(run, spec, SHOWN_SEEDS, endNs),
    verdict: verdictOf(run, spec),
  }
}

/** The knobs at no price. */
function freeOf(stages: readonly Stage[]): Fitted {
  return Object.fromEntries(stages.map((stage) => [stage, LEVELS.map(() => 0)]))
}

/**
 * All stages at once first, then each by itself in the order of the knobs, which is that of cause
 * and effect: what comes later changes nothing before it. Of some rounds the best counts.
 */
function fittedTo(
  captured: Samples,
  stages: readonly Stage[],
  trial: (fitted: Fitted) => Samples,
): Fitted {
  let fitted = corrected(freeOf(stages), captured, trial(freeOf(stages)))
  for (const stage of stages) {
    let tried = fitted
    let least = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      const got = trial(tried)
      const found = misfit(stage, captured, got)
      if (found < least) {
        least = found
        fitted = tried
      }
      const next = corrected(tried, captured, got)[stage] as readonly number[]
      tried = { ...tried, [stage]: next }
    }
  }
  return fitted
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
    const { recording } = simulate(spec, seed)
    const events = simulatedEvents(recording)
    const samples = shifted(stagesOf(events, 0, timerOf(run)), startOf(events))
    recording.release()
    return within(samples, 0, endNs)
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

/** Of one run: xruns, and the order of what driver and device said to each other. */
function verdictOf(run: TracedRun, spec: ScenarioSpec): Verdict {
  const { recording } = simulate(spec, spec.seed)
  const facts = simulatedFacts(recording)
  const events = simulatedEvents(recording)
  const results = callResults(recording)
  recording.release()
  const captured = run.events.guest
  const order = (of: typeof captured): string =>
    of.flatMap(({ kind, arg }) => (kind === 'trigger' ? [arg] : [])).join(' ')
  const [a, b] = [order(captured), order(events.guest)]
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

/**
 * From a scenario and the words of the command line to the list of points: every setting is decoded
 * and checked before the first run. Fails with every fault at once.
 */
import { createHash } from 'node:crypto'
import * as Effect from 'effect/Effect'
import { type Predicate, parsePredicate } from '../explore/predicate.ts'
import { type Axis, parseAxis } from '../explore/sweep/axis.ts'
import { countSettings, POINTS_MAX, type Setting, settingsOf } from '../explore/sweep/grid.ts'
import { AUDIBLE, type FailRule, type SearchOptions } from '../explore/sweep/point.ts'
import { type Constraint, parseConstraint, satisfies } from '../explore/sweep/where.ts'
import type { RawDocument } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { expandVariants, type Override } from '../scenario/variants.ts'
import { decodeScenarios } from './Decode.ts'
import { InputError } from './Errors.ts'
import { fullName } from './Jobs.ts'
import { parseOverride } from './Load.ts'
import { loadOne, type OneScenario, type OneScenarioOptions } from './OneScenario.ts'
import { sortedJson } from './ResultJson.ts'
import type { RareWanted, SweepHeader } from './SweepLines.ts'
import { pcmsimVersion } from './Version.ts'

export interface GridOptions extends OneScenarioOptions {
  readonly vary: readonly string[]
  readonly where: readonly string[]
  readonly failIf: readonly string[]
  /** Settings that are no scenario are left out instead of being faults. */
  readonly skipInvalid: boolean
  readonly seeds?: { readonly first: number; readonly last: number }
  readonly seed?: number
  /** Searches for rare failures instead of runs. */
  readonly rare?: RareWanted
}

export interface PlannedSetting {
  readonly set: Setting
  readonly spec: ScenarioSpec
}

export interface Plan {
  readonly header: SweepHeader
  readonly settings: readonly PlannedSetting[]
  readonly axes: readonly Axis[]
  readonly rule: FailRule
  /** Points of each setting: seeds, or searches. */
  readonly perSetting: number
  /** Settings that are no scenario. */
  readonly invalid: number
}

export const makePlan = Effect.fnUntraced(function* (path: string, options: GridOptions) {
  const lines: string[] = []
  const axes = parsed(options.vary, parseAxis, lines)
  const where = parsed(options.where, parseConstraint, lines)
  const rule = failRule(options.failIf, lines)
  const twice = axes.find((axis, i) => axes.findIndex((one) => one.path === axis.path) !== i)
  if (twice !== undefined) lines.push(`--vary ${twice.path}: is varied twice`)
  const total = countSettings(axes)
  if (total > POINTS_MAX) lines.push(`${total} settings are too many, allowed: up to ${POINTS_MAX}`)
  if (lines.length > 0) return yield* new InputError({ lines })
  const one = yield* loadOne(path, options)
  const seeds = options.seeds ?? {
    first: options.seed ?? one.spec.seed,
    last: options.seed ?? one.spec.seed,
  }
  const found = settingsIn(one, axes, where)
  if (found.lines.length > 0 && !options.skipInvalid) {
    return yield* new InputError({ lines: [...new Set(found.lines)] })
  }
  const { settings, invalid } = found
  const { rare } = options
  const seedCount = seeds.last - seeds.first + 1
  if (rare !== undefined) lines.push(...rareFaults(settings, rare))
  const perSetting = rare?.repetitions ?? seedCount
  const points = settings.length * perSetting
  if (points > POINTS_MAX) lines.push(`${points} runs are too many, allowed: up to ${POINTS_MAX}`)
  if (points === 0) lines.push('no setting is left, allowed: constraints that some setting meets')
  if (lines.length > 0) return yield* new InputError({ lines })
  const header: SweepHeader = {
    pcmsim: 'sweep',
    schema: 1,
    version: pcmsimVersion(),
    scenario: fullName(one.spec),
    document: sha256(sortedJson(one.document)),
    axes,
    where: where.map(({ text }) => text),
    failIf: options.failIf,
    settings: settings.length,
    seeds,
    points,
    ...(rare === undefined ? {} : { rare }),
  }
  const plan: Plan = { header, settings, axes, rule, perSetting, invalid }
  return plan
})

function rareFaults(settings: readonly PlannedSetting[], rare: RareWanted) {
  const { particles, repetitions, runsMax } = rare
  const first = particles * repetitions
  const own = settings.some(({ spec }) => spec.reseed.length > 0)
  return [
    ...(own ? ['--rare: changes the seed itself, allowed: a scenario without reseed'] : []),
    ...(runsMax < first ? [`--most-runs ${runsMax}: allowed: ${first} first runs or more`] : []),
  ]
}

/** What a search is given; equal searches have equal keys, however many there are of them. */
export function searchOf({ rare, seeds }: SweepHeader): SearchOptions {
  const { particles, repetitions, runsMax } = rare ?? { particles: 0, repetitions: 1, runsMax: 0 }
  return { particles, runsMax: Math.floor(runsMax / repetitions), seed: seeds.first }
}

/**
 * Of hash(scenario, parameters, seed, version), of a search also what it was given: the same run
 * has the same key in every sweep. `nth` is the point's number in its setting.
 */
export function keyOf(header: SweepHeader, set: Setting, nth: number): string {
  const { document, version, axes, seeds, rare } = header
  const parameters = axes.map(({ path }, i) => [path, set[i]]).toSorted(byPath)
  const of =
    rare === undefined
      ? { document, parameters, seed: seeds.first + nth, version }
      : { document, parameters, search: { ...searchOf(header), nth }, version }
  return sha256(JSON.stringify(of)).slice(0, 32)
}

function byPath([a = '']: (string | undefined)[], [b = '']: (string | undefined)[]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function parsed<T>(
  texts: readonly string[],
  parse: (text: string) => T | string,
  lines: string[],
): readonly T[] {
  return texts.flatMap((text) => {
    const found = parse(text)
    if (typeof found !== 'string') return [found]
    lines.push(found)
    return []
  })
}

function failRule(texts: readonly string[], lines: string[]): FailRule {
  if (texts.length === 0) return AUDIBLE
  const words = texts.filter((text) => text !== 'expect' && text !== 'audible')
  const parse = (text: string): Predicate | string => {
    const found = parsePredicate(text)
    return typeof found === 'string' ? `--fail-if ${found}, audible, expect` : found
  }
  return {
    audible: texts.includes('audible'),
    expect: texts.includes('expect'),
    predicates: parsed(words, parse, lines),
  }
}

interface FoundSettings {
  readonly settings: PlannedSetting[]
  readonly lines: string[]
  invalid: number
}

/** Faults are said of the first setting that has them. */
const faultySettingsMax = 20

function settingsIn(
  { document }: OneScenario,
  axes: readonly Axis[],
  where: readonly Constraint[],
): FoundSettings {
  const found: FoundSettings = { settings: [], lines: [], invalid: 0 }
  const values = new Map<string, Override | string>()
  const base: RawDocument = { value: document, find: () => undefined }
  for (const set of settingsOf(axes)) {
    const overrides = set.map((value, i) => overrideFor(axes[i]?.path ?? '', value, values))
    const wrong = overrides.filter((one) => typeof one === 'string')
    if (wrong.length > 0) {
      found.lines.push(...wrong)
      return found
    }
    const good = overrides as Override[]
    const kept = isKept(base, good, where)
    if (typeof kept === 'string') {
      found.lines.push(kept)
      return found
    }
    if (!kept) continue
    const decoded = decodeScenarios(base, good)
    const spec = decoded.specs?.[0]
    if (spec !== undefined) found.settings.push({ set, spec })
    else if (found.invalid++ < faultySettingsMax) found.lines.push(...decoded.lines)
  }
  return found
}

function overrideFor(path: string, value: string, known: Map<string, Override | string>) {
  const text = `${path}=${value}`
  const before = known.get(text)
  if (before !== undefined) return before
  const made = parseOverride(text)
  const override = typeof made === 'string' ? made.replace('--set', '--vary') : renamed(made, text)
  known.set(text, override)
  return override
}

/** Faults say `--vary path=value`. */
function renamed({ path, source }: Override, text: string): Override {
  const position = { file: `--vary ${text}`, line: 0, col: 0 }
  return { path, source: { value: source.value, find: () => position } }
}

function isKept(base: RawDocument, overrides: readonly Override[], where: readonly Constraint[]) {
  if (where.length === 0) return true
  const document = expandVariants(base, overrides).base.value
  for (const constraint of where) {
    const kept = satisfies(constraint, document)
    if (kept !== true) return kept
  }
  return true
}

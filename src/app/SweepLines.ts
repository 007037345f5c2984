/**
 * The two lines of a file of results, and whether a value is one of them: a name becomes a folder,
 * numbers become sizes, so neither is taken on trust.
 */
import { POINTS_MAX } from '../explore/sweep/grid.ts'
import type { PointResult } from '../explore/sweep/point.ts'
import { namePattern } from './Leaf.ts'

/** What is swept: equal for all shards of one sweep. */
export interface SweepHeader {
  readonly pcmsim: 'sweep'
  readonly schema: 1
  readonly version: string
  /** `name` or `name/variant`. */
  readonly scenario: string
  /** SHA-256 of the scenario with its overrides. */
  readonly document: string
  readonly axes: readonly { readonly path: string; readonly values: readonly string[] }[]
  readonly where: readonly string[]
  readonly failIf: readonly string[]
  readonly settings: number
  readonly seeds: { readonly first: number; readonly last: number }
  readonly points: number
  /** The points are searches for rare failures, so many for each setting; else runs. */
  readonly rare?: RareWanted
}

/** Searches for rare failures of each setting. */
export interface RareWanted {
  /** Runs that are alive at a time in one search. */
  readonly particles: number
  /** Searches. */
  readonly repetitions: number
  /** Of one setting. */
  readonly runsMax: number
}

/** What a point came to is a PointResult or, of a search, a Splitting. */
export interface PointLine<R = unknown> {
  /** Number of the point in the sweep, from 0. */
  readonly at: number
  /** SHA-256 of scenario, parameters, seed and version, 32 digits of it. */
  readonly key: string
  /** A value for each axis. */
  readonly set: readonly string[]
  readonly seed: number
  /** Number of the search among those of its setting. */
  readonly search?: number
  readonly result: R
}

type Json = Readonly<Record<string, unknown>>

const name = new RegExp(namePattern)
const lengthMax = 1_000

export function isHeader(value: unknown): value is SweepHeader {
  if (!isRecord(value) || value.pcmsim !== 'sweep' || value.schema !== 1) return false
  const { version, scenario, document, axes, where, failIf, settings, seeds, points } = value
  const { rare } = value
  return (
    isText(version) &&
    isScenario(scenario) &&
    isText(document) &&
    isAxes(axes) &&
    isTexts(where) &&
    isTexts(failIf) &&
    isCount(settings) &&
    isRecord(seeds) &&
    isCount(seeds.first, Number.MAX_SAFE_INTEGER) &&
    isCount(seeds.last, Number.MAX_SAFE_INTEGER) &&
    seeds.first <= seeds.last &&
    isCount(points) &&
    (rare === undefined || isRare(rare))
  )
}

function isRare(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { particles, repetitions, runsMax } = value
  return isCount(particles) && isCount(repetitions) && repetitions > 0 && isCount(runsMax)
}

export function isPoint(value: unknown): value is PointLine {
  if (!isRecord(value)) return false
  const { at, key, set, seed, search, result } = value
  if (!isCount(at, POINTS_MAX - 1) || !isText(key) || !isTexts(set)) return false
  if (!isCount(seed, Number.MAX_SAFE_INTEGER)) return false
  return search === undefined ? isResult(result) : isCount(search) && isSplitting(result)
}

const outcomes: readonly unknown[] = ['completed', 'deadlock', 'limit']

/** Every number of it, whichever they are. */
const numbers = [
  'xruns',
  'silentFailures',
  'errors',
  'silence',
  'played',
  'periods',
  'periodP50Ns',
  'periodMaxNs',
  'wakeUps',
  'wakeP50Ns',
  'wakeP99Ns',
  'wakeMaxNs',
  'endToEndP50Ns',
  'endToEndP99Ns',
  'endToEndMaxNs',
] as const satisfies readonly (keyof PointResult)[]

function isResult(value: unknown): boolean {
  if (!isRecord(value) || typeof value.fails !== 'boolean') return false
  return outcomes.includes(value.outcome) && numbers.every((key) => Number.isFinite(value[key]))
}

function isSplitting(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { share, runs, plainFailing, levelNs, levelShare, example } = value
  if (!isCount(runs) || !isCount(plainFailing) || !Number.isFinite(levelShare)) return false
  if (share !== null && !Number.isFinite(share)) return false
  return (levelNs === null || Number.isFinite(levelNs)) && (example === null || isRun(example))
}

function isRun(value: unknown): boolean {
  if (!isRecord(value) || !isCount(value.seed, Number.MAX_SAFE_INTEGER)) return false
  const { reseed } = value
  if (!Array.isArray(reseed)) return false
  return reseed.every((one) => isRecord(one) && [one.atNs, one.seed].every(Number.isSafeInteger))
}

/** `name` or `name/variant`, each of them a folder. */
function isScenario(value: unknown): boolean {
  return isText(value) && value.split('/').length <= 2 && value.split('/').every(isName)
}

function isName(text: string): boolean {
  return name.test(text)
}

function isAxes(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > lengthMax) return false
  let settings = 1
  for (const axis of value as readonly unknown[]) {
    if (!isRecord(axis) || !isText(axis.path) || !isTexts(axis.values)) return false
    settings *= axis.values.length
  }
  return settings <= POINTS_MAX
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= POINTS_MAX && value.every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown, most = POINTS_MAX): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

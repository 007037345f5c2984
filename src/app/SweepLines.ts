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
}

export interface PointLine {
  /** Number of the point in the sweep, from 0. */
  readonly at: number
  /** SHA-256 of scenario, parameters, seed and version, 32 digits of it. */
  readonly key: string
  /** A value for each axis. */
  readonly set: readonly string[]
  readonly seed: number
  readonly result: PointResult
}

type Json = Readonly<Record<string, unknown>>

const name = new RegExp(namePattern)
const lengthMax = 1_000

export function isHeader(value: unknown): value is SweepHeader {
  if (!isRecord(value) || value.pcmsim !== 'sweep' || value.schema !== 1) return false
  const { version, scenario, document, axes, where, failIf, settings, seeds, points } = value
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
    isCount(points)
  )
}

export function isPoint(value: unknown): value is PointLine {
  if (!isRecord(value)) return false
  const { at, key, set, seed, result } = value
  if (!isCount(at, POINTS_MAX - 1) || !isText(key) || !isTexts(set)) return false
  return isCount(seed, Number.MAX_SAFE_INTEGER) && isResult(result)
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

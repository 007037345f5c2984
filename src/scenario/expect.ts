/**
 * The verdicts of a scenario: what a run has to show for the scenario to pass. A pure function over
 * the result's JSON shape (interface §4), so that it judges a live run and a saved one alike.
 * Not the reading of the file. Durations are nanoseconds.
 */
import { countFact, type Fact, type Observed, streamFact, worldFact } from './expect-facts.ts'
import { formatInUnit, formatRange, inRange, type Range } from './range.ts'
import type { ResultView } from './result-view.ts'

export type Check =
  | { readonly kind: 'range'; readonly range: Range }
  | { readonly kind: 'one-of'; readonly values: readonly string[] }
  | { readonly kind: 'contains'; readonly text: string }

/** `stream` null means: all streams together for a count, each of them for everything else. */
export interface ExpectSpec {
  readonly name: string
  readonly stream: string | null
  readonly fact: Fact
  readonly check: Check
}

/** The first record that made a verdict fail, if one record did. */
export interface Witness {
  readonly timeNs: number
  readonly text: string
}

export interface Expectation {
  readonly name: string
  readonly pass: boolean
  readonly expected: string
  readonly actual: string
  readonly brokenBy?: Witness
}

/** A scenario that states nothing still expects to end by itself: no deadlock and no limit. */
export const impliedExpect: ExpectSpec = {
  name: 'outcome',
  stream: null,
  fact: { name: 'outcome' },
  check: { kind: 'one-of', values: ['completed'] },
}

export function evaluateExpect(
  expect: readonly ExpectSpec[],
  result: ResultView,
): readonly Expectation[] {
  const stated = expect.some((one) => one.fact.name === 'outcome')
  const all = stated ? expect : [impliedExpect, ...expect]
  return all.map((one) => judge(one, observe(one, result)))
}

function observe(spec: ExpectSpec, result: ResultView): readonly Observed[] {
  const world = worldFact(spec.fact, result)
  if (world !== undefined) return [world]
  const names = spec.stream === null ? Object.keys(result.streams) : [spec.stream]
  const counted = countFact(spec.fact, names, result)
  if (counted !== undefined) return [counted]
  return names.map((name) => streamFact(spec.fact, name, result))
}

function judge(spec: ExpectSpec, observed: readonly Observed[]): Expectation {
  const broken = observed.find((one) => !meets(spec.check, one))
  const base = {
    name: spec.name,
    pass: broken === undefined && observed.length > 0,
    expected: describeCheck(spec.check),
    actual: observed.map((one) => describe(one, spec.check)).join(', ') || 'nothing to judge',
  }
  const brokenBy = broken === undefined ? undefined : witnessOf(spec.check, broken)
  return brokenBy === undefined ? base : { ...base, brokenBy }
}

function meets(check: Check, one: Observed): boolean {
  if (check.kind === 'range') return one.value !== null && inRange(Number(one.value), check.range)
  if (check.kind === 'one-of') return check.values.includes(String(one.value))
  return one.texts?.some((text) => text.includes(check.text)) ?? false
}

/** Too many: the first record past the limit. Too few: the last one there was, if any. */
function witnessOf(check: Check, one: Observed): Witness | undefined {
  const records = one.records ?? []
  const limit = check.kind === 'range' ? (check.range.max ?? Infinity) : 0
  return records.length > limit ? records[limit] : records.at(-1)
}

function describeCheck(check: Check): string {
  if (check.kind === 'range') return formatRange(check.range)
  if (check.kind === 'one-of') return check.values.join(' or ')
  return `contains '${check.text}'`
}

function describe(one: Observed, check: Check): string {
  if (check.kind === 'contains') return meets(check, one) ? 'found' : 'not found'
  if (one.value === null) return 'no value'
  if (check.kind === 'range') return formatInUnit(Number(one.value), check.range.unit)
  return String(one.value)
}

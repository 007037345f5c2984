/**
 * `expect` in the scenario file: one key for each fact that a run can be judged by, and how the
 * keys become the flat list of verdicts. The facts are scenario/expect-facts.ts.
 */
import type { JsonSchema } from 'effect/JsonSchema'
import * as Schema from 'effect/Schema'
import type { Check } from '../scenario/expect.ts'
import {
  actualKinds,
  type DistributionName,
  type Fact,
  finalStates,
  memoryKinds,
  outcomes,
  predictedKinds,
  silentKinds,
  statNames,
  warningKinds,
  xrunCauses,
} from '../scenario/expect-facts.ts'
import type { Path } from '../scenario/fault.ts'
import type { ExpectInput } from '../scenario/input.ts'
import { didYouMean } from '../scenario/near.ts'
import { showValue } from '../scenario/quantity.ts'
import { parseRange, type RangeUnit } from '../scenario/range.ts'
import { isMapping } from '../scenario/raw.ts'
import { type LeafFault, leaf, type Parsed, wrong } from './Leaf.ts'

/** A check with the kind of record that it counts; no kind: all of them. */
export interface KindCheck {
  readonly kind?: string
  readonly check: Check
}

const rangeJson: JsonSchema = {
  anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }],
  description: "a number or a range, such as 0, '>= 1' or '1..3'",
}

function readRange(input: unknown, unit: RangeUnit): Parsed<Check> {
  const range = parseRange(input, unit)
  if ('what' in range) return { faults: [range] }
  return { value: { kind: 'range', range } }
}

const Count = leaf((input) => readRange(input, 'count'), rangeJson)
const Span = leaf((input) => readRange(input, 'ns'), {
  type: 'string',
  description: "a duration or a range of them, such as '<= 15ms' or '10ms..15ms'",
})

/** `0`, or `{threshold: '>= 1', device: 0}`. */
function counts(kinds: readonly string[]) {
  const parse = (input: unknown): Parsed<readonly KindCheck[]> => {
    if (!isMapping(input)) {
      const parsed = readRange(input, 'count')
      return 'faults' in parsed ? parsed : { value: [{ check: parsed.value }] }
    }
    const faults: LeafFault[] = []
    const checks = Object.entries(input).flatMap(([kind, value]): KindCheck[] => {
      if (!kinds.includes(kind)) {
        const what = `unknown key${didYouMean(kind, kinds)}`
        faults.push({ path: [kind], at: 'key', what, allowed: kinds.join(', ') })
        return []
      }
      const parsed = readRange(value, 'count')
      if ('value' in parsed) return [{ kind, check: parsed.value }]
      faults.push(...parsed.faults.map((fault) => ({ ...fault, path: [kind] })))
      return []
    })
    return faults.length > 0 ? { faults } : { value: checks }
  }
  const properties = Object.fromEntries(kinds.map((kind) => [kind, rangeJson]))
  const byKind = { type: 'object', properties, additionalProperties: false }
  return leaf(parse, { anyOf: [rangeJson, byKind] })
}

/** One word or a list of them, any of which will do. */
function words(allowed: readonly string[]) {
  const parse = (input: unknown): Parsed<Check> => {
    const given: readonly unknown[] = Array.isArray(input) ? input : [input]
    const bad = given.find((one) => !allowed.includes(one as string))
    if (given.length === 0) return wrong('an empty list', allowed.join(', '))
    if (bad === undefined) return { value: { kind: 'one-of', values: given as string[] } }
    const near = typeof bad === 'string' ? didYouMean(bad, allowed) : ''
    return wrong(`${showValue(bad)} is not known${near}`, allowed.join(', '))
  }
  const word = { enum: allowed }
  return leaf(parse, { anyOf: [word, { type: 'array', items: word, minItems: 1 }] })
}

/** A list of texts, each of which must be found. */
const Texts = leaf(
  (input): Parsed<readonly Check[]> => {
    const given: readonly unknown[] = Array.isArray(input) ? input : [input]
    if (given.some((one) => typeof one !== 'string' || one === '')) {
      return wrong(`${showValue(input)} is not a list of texts`, "texts, such as ['a', 'b']")
    }
    return { value: given.map((one) => ({ kind: 'contains', text: one as string })) }
  },
  { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
)

const optional = Schema.optionalKey

const Distribution = Schema.Struct({
  min: optional(Span),
  p50: optional(Span),
  p90: optional(Span),
  p99: optional(Span),
  p999: optional(Span),
  max: optional(Span),
  mean: optional(Span),
})

const streamFields = {
  xruns: optional(counts(xrunCauses)),
  silent_failures: optional(counts(silentKinds)),
  errors: optional(Count),
  final_state: optional(words(finalStates)),
  period_elapsed: optional(
    Schema.Struct({
      count: optional(Count),
      interval: optional(Distribution),
      lateness: optional(Distribution),
    }),
  ),
  wake_latency: optional(Distribution),
  end_to_end: optional(Distribution),
  frames: optional(Schema.Struct({ written: optional(Count), played: optional(Count) })),
}

const StreamExpect = Schema.Struct(streamFields)

export const ExpectSchema = Schema.Struct({
  outcome: optional(words(outcomes)),
  ...streamFields,
  streams: optional(Schema.Record(Schema.String, StreamExpect)),
  locks: optional(
    Schema.Struct({
      edges: optional(Texts),
      predicted: optional(counts(predictedKinds)),
      actual: optional(counts(actualKinds)),
    }),
  ),
  memory: optional(counts(memoryKinds)),
  warnings: optional(counts(warningKinds)),
  log: optional(Texts),
})

type StreamExpect = typeof StreamExpect.Type
export type ExpectDecoded = typeof ExpectSchema.Type

export function flattenExpect(decoded: ExpectDecoded): readonly ExpectInput[] {
  const world: Add = (path, fact, check) => (check ? [{ path, stream: null, fact, check }] : [])
  const { locks, streams } = decoded
  return [
    ...world(['expect', 'outcome'], { name: 'outcome' }, decoded.outcome),
    ...flattenStream(decoded, null, ['expect']),
    ...Object.entries(streams ?? {}).flatMap(([name, one]) =>
      flattenStream(one, name, ['expect', 'streams', name]),
    ),
    ...texts(locks?.edges, 'lock_edge', ['expect', 'locks', 'edges']),
    ...kinds(locks?.predicted, 'predicted', null, ['expect', 'locks', 'predicted']),
    ...kinds(locks?.actual, 'actual', null, ['expect', 'locks', 'actual']),
    ...kinds(decoded.memory, 'memory', null, ['expect', 'memory']),
    ...kinds(decoded.warnings, 'warnings', null, ['expect', 'warnings']),
    ...texts(decoded.log, 'log', ['expect', 'log']),
  ]
}

type Add = (path: Path, fact: Fact, check: Check | undefined) => ExpectInput[]

function flattenStream(one: StreamExpect, stream: string | null, at: Path): ExpectInput[] {
  const add: Add = (path, fact, check) =>
    check ? [{ path: [...at, ...path], stream, fact, check }] : []
  const elapsed = one.period_elapsed
  const spread = (of: DistributionName, path: Path, given: typeof Distribution.Type | undefined) =>
    statNames.flatMap((stat) => add([...path, stat], { name: 'stat', of, stat }, given?.[stat]))
  return [
    ...kinds(one.xruns, 'xruns', stream, [...at, 'xruns']),
    ...kinds(one.silent_failures, 'silent_failures', stream, [...at, 'silent_failures']),
    ...add(['errors'], { name: 'errors' }, one.errors),
    ...add(['final_state'], { name: 'final_state' }, one.final_state),
    ...add(['period_elapsed', 'count'], { name: 'period_elapsed_count' }, elapsed?.count),
    ...spread('interval', ['period_elapsed', 'interval'], elapsed?.interval),
    ...spread('lateness', ['period_elapsed', 'lateness'], elapsed?.lateness),
    ...spread('wake_latency', ['wake_latency'], one.wake_latency),
    ...spread('end_to_end', ['end_to_end'], one.end_to_end),
    ...add(['frames', 'written'], { name: 'frames_written' }, one.frames?.written),
    ...add(['frames', 'played'], { name: 'frames_played' }, one.frames?.played),
  ]
}

function kinds(
  checks: readonly KindCheck[] | undefined,
  name: 'xruns' | 'silent_failures' | 'predicted' | 'actual' | 'memory' | 'warnings',
  stream: string | null,
  at: Path,
): ExpectInput[] {
  return (checks ?? []).map(({ kind, check }) => {
    const fact: Fact = kind === undefined ? { name } : { name, kind }
    return { path: kind === undefined ? at : [...at, kind], stream, fact, check }
  })
}

function texts(checks: readonly Check[] | undefined, name: 'lock_edge' | 'log', at: Path) {
  return (checks ?? []).map((check, i): ExpectInput => {
    return { path: [...at, i], stream: null, fact: { name }, check }
  })
}

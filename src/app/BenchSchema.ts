/**
 * A benchmark suite's file as an Effect Schema: cases, metrics, thresholds. Decodes into plain
 * types; what compares one key with another is checked in BenchLoad.ts.
 */
import * as Schema from 'effect/Schema'
import type { Threshold } from '../analysis/bench/compare.ts'
import { METRICS, type Metric, metricsMeant, metricWords } from '../analysis/bench/metrics.ts'
import { scenarioLimits as limits } from '../scenario/defaults.ts'
import { didYouMean } from '../scenario/near.ts'
import { parseDuration, showValue } from '../scenario/quantity.ts'
import { LOOPS, type LoopName } from './bench-loops.ts'
import {
  count,
  key,
  leaf,
  nameLeaf,
  oneOf,
  type Parse,
  PositiveDuration,
  Text,
  wrong,
} from './Leaf.ts'

export const loopNames: readonly (LoopName | 'start-up')[] = [
  ...(Object.keys(LOOPS) as LoopName[]),
  'start-up',
]

const seedsMax = 10_000
const seedsAllowed = `a seed, a range such as 1..5, or a list of seeds, up to ${seedsMax}`

const oneSeed = { type: 'integer', minimum: 0, maximum: limits.seedMax } as const
const seedsJson = {
  anyOf: [
    oneSeed,
    { type: 'string', pattern: '^\\d+\\.\\.\\d+$' },
    { type: 'array', items: oneSeed, minItems: 1, maxItems: seedsMax },
  ],
  description: seedsAllowed,
}

const parseSeeds: Parse<readonly number[]> = (input) => {
  const list: readonly unknown[] = Array.isArray(input) ? input : seedsOfText(input)
  const ok = list.every(
    (one) => Number.isInteger(one) && Number(one) >= 0 && Number(one) <= limits.seedMax,
  )
  if (ok && list.length > 0 && list.length <= seedsMax) return { value: list as number[] }
  return wrong(`${showValue(input)} names no seeds`, seedsAllowed)
}

function seedsOfText(input: unknown): readonly unknown[] {
  if (typeof input === 'number') return [input]
  const match = /^(\d+)\.\.(\d+)$/.exec(typeof input === 'string' ? input : '')
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || last < first || last - first >= seedsMax) return []
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

const MetricWord = leaf<string>(
  (input) => {
    if (typeof input === 'string' && metricsMeant(input).length > 0) return { value: input }
    const near = typeof input === 'string' ? didYouMean(input, metricWords) : ''
    return wrong(`${showValue(input)} is no metric${near}`, metricWords.join(', '))
  },
  { enum: metricWords },
)

/** `5%` as 0.05. */
const Share = leaf<number>(
  (input) => {
    const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(typeof input === 'string' ? input : '')
    if (match !== null) return { value: Number(match[1]) / 100 }
    return wrong(`${showValue(input)} is not a share`, 'per cent, such as 5%')
  },
  { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*%$', description: 'per cent, such as 5%' },
)

function amount(unit: Metric['unit']) {
  const time = unit === 'ns'
  const allowed = time ? 'a duration with its unit, such as 10us' : 'a number, 0 or more'
  return leaf<number>(
    (input) => {
      const value = time ? parseDuration(input) : input
      if (typeof value === 'number' && value >= 0) return { value }
      return wrong(`${showValue(input)} is no amount of this metric`, allowed)
    },
    time ? { type: 'string' } : { type: 'number', minimum: 0 },
  )
}

function thresholdOf(word: string) {
  const metric = METRICS[metricsMeant(word)[0] as string] as Metric
  return Schema.Struct({
    absolute: key(amount(metric.unit), 'Change that is allowed, in the unit of the metric.'),
    relative: key(Share, 'Change that is allowed, as a share of the baseline.'),
    worse: key(
      oneOf(['up', 'down', 'any', 'never']),
      'Direction that is a regression; any: both, never: none.',
    ),
  })
}

const Thresholds = Schema.Struct(
  Object.fromEntries(
    metricWords.map((word) => [word, key(thresholdOf(word), `What is allowed of ${word}.`)]),
  ),
)

const Names = Schema.Array(nameLeaf(limits.nameLengthMax))
const Anything = leaf<unknown>((value) => ({ value }), {})

const CaseSchema = Schema.Struct({
  name: key(nameLeaf(limits.nameLengthMax), 'Name of the case; default: that of the scenario.'),
  scenario: key(Text, 'Scenario file, from the folder of this file.'),
  variants: key(Names, 'Variants to run; default: all.'),
  seeds: key(leaf(parseSeeds, seedsJson), 'Seeds; default: that of the scenario.'),
  set: key(Schema.Record(Schema.String, Anything), 'Overrides of the scenario: path to value.'),
  loop: key(oneOf(loopNames), 'A loop of the core instead of a scenario.'),
  processes: key(count(1, 1_000_000), 'Of a loop: how many processes, lock users or timers.'),
  operations: key(count(1, 1_000_000_000), 'Of a loop: how many operations.'),
  delays: key(oneOf(['uniform', 'skewed']), 'Of a loop: how its delays are spread.'),
  metrics: key(Schema.Array(MetricWord), 'Metrics of this case instead of those of the suite.'),
  thresholds: key(Thresholds, 'What this case allows beside the suite.'),
  time_limit: key(PositiveDuration, 'Wall-clock time that one run of the case may take.'),
})

export const BenchSchema = Schema.Struct({
  version: oneOf([1]).annotateKey({ description: 'Format of this file: 1.' }),
  name: nameLeaf(limits.nameLengthMax).annotateKey({ description: 'Name of the suite.' }),
  summary: key(Text, 'What the suite watches, in a sentence.'),
  metrics: key(Schema.Array(MetricWord), 'Metrics to record; default: all of behaviour.'),
  thresholds: key(Thresholds, 'What is allowed of each metric; default: no change for the worse.'),
  time_limit: key(PositiveDuration, 'Wall-clock time that one run of a case may take.'),
  cases: Schema.Array(CaseSchema).annotateKey({ description: 'What is run.' }),
})

export interface CaseInput {
  readonly name?: string
  readonly scenario?: string
  readonly variants?: readonly string[]
  readonly seeds?: readonly number[]
  readonly set?: Readonly<Record<string, unknown>>
  readonly loop?: LoopName | 'start-up'
  readonly processes?: number
  readonly operations?: number
  readonly delays?: 'uniform' | 'skewed'
  readonly metrics?: readonly string[]
  readonly thresholds?: Readonly<Record<string, Threshold>>
  readonly time_limit?: number
}

export interface SuiteInput {
  readonly name: string
  readonly summary?: string
  readonly metrics?: readonly string[]
  readonly thresholds?: Readonly<Record<string, Threshold>>
  readonly time_limit?: number
  readonly cases: readonly CaseInput[]
}

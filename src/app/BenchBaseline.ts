/**
 * Baselines on disk: `bench/baselines/NAME.json`, made to be committed. The records of the runs are
 * kept too, packed, under `out/bench`, so that a later comparison on this machine can print what a
 * record was; without them it still says which one it is, as near as the ladder of checks tells.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import * as Schema from 'effect/Schema'
import { BASELINE_SCHEMA, type Baseline } from '../analysis/bench/baseline.ts'
import { parseJson } from '../base/json.ts'
import { writeFileAtomically } from './atomic-write.ts'
import { readBounded } from './bounded-read.ts'
import { InputError, OutputError } from './Errors.ts'
import { reasonOf } from './io-reason.ts'
import { sortedJson } from './ResultJson.ts'

const Texts = Schema.Record(Schema.String, Schema.String)
const TimingSchema = Schema.Struct({
  median: Schema.Finite,
  low: Schema.Finite,
  high: Schema.Finite,
  samples: Schema.Finite,
})
const CaseSchema = Schema.Struct({
  metrics: Schema.Record(Schema.String, Schema.Union([Schema.Finite, Schema.String])),
  timing: Schema.optionalKey(Schema.Record(Schema.String, TimingSchema)),
  checks: Schema.optionalKey(Schema.String),
  locks: Schema.optionalKey(Schema.Array(Schema.String)),
  costs: Schema.optionalKey(Texts),
})
const BaselineSchema = Schema.Struct({
  schema: Schema.Literal(BASELINE_SCHEMA),
  costs: Texts,
  cases: Schema.Record(Schema.String, CaseSchema),
})
const decode = Schema.decodeUnknownResult(BaselineSchema, { errors: 'all' })

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

const baselineBytesMax = 16 * 1_024 * 1_024

/** A name stands for a file of the folder; whatever looks like a path is one. */
export function baselinePath(folder: string, nameOrFile: string): string {
  const isPath = nameOrFile.includes('/') || nameOrFile.endsWith('.json')
  return isPath ? nameOrFile : join(folder, `${nameOrFile}.json`)
}

export const checkBaselineName = Effect.fnUntraced(function* (name: string) {
  if (namePattern.test(name)) return name
  const line = `--save ${name}: not a name, allowed: letters, digits, '.', '_' and '-'`
  return yield* new InputError({ lines: [line] })
})

/** The baseline that a text is, or what is wrong with it. */
export function parseBaseline(text: string): Baseline | string {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : error}`
  }
  const decoded = decode(value)
  if (Result.isSuccess(decoded)) return decoded.success as Baseline
  return 'is not a baseline of this version, allowed: what bench --save writes'
}

export const readBaseline = Effect.fnUntraced(function* (path: string) {
  const fault = (what: string) => new InputError({ lines: [`${path}: ${what}`] })
  let text: string
  try {
    text = readBounded(path, baselineBytesMax, 'a baseline').toString('utf8')
  } catch (error) {
    return yield* fault(`cannot be read: ${reasonOf(error)}`)
  }
  const baseline = parseBaseline(text)
  return typeof baseline === 'string' ? yield* fault(baseline) : baseline
})

/** The baseline that stands there, or an empty one. */
export const readBaselineIfAny = Effect.fnUntraced(function* (path: string) {
  const none: Baseline = { schema: BASELINE_SCHEMA, costs: {}, cases: {} }
  return existsSync(path) ? yield* readBaseline(path) : none
})

export const writeOutput = Effect.fnUntraced(function* (path: string, text: string) {
  try {
    writeFileAtomically(path, text)
  } catch (error) {
    return yield* new OutputError({ path, reason: reasonOf(error) })
  }
})

export const writeBaseline = (path: string, baseline: Baseline) =>
  writeOutput(path, sortedJson(baseline))

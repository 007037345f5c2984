/**
 * One value of the scenario file: a parser of ours as an Effect Schema, with the JSON Schema that
 * editors get for it. Every leaf says in its faults what is wrong and what is allowed.
 */
import type { JsonSchema } from 'effect/JsonSchema'
import * as Schema from 'effect/Schema'
import * as SchemaGetter from 'effect/SchemaGetter'
import * as SchemaIssue from 'effect/SchemaIssue'
import type { Path } from '../scenario/fault.ts'
import { didYouMean } from '../scenario/near.ts'
import {
  bytesAllowed,
  durationAllowed,
  type NotAQuantity,
  type PcmSize,
  parseBytes,
  parseDuration,
  parsePcmSize,
  parsePpm,
  pcmSizeAllowed,
  ppmAllowed,
  showValue,
} from '../scenario/quantity.ts'

export interface LeafFault {
  readonly path?: Path
  readonly at?: 'key' | 'value'
  readonly what: string
  readonly allowed?: string
}

export type Parsed<T> = { readonly value: T } | { readonly faults: readonly LeafFault[] }
export type Parse<T> = (input: unknown) => Parsed<T>

export function wrong<T>(what: string, allowed?: string): Parsed<T> {
  return { faults: [allowed === undefined ? { what } : { what, allowed }] }
}

function toIssue(fault: LeafFault): Schema.FilterIssue {
  const { what, allowed, at } = fault
  const issue = new SchemaIssue.InvalidValue({ message: what, allowed, at })
  return fault.path === undefined ? issue : { path: fault.path, issue }
}

/** The annotation that holds a leaf's JSON Schema; JsonSchemaText.ts reads it. */
export const jsonAnnotation = 'pcmsim/json'

/** The annotation that holds what a leaf allows, in words; Decode.ts says it of a missing key. */
export const allowedAnnotation = 'pcmsim/allowed'

/** What the parser answers to nothing at all is what it allows. */
function allowedBy(parse: Parse<unknown>): string | undefined {
  const parsed = parse(undefined)
  return 'faults' in parsed ? parsed.faults[0]?.allowed : undefined
}

/** The schema runs `parse` twice: once to collect faults, once for the value. It is cheap. */
export function leaf<T>(parse: Parse<T>, json: JsonSchema) {
  const check = Schema.makeFilter((input: unknown) => {
    const parsed = parse(input)
    return 'faults' in parsed ? parsed.faults.map(toIssue) : undefined
  })
  const decode = SchemaGetter.transform((input: unknown) => {
    const parsed = parse(input)
    return 'value' in parsed ? parsed.value : undefined
  })
  const encode = SchemaGetter.transform((value: unknown) => value)
  const typeSide: unknown = Schema.Unknown.annotate({
    [jsonAnnotation]: json,
    [allowedAnnotation]: allowedBy(parse),
  })
  const decoded = typeSide as Schema.Codec<T>
  return Schema.Unknown.check(check).pipe(
    Schema.decodeTo(decoded, { decode, encode } as never),
  ) as unknown as Schema.Codec<T, unknown>
}

function quantity<T extends object | number>(read: (input: unknown) => T | NotAQuantity): Parse<T> {
  return (input) => {
    const value = read(input)
    if (typeof value === 'object' && 'what' in value) return { faults: [value] }
    return { value: value as T }
  }
}

/** An optional key with the sentence that editors and the documentation show for it. */
export function key<S extends Schema.Top>(schema: S, description: string) {
  return Schema.optionalKey(schema.annotateKey({ description }))
}

/** The same for a key that must be there. */
export function needed<S extends Schema.Top>(schema: S, description: string) {
  return schema.annotateKey({ description })
}

const numberPattern = '\\d+(\\.\\d+)?\\s*'

export const Duration = leaf<number>(quantity(parseDuration), {
  type: 'string',
  pattern: `^\\+?${numberPattern}(ns|us|µs|ms|s|min|h)$`,
  description: durationAllowed,
})

export const PositiveDuration = leaf<number>(
  (input) => {
    const parsed = quantity(parseDuration)(input)
    if ('value' in parsed && parsed.value === 0) return wrong('must not be 0', durationAllowed)
    return parsed
  },
  {
    type: 'string',
    pattern: `^\\+?${numberPattern}(ns|us|µs|ms|s|min|h)$`,
    description: durationAllowed,
  },
)

export const Ppm = leaf<number>(quantity(parsePpm), {
  type: 'string',
  pattern: `^[+-]?${numberPattern}ppm$`,
  description: ppmAllowed,
})

export const ByteSize = leaf<number>(quantity(parseBytes), {
  type: 'string',
  pattern: `^\\+?${numberPattern}(B|KiB|MiB|GiB|kB|MB)$`,
  description: bytesAllowed,
})

const pcmSizeJson: JsonSchema = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: `^\\+?${numberPattern}(f|ns|us|µs|ms|s)?$` },
  ],
  description: pcmSizeAllowed,
}

export const PcmSizeLeaf = leaf<PcmSize>(quantity(parsePcmSize), pcmSizeJson)

export const PcmSizeOrBoundary = leaf<PcmSize | 'boundary'>(
  (input) => (input === 'boundary' ? { value: input } : boundaryHint(input)),
  { anyOf: [{ const: 'boundary' }, pcmSizeJson], description: `${pcmSizeAllowed}, or boundary` },
)

function boundaryHint(input: unknown): Parsed<PcmSize> {
  const size = parsePcmSize(input)
  return 'what' in size ? wrong(size.what, `${size.allowed}, or boundary`) : { value: size }
}

export function count(min: number, max: number) {
  const allowed = `a whole number, ${min}..${max}`
  const parse: Parse<number> = (input) => {
    if (typeof input !== 'number') return wrong(`${showValue(input)} is not a number`, allowed)
    if (Number.isSafeInteger(input) && input >= min && input <= max) return { value: input }
    return wrong(`${input} is out of range`, allowed)
  }
  return leaf(parse, { type: 'integer', minimum: min, maximum: max })
}

/** A whole number of 32 bits. */
export const Integer = count(-(2 ** 31), 2 ** 31 - 1)

export function positiveNumber(allowed: string) {
  const parse: Parse<number> = (input) => {
    if (typeof input !== 'number') return wrong(`${showValue(input)} is not a number`, allowed)
    if (Number.isFinite(input) && input > 0) return { value: input }
    return wrong(`${input} is out of range`, allowed)
  }
  return leaf(parse, { type: 'number', exclusiveMinimum: 0 })
}

/** One of a closed list. */
export function oneOf<const T extends string | number>(values: readonly T[]) {
  const allowed = values.join(', ')
  const parse: Parse<T> = (input) => {
    if (values.includes(input as T)) return { value: input as T }
    const word = String(input)
    const isText = typeof input === 'string' || typeof input === 'number'
    if (isText && values.some((one) => String(one) === word)) {
      const form = typeof values[0] === 'string' ? `in quotes: '${word}'` : `a plain ${word}`
      return wrong(`${showValue(input)} is written the wrong way, write it ${form}`, allowed)
    }
    const near = isText ? didYouMean(word, values.map(String)) : ''
    return wrong(`${showValue(input)} is not known${near}`, allowed)
  }
  return leaf(parse, { enum: values })
}

/** What may be a name, which becomes a folder. */
export const namePattern = '^[A-Za-z0-9][A-Za-z0-9._-]*$'

/** Names become folder names, so they are kept to what every file system takes. */
export function nameLeaf(lengthMax: number) {
  const allowed = `letters, digits, '.', '_' and '-', first a letter or digit, up to ${lengthMax}`
  const parse: Parse<string> = (input) => {
    if (typeof input !== 'string') return wrong(`${showValue(input)} is not a text`, allowed)
    if (new RegExp(namePattern).test(input) && input.length <= lengthMax) return { value: input }
    return wrong(`${showValue(input)} cannot be a name`, allowed)
  }
  return leaf(parse, { type: 'string', pattern: namePattern, maxLength: lengthMax })
}

/** `true` or `false`. */
export const Flag = leaf<boolean>(
  (input) =>
    typeof input === 'boolean'
      ? { value: input }
      : wrong(`${showValue(input)} is not true or false`, 'true, false'),
  { type: 'boolean' },
)

export const Text = leaf<string>(
  (input) =>
    typeof input === 'string'
      ? { value: input }
      : wrong(`${showValue(input)} is not a text`, 'text'),
  { type: 'string' },
)

/**
 * Costs in the scenario file: a duration, or one distribution by name. Every distribution has a
 * cap, because an unbounded tail is not a cost; the cap has a default where one is natural.
 */
import type { JsonSchema } from 'effect/JsonSchema'
import type { DistributionSpec } from '../base/distribution.ts'
import { type CostPreset, costPresets } from '../scenario/costs.ts'
import type { Path } from '../scenario/fault.ts'
import type { CostsInput } from '../scenario/input.ts'
import { didYouMean } from '../scenario/near.ts'
import { parseDuration, showValue } from '../scenario/quantity.ts'
import { isMapping, type RawMapping } from '../scenario/raw.ts'
import { type LeafFault, leaf, type Parsed } from './Leaf.ts'

const distributionNames = [
  'constant',
  'uniform',
  'normal',
  'lognormal',
  'exponential',
  'pareto',
  'quantiles',
  'mixture',
] as const
type DistributionName = (typeof distributionNames)[number]

const costAllowed = `a duration, or one of ${distributionNames.join(', ')}`

/** Reads the fields of one distribution, collecting faults; a missing field reads as 0. */
class Fields {
  readonly faults: LeafFault[]
  private readonly from: RawMapping
  private readonly path: Path
  private readonly known: readonly string[]

  constructor(from: RawMapping, path: Path, known: readonly string[], faults: LeafFault[]) {
    this.from = from
    this.path = path
    this.known = known
    this.faults = faults
    for (const key of Object.keys(from)) {
      if (known.includes(key)) continue
      this.wrong(key, `unknown key${didYouMean(key, known)}`, known.join(', '), 'key')
    }
  }

  ns(key: string, otherwise?: number): number {
    const given = this.from[key]
    if (given === undefined && otherwise !== undefined) return otherwise
    if (given === undefined) return this.missing(key)
    const ns = parseDuration(given)
    if (typeof ns === 'number') return ns
    this.wrong(key, ns.what, ns.allowed)
    return 0
  }

  number(key: string): number {
    const given = this.from[key]
    if (given === undefined) return this.missing(key)
    if (typeof given === 'number' && given > 0 && Number.isFinite(given)) return given
    this.wrong(key, `${showValue(given)} is not a positive number`, 'a number above 0')
    return 1
  }

  wrong(key: string, what: string, allowed: string, at: 'key' | 'value' = 'value'): void {
    this.faults.push({ path: [...this.path, key], at, what, allowed })
  }

  private missing(key: string): number {
    const what = `${key} is missing`
    this.faults.push({ path: this.path, what, allowed: this.known.join(', ') })
    return 1
  }
}

/** One distribution of times, as costs are written. */
export function parseDistribution(
  input: unknown,
  path: Path,
  faults: LeafFault[],
): DistributionSpec {
  const nothing: DistributionSpec = { kind: 'constant', ns: 0 }
  if (!isMapping(input)) {
    const ns = parseDuration(input)
    if (typeof ns === 'number') return { kind: 'constant', ns }
    faults.push({
      path,
      what: ns.what,
      allowed: `${ns.allowed}, or one of ${distributionNames.join(', ')}`,
    })
    return nothing
  }
  const [kind, ...more] = Object.keys(input)
  if (kind === undefined || more.length > 0) {
    faults.push({ path, what: `${more.length + (kind ? 1 : 0)} keys`, allowed: costAllowed })
    return nothing
  }
  if (!(distributionNames as readonly string[]).includes(kind)) {
    const what = `unknown key${didYouMean(kind, distributionNames)}`
    faults.push({ path: [...path, kind], at: 'key', what, allowed: distributionNames.join(', ') })
    return nothing
  }
  return parseKind(kind as DistributionName, input[kind], [...path, kind], faults)
}

function parseKind(
  kind: DistributionName,
  body: unknown,
  path: Path,
  faults: LeafFault[],
): DistributionSpec {
  if (kind === 'constant') return parseDistribution(body, path, faults)
  if (kind === 'quantiles') return parseQuantiles(body, path, faults)
  if (kind === 'mixture') return parseMixture(body, path, faults)
  if (!isMapping(body)) {
    faults.push({ path, what: `${showValue(body)} is not a mapping`, allowed: 'a mapping' })
    return { kind: 'constant', ns: 0 }
  }
  return parseShape(kind, body, path, faults)
}

/** Default caps: 8 standard deviations, 100 medians, 20 means. */
function parseShape(
  kind: 'uniform' | 'normal' | 'lognormal' | 'exponential' | 'pareto',
  body: RawMapping,
  path: Path,
  faults: LeafFault[],
): DistributionSpec {
  const fields = (...known: string[]) => new Fields(body, path, known, faults)
  if (kind === 'uniform') {
    const f = fields('min', 'max')
    return ordered({ kind, minNs: f.ns('min'), maxNs: f.ns('max') }, f)
  }
  if (kind === 'normal') {
    const f = fields('mean', 'stddev', 'min', 'max')
    const [meanNs, stddevNs] = [f.ns('mean'), f.ns('stddev')]
    const maxNs = f.ns('max', meanNs + 8 * stddevNs)
    return ordered({ kind, meanNs, stddevNs, minNs: f.ns('min', 0), maxNs }, f)
  }
  if (kind === 'lognormal') {
    const f = fields('median', 'sigma', 'min', 'max')
    const medianNs = f.ns('median')
    const [sigma, minNs, maxNs] = [f.number('sigma'), f.ns('min', 0), f.ns('max', 100 * medianNs)]
    return ordered({ kind, medianNs, sigma, minNs, maxNs }, f)
  }
  if (kind === 'exponential') {
    const f = fields('mean', 'max')
    const meanNs = f.ns('mean')
    return { kind, meanNs, maxNs: f.ns('max', 20 * meanNs) }
  }
  const f = fields('min', 'alpha', 'max')
  return ordered({ kind, minNs: f.ns('min'), alpha: f.number('alpha'), maxNs: f.ns('max') }, f)
}

function ordered<T extends { minNs: number; maxNs: number }>(spec: T, fields: Fields): T {
  if (spec.maxNs < spec.minNs) fields.wrong('max', 'is less than min', 'from min on')
  return spec
}

/** `{p0: 1us, p50: 2us, p99.9: 9us, p100: 1ms}`: both ends are needed, values ascend. */
function parseQuantiles(body: unknown, path: Path, faults: LeafFault[]): DistributionSpec {
  const allowed = 'quantiles from p0 to p100, such as {p0: 1us, p50: 2us, p100: 9us}'
  const entries = isMapping(body) ? Object.entries(body) : []
  const points = entries.map(([key, value]): readonly [number, number] => {
    const percent = /^p(\d+(?:\.\d+)?)$/.exec(key)?.[1]
    const ns = parseDuration(value)
    if (percent === undefined || Number(percent) > 100) {
      faults.push({ path: [...path, key], at: 'key', what: 'not a quantile', allowed })
    }
    if (typeof ns !== 'number') faults.push({ path: [...path, key], ...ns })
    return [Number(percent ?? 0) / 100, typeof ns === 'number' ? ns : 0]
  })
  const sorted = points.toSorted(([a], [b]) => a - b)
  if (sorted[0]?.[0] !== 0 || sorted.at(-1)?.[0] !== 1) {
    faults.push({ path, what: 'the ends of the distribution are missing', allowed })
  } else if (sorted.some(([, ns], i) => i > 0 && ns < (sorted[i - 1]?.[1] ?? 0))) {
    faults.push({ path, what: 'the values do not ascend', allowed })
  }
  return { kind: 'quantiles', points: sorted }
}

function parseMixture(body: unknown, path: Path, faults: LeafFault[]): DistributionSpec {
  const allowed = 'a list of {weight: number, of: cost}'
  if (!Array.isArray(body) || body.length === 0) {
    faults.push({ path, what: 'not a list with entries', allowed })
    return { kind: 'constant', ns: 0 }
  }
  const parts = body.map((part: unknown, i) => {
    const fields = new Fields(isMapping(part) ? part : {}, [...path, i], ['weight', 'of'], faults)
    const of = parseDistribution(isMapping(part) ? part.of : part, [...path, i, 'of'], faults)
    return { weight: fields.number('weight'), of }
  })
  return { kind: 'mixture', parts }
}

function parseCosts<Name extends string>(
  input: unknown,
  names: readonly Name[],
): Parsed<CostsInput<Name>> {
  if (costPresets.includes(input as CostPreset)) {
    return { value: { preset: input as CostPreset, entries: {} as CostsInput<Name>['entries'] } }
  }
  const presets = costPresets.join(', ')
  if (!isMapping(input)) {
    const near = typeof input === 'string' ? didYouMean(input, costPresets) : ''
    const what = `${showValue(input)} is not a cost table${near}`
    return { faults: [{ what, allowed: `${presets}, or a mapping of costs` }] }
  }
  const faults: LeafFault[] = []
  const { preset, ...rest } = input
  if (preset !== undefined && !costPresets.includes(preset as CostPreset)) {
    faults.push({ path: ['preset'], what: `${showValue(preset)} is not known`, allowed: presets })
  }
  const entries: Partial<Record<Name, DistributionSpec>> = {}
  for (const [key, value] of Object.entries(rest)) {
    if (names.includes(key as Name)) {
      entries[key as Name] = parseDistribution(value, [key], faults)
      continue
    }
    const what = `unknown key${didYouMean(key, [...names, 'preset'])}`
    faults.push({ path: [key], at: 'key', what, allowed: ['preset', ...names].join(', ') })
  }
  if (faults.length > 0) return { faults }
  const done = entries as CostsInput<Name>['entries']
  return { value: { preset: preset as CostPreset | undefined, entries: done } }
}

/** One cost; the JSON Schema holds it once and refers to it, there are half a hundred of them. */
export const costJson: JsonSchema = {
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      properties: Object.fromEntries(distributionNames.map((name) => [name, {}])),
      additionalProperties: false,
    },
  ],
  description: costAllowed,
}

export function costsLeaf<Name extends string>(names: readonly Name[]) {
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: '#/$defs/cost' }]))
  const table = {
    type: 'object',
    properties: { preset: { enum: costPresets }, ...properties },
    additionalProperties: false,
  }
  return leaf((input) => parseCosts(input, names), { anyOf: [{ enum: costPresets }, table] })
}

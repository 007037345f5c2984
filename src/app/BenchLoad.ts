/**
 * Suite files into a plan: every case, variant and seed with what it records and what it allows.
 * Fails with every fault of every suite, and of every scenario that they name, at once.
 */
import { dirname, join } from 'node:path'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import * as Schema from 'effect/Schema'
import type { Threshold } from '../analysis/bench/compare.ts'
import { METRICS, metricNames, metricsMeant } from '../analysis/bench/metrics.ts'
import type { Fault, Path } from '../scenario/fault.ts'
import { didYouMean } from '../scenario/near.ts'
import { locate, type RawDocument, valueAt } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Override } from '../scenario/variants.ts'
import { BenchSchema, type CaseInput, type SuiteInput } from './BenchSchema.ts'
import type { BenchWork } from './bench-work.ts'
import { collect, FaultLines } from './Decode.ts'
import { formatFault, InputError } from './Errors.ts'
import { Files, type SourceText } from './Files.ts'
import { loadText } from './Load.ts'
import { readYaml } from './YamlSource.ts'

export interface PlannedCase {
  /** `suite/case[/variant]/seed-N`, or `suite/case` for a loop. */
  readonly name: string
  /** Null: measured from outside, by starting the command. */
  readonly work: BenchWork | null
  readonly metrics: readonly string[]
  readonly thresholds: Readonly<Record<string, Threshold>>
  readonly limitNs: number
  /** Where the case stands. */
  readonly file: string
  readonly line: number
}

const limitDefaultNs = 300e9
const operationsDefault = 1_000_000
const decode = Schema.decodeUnknownResult(BenchSchema, { errors: 'all', onExcessProperty: 'error' })
const behaviour = metricNames.filter((name) => METRICS[name]?.timed !== true)

export const loadSuites = Effect.fnUntraced(function* (paths: readonly string[]) {
  const files = yield* Files
  const lines: string[] = []
  const plan: PlannedCase[] = []
  for (const path of yield* files.expand(paths)) {
    const source = yield* Effect.result(files.read(path))
    if (Result.isFailure(source)) lines.push(...source.failure.lines)
    else {
      const loaded = yield* loadSuite(source.success)
      if (Array.isArray(loaded.lines)) lines.push(...loaded.lines)
      plan.push(...loaded.cases)
    }
  }
  const seen = new Set<string>()
  for (const { name } of plan) {
    if (seen.has(name)) lines.push(`two cases are named '${name}': their results would collide`)
    seen.add(name)
  }
  if (lines.length > 0) return yield* new InputError({ lines: [...new Set(lines)] })
  return plan
})

interface Loaded {
  readonly cases: readonly PlannedCase[]
  readonly lines: readonly string[]
}

const loadSuite = Effect.fnUntraced(function* (source: SourceText) {
  const none: Loaded = { cases: [], lines: [] }
  const yaml = readYaml(source.name, source.text)
  if (yaml.doc === null) {
    return { ...none, lines: yaml.faults.map((fault) => formatFault(fault.position, fault)) }
  }
  const { doc } = yaml
  const faults = new FaultLines()
  const decoded = decode(doc.value)
  if (Result.isFailure(decoded)) {
    for (const fault of collect(decoded.failure.issue, [], BenchSchema.ast, doc)) {
      faults.add(doc, fault)
    }
    return { ...none, lines: faults.inOrder() }
  }
  const suite = decoded.success as SuiteInput
  const cases: PlannedCase[] = []
  const lines: string[] = []
  for (const [i, one] of suite.cases.entries()) {
    const own = crossFaults(one, ['cases', i])
    for (const fault of own) faults.add(doc, fault)
    if (own.length > 0) continue
    const loaded = yield* loadCase({ suite, one, doc, at: ['cases', i], source, faults })
    cases.push(...loaded.cases)
    lines.push(...loaded.lines)
  }
  return { cases, lines: [...faults.inOrder(), ...lines] }
})

const ofScenario = ['variants', 'seeds', 'set'] as const
const ofLoop = ['processes', 'operations', 'delays'] as const

/** What makes no sense together. */
function crossFaults(one: CaseInput, at: Path): readonly Fault[] {
  const allowed = 'either a scenario or a loop'
  if ((one.scenario === undefined) === (one.loop === undefined)) {
    const what = one.loop === undefined ? 'names nothing to run' : 'names a scenario and a loop'
    return [{ path: at, at: 'value', what, allowed }]
  }
  const [foreign, kind] = one.loop === undefined ? [ofLoop, 'loop'] : [ofScenario, 'scenario']
  return foreign
    .filter((key) => (one as Record<string, unknown>)[key] !== undefined)
    .map((key) => ({ path: [...at, key], at: 'key', what: `belongs to a ${kind}` }) as const)
}

interface CaseContext {
  readonly suite: SuiteInput
  readonly one: CaseInput
  readonly doc: RawDocument
  readonly at: Path
  readonly source: SourceText
  readonly faults: FaultLines
}

const loadCase = Effect.fnUntraced(function* (context: CaseContext) {
  const { suite, one, doc, at, source, faults } = context
  const make = planner(context)
  const { loop, scenario } = one
  if (loop !== undefined || scenario === undefined) {
    const { processes = 64, operations = operationsDefault, delays = 'uniform' } = one
    const work =
      loop === 'start-up' || loop === undefined
        ? null
        : ({ kind: 'loop', loop, processes, operations, delays } as const)
    return { cases: [make(`${suite.name}/${one.name ?? loop}`, work)], lines: [] }
  }
  const path = join(dirname(source.name), scenario)
  const files = yield* Files
  const read = yield* Effect.result(files.read(path))
  if (Result.isFailure(read)) {
    const what = read.failure.lines[0] ?? 'cannot be read'
    faults.add(doc, { path: [...at, 'scenario'], at: 'value', what })
    return { cases: [], lines: [] }
  }
  const loaded = loadText(read.success, overridesOf(one, doc, at))
  if (loaded.specs === null) return { cases: [], lines: loaded.lines }
  for (const fault of unknownVariants(one, loaded.specs, at)) faults.add(doc, fault)
  const set = Object.entries(one.set ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const chosen = loaded.specs.filter(
    ({ variant }) => one.variants === undefined || one.variants.includes(variant ?? ''),
  )
  const cases = chosen.flatMap((spec) =>
    (one.seeds ?? [spec.seed]).map((seed) => {
      const { text } = read.success
      const { variant } = spec
      const name = [suite.name, one.name ?? spec.name, ...(variant === null ? [] : [variant])]
      const work = { kind: 'scenario', name: path, text, set, variant, seed } as const
      return make(`${name.join('/')}/seed-${seed}`, work)
    }),
  )
  return { cases, lines: [] }
})

function planner({ suite, one, doc, at, source }: CaseContext) {
  const words = one.metrics ?? suite.metrics
  const metrics = words === undefined ? behaviour : words.flatMap(metricsMeant)
  const thresholds = { ...byMetric(suite.thresholds), ...byMetric(one.thresholds) }
  const limitNs = one.time_limit ?? suite.time_limit ?? limitDefaultNs
  const { line } = locate(doc, at, 'value')
  return (name: string, work: BenchWork | null): PlannedCase => ({
    ...{ name, work, metrics, thresholds, limitNs },
    ...{ file: source.name, line },
  })
}

/** A word that stands for several metrics gives each of them its threshold; nearer words win. */
function byMetric(given: Readonly<Record<string, Threshold>> = {}): Record<string, Threshold> {
  const words = Object.keys(given).toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
  const entries = words.flatMap((word) => metricsMeant(word).map((name) => [name, given[word]]))
  return Object.fromEntries(entries)
}

/** Overrides that remember where they stand in the suite. */
function overridesOf(one: CaseInput, doc: RawDocument, at: Path): readonly Override[] {
  return Object.keys(one.set ?? {}).map((path) => {
    const base = [...at, 'set', path]
    const source: RawDocument = {
      value: valueAt(doc.value, base),
      find: (inner, what) => doc.find([...base, ...inner], what),
    }
    return { path, source }
  })
}

function unknownVariants(
  one: CaseInput,
  specs: readonly ScenarioSpec[],
  at: Path,
): readonly Fault[] {
  const known = specs.flatMap(({ variant }) => (variant === null ? [] : [variant]))
  return (one.variants ?? []).flatMap((name, i) => {
    if (known.includes(name)) return []
    const what = `there is no variant '${name}'${didYouMean(name, known)}`
    const allowed = known.join(', ') || 'none: the scenario has no variants'
    return [{ path: [...at, 'variants', i], at: 'value', what, allowed } as const]
  })
}

/**
 * Scenario files into specs: read, parse, expand variants, decode, complete. Fails with every fault
 * of every file at once.
 */
import * as Effect from 'effect/Effect'
import type { Position, RawDocument } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { Override } from '../scenario/variants.ts'
import { decodeScenarios } from './Decode.ts'
import { formatFault, InputError } from './Errors.ts'
import { Files, type SourceText } from './Files.ts'
import { fullName } from './Jobs.ts'
import { readYaml } from './YamlSource.ts'

export interface LoadOptions {
  /** `path=value` texts; values are YAML. */
  readonly set?: readonly string[]
  /** Text that `name` or `name/variant` must contain. */
  readonly filter?: string
  /** Any of these tags. */
  readonly tags?: readonly string[]
}

export type LoadResult =
  | { readonly specs: readonly ScenarioSpec[]; readonly lines: readonly [] }
  | { readonly specs: null; readonly lines: readonly string[] }

/** Pure: the same without the file system. Overrides change the chosen variants alone. */
export function loadText(
  source: SourceText,
  overrides: readonly Override[],
  isChosen?: (fullName: string) => boolean,
): LoadResult {
  const yaml = readYaml(source.name, source.text)
  if (yaml.doc === null) {
    return { specs: null, lines: yaml.faults.map((fault) => formatFault(fault.position, fault)) }
  }
  return decodeScenarios(yaml.doc, overrides, isChosen)
}

/** As `--filter` chooses. */
export function containing(filter = ''): (fullName: string) => boolean {
  return (name) => name.includes(filter)
}

export interface LoadedScenario {
  readonly spec: ScenarioSpec
  /** As it was named: the path as given, or `<stdin>`. */
  readonly file: string
}

export const loadScenarios = Effect.fnUntraced(function* (
  paths: readonly string[],
  options: LoadOptions,
) {
  const loaded = yield* loadFiles(paths, options)
  return loaded.map(({ spec }) => spec)
})

/** The same with the file that each comes from. */
export const loadFiles = Effect.fnUntraced(function* (
  paths: readonly string[],
  options: LoadOptions,
) {
  const files = yield* Files
  const overrides = yield* parseOverrides(options.set ?? [])
  const found: LoadedScenario[] = []
  const lines: string[] = []
  for (const path of yield* files.expand(paths)) {
    const source = yield* Effect.result(files.read(path))
    if (source._tag === 'Failure') lines.push(...source.failure.lines)
    else {
      const loaded = loadText(source.success, overrides, containing(options.filter))
      lines.push(...loaded.lines)
      const file = source.success.name
      found.push(...(loaded.specs ?? []).map((spec) => ({ spec, file })))
    }
  }
  if (lines.length > 0) return yield* new InputError({ lines: [...new Set(lines)] })
  const chosen = found.filter(({ spec }) => isChosen(spec, options))
  const clashes = sameName(chosen.map(({ spec }) => spec))
  if (clashes.length > 0) return yield* new InputError({ lines: clashes })
  if (chosen.length > 0) return chosen
  return yield* new InputError({ lines: [nothingChosen(options)] })
})

function isChosen(spec: ScenarioSpec, options: LoadOptions): boolean {
  const tags = options.tags ?? []
  if (!containing(options.filter)(fullName(spec))) return false
  return tags.length === 0 || tags.some((tag) => spec.tags.includes(tag))
}

function nothingChosen(options: LoadOptions): string {
  const filter = options.filter === undefined ? [] : [`--filter ${options.filter}`]
  const tags = (options.tags ?? []).map((tag) => `--tag ${tag}`)
  return `no scenario is chosen by ${[...filter, ...tags].join(' ') || 'these paths'}`
}

/** Two scenarios of one name would write the same files. */
function sameName(specs: readonly ScenarioSpec[]): readonly string[] {
  const seen = new Set<string>()
  const lines: string[] = []
  for (const spec of specs) {
    const name = fullName(spec)
    if (seen.has(name)) lines.push(`two scenarios are named '${name}': their results would collide`)
    seen.add(name)
  }
  return lines
}

/** `option`: as the command line calls it. */
export const parseOverrides = Effect.fnUntraced(function* (
  texts: readonly string[],
  option = '--set',
) {
  const overrides: Override[] = []
  const lines: string[] = []
  for (const text of texts) {
    const parsed = parseOverride(text, option)
    if (typeof parsed === 'string') lines.push(parsed)
    else overrides.push(parsed)
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return overrides
})

/** `streams.0.period_size=256f`; the value is YAML, so `[a, b]` and `{a: 1}` work too. */
export function parseOverride(text: string, option = '--set'): Override | string {
  const equals = text.indexOf('=')
  const label = `${option} ${text}`
  if (equals < 1) return `${label}: not an override, allowed: path=value`
  const position: Position = { file: label, line: 0, col: 0 }
  const given = text.slice(equals + 1)
  const path = text.slice(0, equals)
  if (given.trim() === '') return `${label}: there is no value, allowed: path=value`
  const yaml = readYaml(label, given)
  if (yaml.doc === null) {
    return yaml.faults.map((fault) => formatFault(position, fault)).join('\n')
  }
  const source: RawDocument = { value: yaml.doc.value, find: () => position }
  return { path, source }
}

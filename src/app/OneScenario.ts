/**
 * The one scenario that a command works on, together with its document: what a command needs that
 * writes a changed scenario. Fails with every fault, as Load.ts does.
 */
import * as Effect from 'effect/Effect'
import { didYouMean } from '../scenario/near.ts'
import type { Position, RawDocument } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { expandVariants } from '../scenario/variants.ts'
import { decodeScenarios } from './Decode.ts'
import { InputError } from './Errors.ts'
import { Files } from './Files.ts'
import { fullName } from './Jobs.ts'
import { containing, loadText, parseOverride, parseOverrides } from './Load.ts'
import { readYaml } from './YamlSource.ts'

export interface OneScenario {
  readonly spec: ScenarioSpec
  /** As the file says it, with the overrides, of the chosen variant. */
  readonly document: unknown
  /** The other variants of its file. */
  readonly siblings: readonly ScenarioSpec[]
  /** The same scenario with further `--set` arguments; null if that is none. */
  readonly respec: (set: readonly string[]) => ScenarioSpec | null
}

export interface OneScenarioOptions {
  readonly set: readonly string[]
  /** Further overrides, of an option of their own such as `--set-a`. */
  readonly ownSet?: { readonly option: string; readonly texts: readonly string[] }
  readonly filter?: string
}

export const loadOne = Effect.fnUntraced(function* (path: string, options: OneScenarioOptions) {
  const files = yield* Files
  const { set, ownSet } = options
  const own = ownSet === undefined ? [] : yield* parseOverrides(ownSet.texts, ownSet.option)
  const overrides = [...(yield* parseOverrides(set)), ...own]
  const paths = yield* files.expand([path])
  const [first = path, ...others] = paths
  if (others.length > 0) {
    const line = `${path}: ${paths.length} files, allowed: one scenario`
    return yield* new InputError({ lines: [line] })
  }
  const source = yield* files.read(first)
  const { specs, lines } = loadText(source, overrides, containing(options.filter))
  if (specs === null) return yield* new InputError({ lines: [...new Set(lines)] })
  const chosen = chosenOf(specs, options.filter ?? '')
  const [spec, ...more] = chosen
  if (spec === undefined || more.length > 0) {
    return yield* new InputError({ lines: [notOne(path, specs, chosen, options.filter)] })
  }
  const doc = readYaml(source.name, source.text).doc as RawDocument
  const expanded = expandVariants(doc, overrides).runs
  const document = expanded.find((one) => one.variant === spec.variant)?.doc.value
  const name = fullName(spec)
  const respec = (set: readonly string[]): ScenarioSpec | null => {
    const more = set.map((text) => parseOverride(text)).filter((each) => typeof each !== 'string')
    const again = loadText(source, [...overrides, ...more], (one) => one === name)
    return again.specs?.find((each) => each.variant === spec.variant) ?? null
  }
  const siblings = specs.filter((each) => each !== spec)
  const one: OneScenario = { spec, document, siblings, respec }
  return one
})

function notOne(
  path: string,
  specs: readonly ScenarioSpec[],
  chosen: readonly ScenarioSpec[],
  filter: string | undefined,
): string {
  const names = (chosen.length > 0 ? chosen : specs).map((one) => one.variant ?? one.name)
  const list = names.join(', ')
  if (chosen.length === 0) {
    const hint = didYouMean(filter ?? '', names)
    return `--filter ${filter}: no variant of ${path} matches${hint}, allowed: ${list}`
  }
  return `${path}: ${chosen.length} variants, allowed: one of them by --filter: ${list}`
}

/** Those whose full name contains the text; the one that has it as its name or variant, if one. */
export function chosenOf(specs: readonly ScenarioSpec[], filter: string): readonly ScenarioSpec[] {
  const exact = specs.filter((one) => fullName(one) === filter || one.variant === filter)
  if (exact.length === 1) return exact
  return specs.filter((one) => containing(filter)(fullName(one)))
}

const NOWHERE: Position = { file: '', line: 0, col: 0 }

/** The spec of a changed document; null if it is not a scenario any more. */
export function decodeDocument(document: unknown): ScenarioSpec | null {
  const { specs } = decodeScenarios({ value: document, find: () => NOWHERE }, [])
  return specs?.[0] ?? null
}

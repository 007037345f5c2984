/**
 * Whatever a key of a scenario is given, the fault says which values it takes, in words or units:
 * a table over every key of the schema, so that a new key cannot be forgotten.
 */
import type { AST } from 'effect/SchemaAST'
import { describe, expect, it } from 'vitest'
import { loadText } from '../../../src/app/Load.ts'
import { ScenarioSchema } from '../../../src/app/ScenarioSchema.ts'
import { minimal } from '../../support/scenario-text.ts'

type Path = readonly (string | number)[]

interface Key {
  readonly path: Path
  readonly description: string
  /** Keys that must stand beside it. */
  readonly needed: boolean
}

/** Every key below an AST; lists are entered at their first entry, mappings of names at `x`. */
function keysBelow(ast: AST, path: Path): readonly Key[] {
  if (ast._tag === 'Arrays') {
    const [items] = ast.rest
    return items === undefined ? [] : keysBelow(items, [...path, 0])
  }
  if (ast._tag !== 'Objects') return []
  const named = ast.indexSignatures.flatMap((one) => keysBelow(one.type, [...path, 'x']))
  return ast.propertySignatures
    .flatMap((one) => {
      const below = [...path, String(one.name)]
      const description = String(one.type.context?.annotations?.description ?? '')
      const needed = one.type.context?.isOptional !== true
      return [{ path: below, description, needed }, ...keysBelow(one.type, below)]
    })
    .concat(named)
}

/** The smallest scenario as JSON, which is YAML, with this value at the path. */
function withValue(path: Path, value: unknown): string {
  const nested = path.reduceRight((inner, part) => {
    return typeof part === 'number' ? [inner] : { [part]: inner }
  }, value)
  const driver = { kind: 'virtio-snd', version: 'v7' }
  const base = { version: 1, name: 'minimal', driver, streams: [{}] }
  return JSON.stringify({ ...base, ...(nested as object) })
}

function faultAt(path: Path, text: string): string | undefined {
  const lines = loadText({ name: 'a', text }, []).lines
  return lines.find((line) => line.includes(` ${path.join('.')}: `))
}

const keys = keysBelow(ScenarioSchema.ast, [])
const sentences = new Set(keys.map((one) => one.description).filter((text) => text !== ''))

/** Overrides of a variant are checked where they land. */
const anywhere =
  /^variants\.0\.(set|duration|(re)?seed|schedule|guest|host|driver|device|streams|faults|expect)$/

/** Words of values: numbers, units, texts, lists, mappings, closed lists of words. */
const values =
  /\d|true, |^text$|^texts|a list|a mapping|a word|letters|^[\w<>=-]+(, [\w<>=-]+)*$|or a list of/

function judge(fault: string | undefined): void {
  expect(fault).toMatch(/, allowed: ./)
  const allowed = (fault as string).slice((fault as string).indexOf(', allowed: ') + 11)
  expect(allowed).toMatch(values)
  expect(sentences).not.toContain(allowed)
  expect(fault).not.toMatch(/undefined|\[object|NaN/)
}

describe('a wrong type', () => {
  const checked = keys.filter(({ path }) => !anywhere.test(path.join('.')))
  it('is tried on every key', () => expect(checked.length).toBeGreaterThan(150))
  for (const { path } of checked) {
    it(path.join('.'), () => {
      // No leaf takes a mapping of this key, and neither a list nor a mapping is a number.
      const given = [{ 'no such': [] }, -1.5, [[null]], null]
      const faults = given.map((value) => faultAt(path, withValue(path, value)))
      const found = faults.filter((fault) => fault !== undefined)
      expect(found.length).toBeGreaterThan(0)
      for (const fault of found) judge(fault)
    })
  }
})

describe('a missing key', () => {
  const needed = keys.filter((one) => one.needed && one.path.length > 1)
  it('is tried', () => expect(needed.length).toBeGreaterThan(5))
  for (const { path } of needed) {
    it(path.join('.'), () => judge(faultAt(path, withValue(path.slice(0, -1), {}))))
  }
  it('of the top', () => {
    for (const name of ['version', 'name', 'driver', 'streams']) {
      const text = minimal.replace(new RegExp(`^${name}:.*\n`, 'm'), '')
      judge(faultAt([name], text))
    }
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  benchSchemaText,
  scenarioJsonSchema,
  scenarioSchemaText,
} from '../../../src/app/JsonSchemaText.ts'

type Json = Readonly<Record<string, unknown>>

const root = new URL('../../../', import.meta.url)

/** Dotted paths of every key that a scenario may have; lists and records give `[]`. */
function keysOf(schema: Json, path: string): readonly string[] {
  const own = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Json>>)
  const inner = own.flatMap(([key, one]) => [`${path}${key}`, ...keysOf(one, `${path}${key}.`)])
  const items = schema.items === undefined ? [] : keysOf(schema.items as Json, path)
  const alternatives = ((schema.anyOf ?? []) as readonly Json[]).flatMap((one) => keysOf(one, path))
  return [...inner, ...items, ...alternatives]
}

describe('the JSON Schema', () => {
  it('in schema/ is the one that the decoder has; else: npm run schema', () => {
    const committed = readFileSync(new URL('schema/scenario.schema.json', root), 'utf8')
    expect(committed).toBe(scenarioSchemaText())
    const bench = readFileSync(new URL('schema/bench.schema.json', root), 'utf8')
    expect(bench).toBe(benchSchemaText())
  })
  it('is draft-07 and refuses unknown keys', () => {
    const schema = scenarioJsonSchema()
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
    expect(schema.additionalProperties).toBe(false)
    expect(schema.required).toEqual(['version', 'name', 'driver', 'streams'])
    expect(JSON.stringify(schema)).not.toContain('$defs')
  })
  it('describes every key at the top and in streams', () => {
    const { properties } = scenarioJsonSchema() as { properties: Readonly<Record<string, Json>> }
    const items = properties.streams?.items as Json
    const streams = items.properties as Readonly<Record<string, Json>>
    for (const [key, one] of Object.entries({ ...properties, ...streams })) {
      if (key !== 'expect') expect(one.description, key).toBeTypeOf('string')
    }
  })
})

describe('docs/scenario.md', () => {
  it('mentions every key', () => {
    const text = readFileSync(new URL('docs/scenario.md', root), 'utf8')
    const names = keysOf(scenarioJsonSchema(), '').map((path) => path.split('.').at(-1) as string)
    const missing = [...new Set(names)].filter((name) => !text.includes(`\`${name}\``))
    expect(missing).toEqual([])
  })
})

/**
 * The JSON Schemas (draft-07) of scenario files and benchmark suites, as `pcmsim schema` prints
 * them and as the repository holds them in schema/ for editors. Made from the Schemas, never by
 * hand.
 * Effect's own conversion drops the checks of `Schema.Unknown`, which all our leaves are made of,
 * so this file walks the schema and leaves only the change of dialect to Effect.
 */
import * as JsonSchema from 'effect/JsonSchema'
import type { AST } from 'effect/SchemaAST'
import { BenchSchema } from './BenchSchema.ts'
import { costJson } from './CostSchema.ts'
import { jsonAnnotation } from './Leaf.ts'
import { ScenarioSchema } from './ScenarioSchema.ts'

type Json = JsonSchema.JsonSchema

export function scenarioJsonSchema(): Json {
  const { schema, definitions } = JsonSchema.toDocumentDraft07({
    dialect: 'draft-2020-12',
    schema: fromAst(ScenarioSchema.ast),
    definitions: { cost: costJson },
  })
  const $schema = JsonSchema.META_SCHEMA_URI_DRAFT_07
  return { $schema, title: 'pcmsim scenario', ...schema, definitions }
}

export function benchSchemaText(): string {
  const { schema } = JsonSchema.toDocumentDraft07({
    dialect: 'draft-2020-12',
    schema: fromAst(BenchSchema.ast),
    definitions: {},
  })
  const $schema = JsonSchema.META_SCHEMA_URI_DRAFT_07
  return `${JSON.stringify({ $schema, title: 'pcmsim benchmark suite', ...schema }, null, 2)}\n`
}

export function scenarioSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`
}

function fromAst(ast: AST): Json {
  const json = ast.annotations?.[jsonAnnotation]
  if (json !== undefined) return json as Json
  if (ast._tag === 'Arrays') {
    const [items] = ast.rest
    return items === undefined ? { type: 'array' } : { type: 'array', items: fromAst(items) }
  }
  if (ast._tag !== 'Objects') throw new Error(`no JSON Schema for ${ast._tag}`)
  const [index] = ast.indexSignatures
  if (index !== undefined) return { type: 'object', additionalProperties: fromAst(index.type) }
  const properties = ast.propertySignatures.map((one) => [String(one.name), withText(one.type)])
  const required = ast.propertySignatures.filter((one) => one.type.context?.isOptional !== true)
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required: required.map((one) => String(one.name)) } : {}),
    additionalProperties: false,
  }
}

/** The key's sentence comes first; the leaf's own says which values it takes. */
function withText(ast: AST): Json {
  const inner = fromAst(ast)
  const key = ast.context?.annotations?.description
  if (typeof key !== 'string') return inner
  const own = typeof inner.description === 'string' ? ` Takes ${inner.description}.` : ''
  return { ...inner, description: `${key}${own}` }
}

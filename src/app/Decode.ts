/**
 * From raw documents to scenario specs, or to every fault there is. The Schema's issues are turned
 * into lines here; no message of the library reaches a user.
 */
import * as Result from 'effect/Result'
import * as Schema from 'effect/Schema'
import type { AST, Objects } from 'effect/SchemaAST'
import type { Issue } from 'effect/SchemaIssue'
import { completeScenario } from '../scenario/complete.ts'
import type { Fault, Path } from '../scenario/fault.ts'
import type { ScenarioInput } from '../scenario/input.ts'
import { didYouMean } from '../scenario/near.ts'
import { showValue } from '../scenario/quantity.ts'
import { locate, type Position, type RawDocument, valueAt } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { expandVariants, type Override } from '../scenario/variants.ts'
import { formatFault } from './Errors.ts'
import { flattenExpect } from './ExpectSchema.ts'
import { ScenarioSchema } from './ScenarioSchema.ts'

export type Decoded =
  | { readonly specs: readonly ScenarioSpec[]; readonly lines: readonly [] }
  | { readonly specs: null; readonly lines: readonly string[] }

const decode = Schema.decodeUnknownResult(ScenarioSchema, {
  errors: 'all',
  onExcessProperty: 'error',
})

/**
 * One spec per variant, in the order of the file. A fault of the file is said once, however many
 * variants inherit it; a key that only variants supply may be missing from the file itself.
 */
export function decodeScenarios(doc: RawDocument, overrides: readonly Override[]): Decoded {
  const expansion = expandVariants(doc, overrides)
  const lines = new FaultLines()
  const inherits = valueAt(expansion.base.value, ['variants']) !== undefined
  for (const { fault, doc: at } of expansion.faults) lines.add(at, fault)
  if (inherits) {
    const shape = decodeShape(expansion.base)
    for (const fault of shape.faults) {
      const inherited = fault.missing === true && fault.path[0] !== 'variants'
      if (!inherited) lines.add(expansion.base, fault)
    }
  }
  const specs: ScenarioSpec[] = []
  for (const { variant, doc: at } of expansion.runs) {
    const { input, faults } = decodeShape(at)
    for (const fault of faults) lines.add(at, fault)
    if (input === undefined) continue
    const completed = completeScenario(input, variant)
    for (const fault of completed.faults) lines.add(at, fault)
    if (completed.spec !== null) specs.push(completed.spec)
  }
  if (lines.size > 0) return { specs: null, lines: lines.inOrder() }
  return { specs, lines: [] }
}

/** Each line once, in the order of the file. */
class FaultLines {
  private readonly positions = new Map<string, Position>()

  get size(): number {
    return this.positions.size
  }

  add(doc: RawDocument, fault: Fault): void {
    const position = locate(doc, fault.path, fault.at)
    this.positions.set(formatFault(position, fault), position)
  }

  inOrder(): readonly string[] {
    const entries = [...this.positions]
    return entries
      .toSorted(([, a], [, b]) => a.line - b.line || a.col - b.col)
      .map(([line]) => line)
  }
}

interface ShapeFault extends Fault {
  readonly missing?: boolean
}

function decodeShape(doc: RawDocument): {
  readonly input?: ScenarioInput
  readonly faults: readonly ShapeFault[]
} {
  const result = decode(doc.value)
  if (Result.isFailure(result)) {
    return { faults: collect(result.failure.issue, [], ScenarioSchema.ast, doc) }
  }
  const { expect, ...rest } = result.success
  const flat = expect === undefined ? {} : { expect: flattenExpect(expect) }
  return { input: { ...rest, ...flat } as ScenarioInput, faults: [] }
}

/** All leaves of the issue tree, with the path from the root of the document. */
function collect(issue: Issue, path: Path, ast: AST, doc: RawDocument): readonly ShapeFault[] {
  switch (issue._tag) {
    case 'Pointer':
      return collect(issue.issue, [...path, ...(issue.path as Path)], ast, doc)
    case 'Composite':
      return issue.issues.flatMap((one) => collect(one, path, issue.ast, doc))
    case 'AnyOf':
      return issue.issues.flatMap((one) => collect(one, path, issue.ast, doc))
    case 'Filter':
    case 'Encoding':
      return collect(issue.issue, path, ast, doc)
    case 'MissingKey':
      return [missing(path, ast)]
    case 'UnexpectedKey':
      return [unexpected(path, issue.ast)]
    case 'InvalidType':
      return [wrongType(path, issue.ast, doc)]
    case 'InvalidValue':
      return [invalid(path, issue.annotations ?? {})]
    default:
      return [{ path, at: 'value', what: 'not allowed here' }]
  }
}

function keysOf(ast: AST): readonly string[] {
  if (ast._tag !== 'Objects') return []
  return (ast as Objects).propertySignatures.map((one) => String(one.name))
}

function unexpected(path: Path, ast: AST): ShapeFault {
  const keys = keysOf(ast)
  const what = `unknown key${didYouMean(String(path.at(-1)), keys)}`
  return { path, at: 'key', what, allowed: keys.join(', ') }
}

function missing(path: Path, ast: AST): ShapeFault {
  const key = String(path.at(-1))
  const signature =
    ast._tag === 'Objects'
      ? (ast as Objects).propertySignatures.find((one) => one.name === key)
      : undefined
  const context = signature?.type.context?.annotations?.description
  const allowed = typeof context === 'string' ? { allowed: context } : {}
  return { path, at: 'key', what: 'is missing, but needed', ...allowed, missing: true }
}

function wrongType(path: Path, ast: AST, doc: RawDocument): ShapeFault {
  const value = valueAt(doc.value, path)
  const given = value === undefined || value === null ? 'there is nothing here' : undefined
  const keys = keysOf(ast)
  const list = ast._tag === 'Arrays'
  const allowed = list
    ? 'a list'
    : keys.length > 0
      ? `a mapping of ${keys.join(', ')}`
      : 'a mapping'
  const what = given ?? `${showValue(value)} is not ${list ? 'a list' : 'a mapping'}`
  return { path, at: 'value', what, allowed }
}

function invalid(path: Path, annotations: Readonly<Record<string, unknown>>): ShapeFault {
  const { message, allowed, at } = annotations
  const fault = {
    path,
    at: at === 'key' ? 'key' : 'value',
    what: typeof message === 'string' ? message : 'not allowed',
  } as const
  return typeof allowed === 'string' ? { ...fault, allowed } : fault
}

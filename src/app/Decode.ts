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
import { stands } from '../scenario/fault-needs.ts'
import type { ScenarioInput } from '../scenario/input.ts'
import { didYouMean, nearest } from '../scenario/near.ts'
import { showValue } from '../scenario/quantity.ts'
import { locate, type Position, type RawDocument, valueAt } from '../scenario/raw.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { expandVariants, type Override } from '../scenario/variants.ts'
import { formatFault } from './Errors.ts'
import { flattenExpect } from './ExpectSchema.ts'
import { allowedAnnotation } from './Leaf.ts'
import { prune } from './prune.ts'
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
export function decodeScenarios(
  doc: RawDocument,
  overrides: readonly Override[],
  isChosen?: (fullName: string) => boolean,
): Decoded {
  const expansion = expandVariants(doc, overrides, isChosen)
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
    const { input, faults, unread } = decodeShape(at)
    for (const fault of faults) lines.add(at, fault)
    if (input === undefined) continue
    const completed = completeScenario(input, variant)
    for (const fault of completed.faults) {
      if (stands(fault, unread, at.value)) lines.add(at, fault)
    }
    if (completed.spec !== null) specs.push(completed.spec)
  }
  if (lines.size > 0) return { specs: null, lines: lines.inOrder() }
  return { specs, lines: [] }
}

/** Each line once, in the order of the file. */
export class FaultLines {
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
  /** The key that an unknown key was probably meant to be. */
  readonly meant?: string
}

interface Shape {
  /** What could be decoded of it, unless nothing could. */
  readonly input?: ScenarioInput
  readonly faults: readonly ShapeFault[]
  /** Paths that `input` has defaults for, because what stands there cannot be decoded. */
  readonly unread: readonly Path[]
}

/** A value that is left out may leave something else incomplete; that often at most. */
const roundsMax = 8

function decodeShape(doc: RawDocument): Shape {
  const first = decodeWhole(doc)
  const unread = first.faults.map(unreadOf)
  let { input } = first
  let { value } = doc
  let open = first.faults
  for (let round = 0; round < roundsMax && open.length > 0 && value !== undefined; round++) {
    for (const fault of open) value = prune(value, prunedPath(fault))
    const next = decodeWhole({ ...doc, value })
    unread.push(...next.faults.map(unreadOf))
    open = next.faults
    input = next.input
  }
  return { ...(input === undefined ? {} : { input }), faults: first.faults, unread }
}

function decodeWhole(doc: RawDocument): Omit<Shape, 'unread'> {
  const result = decode(doc.value)
  if (Result.isFailure(result)) {
    return { faults: collect(result.failure.issue, [], ScenarioSchema.ast, doc) }
  }
  const { expect, ...rest } = result.success
  const flat = expect === undefined ? {} : { expect: flattenExpect(expect) }
  return { input: { ...rest, ...flat } as ScenarioInput, faults: [] }
}

/** Where a needed key is missing, what it belongs to cannot be decoded. */
function prunedPath({ path, missing }: ShapeFault): Path {
  return missing === true && path.length > 1 ? path.slice(0, -1) : path
}

/** A misspelt key stands for the key that was meant. */
function unreadOf(fault: ShapeFault): Path {
  const { path, meant } = fault
  return meant === undefined ? prunedPath(fault) : [...path.slice(0, -1), meant]
}

/** All leaves of the issue tree, with the path from the root of the document. */
export function collect(
  issue: Issue,
  path: Path,
  ast: AST,
  doc: RawDocument,
): readonly ShapeFault[] {
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
  const key = String(path.at(-1))
  const meant = nearest(key, keys)
  const what = `unknown key${didYouMean(key, keys)}`
  const fault = { path, at: 'key', what, allowed: keys.join(', ') } as const
  return meant === undefined ? fault : { ...fault, meant }
}

function missing(path: Path, ast: AST): ShapeFault {
  const key = String(path.at(-1))
  const signature =
    ast._tag === 'Objects'
      ? (ast as Objects).propertySignatures.find((one) => one.name === key)
      : undefined
  const fault = { path, at: 'key', what: 'is missing, but needed', missing: true } as const
  return signature === undefined ? fault : { ...fault, allowed: allowedOf(signature.type) }
}

/** What a value may be, in words: what its leaf allows, or how it is nested. */
function allowedOf(ast: AST): string {
  const allowed = ast.annotations?.[allowedAnnotation]
  if (typeof allowed === 'string') return allowed
  if (ast._tag === 'Arrays') {
    const [items] = ast.rest
    const inner = items === undefined ? 'values' : allowedOf(items)
    return items?._tag === 'Objects' ? 'a list of mappings' : `a list, each of ${inner}`
  }
  const keys = keysOf(ast)
  if (keys.length > 0) return `a mapping of ${keys.join(', ')}`
  const index = ast._tag === 'Objects' ? (ast as Objects).indexSignatures[0] : undefined
  const inner = index === undefined ? 'values' : allowedOf(index.type)
  return `a mapping of names, each to ${inner}`
}

function wrongType(path: Path, ast: AST, doc: RawDocument): ShapeFault {
  const value = valueAt(doc.value, path)
  const given = value === undefined || value === null ? 'there is nothing here' : undefined
  const what =
    given ?? `${showValue(value)} is not ${ast._tag === 'Arrays' ? 'a list' : 'a mapping'}`
  return { path, at: 'value', what, allowed: allowedOf(ast) }
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

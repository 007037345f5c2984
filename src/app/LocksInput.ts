/** What `pcmsim locks` reads beside scenarios and traces: files of lock cases, and baselines. */
import * as Effect from 'effect/Effect'
import type { LockFacts } from '../analysis/lockdep/baseline.ts'
import { CASE_OPS } from '../analysis/lockdep/case-ops.ts'
import type { CaseOp, LockCase } from '../analysis/lockdep/cases.ts'
import { parseJson } from '../base/json.ts'
import { InputError } from './Errors.ts'
import { Files } from './Files.ts'

/** Cases of a JSONL file; fails with every fault of it at once. */
export const readCases = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const { name, text } = yield* files.read(path)
  const cases: LockCase[] = []
  const lines: string[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const one = parseCase(line)
    if (typeof one === 'string') lines.push(`${name}:${at + 1}:1: ${one}`)
    else cases.push(one)
  }
  if (lines.length > 0) return yield* new InputError({ lines })
  return cases
})

type Json = Readonly<Record<string, unknown>>

/** The case, or what is wrong with it. */
function parseCase(line: string): LockCase | string {
  const value = jsonOf(line)
  if (!isRecord(value)) return 'not a JSON object, allowed: {"name", "classes", "ops"}'
  const { name, classes = {}, ops } = value
  if (typeof name !== 'string') return 'name: allowed: a text'
  if (!isRecord(classes) || Object.values(classes).some((one) => typeof one !== 'string')) {
    return 'classes: allowed: the class of each instance, {"instance": "class"}'
  }
  if (!Array.isArray(ops)) return 'ops: allowed: a list of [op, instance]'
  const wrong = ops.map(faultOfOp).find((fault) => fault !== null)
  if (wrong !== undefined) return wrong
  return { name, classes: classes as Record<string, string>, ops: ops as CaseOp[] }
}

function faultOfOp(op: unknown, at: number): string | null {
  if (!Array.isArray(op) || typeof op[0] !== 'string') {
    return `ops.${at}: allowed: [op, instance], of an operation without a lock [op]`
  }
  const steps = CASE_OPS.get(op[0])
  if (steps === undefined) {
    return `ops.${at}: ${op[0]}: no such operation, allowed: ${nearest(op[0])}`
  }
  const [, instance, more] = op
  const isNamed = typeof instance === 'string'
  if (!isNamed && instance !== undefined && instance !== null) {
    return `ops.${at}.1: allowed: the name of an instance`
  }
  if (!isNamed && needsInstance(op[0])) return `ops.${at}: allowed: ["${op[0]}", instance]`
  const isMore = more === undefined || more === null || ['string', 'number'].includes(typeof more)
  return isMore ? null : `ops.${at}.2: allowed: a subclass, or the name of an instance`
}

/** RCU readers have one map each; everything else that is taken has a name. */
function needsInstance(op: string): boolean {
  const steps = CASE_OPS.get(op) ?? []
  return steps.some((one) => 'kind' in one && !one.kind.startsWith('rcu'))
}

/** Operations that begin alike, or how many there are. */
function nearest(op: string): string {
  const [word] = op.split('_')
  const alike = [...CASE_OPS.keys()].filter((name) => name.startsWith(`${word}_`))
  return alike.length > 0 ? alike.join(', ') : `the ${CASE_OPS.size} of docs/locks.md`
}

/** A baseline: the output of `locks --json`, or a result.json. */
export const readBaseline = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const { name, text } = yield* files.read(path)
  const value = jsonOf(text)
  const facts = isRecord(value) && isRecord(value.locks) ? value.locks : value
  if (isRecord(facts) && isEdges(facts.edges) && isReports(facts.predicted)) {
    const { edges, predicted } = facts
    const baseline: LockFacts = { edges, predicted }
    return baseline
  }
  const line = `${name}: not a baseline, allowed: the output of pcmsim locks --json, a result.json`
  return yield* new InputError({ lines: [line] })
})

function isEdges(value: unknown): value is LockFacts['edges'] {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one?.before === 'string' && typeof one?.after === 'string')
  )
}

function isReports(value: unknown): value is LockFacts['predicted'] {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one?.kind === 'string' && Array.isArray(one?.classes))
  )
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

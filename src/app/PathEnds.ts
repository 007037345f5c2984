/**
 * Records by which a path is named: a record's number, an instant, or what went wrong (`xrun:1`).
 * What was meant is a record of this run, or a line that says what is allowed.
 */
import { explainFacts, type Facts, rankedPeriods } from '../analysis/explain/explain.ts'
import { type PathEnd, pathEnd } from '../analysis/explain/steps.ts'
import { type Asked, countOf } from '../analysis/explain/subject.ts'
import { recordAt } from '../analysis/record-at.ts'
import { parseDuration } from '../scenario/quantity.ts'

const NAMED = ['xrun', 'silent', 'late', 'report', 'memory'] as const
const ALLOWED =
  'a record such as 1234, a time such as 650ms, or one of ' +
  `${NAMED.map((kind) => `${kind}:1`).join(', ')}`

export interface PathEnds {
  readonly from: PathEnd
  readonly to: PathEnd
}

/** The two records, or what is wrong with their names. */
export function pathEnds(
  facts: Facts,
  from: string | undefined,
  to: string | undefined,
): PathEnds | string[] {
  if (from === undefined) return ['--from: is missing, as a path has two ends']
  if (to === undefined) return ['--to: is missing, as a path has two ends']
  const [first, last] = [recordNamed(facts, '--from', from), recordNamed(facts, '--to', to)]
  const lines = [first, last].filter((one) => typeof one === 'string')
  if (lines.length > 0) return lines
  const ends = { from: pathEnd(facts, first as number), to: pathEnd(facts, last as number) }
  if (ends.from.timeNs <= ends.to.timeNs) return ends
  return [`--to ${to}: lies before --from ${from}, allowed: a later record`]
}

/** Index of a record; a string is what is wrong with `text`. */
function recordNamed(facts: Facts, option: string, text: string): number | string {
  const { store } = facts
  const label = `${option} ${text}`
  if (store.length === 0) return `${label}: the trace has no records`
  if (/^\d{1,15}$/.test(text)) {
    const record = Number(text)
    if (record < store.length) return record
    return `${label}: no such record, allowed: 0..${store.length - 1}`
  }
  const named = /^([a-z]+):([1-9]\d{0,8})$/.exec(text)
  const kind = NAMED.find((one) => one === named?.[1])
  if (kind !== undefined) return eventRecord(facts, label, { kind, number: Number(named?.[2]) })
  const ns = parseDuration(text)
  if (typeof ns !== 'number' || ns < 0) return `${label}: names no record, allowed: ${ALLOWED}`
  return option === '--to' ? lastUntil(facts, ns) : firstFrom(facts, ns, label)
}

function eventRecord(facts: Facts, label: string, asked: Asked): number | string {
  if (asked.kind === 'late') {
    const ranked = rankedPeriods(facts)
    const one = ranked[asked.number - 1]
    if (one !== undefined) return one.late.record
    return `${label}: the run has no such, allowed: ${range('late', ranked.length)}`
  }
  const one = explainFacts(facts, asked)
  if (one !== null && one.record >= 0) return one.record
  const count = countOf(facts.result, asked.kind)
  return `${label}: the run has no such, allowed: ${range(asked.kind, count)}`
}

function range(kind: string, count: number): string {
  return count === 0 ? 'another, there is none' : `${kind}:1..${kind}:${count}`
}

/** The first record at an instant or after it. */
function firstFrom({ store }: Facts, ns: number, label: string): number | string {
  const index = recordAt(store, ns)
  if (index < store.length) return index
  return `${label}: is after the last record, allowed: a time of the run`
}

/** The last record up to an instant. */
function lastUntil({ store }: Facts, ns: number): number {
  return Math.max(0, recordAt(store, ns + 1) - 1)
}

/**
 * What changed from one run to another: where period elapsed is called, verdicts, reports and lock
 * edges that came or went, numbers that moved. Pure. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { formatFine, plural } from '../format.ts'
import type { RunResult, StreamResult } from '../result.ts'
import { NO_STATS, type Stats } from '../stats.ts'
import { COSTS, type ElapsedPlace, type RunFacts } from './facts.ts'

export interface Change {
  readonly name: string
  readonly a: string
  readonly b: string
}
export interface Measure {
  readonly name: string
  readonly unit: 'ns' | 'count'
  readonly a: number
  readonly b: number
}
export interface Changes {
  /** Plain sentences, the most telling first. */
  readonly sentences: readonly string[]
  readonly verdicts: readonly Change[]
  readonly metrics: readonly Measure[]
  readonly costs: readonly Measure[]
  readonly edges: { readonly gone: readonly string[]; readonly fresh: readonly string[] }
  readonly reports: { readonly gone: readonly string[]; readonly fresh: readonly string[] }
}

export function compareRuns(a: RunFacts, b: RunFacts): Changes {
  const reports = apart(reportsOf(a.result), reportsOf(b.result))
  const edges = apart(edgesOf(a.result), edgesOf(b.result))
  const verdicts = verdictsOf(a.result, b.result)
  const metrics = metricsOf(a, b)
  const costs = COSTS.map((name): Measure => {
    return { name, unit: 'count', a: a.costs[name], b: b.costs[name] }
  })
  const sentences = [
    ...moved(a.elapsed, b.elapsed),
    ...told('gone', reports.gone),
    ...told('new', reports.fresh),
    ...silent(a.result, b.result),
    ...latency(metrics),
  ]
  return { sentences, verdicts, metrics, costs, edges, reports }
}

function moved(a: readonly ElapsedPlace[], b: readonly ElapsedPlace[]): readonly string[] {
  const [from, to] = [placeOf(a[0]), placeOf(b[0])]
  return from === to ? [] : [`period elapsed moved from ${from} to ${to}`]
}

function placeOf(place: ElapsedPlace | undefined): string {
  if (place === undefined) return 'nowhere'
  const { where, held } = place
  return held.length === 0 ? where : `${where} under ${held.join(', ')}`
}

function told(word: string, reports: readonly string[]): readonly string[] {
  if (reports.length === 0) return []
  return [`${plural(reports.length, 'report')} ${word}: ${reports.join('; ')}`]
}

const SILENT: Readonly<Record<string, string>> = {
  stale: 'stale frames',
  skipped: 'skipped frames',
  stalled: 'stalls',
  position: 'wrong positions',
}

/** Sorts of silent failures that came, went or changed; a lost event with what became of it. */
function silent(a: RunResult, b: RunResult): readonly string[] {
  const sentences = Object.entries(SILENT).flatMap(([kind, words]) => {
    const [was, is] = [amountOf(a, kind), amountOf(b, kind)]
    if (was === is) return []
    if (is === 0) return [`${words} gone: ${was} before`]
    return [was === 0 ? `new: ${words}, ${is}` : `${words}: ${is} instead of ${was}`]
  })
  const [before, after] = [lostIn(a), lostIn(b)]
  const lost = after.filter((what) => !before.includes(what)).map((what) => `event unread: ${what}`)
  const found = before
    .filter((what) => !after.includes(what))
    .map((what) => `not any more: ${what}`)
  return [...sentences, ...lost, ...found]
}

function amountOf(result: RunResult, kind: string): number {
  const all = Object.values(result.streams).flatMap((one) => one.silentFailures)
  const own = all.filter((one) => one.kind === kind)
  return kind === 'stalled' || kind === 'position'
    ? own.length
    : own.reduce((sum, one) => sum + one.frames, 0)
}

function lostIn(result: RunResult): readonly string[] {
  const all = Object.values(result.streams).flatMap((one) => one.silentFailures)
  return [...new Set(all.flatMap(({ what }) => (what === undefined ? [] : [what])))]
}

/** The two that a user feels. */
function latency(metrics: readonly Measure[]): readonly string[] {
  return metrics.flatMap(({ name, a, b }) => {
    if (a === b || !/(interrupt to client|end to end) p50$/.test(name)) return []
    const by = `${b > a ? '+' : '-'}${formatFine(Math.abs(b - a))}`
    return [`${name}: ${formatFine(a)} to ${formatFine(b)} (${by})`]
  })
}

function apart(a: readonly string[], b: readonly string[]) {
  return {
    gone: a.filter((one) => !b.includes(one)),
    fresh: b.filter((one) => !a.includes(one)),
  }
}

function edgesOf({ locks }: RunResult): readonly string[] {
  return locks.edges.map(({ before, after }) => `${before} -> ${after}`)
}

/** By kind and classes, or for a real one by its first line: once each. */
function reportsOf({ locks, memory, warnings }: RunResult): readonly string[] {
  const firstLine = (text: string): string => text.split('\n')[0] ?? ''
  return [
    ...new Set([
      ...locks.actual.map(({ kind, text }) => (kind === 'deadlock' ? kind : named(kind, text))),
      ...locks.predicted.map(({ kind, classes }) => `predicted ${kind}: ${classes.join(', ')}`),
      ...memory.map(({ kind }) => `memory: ${kind}`),
      ...warnings.map(({ kind, text }) => `${kind}: ${firstLine(text)}`),
    ]),
  ]
}

/** Where it was found, without process numbers: they differ from run to run. */
function named(kind: string, text: string): string {
  const at = / at (\S+:\d+)/.exec(text)?.[1]
  return at === undefined ? kind : `${kind} at ${at}`
}

function verdictsOf(a: RunResult, b: RunResult): readonly Change[] {
  const [one, two] = [verdicts(a), verdicts(b)]
  const names = [...new Set([...Object.keys(one), ...Object.keys(two)])]
  return names.flatMap((name) => {
    const [was, is] = [one[name] ?? '0', two[name] ?? '0']
    return was === is ? [] : [{ name, a: was, b: is }]
  })
}

function verdicts(result: RunResult): Record<string, string> {
  const found: Record<string, string> = { outcome: result.outcome }
  const add = (name: string, count = 1): void => {
    found[name] = `${Number(found[name] ?? 0) + count}`
  }
  for (const [name, stream] of Object.entries(result.streams)) {
    found[`${name}: final state`] = stream.finalState
    found[`${name}: frames written`] = `${stream.frames.written}`
    for (const { cause } of stream.xruns) add(`${name}: xruns, ${cause}`)
    for (const { kind } of stream.silentFailures) add(`${name}: silent failures, ${kind}`)
    for (const { call, errno } of stream.errors) add(`${name}: ${call}() = ${errno}`)
  }
  for (const { kind } of result.locks.actual) add(`reports, ${kind}`)
  for (const { kind } of result.locks.predicted) add(`predicted, ${kind}`)
  for (const { kind } of result.memory) add(`memory, ${kind}`)
  return found
}

const QUANTILES = ['p50', 'p99', 'max'] as const

/** Of streams that both runs have. */
function metricsOf(a: RunFacts, b: RunFacts): readonly Measure[] {
  return Object.entries(a.result.streams).flatMap(([name, one]) => {
    const two = b.result.streams[name]
    if (two === undefined) return []
    const others = statsOf(two, b.reaction[name])
    return statsOf(one, a.reaction[name]).flatMap(([what, before], i): Measure[] => {
      const after = others[i]?.[1]
      if (after === undefined || before.count === 0 || after.count === 0) return []
      return QUANTILES.map((q) => {
        return { name: `${name}: ${what} ${q}`, unit: 'ns', a: before[q] as Ns, b: after[q] as Ns }
      })
    })
  })
}

function statsOf(
  one: StreamResult,
  reaction: Stats = NO_STATS,
): readonly (readonly [string, Stats])[] {
  return [
    ['interrupt to client', reaction],
    ['period interval', one.periodElapsed.intervalNs],
    ['lateness', one.periodElapsed.latenessNs],
    ['wake latency', one.wakeLatencyNs],
    ['end to end', one.endToEndNs],
  ]
}

/**
 * The text report of one run, for someone who knows the kernel: what ran, each stream's health and
 * its latencies, what the kernel logged, which locks were ordered, which verdicts held. Pure.
 * Everything in it is also in result.json, exactly.
 */
import type { Expectation } from '../scenario/expect.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { FullResult } from './Jobs.ts'
import { cut, grouped, kernelTime, listMax, plural, shortDuration, table } from './report-format.ts'
import { reportHead } from './report-head.ts'
import { streamSection } from './report-stream.ts'

type Incident = FullResult['warnings'][number]
type Edge = FullResult['locks']['edges'][number]

const logMax = 20
/** Expectations that were met; those that were not are all shown. */
const HELD_MAX = 6

/** The whole report; its first lines are those of reportHead(). */
export function reportText(
  spec: ScenarioSpec,
  result: FullResult,
  files: readonly string[],
): string {
  return reportHead(spec, result.seed) + reportBody(spec, result, files)
}

/** What reportHead() could not know yet. */
export function reportBody(
  spec: ScenarioSpec,
  result: FullResult,
  files: readonly string[],
): string {
  const sections = [
    [runLine(result)],
    ...streamSections(spec, result),
    logSection(result),
    lockSection(result),
    lockReports(result),
    memorySection(result),
    warningSection(result),
    expectSection(result.expectations),
    footer(result, files),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function runLine({ virtualTimeNs, records, outcome, limit }: FullResult): string {
  const ended = outcome === 'limit' ? `stopped by a limit: ${limit ?? 'not known'}` : outcome
  const simulated = `${shortDuration(virtualTimeNs)} simulated`
  return `  run     ${simulated}, ${plural(records, 'record')}, ${ended}`
}

/** Every stream of the scenario, and the second direction of those clients that open both. */
function streamSections(spec: ScenarioSpec, result: FullResult): readonly (readonly string[])[] {
  return spec.streams.flatMap((stream) => {
    const second = `${stream.name}-capture`
    return [
      streamSection(spec, stream, stream.name, result.streams[stream.name]),
      ...(stream.bothDirections
        ? [streamSection(spec, stream, second, result.streams[second])]
        : []),
    ]
  })
}

function logSection(result: FullResult): readonly string[] {
  if (result.log.length === 0) return []
  const lines = result.log.map(({ timeNs, text, source }) => {
    return `  ${kernelTime(timeNs)} ${source === 'client' ? 'client: ' : ''}${text}`
  })
  return ['kernel log', ...cut(lines, logMax)]
}

function lockSection(result: FullResult): readonly string[] {
  const { edges } = result.locks
  if (edges.length === 0) return []
  const busiest = edges.toSorted((a, b) => b.count - a.count || order(a, b))
  const rows = busiest.map((edge) => [`${edge.before} -> ${edge.after}`, grouped(edge.count)])
  return [
    `lock order: ${plural(edges.length, 'edge')} observed`,
    ...cut(table(rows, '  '), listMax),
  ]
}

function order(a: Edge, b: Edge): number {
  const [left, right] = [`${a.before} -> ${a.after}`, `${b.before} -> ${b.after}`]
  return left < right ? -1 : left > right ? 1 : 0
}

/** What went wrong with locks in this run, then what would in another. */
function lockReports({ locks: { actual, predicted } }: FullResult): readonly string[] {
  if (actual.length + predicted.length === 0) return []
  return [
    `lock reports: ${actual.length} of this run, ${predicted.length} predicted`,
    ...incidentLines(actual),
    ...predicted.flatMap(({ kind, text }) => [`  predicted ${kind}:`, ...indented(text)]),
  ]
}

function warningSection({ warnings }: FullResult): readonly string[] {
  return warnings.length === 0 ? [] : ['warnings', ...incidentLines(warnings)]
}

/** The first of those that say the same, with their number. */
function incidentLines(incidents: readonly Incident[]): readonly string[] {
  const groups = new Map<string, Incident[]>()
  for (const one of incidents) {
    const said = `${one.kind}: ${one.text}`
    const same = groups.get(said)
    if (same === undefined) groups.set(said, [one])
    else same.push(one)
  }
  const entries = [...groups].map(([said, [first, ...more]]) => {
    const [line = '', ...rest] = said.split('\n')
    const times = more.length === 0 ? '' : `, the first of ${grouped(more.length + 1)}`
    const head = `  ${kernelTime(first?.timeNs ?? 0)} ${line}${times}`
    return [head, ...indented(rest.join('\n'))].join('\n')
  })
  return cut(entries, listMax)
}

function indented(text: string): readonly string[] {
  if (text === '') return []
  return text.split('\n').map((line) => `    ${line}`.trimEnd())
}

function memorySection(result: FullResult): readonly string[] {
  if (result.memory.length === 0) return []
  const lines = result.memory.map(
    (one) => `  ${kernelTime(one.timeNs)} ${one.kind}: ${one.what ?? ''}`,
  )
  return ['memory', ...cut(lines, listMax)]
}

export function expectLines(expectations: readonly Expectation[]): readonly string[] {
  return expectations.map((one) => {
    const verdict = one.pass ? 'ok    ' : 'FAILED'
    const values = one.pass
      ? `${one.actual} (expected ${one.expected})`
      : `expected ${one.expected}, was ${one.actual}`
    const at = one.brokenBy
    const broken = at === undefined ? '' : `, see ${kernelTime(at.timeNs)} ${at.text}`
    return `  ${verdict} ${one.name}: ${values}${one.pass ? '' : broken}`
  })
}

function expectSection(expectations: readonly Expectation[]): readonly string[] {
  const held = expectations.filter((one) => one.pass)
  const more = held.length - HELD_MAX
  if (more <= 1) return ['expectations', ...expectLines(expectations)]
  const left = new Set(held.slice(HELD_MAX))
  const shown = expectations.filter((one) => !left.has(one))
  return ['expectations', ...expectLines(shown), `    ... and ${more} more, all ok`]
}

function footer(result: FullResult, files: readonly string[]): readonly string[] {
  const failed = result.expectations.filter((one) => !one.pass).length
  const verdict = failed === 0 ? 'PASS' : `FAIL: ${plural(failed, 'expectation')} not met`
  return [verdict, `fingerprint ${result.fingerprint}`, ...files.map((file) => `wrote ${file}`)]
}

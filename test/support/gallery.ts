/**
 * docs/gallery.md: the problem reports of scenarios/reports with their verdicts, and a chart each.
 * What a report says stands in comments at the head of its file, what the model says comes from
 * running it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { collectCompareRow } from '../../src/analysis/compare.ts'
import { chartKind } from '../../src/chart/kinds.ts'
import { layoutCompare } from '../../src/chart/layout/compare.ts'
import type { Drawing } from '../../src/chart/layout/shapes.ts'
import { loadScenario, type RunResult, runScenario } from '../../src/index.ts'

export const reportFolder = fileURLToPath(new URL('../../scenarios/reports/', import.meta.url))
/** Few bins keep a chart small; each still shows its extremes. */
const BINS = 120
/** Above this a count is `many`: the page is not about how many thousands there are. */
const MANY = 9

export interface Report {
  readonly name: string
  /** Comments at the head: `Report`, `Symptom`, `Cause`, `Fix`, `Note`; `Chart`: kind, variant. */
  readonly head: Readonly<Record<string, string>>
  readonly text: string
}

export const reports: readonly Report[] = readdirSync(reportFolder)
  .map((file) => {
    const text = readFileSync(`${reportFolder}${file}`, 'utf8')
    const comments = [...text.matchAll(/^# (Report|Symptom|Cause|Fix|Note|Chart): (.+)$/gm)]
    const head = Object.fromEntries(comments.map(([, key, value]) => [key, value as string]))
    return { name: file.replace(/\.yaml$/, ''), head, text }
  })
  .toSorted((a, b) => Number(a.head['Report']) - Number(b.head['Report']))

function kinds(list: readonly { readonly kind?: string; readonly cause?: string }[]): string {
  const counts = new Map<string, number>()
  for (const one of list) {
    const name = one.cause ?? one.kind ?? ''
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const often = (count: number): string => (count > MANY ? 'many' : `${count}`)
  const words = [...counts].map(([name, count]) => (count > 1 ? `${name} x${often(count)}` : name))
  return words.join(', ')
}

/** What a run showed, in the words of the result. */
function found(result: RunResult): string {
  const streams = Object.values(result.streams)
  const xruns = streams.flatMap((one) => one.xruns)
  const silent = streams.flatMap((one) => one.silentFailures)
  const failed = streams.flatMap((one) => one.errors)
  const { predicted, actual } = result.locks
  const parts: (readonly [string, readonly object[]])[] = [
    ['xrun', xruns],
    ['silent', silent],
    ['lockdep', predicted],
    ['in this run', actual],
    ['memory', result.memory],
    ['warning', result.warnings],
  ]
  const said = parts.filter(([, list]) => list.length > 0)
  const words = said.map(([name, list]) => `${name}: ${kinds(list)}`)
  if (result.outcome !== 'completed') words.unshift(`**${result.outcome}**`)
  if (failed.length > 0)
    words.push(`failed calls: ${failed.length > MANY ? 'many' : failed.length}`)
  return words.length === 0 ? 'nothing' : words.join('; ')
}

const ms = (ns: number): string => (ns / 1e6).toFixed(1)

function periods(result: RunResult): string {
  const [first] = Object.values(result.streams)
  if (first === undefined || first.periodElapsed.intervalNs.count === 0) return ''
  const { p50, max } = first.periodElapsed.intervalNs
  return `${ms(p50)} / ${ms(max)}`
}

/** Where the model's verdict is what the file says it must be. */
function verdict(result: RunResult): string {
  return result.expectations.every((one) => one.pass) ? 'as expected' : '**not as expected**'
}

export interface Exhibit {
  readonly section: string
  readonly drawing: Drawing
}

/** Runs all variants of a report. */
export function exhibit({ name, head, text }: Report): Exhibit {
  const specs = loadScenario(text, { name: `${name}.yaml` })
  const rows: string[] = []
  const [kind, shown] = head['Chart']?.split(' ') ?? []
  let chosen: Drawing | undefined
  const compared = specs.map((spec) => {
    const run = runScenario(spec)
    const { store, result } = run
    const variant = spec.variant ?? spec.name
    if (variant === shown) chosen = chartKind(kind ?? '')?.draw(run, {})
    rows.push(`| ${variant} | ${found(result)} | ${periods(result)} | ${verdict(result)} |`)
    return collectCompareRow(variant, store, result, BINS)
  })
  const [spec] = specs
  if (kind !== undefined && chosen === undefined)
    throw new Error(`${name}: no chart ${kind} ${shown}`)
  const seed = spec?.seed ?? 1
  const drawing = chosen ?? layoutCompare({ scenario: name, seed, rows: compared })
  const summary = /^summary: >-\n((?: {2}.+\n)+)/m.exec(text)?.[1] ?? ''
  const said = (key: string, title = key): readonly string[] => {
    return head[key] === undefined ? [] : [`- *${title}*: ${head[key]}`]
  }
  const image = `images/reports/${name}.svg`
  const lines = [
    `## ${head['Report']}. ${name}`,
    '',
    summary.replaceAll(/\s+/g, ' ').trim(),
    '',
    ...said('Symptom'),
    ...said('Cause'),
    ...said('Fix', 'Known fix'),
    ...said('Note'),
    `- *Source*: ${spec?.source.join('; ')}`,
    `- *Tags*: ${spec?.tags.join(', ')}; [the scenario](../scenarios/reports/${name}.yaml)`,
    '',
    '| variant | found | period told every, p50 / max ms | verdict |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    `![${shown === undefined ? 'The variants side by side' : `${kind} of ${shown}`}](${image})`,
  ]
  return { section: lines.join('\n'), drawing }
}

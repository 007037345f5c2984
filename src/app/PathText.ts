/** A critical path as text, as Markdown and as JSON: each step with duration, actor and records. */

import { PART_WORDS } from '../analysis/explain/parts.ts'
import { type CriticalPath, detailText, type Step, viaText } from '../analysis/explain/steps.ts'
import { formatDuration } from '../analysis/format.ts'
import type { RunResult } from '../analysis/result.ts'
import { wrapped } from './ExplainText.ts'
import { sortedJson } from './ResultJson.ts'

/** Steps that are printed in text and Markdown, the longest; JSON has them all. */
const PRINTED_MAX = 400

function fullName({ scenario, variant, seed }: RunResult): string {
  return `${scenario}${variant === null ? '' : `/${variant}`}, seed ${seed}`
}

/** In order of time, and how much the others last together. */
function printed({ steps }: CriticalPath): { readonly shown: readonly Step[]; rest: string } {
  if (steps.length <= PRINTED_MAX) return { shown: steps, rest: '' }
  const ranked = steps.toSorted((a, b) => b.ns - a.ns || a.number - b.number)
  const others = ranked.slice(PRINTED_MAX)
  const ns = others.reduce((sum, one) => sum + one.ns, 0)
  const rest = `${others.length} shorter steps: ${microseconds(ns)} us; --json has them all`
  return { shown: ranked.slice(0, PRINTED_MAX).sort((a, b) => a.number - b.number), rest }
}

function microseconds(ns: number): string {
  return (ns / 1000).toFixed(3)
}

export function pathText(path: CriticalPath, result: RunResult): string {
  const { shown, rest } = printed(path)
  const startNs = path.from.timeNs
  const rows = shown.flatMap((step) => {
    const { number, ns, fromNs, record, name, part } = step
    const since = `+${microseconds(fromNs - startNs)}`.padStart(14)
    const last = `${microseconds(ns).padStart(12)} us`
    const detail = detailText(step)
    const head = `${String(number).padStart(5)} ${since}${last}  ${PART_WORDS[part].padEnd(29)}`
    return [
      `${head} ${name}, record ${record}`,
      ...(detail === '' ? [] : wrapped(detail, 62).map((line) => `${' '.repeat(38)}${line}`)),
    ]
  })
  const total = microseconds(path.distanceNs)
  const arrival = viaText({ via: path.arrival })
  return [
    `## ${fullName(result)}: critical path, record ${path.from.record} to ${path.to.record} ##`,
    '',
    ...wrapped(path.sentence, 76).map((line) => `  ${line}`),
    '',
    ' step     since (us)          lasts',
    ...rows,
    ...(arrival === '' ? [] : [`      there: ${arrival}`]),
    ...(rest === '' ? [] : [`      ${rest}`]),
    `  ${'-'.repeat(76)}`,
    `      ${`+${total}`.padStart(14)}${total.padStart(12)} us  in all`,
    '',
  ].join('\n')
}

export function pathMarkdown(path: CriticalPath, result: RunResult): string {
  const { shown, rest } = printed(path)
  const escaped = (text: string): string => text.replaceAll('|', '\\|')
  const rows = shown.map((step) => {
    const { number, ns, fromNs, record, name, what, part } = step
    const cells = [
      number,
      `+${microseconds(fromNs - path.from.timeNs)}`,
      microseconds(ns),
      PART_WORDS[part],
      escaped(name),
      escaped(what === name ? '' : what),
      escaped(viaText(step)),
      record,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `### ${fullName(result)}: critical path, record ${path.from.record} to ${path.to.record}`,
    '',
    path.sentence,
    '',
    '| step | since (us) | lasts (us) | what | who | detail | how it came there | record |',
    '|--:|--:|--:|---|---|---|---|--:|',
    ...rows,
    '',
    ...(rest === '' ? [] : [rest, '']),
    `In all ${formatDuration(path.distanceNs)}.`,
    '',
  ].join('\n')
}

export function pathJson(path: CriticalPath, result: RunResult): string {
  const { scenario, variant, seed, fingerprint } = result
  return sortedJson({ schema: 1, kind: 'path', scenario, variant, seed, fingerprint, ...path })
}

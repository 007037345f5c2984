/**
 * For a GitHub workflow: an annotation for each case that failed, on the line of the suite that
 * names it, and the summary of the step as Markdown.
 */
import type { CaseReport } from '../analysis/bench/compare.ts'
import {
  type BenchReport,
  sentenceOf,
  showChange,
  showPair,
  showPlace,
  showVerdict,
} from '../analysis/bench/show.ts'
import { caseText } from './bench-junit.ts'

export interface Place {
  readonly file: string
  readonly line: number
}

/** A message may hold no line feed, a property no comma or colon either. */
function message(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

export function annotations(report: BenchReport, places: ReadonlyMap<string, Place>): string {
  const line = (level: string, one: CaseReport, text: string): string => {
    const place = places.get(one.name)
    const at = place === undefined ? '' : `file=${property(place.file)},line=${place.line},`
    return `::${level} ${at}title=${property(one.name)}::${message(text)}\n`
  }
  return report.cases
    .map((one) => {
      if (one.failed) return line('error', one, caseText(one, true))
      const noisy = caseText(one, false)
      return noisy === '' ? '' : line('notice', one, noisy)
    })
    .join('')
}

/** Text in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

export function summaryMarkdown(report: BenchReport): string {
  const { cases, against, failed } = report
  const verdict = failed ? 'regression' : against === null ? 'measured' : 'no regression'
  const rows = cases.flatMap((one) =>
    one.rows
      .filter((row) => row.verdict !== 'same')
      .map((row) => {
        const all = [one.name, row.metric, ...showPair(row), showChange(row), showVerdict(row)]
        return `| ${all.map(cell).join(' | ')} |\n`
      }),
  )
  const head = '| case | metric | baseline | now | change | verdict |\n|---|---|---|---|---|---|\n'
  const places = cases.flatMap((one) =>
    one.divergence === undefined
      ? []
      : [`- ${one.name}: first difference at ${showPlace(one.divergence)}\n`],
  )
  const sentence = sentenceOf(report)
  return [
    `## pcmsim bench: ${verdict}\n\n`,
    `${cases.length} cases${against === null ? '' : ` against \`${against}\``}\n\n`,
    ...(rows.length === 0 ? [] : [head, ...rows, '\n']),
    ...places,
    ...(sentence === null ? [] : [`\n> ${sentence}\n`]),
  ].join('')
}

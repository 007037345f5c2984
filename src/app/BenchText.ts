/** A benchmark's report as text: one table for each case that has something to say. */
import type { CaseReport, Divergence, Row } from '../analysis/bench/compare.ts'
import {
  type BenchReport,
  costsIn,
  sentenceOf,
  showChange,
  showInterval,
  showPair,
  showPlace,
  showValue,
  showVerdict,
} from '../analysis/bench/show.ts'
import { cut, listMax, plural, table } from './report-format.ts'

export function benchText(report: BenchReport, all: boolean): string {
  const lines = report.cases.flatMap((one) => caseLines(one, report, all))
  return `${[...lines, ...summaryLines(report)].join('\n')}\n`
}

function caseLines(one: CaseReport, report: BenchReport, all: boolean): readonly string[] {
  const compared = report.against !== null
  const quiet = (row: Row): boolean => row.verdict === 'same' && !all
  const isWhole = one.isNew || one.isGone
  const rows = compared && isWhole && !all ? [] : one.rows.filter((row) => !quiet(row))
  const state = !compared ? '' : one.isNew ? ': new' : one.isGone ? ': gone' : ''
  const verdict = one.failed ? ': CHANGED' : state === '' && compared ? ': ok' : state
  const body = compared ? comparedRows(rows) : plainRows(rows)
  return [
    `${one.name}${verdict}`,
    ...body,
    ...(one.failed ? one.costs.map((text) => `  cost ${text}`) : []),
    ...cut(
      one.locks.map((text) => `  lock ${text}`),
      listMax,
    ),
    ...(one.divergence === undefined ? [] : divergenceLines(one.divergence)),
  ]
}

function comparedRows(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return []
  const head = ['metric', 'baseline', 'now', 'change', 'verdict']
  const cells = rows.map((row) => {
    const [was, is] = showPair(row)
    const interval = showInterval(row)
    const shown = interval === '' ? is : `${is} (${interval})`
    return [row.metric, was, shown, showChange(row), showVerdict(row)]
  })
  return table([head, ...cells], '  ')
}

function plainRows(rows: readonly Row[]): readonly string[] {
  const cells = rows.map((row) => [
    row.metric,
    showValue(row.metric, row.now),
    showInterval(row) === '' ? '' : `(${showInterval(row)})`,
  ])
  return table(cells, '  ')
}

function divergenceLines(found: Divergence): readonly string[] {
  const was =
    found.was === undefined
      ? 'not kept; `bench --save` on this machine keeps it'
      : (found.was ?? 'the run had ended')
  return [
    `  first difference: ${showPlace(found)}`,
    `    same  ${found.before ?? 'nothing: it is the first'}`,
    `    was   ${was}`,
    `    now   ${found.now ?? 'the run had ended'}`,
  ]
}

function summaryLines(report: BenchReport): readonly string[] {
  const { cases, against } = report
  const runs = plural(cases.filter((one) => !one.isGone).length, 'case')
  if (against === null && !report.failed) return [`${runs}, compared with nothing`]
  const failed = cases.filter((one) => one.failed).length
  const noisy = cases.flatMap((one) => one.rows).filter((row) => row.verdict === 'noisy').length
  const fresh = cases.filter((one) => one.isNew && against !== null).length
  const gone = cases.filter((one) => one.isGone).length
  const notes = [
    ...(noisy > 0 ? [`${plural(noisy, 'metric')} not judged for noise`] : []),
    ...(fresh > 0 ? [`${fresh} new`] : []),
    ...(gone > 0 ? [`${gone} gone`] : []),
  ]
  const more = notes.length === 0 ? '' : ` (${notes.join(', ')})`
  const costs = costsIn(report).map((text) => `cost ${text}`)
  if (failed === 0) return [...costs, `PASS: ${runs} against ${against}${more}`]
  const sentence = sentenceOf(report)
  return [
    ...costs,
    `REGRESSION: ${failed} of ${runs} against ${against}${more}`,
    ...(sentence === null
      ? []
      : ['', 'For the commit message, if it is meant to change:', sentence]),
  ]
}

/** A page that holds everything: no script, no style sheet and no picture from elsewhere. */
import { type CaseReport, isFailing } from '../analysis/bench/compare.ts'
import {
  type BenchReport,
  sentenceOf,
  showChange,
  showInterval,
  showPair,
  showPlace,
  showVerdict,
} from '../analysis/bench/show.ts'
import { escapeXml as esc } from './bench-junit.ts'

const STYLE = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
th, td { padding: .15rem .8rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child, td:last-child { text-align: left; }
.fail { color: light-dark(#b00020, #ff8a80); font-weight: 600; }
pre { overflow-x: auto; }
summary { cursor: pointer; }
`

/** `chart`: an SVG to show above the tables, or nothing. */
export function benchHtml(report: BenchReport, chart = ''): string {
  const { against, cases, failed } = report
  const sentence = sentenceOf(report)
  const verdict = failed ? 'Regression' : against === null ? 'Measured' : 'No regression'
  const compared = against === null ? '' : ` against ${esc(against)}`
  const body = [
    `<h1${failed ? ' class="fail"' : ''}>${verdict}</h1>`,
    `<p>${cases.length} cases${compared}</p>`,
    ...(sentence === null ? [] : [`<blockquote>${esc(sentence)}</blockquote>`]),
    chart,
    ...cases.map(caseHtml),
  ].join('\n')
  const head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
  return [
    `<!doctype html>\n<html lang="en"><head>${head}<title>pcmsim bench</title>`,
    `<style>${STYLE}</style></head>\n<body>\n${body}\n</body></html>\n`,
  ].join('\n')
}

function caseHtml(one: CaseReport): string {
  const cells = one.rows.map((row) => {
    const pair = showPair(row)
    const values = [row.metric, ...pair, showInterval(row), showChange(row), showVerdict(row)]
    const open = isFailing(row.verdict) ? '<tr class="fail">' : '<tr>'
    return `${open}${values.map((text) => `<td>${esc(text)}</td>`).join('')}</tr>`
  })
  const heads = ['metric', 'baseline', 'now', 'interval', 'change', 'verdict']
  const head = heads.map((text) => `<th>${text}</th>`).join('')
  const notes = [...one.costs.map((t) => `cost ${t}`), ...one.locks.map((t) => `lock ${t}`)]
  const { divergence } = one
  if (divergence !== undefined) {
    notes.push(
      `first difference: ${showPlace(divergence)}`,
      `same  ${divergence.before ?? 'nothing'}`,
      `was   ${divergence.was ?? 'not kept'}`,
      `now   ${divergence.now ?? 'the run had ended'}`,
    )
  }
  const state = one.isGone ? ' (gone)' : one.isNew ? ' (new)' : ''
  const title = `<summary${one.failed ? ' class="fail"' : ''}>${esc(one.name)}${state}</summary>`
  const pre = notes.length === 0 ? '' : `<pre>${esc(notes.join('\n'))}</pre>`
  const rows = `<table><thead><tr>${head}</tr></thead><tbody>${cells.join('\n')}</tbody></table>`
  return `<details${one.failed ? ' open' : ''}>${title}\n${pre}${rows}</details>`
}

/**
 * The report page: one HTML file with verdict, findings, charts, tables, the result as JSON and the
 * records of the run. It needs no network and opens from disk. The charts are drawn into it, so it
 * is complete without its script (src/page), which adds zoom, pointer and sorting.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatDuration, plural } from '../analysis/format.ts'
import { CHART_KINDS } from '../chart/kinds.ts'
import type { ThemeName } from '../chart/theme.ts'
import { TraceRecord } from '../sim/trace.ts'
import { traceBytes } from '../sim/trace-bytes.ts'
import { TraceStore } from '../sim/trace-store.ts'
import { svgText } from './Charts.ts'
import { embeddedJson, escapeHtml } from './html.ts'
import { type Finding, findingsOf } from './html-findings.ts'
import { pageStyle } from './html-style.ts'
import { tablesOf } from './html-tables.ts'
import type { FullResult } from './Jobs.ts'
import { sortedJson } from './ResultJson.ts'

export interface HtmlReportOptions {
  readonly theme: ThemeName
  /** What the scenario is about, if known. */
  readonly summary: string | null
  /** Whether the page looks for a newer version of itself. */
  readonly watch: boolean
}

/** Records that a page carries, some 20 MB; of a longer run the first. */
const RECORDS_MAX = 1_000_000

export async function htmlReport(
  store: TraceStore,
  result: FullResult,
  options: HtmlReportOptions,
): Promise<string> {
  const kept = store.length > RECORDS_MAX ? firstRecords(store, RECORDS_MAX) : store
  const figures: string[] = []
  for (const kind of CHART_KINDS) {
    const svg = await svgText(kind.draw({ store, result }, {}), options.theme)
    const inline = svg.replace(/^<\?xml[^>]*>\s*/, '')
    figures.push(`<figure data-kind="${kind.name}" id="${kind.name}">${inline}</figure>`)
  }
  const json = sortedJson(result)
  const facts = JSON.stringify({ records: kept.length, theme: options.theme })
  const mark = options.watch ? ` data-mark="${markOf(json)}"` : ''
  const theme = options.theme === 'auto' ? '' : ` data-theme="${options.theme}"`
  return `<!DOCTYPE html>
<html lang="en"${theme}${mark}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(`${verdictOf(result)}: ${nameOf(result)}`)}</title>
<style>${pageStyle}</style>
</head>
<body>
${headOf(result, options.summary)}
${findingsHtml(findingsOf(result))}
${toolbar(result, store.length - kept.length)}
${figures.join('\n')}
${tablesOf(result)
  .map(
    ({ title, html }) => `<details open><summary>${escapeHtml(title)}</summary>${html}</details>`,
  )
  .join('\n')}
<details><summary>result.json</summary><pre>${escapeHtml(json)}</pre></details>
<div id="tooltip" role="status" hidden></div>
<script type="application/json" id="facts">${facts}</script>
<script type="application/json" id="result">${embeddedJson(json)}</script>
<script type="text/plain" id="trace">${Buffer.from(traceBytes(kept)).toString('base64')}</script>
<script>${pageScript()}</script>
</body>
</html>
`
}

function nameOf({ scenario, variant, seed }: FullResult): string {
  return `${scenario}${variant === null ? '' : ` / ${variant}`}, seed ${seed}`
}

function verdictOf({ pass, outcome, expectations }: FullResult): string {
  if (expectations.length === 0) return outcome
  return pass ? 'PASS' : 'FAIL'
}

function headOf(result: FullResult, summary: string | null): string {
  const verdict = verdictOf(result)
  const failed = result.expectations.filter((one) => !one.pass).length
  const expected = result.expectations.length
  const judged =
    expected === 0 ? 'no expectations' : `${expected - failed} of ${expected} as expected`
  const ran =
    `${formatDuration(result.virtualTimeNs)} simulated, ${plural(result.records, 'record')}, ` +
    `${result.outcome}`
  const kind = verdict === 'FAIL' || result.outcome !== 'completed' ? 'bad' : 'good'
  const about = summary === null ? '' : `<p class="summary">${escapeHtml(summary)}</p>`
  return `<header>
<h1><span class="verdict ${kind}">${escapeHtml(verdict)}</span> ${escapeHtml(nameOf(result))}</h1>
${about}
<p class="muted">${escapeHtml(`${judged} · ${ran}`)}<br>fingerprint ${result.fingerprint}</p>
</header>`
}

function findingsHtml(findings: readonly Finding[]): string {
  if (findings.length === 0) {
    const none = 'Nothing went wrong: no xrun, no silent failure, no lock report.'
    return `<section><h2>Findings</h2><p>${none}</p></section>`
  }
  const items = findings.map(({ weight, text, detail, window }) => {
    const data = window === null ? '' : ` data-from="${window.fromNs}" data-to="${window.toNs}"`
    const button = window === null ? '' : ` <button${data}>show</button>`
    const more =
      detail === null
        ? ''
        : `<details><summary>report</summary><pre>${escapeHtml(detail)}</pre></details>`
    return `<li class="${weight}">${escapeHtml(text)}${button}${more}</li>`
  })
  return `<section><h2>Findings</h2><ul>\n${items.join('\n')}\n</ul></section>`
}

function toolbar(result: FullResult, left: number): string {
  const names = Object.keys(result.streams)
  const choices = names.map((name) => `<option>${escapeHtml(name)}</option>`).join('')
  const streams =
    names.length < 2 ? '' : `<label>stream <select id="stream">${choices}</select></label>`
  const note =
    left === 0
      ? ''
      : `<p>Zoomed charts end ${plural(left, 'record')} before the end of the run.</p>`
  const hint =
    'drag moves, on the whole run it selects; double click, Ctrl and wheel, + and − zoom; 0 resets'
  return `<nav aria-label="charts">
<button data-zoom="0.5">zoom in</button>
<button data-zoom="2">zoom out</button>
<button data-from="0" data-to="${Math.max(1, result.virtualTimeNs)}">whole run</button>
<button data-reset="">reset</button>
${streams}
<span id="window" class="muted">each chart its own window</span>
<span class="muted hint">${hint}</span>
${note}</nav>`
}

/** The first records of a longer recording. */
function firstRecords(store: TraceStore, count: number): TraceStore {
  const first = new TraceStore(store.symbols)
  const r = new TraceRecord()
  for (let i = 0; i < count; i++) first.record(store.at(i, r))
  return first
}

/** Differs between two contents of a page, as far as anybody can see. */
function markOf(json: string): string {
  let hash = 0
  for (let i = 0; i < json.length; i++) hash = (Math.imul(hash, 31) + json.charCodeAt(i)) >>> 0
  return `${json.length}-${hash.toString(16)}`
}

/** The bundle beside the compiled command line; tests that run the sources find it there too. */
function pageScript(): string {
  const places = ['../page/report.js', '../../dist/page/report.js']
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const path = paths.find((one) => existsSync(one))
  if (path === undefined) throw new Error('the script of the page is not built: npm run build')
  return readFileSync(path, 'utf8').replaceAll('</script', '<\\/script')
}

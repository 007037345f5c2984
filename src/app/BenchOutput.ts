/** Where a benchmark's report goes: standard output, files in other formats, a CI's own places. */
import { appendFileSync } from 'node:fs'
import * as Effect from 'effect/Effect'
import type { BenchReport } from '../analysis/bench/show.ts'
import { sentenceOf } from '../analysis/bench/show.ts'
import { benchActionJson } from '../export/bench-action.ts'
import { bencherJson } from '../export/bench-bencher.ts'
import { annotations, summaryMarkdown } from '../export/bench-github.ts'
import { benchHtml } from '../export/bench-html.ts'
import { benchJunit } from '../export/bench-junit.ts'
import { writeOutput } from './BenchBaseline.ts'
import type { PlannedCase } from './BenchLoad.ts'
import { benchText } from './BenchText.ts'
import type { Console } from './Exit.ts'
import { sortedJson } from './ResultJson.ts'
import type { Output } from './Runner.ts'

export const reportFormats = ['json', 'junit', 'github', 'action', 'bencher', 'html'] as const
export type ReportFormat = (typeof reportFormats)[number]

export interface BenchOutput {
  readonly json: boolean
  readonly quiet: boolean
  /** Rows that did not change too. */
  readonly all: boolean
  readonly reports: readonly { readonly format: ReportFormat; readonly path: string }[]
  /** In a GitHub workflow: annotate; `summary` is the file of the step's summary. */
  readonly github: { readonly summary: string | undefined } | null
}

export interface Reported {
  readonly report: BenchReport
  readonly plan: readonly PlannedCase[]
  /** The trend as an SVG document, or empty. */
  readonly chart: string
}

export const writeReport = Effect.fnUntraced(function* (
  reported: Reported,
  output: BenchOutput,
  console: Console & Output,
) {
  const { report, plan } = reported
  const { json, quiet, all, reports, github } = output
  if (json) console.out(benchJson(report))
  else if (!quiet) console.print(benchText(report, all))
  for (const { format, path } of reports) {
    const text = textIn(format, reported)
    if (path === '-') console.out(text)
    else yield* writeOutput(path, text)
  }
  if (github === null) return
  console.err(annotations(report, placesOf(plan)))
  if (github.summary !== undefined) appendFileSync(github.summary, summaryMarkdown(report))
})

function placesOf(plan: readonly PlannedCase[]) {
  return new Map(plan.map(({ name, file, line }) => [name, { file, line }] as const))
}

function textIn(format: ReportFormat, { report, plan, chart }: Reported): string {
  switch (format) {
    case 'json':
      return benchJson(report)
    case 'junit':
      return benchJunit(report)
    case 'github':
      return annotations(report, placesOf(plan)) + summaryMarkdown(report)
    case 'action':
      return benchActionJson(report)
    case 'bencher':
      return bencherJson(report)
    case 'html':
      return benchHtml(report, chart.replace(/^<\?xml.*\n/, ''))
  }
}

/** The whole report; keys sorted, cases in the order of the suites. */
function benchJson({ against, cases, failed }: BenchReport): string {
  const sentence = sentenceOf({ against, cases, failed })
  return sortedJson({ schema: 1, against, pass: !failed, sentence, cases })
}

/**
 * JUnit XML: a suite for each suite of the benchmark, a case for each case; a regression is a
 * failure whose text is the table. Metrics that were not judged are in system-out.
 */
import { type CaseReport, isFailing } from '../analysis/bench/compare.ts'
import {
  type BenchReport,
  showChange,
  showPair,
  showPlace,
  showVerdict,
} from '../analysis/bench/show.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (one) => ENTITIES[one] as string)
}

/** Lines of a case that fail, or that were not judged. */
export function caseText(one: CaseReport, failing: boolean): string {
  const rows = one.rows.filter((row) =>
    failing ? isFailing(row.verdict) : row.verdict === 'noisy',
  )
  const place = one.divergence
  const first = failing && place !== undefined ? [`first difference: ${showPlace(place)}`] : []
  return [
    ...(failing ? one.costs.map((text) => `cost ${text}`) : []),
    ...(failing ? one.locks.map((text) => `lock ${text}`) : []),
    ...rows.map((row) => {
      const values = showPair(row).join(' -> ')
      return `${row.metric}: ${values} ${showChange(row)} ${showVerdict(row)}`
    }),
    ...first,
  ].join('\n')
}

export function benchJunit({ cases }: BenchReport): string {
  const suites = new Map<string, CaseReport[]>()
  for (const one of cases.filter(({ isGone }) => !isGone)) {
    const suite = one.name.split('/')[0] as string
    suites.set(suite, [...(suites.get(suite) ?? []), one])
  }
  const texts = [...suites].map(([name, all]) => {
    const failures = all.filter((one) => one.failed).length
    const head = `name="${escapeXml(name)}" tests="${all.length}" failures="${failures}"`
    return `  <testsuite ${head}>\n${all.map((one) => caseXml(name, one)).join('')}  </testsuite>\n`
  })
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="pcmsim bench">\n'
  return `${head}${texts.join('')}</testsuites>\n`
}

function caseXml(suite: string, one: CaseReport): string {
  const name = escapeXml(one.name.slice(suite.length + 1))
  const failure = one.failed
    ? `      <failure message="regression">${escapeXml(caseText(one, true))}</failure>\n`
    : ''
  const noisy = escapeXml(caseText(one, false))
  const out = noisy === '' ? '' : `      <system-out>${noisy}</system-out>\n`
  const open = `    <testcase classname="${escapeXml(suite)}" name="${name}"`
  if (failure === '' && out === '') return `${open}/>\n`
  return `${open}>\n${failure}${out}    </testcase>\n`
}

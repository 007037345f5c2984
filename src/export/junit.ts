/**
 * JUnit XML: a suite for each scenario file, a case for each of its variants with its seed;
 * what failed is the explanation of the run. Times are seconds of the virtual clock.
 */
import { escapeXml } from './bench-junit.ts'
import { type ExportedRun, nameOf } from './exported-run.ts'

export function* junitXml(runs: readonly ExportedRun[]): Generator<string, void, undefined> {
  const suites = new Map<string, ExportedRun[]>()
  for (const run of runs) {
    const { scenario } = run.result
    suites.set(scenario, [...(suites.get(scenario) ?? []), run])
  }
  const failures = runs.filter(isFailed).length
  const head = `name="pcmsim" tests="${runs.length}" failures="${failures}" errors="0"`
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n`
  for (const [scenario, members] of suites) {
    const counts = [
      `tests="${members.length}"`,
      `failures="${members.filter(isFailed).length}"`,
      'errors="0"',
      `skipped="${members.filter(({ judged }) => !judged).length}"`,
      `time="${secondsOf(members)}"`,
    ]
    yield `  <testsuite name="${escapeXml(scenario)}" ${counts.join(' ')}>\n`
    for (const one of members) yield caseXml(one)
    yield '  </testsuite>\n'
  }
  yield '</testsuites>\n'
}

function isFailed({ judged, result }: ExportedRun): boolean {
  return judged && !result.pass
}

function secondsOf(runs: readonly ExportedRun[]): string {
  const ns = runs.reduce((sum, { result }) => sum + result.virtualTimeNs, 0)
  return `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')}`
}

function caseXml(run: ExportedRun): string {
  const { result, why, judged } = run
  const name = escapeXml(`${nameOf(result)} seed ${result.seed}`)
  const place = `classname="${escapeXml(result.scenario)}" name="${name}"`
  const open = `    <testcase ${place} time="${secondsOf([run])}"`
  if (!judged) {
    return `${open}>\n      <skipped message="a trace has no verdicts"/>\n    </testcase>\n`
  }
  if (result.pass) return `${open}/>\n`
  const broken = result.expectations.filter(({ pass }) => !pass)
  const message = broken.map(({ name, actual }) => `${name}: ${actual}`).join('; ')
  const told = broken.map(
    ({ name, expected, actual }) => `${name}: expected ${expected}, actual ${actual}`,
  )
  const text = escapeXml(printable([...told, '', why].join('\n').trimEnd()))
  const failure = `<failure message="${escapeXml(printable(message))}" type="expectation">`
  return `${open}>\n      ${failure}${text}</failure>\n    </testcase>\n`
}

/** XML 1.0 has no place for other control characters. */
function printable(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
}

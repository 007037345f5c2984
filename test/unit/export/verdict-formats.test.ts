/**
 * Formats of verdicts, read back: JUnit by an XML parser, KTAP and OpenMetrics by readers of their
 * own, OpenMetrics by Prometheus' promtool too where that is installed.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { ExportedRun } from '../../../src/export/exported-run.ts'
import { junitXml } from '../../../src/export/junit.ts'
import { ktapText } from '../../../src/export/ktap.ts'
import { openMetrics } from '../../../src/export/openmetrics.ts'
import { runOf } from '../../support/export-runs.ts'

const { result } = runOf('first-light.yaml', ['duration=500ms'])
const broken = [{ name: 'xruns', pass: false, expected: '0', actual: '3 # "<many>"\n& more' }]
const passes: ExportedRun = { result: { ...result, pass: true }, judged: true, why: '' }
const fails: ExportedRun = {
  result: { ...result, variant: 'late', pass: false, expectations: broken },
  judged: true,
  why: 'The client slept\u0001 & the "ring" ran <dry>.\nok 99 not a result',
}
const saved: ExportedRun = { result: { ...result, variant: 'saved' }, judged: false, why: '' }
const runs = [passes, fails, saved]

interface XmlNode {
  readonly textContent: string
  getAttribute(name: string): string | null
  querySelector(selector: string): XmlNode | null
  querySelectorAll(selector: string): ArrayLike<XmlNode> & Iterable<XmlNode>
}

describe('JUnit', async () => {
  const { D3Node } = await import('d3-node' as string)
  const { window } = new D3Node()
  const xml = [...junitXml(runs)].join('')
  const document: XmlNode = new window.DOMParser().parseFromString(xml, 'text/xml')

  it('is well-formed XML with a suite for the file and a case for each run', () => {
    expect(document.querySelector('parsererror')).toBe(null)
    const suites = [...document.querySelectorAll('testsuites > testsuite')]
    expect(suites.map((one) => one.getAttribute('name'))).toEqual(['first-light'])
    expect(suites[0]?.getAttribute('tests')).toBe('3')
    expect(suites[0]?.getAttribute('failures')).toBe('1')
    expect(suites[0]?.getAttribute('skipped')).toBe('1')
    expect(suites[0]?.getAttribute('time')).toBe('1.500000000')
    const names = [...document.querySelectorAll('testcase')].map((one) => one.getAttribute('name'))
    expect(names).toEqual([
      'first-light seed 1',
      'first-light/late seed 1',
      'first-light/saved seed 1',
    ])
  })

  it('tells why a run failed', () => {
    const [failure, ...more] = document.querySelectorAll('testcase > failure')
    expect(more).toEqual([])
    expect(failure?.textContent).toContain('xruns: expected 0, actual 3 # "<many>"')
    expect(failure?.textContent).toContain('The client slept? & the "ring" ran <dry>.')
    expect(document.querySelectorAll('skipped').length).toBe(1)
  })
})

/** Documentation/dev-tools/ktap.rst: version, plan, results in order, nested ones by two spaces. */
function readKtap(text: string, indent = ''): readonly string[] {
  const lines = text.split('\n').filter((line) => line.startsWith(indent))
  const own = lines
    .map((line) => line.slice(indent.length))
    .filter((line) => line !== '' && !line.startsWith(' ') && !line.startsWith('#'))
  expect(own[0]).toBe('KTAP version 1')
  const planned = Number(/^1\.\.(\d+)$/.exec(own[1] ?? '')?.[1])
  const results = own.slice(2)
  expect(results.length).toBe(planned)
  for (const [at, line] of results.entries()) expect(line).toMatch(resultPattern(at + 1))
  return results
}

const resultPattern = (number: number) => new RegExp(`^(not )?ok ${number} \\S.*$`)

it('KTAP has its plan, results in order, and expectations nested', () => {
  const text = [...ktapText(runs)].join('')
  expect(readKtap(text)).toEqual([
    'ok 1 first-light seed 1',
    'not ok 2 first-light/late seed 1',
    'ok 3 first-light/saved seed 1 # SKIP a trace has no verdicts',
  ])
  expect(readKtap([...ktapText([fails])].join(''), '  ')).toEqual(['not ok 1 xruns'])
  expect(text).toContain('# ok 99 not a result\n')
})

describe('OpenMetrics', () => {
  const text = [...openMetrics(runs)].join('')
  const samples = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const found = /^([a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\}) (-?[\d.]+)$/.exec(line)
    expect(found, line).not.toBe(null)
    expect(samples.has(found?.[1] ?? '')).toBe(false)
    samples.set(found?.[1] ?? '', Number(found?.[2]))
  }
  const one = 'scenario="first-light",variant="",seed="1"'

  it('ends as the format asks, families in one piece, units in their names', () => {
    expect(text).toMatch(/\n# EOF\n$/)
    const families = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)]
    expect(new Set(families.map(([, name]) => name)).size).toBe(families.length)
    for (const [, name, unit] of text.matchAll(/^# UNIT (\S+) (\S+)$/gm)) {
      expect(name?.endsWith(`_${unit}`)).toBe(true)
    }
  })

  it('has the numbers of the result', () => {
    const [stream] = Object.values(result.streams)
    const of = `{${one},stream="music"}`
    expect(samples.get(`pcmsim_run_pass{${one}}`)).toBe(1)
    expect(samples.get('pcmsim_run_pass{scenario="first-light",variant="late",seed="1"}')).toBe(0)
    expect(samples.get(`pcmsim_xruns_total${of}`)).toBe(0)
    expect(samples.get(`pcmsim_frames_written_total${of}`)).toBe(stream?.frames.written)
    const wake = `{${one},stream="music",quantile="0.99"}`
    expect(samples.get(`pcmsim_wake_latency_seconds${wake}`)).toBe(
      (stream?.wakeLatencyNs.p99 ?? 0) / 1e9,
    )
  })

  const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
  it.skipIf(!hasPromtool)('satisfies promtool', () => {
    const { stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    })
    // It warns of labels' style with status 3; a text that it cannot parse is status 1.
    expect(stderr).not.toMatch(/error while linting|parse/)
    expect(status).not.toBe(1)
  })
})

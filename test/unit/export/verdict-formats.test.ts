/**
 * Formats of verdicts, read back: JUnit by an XML parser, HdrHistogram logs by HdrHistogram's own
 * reader, KTAP, SARIF and OpenMetrics by readers of their own, OpenMetrics by Prometheus' promtool
 * too where that is installed. The shape of SARIF is checked when its writer is compiled.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { type Histogram as HdrHistogram, HistogramLogReader } from 'hdr-histogram-js'
import type { Log as SarifLog } from 'sarif'
import { describe, expect, it } from 'vitest'
import { collectLatencies } from '../../../src/analysis/latencies.ts'
import type { StreamResult } from '../../../src/analysis/result.ts'
import { statsOf } from '../../../src/analysis/stats.ts'
import { simulate } from '../../../src/app/Simulator.ts'
import type { ExportedRun } from '../../../src/export/exported-run.ts'
import { findingsOf, raceFindingsOf } from '../../../src/export/findings.ts'
import { hdrLog } from '../../../src/export/hdr-log.ts'
import { junitXml } from '../../../src/export/junit.ts'
import { ktapText } from '../../../src/export/ktap.ts'
import { openMetrics } from '../../../src/export/openmetrics.ts'
import { sarifLog } from '../../../src/export/sarif.ts'
import { runScenario } from '../../../src/index.ts'
import { runOf } from '../../support/export-runs.ts'

const { result } = runOf('first-light.yaml', ['duration=500ms'])
const broken = [{ name: 'xruns', pass: false, expected: '0', actual: '3 # "<many>"\n& more' }]
const plain = { file: null, latencies: [], findings: [] }
const passes: ExportedRun = {
  result: { ...result, pass: true },
  judged: true,
  why: '',
  ...plain,
}
const fails: ExportedRun = {
  result: { ...result, variant: 'late', pass: false, expectations: broken },
  judged: true,
  why: 'The client slept\u0001 & the "ring" ran <dry>.\nok 99 not a result',
  ...plain,
}
const saved: ExportedRun = {
  result: { ...result, variant: 'saved' },
  judged: false,
  why: '',
  ...plain,
}
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

describe('HdrHistogram log', () => {
  const { store, result: slept } = runOf('underrun-client-sleeps.yaml')
  const latencies = collectLatencies(store, slept)
  const named = { ...slept, scenario: 'a, b' }
  const text = [...hdrLog([{ result: named, judged: true, why: '', ...plain, latencies }])].join('')

  it('begins as format version 1.3 does', () => {
    const lines = text.split('\n').filter((line) => !line.startsWith('#[pcmsim'))
    expect(lines[0]).toBe('#[Histogram log format version 1.3]')
    expect(lines[1]).toBe(
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    )
    expect(lines.at(-1)).toBe('')
  })

  it('has a histogram of each metric, within its precision of the exact statistics', () => {
    const reader = new HistogramLogReader(text)
    const tags: string[] = []
    for (const { stream, metric, valuesNs } of latencies) {
      const histogram = reader.nextIntervalHistogram() as HdrHistogram
      tags.push(histogram.tag)
      const stats = statsOf(Float64Array.from(valuesNs))
      expect(histogram.totalCount, metric).toBe(stats.count)
      const exact = [stats.p50, stats.p90, stats.p99, stats.max]
      const read = [50, 90, 99, 100].map((share) => histogram.getValueAtPercentile(share))
      for (const [i, ns] of exact.entries()) {
        expect(Math.abs((read[i] as number) / ns - 1), `${stream} ${metric}`).toBeLessThan(0.001)
      }
    }
    expect(tags).toEqual([
      'a__b:seed-1:music:period_interval',
      'a__b:seed-1:music:wake_latency',
      'a__b:seed-1:music:end_to_end',
    ])
    expect(reader.nextIntervalHistogram()).toBe(null)
  })

  it("has the result's own samples", () => {
    const music = slept.streams.music as StreamResult
    const found = latencies.map(({ valuesNs }) => statsOf(Float64Array.from(valuesNs)))
    expect(found).toEqual([music.periodElapsed.intervalNs, music.wakeLatencyNs, music.endToEndNs])
  })
})

describe('SARIF', () => {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  const sarif = (some: readonly ExportedRun[]): SarifLog =>
    JSON.parse([...sarifLog(some, { version: '1.2.3', digest })].join(''))
  const h02 = runOf('virtio-snd/H02-abba-if-nonatomic-is-dropped.yaml', [], 'v5-atomic')
  const findings = findingsOf(h02.store, h02.result)
  const judged = { judged: true, why: 'why', latencies: [], findings, file: 'a b/H02.yaml' }
  const log = sarif([{ ...judged, result: { ...h02.result, pass: true } }])
  const results = log.runs[0]?.results ?? []

  it('has a rule for each result, and says which', () => {
    expect([log.version, log.runs.length]).toEqual(['2.1.0', 1])
    const rules = log.runs[0]?.tool.driver.rules ?? []
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
    for (const one of results) expect(rules[one.ruleIndex ?? -1]?.id).toBe(one.ruleId)
    expect(results.map(({ ruleId }) => ruleId)).toContain('report/deadlock')
    expect(results.map(({ ruleId }) => ruleId)).toContain('lock/circular')
  })

  it('shows an interleaving: both take, then both want', () => {
    const circular = results.find(({ ruleId }) => ruleId === 'lock/circular')
    const flows = circular?.codeFlows?.[0]?.threadFlows ?? []
    expect(flows.length).toBe(2)
    const steps = flows.flatMap(({ id, locations }) =>
      locations.map(({ executionOrder = 0, location }) => {
        return { executionOrder, id, text: location?.message?.text ?? '' }
      }),
    )
    steps.sort((a, b) => a.executionOrder - b.executionOrder)
    expect(steps.map(({ executionOrder }) => executionOrder)).toEqual([1, 2, 3, 4])
    expect(steps.map(({ text }) => text.split(' ')[0])).toEqual([
      'takes',
      'takes',
      'wants',
      'wants',
    ])
    expect(new Set(steps.slice(0, 2).map(({ id }) => id)).size).toBe(2)
    const taken = steps.slice(0, 2).map(({ text }) => text.slice('takes '.length))
    for (const { text } of steps.slice(2)) {
      for (const lock of taken) expect(text).toContain(lock)
    }
  })

  it('alarms nobody for what a passing scenario expects', () => {
    for (const { kind, level } of results) expect([kind, level]).toEqual(['informational', 'none'])
    const failed = sarif([
      { ...judged, result: { ...h02.result, pass: false, expectations: broken } },
    ])
    const [first, ...others] = failed.runs[0]?.results ?? []
    expect(first?.ruleId).toBe('expectation')
    expect(first?.message.text).toContain('expected 0, actual 3')
    for (const { kind } of others) expect(kind).toBe('fail')
    expect(others.map(({ level }) => level)).toContain('error')
    expect(others.map(({ level }) => level)).toContain('warning')
  })

  it('knows a mistake again from another seed, and names the file as a URI', () => {
    const spec = { ...h02.spec, seed: 7 }
    const again = runScenario(spec)
    const other = sarif([
      { ...judged, findings: findingsOf(again.store, again.result), result: again.result },
    ])
    const keys = (of: SarifLog) =>
      (of.runs[0]?.results ?? [])
        .filter(({ ruleId }) => ruleId?.startsWith('lock/'))
        .map(({ partialFingerprints }) => partialFingerprints?.['pcmsim/v1'])
    expect(again.result.fingerprint).not.toBe(h02.result.fingerprint)
    expect(keys(other)).toEqual(keys(log))
    const place = results[0]?.locations?.[0]?.physicalLocation
    expect(place?.artifactLocation?.uri).toBe('a%20b/H02.yaml')
  })

  it('has data races of a recording with accesses', () => {
    const { spec } = runOf('virtio-snd/H02-abba-if-nonatomic-is-dropped.yaml', [], 'ack')
    const { recording, result: raced } = simulate(spec, 1, { accesses: true })
    const races = raceFindingsOf(recording)
    expect(races.map(({ rule }) => rule)).toContain('race/data-race')
    const [first] = sarif([{ ...judged, result: raced, findings: races }]).runs[0]?.results ?? []
    expect(first?.codeFlows?.[0]?.threadFlows.length).toBe(2)
    expect(first?.message.text).toMatch(/^data race on /)
  })
})

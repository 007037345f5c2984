/** The formats that other tools read, by their own documents (reference/ecosystem.md). */
import { describe, expect, it } from 'vitest'
import type { CaseFacts, Timing } from '../../../src/analysis/bench/baseline.ts'
import { compareCase, lateCase } from '../../../src/analysis/bench/compare.ts'
import { benchActionJson } from '../../../src/export/bench-action.ts'
import { bencherJson } from '../../../src/export/bench-bencher.ts'
import { annotations, summaryMarkdown } from '../../../src/export/bench-github.ts'
import { benchHtml } from '../../../src/export/bench-html.ts'
import { benchJunit } from '../../../src/export/bench-junit.ts'

const timing = (median: number): Timing => ({
  median,
  low: median - 1,
  high: median + 1,
  samples: 7,
})
const facts = (xruns: number, speed: number, lock: string): CaseFacts => ({
  metrics: { xruns, outcome: 'completed' },
  timing: { speed: timing(speed) },
  locks: [lock],
})
const bad = compareCase('s/a<b>', facts(0, 40, 'x & y'), facts(2, 20, 'y | x'), {})
const good = compareCase('s/c', facts(1, 40, 'x'), facts(1, 40, 'x'), {})
const late = lateCase('t/d', '60s')
const report = { against: 'main', cases: [bad, good, late], failed: true }

describe('JUnit', () => {
  const xml = benchJunit(report)
  it('has a suite for each suite, with counts', () => {
    expect(xml).toContain('<testsuite name="s" tests="2" failures="1">')
    expect(xml).toContain('<testsuite name="t" tests="1" failures="1">')
    expect(xml).toContain('<testcase classname="s" name="c"/>')
  })
  it('escapes, and closes what it opens', () => {
    expect(xml).toContain('name="a&lt;b&gt;"')
    expect(xml).toContain('lock - x &amp; y')
    const tags = [...xml.matchAll(/<(\/?)([a-z-]+)[^>]*?(\/?)>/g)]
    const depth = tags.reduce((d, [, close, , self]) => d + (close ? -1 : self ? 0 : 1), 0)
    expect(depth).toBe(0)
  })
})

describe('GitHub', () => {
  it('an annotation stands on the line of the case; no line feed, no colon in a property', () => {
    const places = new Map([['s/a<b>', { file: 'bench/a,b.yaml', line: 7 }]])
    const lines = annotations(report, places).trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^::error file=bench\/a%2Cb\.yaml,line=7,title=s\/a<b>::lock \+ y/)
    expect(lines[0]).toContain('%0Axruns: 0 -> 2 +2 worse')
    expect(lines[1]).toBe('::error title=t/d::time_limit: 60s -> exceeded  limit')
  })
  it('the summary is a table of what changed, with the sentence', () => {
    const text = summaryMarkdown(report)
    expect(text).toContain('## pcmsim bench: regression')
    expect(text).toContain('| s/a<b> | xruns | 0 | 2 | +2 | worse |')
    expect(text).not.toContain('s/c |')
    expect(text).toContain('> s/a<b> changes: lock + y | x, lock - x & y, xruns 0 -> 2')
  })
})

describe('github-action-benchmark', () => {
  it('takes one direction: speed is given as its inverse', () => {
    const entries = JSON.parse(benchActionJson(report)) as { name: string }[]
    expect(entries.find(({ name }) => name === 's/a<b> speed')).toEqual({
      name: 's/a<b> speed',
      unit: '1/(ratio)',
      value: 1 / 20,
      range: `± ${(1 / 19 - 1 / 21) / 2}`,
      extra: 'worse',
    })
    expect(entries.find(({ name }) => name === 's/c xruns')).toMatchObject({
      value: 1,
      unit: 'count',
    })
    // Texts have no place there.
    expect(entries.some(({ name }) => name.endsWith('outcome'))).toBe(false)
  })
})

describe('Bencher', () => {
  it('has values by case and measure, with bounds where there are any', () => {
    const cases = JSON.parse(bencherJson(report)) as Record<string, object>
    expect(cases['s/c']).toEqual({
      xruns: { value: 1 },
      speed: { value: 40, lower_value: 39, upper_value: 41 },
    })
  })
})

describe('HTML', () => {
  it('is one page that fetches nothing', () => {
    const html = benchHtml(report, '<svg></svg>')
    expect(html).toMatch(/^<!doctype html>/)
    expect(html).not.toMatch(/https?:|<script|<link|src=/)
    expect(html).toContain('<summary class="fail">s/a&lt;b&gt;</summary>')
    expect(html).toContain('lock + y | x')
    expect(html).toContain('<svg></svg>')
  })
})

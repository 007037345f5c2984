/** Verdicts, intervals, baselines: by the arithmetic that docs/bench.md states. */
import { describe, expect, it } from 'vitest'
import {
  type CaseFacts,
  factsIn,
  merged,
  type Timing,
  toBaseline,
} from '../../../../src/analysis/bench/baseline.ts'
import { compareCase } from '../../../../src/analysis/bench/compare.ts'
import { sentenceOf, showVerdict } from '../../../../src/analysis/bench/show.ts'
import { timingOf } from '../../../../src/analysis/bench/statistics.ts'
import { trendsOf } from '../../../../src/analysis/bench/trend.ts'

function verdictOf(metric: string, was: number | string, is: number | string, threshold = {}) {
  const facts = (value: number | string): CaseFacts => ({ metrics: { [metric]: value } })
  const report = compareCase('s/c', facts(was), facts(is), { [metric]: threshold })
  return { verdict: report.rows[0]?.verdict, failed: report.failed }
}

describe('behaviour', () => {
  it('any change for the worse fails, one for the better does not', () => {
    expect(verdictOf('xruns', 2, 2)).toEqual({ verdict: 'same', failed: false })
    expect(verdictOf('xruns', 2, 3)).toEqual({ verdict: 'worse', failed: true })
    expect(verdictOf('xruns', 2, 1)).toEqual({ verdict: 'better', failed: false })
    expect(verdictOf('frames.played', 480, 479)).toEqual({ verdict: 'worse', failed: true })
    expect(verdictOf('records', 10, 9)).toEqual({ verdict: 'changed', failed: true })
    expect(verdictOf('fingerprint', 'aa', 'ab')).toEqual({ verdict: 'changed', failed: true })
  })
  it('thresholds: whichever allows more, the direction of the suite, or none at all', () => {
    expect(verdictOf('jitter.p99', 1000, 1040, { absolute: 40 }).verdict).toBe('allowed')
    expect(verdictOf('jitter.p99', 1000, 1041, { absolute: 40 }).verdict).toBe('worse')
    const both = { absolute: 40, relative: 0.1 }
    expect(verdictOf('jitter.p99', 1000, 1100, both).verdict).toBe('allowed')
    expect(verdictOf('jitter.p99', 1000, 1101, both).verdict).toBe('worse')
    expect(verdictOf('lateness.p50', -1000, -899, { relative: 0.1 }).verdict).toBe('worse')
    expect(verdictOf('lateness.p50', -1000, -900, { relative: 0.1 }).verdict).toBe('allowed')
    expect(verdictOf('xruns', 2, 1, { worse: 'down' }).verdict).toBe('worse')
    expect(verdictOf('xruns', 2, 1, { worse: 'any' }).verdict).toBe('changed')
    expect(verdictOf('fingerprint', 'a', 'b', { worse: 'never' })).toEqual({
      verdict: 'unjudged',
      failed: false,
    })
  })
  it('lock orders and costs are named, and come into the sentence', () => {
    const before = { metrics: { xruns: 0 }, locks: ['a -> b'], costs: { 'guest.x': '1ns' } }
    const now = { metrics: { xruns: 2 }, locks: ['b -> a'], costs: { 'guest.x': '2ns' } }
    const report = compareCase('s/c', before, now, {})
    expect(report.locks).toEqual(['+ b -> a', '- a -> b'])
    expect(report.costs).toEqual(['guest.x: 1ns -> 2ns'])
    expect(sentenceOf({ against: 'main', failed: true, cases: [report] })).toBe(
      's/c changes: cost guest.x: 1ns -> 2ns, lock + b -> a, lock - a -> b, xruns 0 -> 2 (+2).',
    )
  })
})

describe('timing', () => {
  const steady = (median: number): Timing => ({
    median,
    low: median * 0.98,
    high: median * 1.02,
    samples: 7,
  })
  const timed = (was: Timing, is: Timing, ratio?: Timing) => {
    const facts = (one: Timing): CaseFacts => ({ metrics: {}, timing: { speed: one } })
    const ratios = ratio === undefined ? {} : { speed: ratio }
    return compareCase('s/c', facts(was), facts(is), {}, ratios).rows[0]
  }
  it('a slower median fails, a faster one does not', () => {
    expect(timed(steady(1), steady(0.84))?.verdict).toBe('worse')
    expect(timed(steady(1), steady(0.86))?.verdict).toBe('allowed')
    expect(timed(steady(1), steady(1.2))?.verdict).toBe('better')
  })
  it('is not judged when the noise exceeds the threshold, and says so', () => {
    const wide = { median: 1, low: 0.8, high: 1.1, samples: 7 }
    const row = timed(wide, steady(0.5))
    expect(row?.verdict).toBe('noisy')
    expect(row && showVerdict(row)).toBe('not judged: noise 20 % exceeds the threshold of 15 %')
  })
  it('pairs are judged by their ratios, though each side is noisy', () => {
    const wide = { median: 1, low: 0.5, high: 2, samples: 7 }
    expect(timed(wide, wide, steady(0.7))?.verdict).toBe('worse')
    expect(timed(wide, wide, steady(1))?.verdict).toBe('same')
  })
  it('intervals hold the median with 90 % of chance: binomial by hand', () => {
    const values = (n: number) => Array.from({ length: n }, (_, i) => n - i)
    // 2 / 2^5 = 6.3 % outside 1..5; 2 (1 + 7) / 2^7 = 12.5 % outside 2..6.
    expect(timingOf(values(5))).toEqual({ median: 3, low: 1, high: 5, samples: 5 })
    expect(timingOf(values(7))).toEqual({ median: 4, low: 1, high: 7, samples: 7 })
    // 2 (1 + 8) / 2^8 = 7.0 % outside 2..7; 2 (1 + 9) / 2^9 = 3.9 % outside 2..8.
    expect(timingOf(values(8))).toEqual({ median: 4.5, low: 2, high: 7, samples: 8 })
    expect(timingOf(values(9))).toEqual({ median: 5, low: 2, high: 8, samples: 9 })
  })
})

describe('baselines', () => {
  const facts = (price: string, xruns: number): CaseFacts => ({
    metrics: { xruns },
    costs: { 'guest.x': price, 'guest.y': '5ns' },
  })
  it('say a cost once, and give back what each case pays', () => {
    const cases = new Map([
      ['s/a', facts('9ns', 0)],
      ['s/b', facts('1ns', 0)],
      ['s/c', facts('1ns', 0)],
    ])
    const baseline = toBaseline(cases)
    expect(baseline.costs).toEqual({ 'guest.x': '1ns', 'guest.y': '5ns' })
    expect(baseline.cases['s/a']?.costs).toEqual({ 'guest.x': '9ns' })
    for (const [name, one] of cases) expect(factsIn(baseline, name)).toEqual(one)
  })
  it('keep the cases that were not run', () => {
    const old = toBaseline(
      new Map([
        ['s/a', facts('1ns', 0)],
        ['t/b', facts('2ns', 1)],
      ]),
    )
    const now = merged(old, new Map([['s/a', facts('3ns', 4)]]))
    expect(factsIn(now, 's/a')).toEqual(facts('3ns', 4))
    expect(factsIn(now, 't/b')).toEqual(facts('2ns', 1))
  })
  it('one after the other are trends', () => {
    const epoch = (label: string, xruns: number) => {
      return { label, baseline: toBaseline(new Map([['s/a', facts('1ns', xruns)]])) }
    }
    expect(trendsOf([epoch('old', 0), epoch('new', 3)])).toEqual([
      {
        case: 's/a',
        metric: 'xruns',
        unit: 'count',
        points: [
          { epoch: 0, value: 0 },
          { epoch: 1, value: 3 },
        ],
      },
    ])
  })
})

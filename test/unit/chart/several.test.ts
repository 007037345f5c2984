/** Charts of several runs: comparison, heat map, trend. They keep the rules at every size. */
import { describe, expect, it } from 'vitest'
import { collectCompareRow } from '../../../src/analysis/compare.ts'
import { buildResult } from '../../../src/analysis/result.ts'
import { layoutCompare } from '../../../src/chart/layout/compare.ts'
import { layoutHeatMap } from '../../../src/chart/layout/heat-map.ts'
import { layoutTrend } from '../../../src/chart/layout/trend.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { brokenRules, elementCount, roughSize } from '../../support/chart-rules.ts'
import { grid, trendSeries } from '../../support/chart-tables.ts'
import { syntheticMeta, syntheticStore } from '../../support/synthetic-store.ts'

const MS = 1_000_000

function row(name: string, stallNs: number) {
  const options = { durationNs: 2_000 * MS, stallAtNs: 900 * MS, stallNs }
  const store = syntheticStore(options)
  return collectCompareRow(name, store, buildResult(store, syntheticMeta(options.durationNs)), 900)
}

describe('the comparison', () => {
  const rows = [row('v7', 60 * MS), row('ack', 0)]
  const of = (list: typeof rows) => layoutCompare({ scenario: 'synthetic', seed: 1, rows: list })

  it('names those that fail in its title', () => {
    expect(of(rows).title).toBe('1 of 2 fail: v7 (1 xrun)')
    expect(of(rows.slice(1)).title).toBe('all 1 run without xrun, silent failure or deadlock')
  })
  it('keeps the rules with no run, one, twenty and two hundred', () => {
    const empty = new TraceStore(new Symbols())
    const nothing = collectCompareRow('none', empty, buildResult(empty, syntheticMeta()), 10)
    const many = Array.from({ length: 200 }, (_, i) => ({ ...rows[i % 2]!, name: `variant-${i}` }))
    for (const list of [[], rows.slice(0, 1), rows, [nothing], many.slice(0, 20), many]) {
      const drawing = of(list)
      expect(brokenRules(drawing)).toEqual([])
      expect(elementCount(drawing)).toBeLessThan(2_000)
      expect(roughSize(drawing)).toBeLessThan(1_000_000)
    }
  })
})

describe('the heat map', () => {
  it('says how many settings fail and where the most is', () => {
    expect(layoutHeatMap(grid(4, 3)).title).toBe(
      'xruns: 6 of 11 settings fail, the most is 6 at 768 × 24ms',
    )
  })
  it.each([
    [1, 1],
    [8, 6],
    [30, 40],
    [300, 200],
    [1_000, 1_000],
  ])('of %d by %d keeps the rules', (columns, rows) => {
    const drawing = layoutHeatMap(grid(columns, rows))
    expect(brokenRules(drawing)).toEqual([])
    expect(elementCount(drawing)).toBeLessThan(2_000)
    expect(roughSize(drawing)).toBeLessThan(1_000_000)
  })
  it('keeps the worst cell however much it gathers', () => {
    const table = grid(600, 400)
    const cells = table.cells.map((line) => line.map(() => ({ value: 0, fails: false })))
    cells[399]![599] = { value: 7, fails: true }
    const drawing = layoutHeatMap({ ...table, cells })
    const classes = drawing.shapes.map((shape) => shape.class)
    expect(classes).toContain('heat heat6')
    expect(classes).toContain('alarm thin')
  })
})

describe('the trend', () => {
  it('says what became worse', () => {
    expect(layoutTrend('suite', trendSeries(9)).title).toBe('first-light is 25 % worse than in b7')
    const [, second] = trendSeries(9)
    expect(layoutTrend('suite', [second!]).title).toMatch(
      /^suite: nothing is more than 5.0 % worse/,
    )
  })
  it.each([0, 1, 2, 9, 300])('over %d baselines keeps the rules', (count) => {
    const drawing = layoutTrend('suite', trendSeries(count))
    expect(brokenRules(drawing)).toEqual([])
    expect(elementCount(drawing)).toBeLessThan(2_000)
    expect(roughSize(drawing)).toBeLessThan(1_000_000)
  })
})

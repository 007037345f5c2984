import { describe, it } from 'vitest'
import { collectCompareRow } from '../../src/analysis/compare.ts'
import { buildResult } from '../../src/analysis/result.ts'
import { drawChart, drawTimeline, svgText } from '../../src/app/Charts.ts'
import { layoutCompare } from '../../src/chart/layout/compare.ts'
import { layoutHeatMap } from '../../src/chart/layout/heat-map.ts'
import { layoutTrend } from '../../src/chart/layout/trend.ts'
import { loadScenario, runScenario, traceText } from '../../src/index.ts'
import { expectGolden, goldenInput } from '../support/golden.ts'
import { grid, trendSeries } from '../support/chart-tables.ts'
import { syntheticMeta, syntheticStore } from '../support/synthetic-store.ts'

const MS = 1_000_000

describe('golden', () => {
  it('trace of the start of a stream', () => {
    const [spec] = loadScenario(goldenInput('start.yaml'), { name: 'start.yaml' })
    if (spec === undefined) throw new Error('start.yaml holds no scenario')
    const { store } = runScenario(spec)
    expectGolden('start.ndjson', [...traceText(store)].join(''))
  })
  it('timeline of an emulated xrun: changes with the chart, not with the model', async () => {
    const options = { durationNs: 400 * MS, stallAtNs: 150 * MS, stallNs: 60 * MS }
    const store = syntheticStore(options)
    const result = buildResult(store, syntheticMeta(options.durationNs))
    expectGolden('timeline-xrun.svg', await drawTimeline(store, result))
  })
  it.each(['ring', 'jitter', 'latency'])(
    'chart of an emulated xrun: %s',
    async (name) => {
      const options = { durationNs: 400 * MS, stallAtNs: 150 * MS, stallNs: 60 * MS }
      const store = syntheticStore(options)
      const result = buildResult(store, syntheticMeta(options.durationNs))
      expectGolden(`chart-${name}.svg`, await drawChart(name, store, result))
    },
  )
  it('comparison, heat map and trend', async () => {
    const rows = [0, 60 * MS].map((stallNs) => {
      const options = { durationNs: 400 * MS, stallAtNs: 150 * MS, stallNs }
      const store = syntheticStore(options)
      const result = buildResult(store, syntheticMeta(options.durationNs))
      return collectCompareRow(`stall-${stallNs / MS}ms`, store, result, 900)
    })
    const compare = layoutCompare({ scenario: 'synthetic', seed: 1, rows })
    expectGolden('chart-compare.svg', await svgText(compare))
    expectGolden('chart-heat-map.svg', await svgText(layoutHeatMap(grid(8, 6))))
    expectGolden('chart-trend.svg', await svgText(layoutTrend('suite', trendSeries(9))))
  })
})

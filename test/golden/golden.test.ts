import { describe, it } from 'vitest'
import { buildResult, type RunResult } from '../../src/analysis/result.ts'
import { drawTimeline } from '../../src/app/Charts.ts'
import { loadScenario, runScenario, traceText } from '../../src/index.ts'
import { expectGolden, goldenInput } from '../support/golden.ts'
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
  it("the README's picture is the one that first-light gives", async () => {
    const text = goldenInput('../../scenarios/first-light.yaml')
    const [spec] = loadScenario(text, { name: 'first-light.yaml' })
    if (spec === undefined) throw new Error('first-light.yaml holds no scenario')
    const { store, result } = runScenario(spec)
    expectGolden(
      '../../docs/images/first-light.svg',
      await drawTimeline(store, result as RunResult),
    )
  })
})

import { describe, expect, it } from 'vitest'
import { chosenPresets, costsJson, costsText, notation } from '../../../src/app/CostList.ts'
import type { DistributionSpec } from '../../../src/base/distribution.ts'
import { COST_NAMES } from '../../../src/model/machine/cost.ts'
import { COST_PRESETS, costPresets } from '../../../src/scenario/costs.ts'
import { faultsOf, specOf, withLines } from '../../support/scenario-text.ts'

describe('list costs', () => {
  it('prints each entry of a preset with its source, in the notation of a scenario', () => {
    for (const preset of costPresets) {
      const text = costsText([preset])
      for (const name of COST_NAMES) {
        const { dist, source } = COST_PRESETS[preset][name]
        expect(source, name).not.toBe('')
        expect(text).toContain(`    ${name}: ${notation(dist)}  # ${source}\n`)
      }
      expect(Object.keys(costsJson([preset]))).toEqual([preset])
    }
  })

  it('what it prints reads back as the same costs', () => {
    for (const preset of costPresets) {
      const text = withLines(costsText([preset]))
      expect(faultsOf(text)).toEqual([])
      const spec = specOf(text)
      const costs: Record<string, DistributionSpec> = { ...spec.guest.costs, ...spec.host.costs }
      for (const name of COST_NAMES) expect(costs[name]).toEqual(COST_PRESETS[preset][name].dist)
    }
  })

  it('suggests the preset that was meant', () => {
    expect(chosenPresets([])).toEqual(['kvm-x86'])
    expect(chosenPresets(['kvm-arn'])).toMatch(/no cost preset 'kvm-arn', did you mean 'kvm-arm'\?/)
  })

  it('writes every kind of distribution', () => {
    const parts = [{ weight: 2, of: { kind: 'constant', ns: 1_000 } }] as const
    const specs: [DistributionSpec, string][] = [
      [{ kind: 'uniform', minNs: 0, maxNs: 1_500 }, '{uniform: {min: 0ns, max: 1500ns}}'],
      [
        { kind: 'exponential', meanNs: 1_000, maxNs: 9_000 },
        '{exponential: {mean: 1us, max: 9us}}',
      ],
      [
        { kind: 'pareto', minNs: 1_000, alpha: 1.5, maxNs: 9_000 },
        '{pareto: {min: 1us, alpha: 1.5',
      ],
      [{ kind: 'normal', meanNs: 5, stddevNs: 1, minNs: 0, maxNs: 9 }, '{normal: {mean: 5ns'],
      [
        {
          kind: 'quantiles',
          points: [
            [0, 1],
            [0.5, 2],
            [1, 3],
          ],
        },
        '{quantiles: {p0: 1ns, p50: 2ns',
      ],
      [{ kind: 'mixture', parts }, '{mixture: [{weight: 2, of: 1us}]}'],
    ]
    for (const [spec, text] of specs) expect(notation(spec)).toContain(text.split(', max: 1500')[0])
  })
})

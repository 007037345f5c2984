/** Slow stretches: they order what is drawn, and leave every distribution what it is. */
import { describe, expect, it } from 'vitest'
import { type DistributionSpec, distribution } from '../../../../src/base/distribution.ts'
import { Prng } from '../../../../src/base/prng.ts'
import { ksOf } from '../../../../src/import/fit.ts'
import type { Sample } from '../../../../src/import/stages.ts'
import { loadScenario } from '../../../../src/index.ts'
import { drawn, uniform } from '../../../support/stretches.ts'

const MS = 1_000_000
const values = (of: readonly Sample[] = []): readonly number[] => of.map(({ ns }) => ns)
const ascending = (of: readonly number[]): readonly number[] => of.toSorted((a, b) => a - b)

/** Of being among the slow 30 % at two moments that are `lag` samples apart. */
function correlation(a: readonly number[], b: readonly number[], lag: number): number {
  const mark = (ns: number): number => (ns >= 700_000 ? 0.7 : -0.3)
  const products = a.slice(lag).map((ns, i) => mark(ns) * mark(b[i] as number))
  return products.reduce((sum, one) => sum + one, 0) / products.length / 0.21
}

describe('stretches', () => {
  it.each<[string, DistributionSpec]>([
    ['uniform', uniform],
    ['lognormal', { kind: 'lognormal', medianNs: 1e5, sigma: 0.5, minNs: 0, maxNs: 1e7 }],
    [
      'mixture',
      {
        kind: 'mixture',
        parts: [
          { weight: 9, of: uniform },
          { weight: 1, of: { kind: 'exponential', meanNs: 1e6, maxNs: 1e8 } },
        ],
      },
    ],
  ])('a cost that follows keeps its distribution: %s', (_name, spec) => {
    // So far apart that one sample tells nothing of the next, as the limit of KS assumes.
    const [followed = []] = drawn(spec, [0.8], { everyNs: 1000 * MS })
    const stream = new Prng(2, 'own')
    const own = followed.map(() => distribution(spec).draw(stream))
    const ks = ksOf(ascending(values(followed)), ascending(own))
    expect(ks?.distance).toBeLessThan(ks?.limit ?? 0)
  })

  it('is slow for a while, in all costs at once, by their weights', () => {
    const [a, b] = drawn(uniform, [0.9, 0.6]).map(values) as [number[], number[]]
    // v w exp(-t / mean), with t = 0, 20 and 100 ms and the mean of 50 ms.
    expect(correlation(a, b, 0)).toBeCloseTo(0.54, 1)
    expect(correlation(a, a, 2)).toBeCloseTo(0.81 * Math.exp(-0.4), 1)
    expect(correlation(a, b, 2)).toBeCloseTo(0.54 * Math.exp(-0.4), 1)
    expect(Math.abs(correlation(a, a, 10) - 0.81 * Math.exp(-2))).toBeLessThan(0.05)
  })

  const scenario = (stretches: string): string => `
version: 1
name: slow
host: {stretches: ${stretches}}
driver: {kind: virtio-snd}
streams: [{}]
`
  it('a scenario has them', () => {
    const [spec] = loadScenario(scenario('{slow: 0.4, mean: 80ms, follow: {kworker_start: 0.7}}'))
    expect(spec?.host.stretches).toEqual({
      ...{ slow: 0.4, meanNs: 80 * MS },
      follow: { kworker_start: 0.7 },
    })
  })

  it.each([
    ['{slow: 1, mean: 80ms, follow: {}}', /above 0 and below 1/],
    ['{slow: 0.4, mean: 80us, follow: {}}', /shorter than 1ms/],
    ['{slow: 0.4, mean: 80ms, follow: {kworker_start: 2}}', /above 0, up to 1/],
    ['{slow: 0.4, mean: 80ms, follow: {kworker: 0.5}}', /no cost 'kworker'/],
    ['{slow: 0.4, mean: 80ms, follow: {syscall_entry: 0.5}}', /syscall_entry does not vary/],
    ['{slow: 0.4, mean: 80ms}', /follow/],
  ])('refuses %s', (stretches, why) => {
    expect(() => loadScenario(scenario(stretches))).toThrow(why)
  })
})

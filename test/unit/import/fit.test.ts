/** Quantiles, the distance of Kolmogorov and Smirnov, the correction of prices. */
import { describe, expect, it } from 'vitest'
import {
  corrected,
  ksOf,
  LEVELS,
  lognormalOf,
  misfit,
  quantile,
  within,
} from '../../../src/import/fit.ts'
import { type Samples, STAGE_NAMES } from '../../../src/import/stages.ts'

const nothing = Object.fromEntries(STAGE_NAMES.map((name) => [name, []])) as unknown as Samples
const wakes = (of: readonly number[]): Samples => ({
  ...nothing,
  wake: of.map((ns, i) => ({ atNs: i, ns })),
})
const ramp = (from: number, step: number): number[] =>
  Array.from({ length: 1000 }, (_, i) => from + i * step)

describe('fit', () => {
  it('quantiles are by nearest rank', () => {
    expect([0, 0.5, 0.9, 0.99, 1].map((q) => quantile(ramp(1, 1), q))).toEqual([
      1, 500, 900, 990, 1000,
    ])
  })

  it('KS: none between equal samples, all between separate ones, half between shifted ones', () => {
    expect(ksOf(ramp(0, 1), ramp(0, 1))?.distance).toBe(0)
    expect(ksOf(ramp(0, 1), ramp(5000, 1))?.distance).toBe(1)
    expect(ksOf(ramp(0, 1), ramp(500, 1))?.distance).toBeCloseTo(0.5, 2)
    // 1.358 * sqrt(2 / 1000), as in the tables for 5 %.
    expect(ksOf(ramp(0, 1), ramp(0, 1))?.limit).toBeCloseTo(0.0607, 3)
    expect(ksOf([], [1])).toBeNull()
  })

  it('a lognormal sample is known as one, two clusters are not', () => {
    // exp(0.5 z) at the normal quantiles of 1/8 .. 7/8, by table, 20 times each.
    const z = [-1.1503, -0.6745, -0.3186, 0, 0.3186, 0.6745, 1.1503]
    const values = z.flatMap((one) => new Array<number>(20).fill(1e5 * Math.exp(0.5 * one)))
    const found = lognormalOf(values)
    expect(found?.medianNs).toBe(1e5)
    expect(found?.sigma).toBeCloseTo(0.5 * Math.sqrt(z.reduce((s, x) => s + x * x, 0) / 7), 3)
    const two = [...new Array<number>(100).fill(1e4), ...new Array<number>(99).fill(1e6)]
    const far = lognormalOf(two)
    expect(far?.ks.distance).toBeGreaterThan(far?.ks.limit ?? 1)
  })

  it('a price rises by what the stage is short of, and never below nothing', () => {
    const from = { wake: LEVELS.map(() => 100) }
    const up = corrected(from, wakes(ramp(1000, 0)), wakes(ramp(700, 0)))
    expect(up.wake).toEqual(LEVELS.map(() => 400))
    const down = corrected(from, wakes(ramp(700, 0)), wakes(ramp(1000, 0)))
    expect(down.wake).toEqual(LEVELS.map(() => 0))
    expect(misfit('wake', wakes(ramp(700, 0)), wakes(ramp(700, 0)))).toBe(0)
  })

  it('halves are by the time at which a sample began', () => {
    expect(within(wakes([5, 6, 7]), 1, 2).wake).toEqual([{ atNs: 1, ns: 6 }])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_STATS, Samples, statsOf } from '../../../src/analysis/stats.ts'

describe('order statistics', () => {
  it('are all zero for no samples', () => {
    expect(new Samples().stats()).toEqual(NO_STATS)
  })
  it('of 1 to 1000 are the ranks themselves', () => {
    const stats = statsOf(Float64Array.from({ length: 1000 }, (_, i) => 1000 - i))
    expect(stats).toEqual({
      count: 1000,
      min: 1,
      p50: 500,
      p90: 900,
      p99: 990,
      p999: 999,
      max: 1000,
      mean: 501,
      stddev: 289,
    })
  })
  it('of one sample are that sample', () => {
    const stats = statsOf(Float64Array.of(-7))
    expect([stats.min, stats.p50, stats.p999, stats.max, stats.mean]).toEqual([-7, -7, -7, -7, -7])
    expect(stats.stddev).toBe(0)
  })
  it('agree with the definition for any samples, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 3000 }), (values) => {
        const samples = new Samples()
        for (const value of values) samples.push(value)
        const stats = samples.stats()
        for (const [name, share] of [
          ['p50', 0.5],
          ['p90', 0.9],
          ['p99', 0.99],
        ] as const) {
          const atMost = values.filter((value) => value <= stats[name]).length
          const below = values.filter((value) => value < stats[name]).length
          expect(atMost).toBeGreaterThanOrEqual(share * values.length - 1e-9)
          expect(below).toBeLessThan(share * values.length)
        }
        for (const value of Object.values(stats)) expect(Number.isInteger(value)).toBe(true)
        expect(Object.values(stats).some((value) => Object.is(value, -0))).toBe(false)
      }),
    )
  })
  it('keep samples in the order in which they came', () => {
    const samples = new Samples()
    for (let i = 0; i < 1000; i++) samples.push((i * 7) % 1000)
    samples.stats()
    expect([...samples.values().slice(0, 3)]).toEqual([0, 7, 14])
  })
})

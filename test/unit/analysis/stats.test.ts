import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SampleSet } from '../../../src/analysis/sample-set.ts'
import { NO_STATS, Samples, statsOf } from '../../../src/analysis/stats.ts'

describe('order statistics', () => {
  it('are all zero for no samples', () => {
    expect(new SampleSet().stats()).toEqual(NO_STATS)
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
        const samples = new SampleSet()
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
    expect([...samples.values().slice(0, 3)]).toEqual([0, 7, 14])
  })
})

describe('a set of samples', () => {
  /** Sorted with one comparison, summed in that order: what a result has always held. */
  const plain = (values: readonly number[]) => statsOf(Float64Array.from(values))
  const setOf = (values: readonly number[]): SampleSet => {
    const set = new SampleSet()
    for (const value of values) set.push(value)
    return set
  }

  it('has the statistics of the samples themselves, to the bit', () => {
    const far = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
    const any = fc.oneof(fc.integer(), far, fc.integer({ min: -3, max: 3 }))
    const many = fc.array(any, { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(many, fc.integer({ min: 1, max: 120 }), (values, times) => {
        const all = Array.from({ length: times }, (_, i) => values.map((v) => v - (v % 5) * i))
        const flat = all.flat().filter((one) => Math.abs(one) <= 2 ** 52)
        expect(setOf(flat).stats()).toEqual(plain(flat))
        expect([...setOf(flat).values()]).toEqual([...Float64Array.from(flat).sort()])
      }),
      { numRuns: 60 },
    )
  })
  it('takes nothing beyond 2^52, where a difference may not be exact', () => {
    const beyond = () => setOf([-(2 ** 52) - 1, 2 ** 52]).values()
    expect(beyond).toThrow('the sample -4503599627370497 is beyond 2^52')
  })
  it.each([4_096, 4_097, 8_192, 100_000])('%i of them, as a clock jitters', (count) => {
    const values = Array.from({ length: count }, (_, i) => 10_000_000 + ((i * 7_919) % 100_003))
    expect(setOf(values).stats()).toEqual(plain(values))
  })
  it('takes little more than a byte for each', () => {
    const set = setOf(
      Array.from({ length: 500_000 }, (_, i) => 4e7 + ((i * 7_919) % 1_000_003) * 40),
    )
    set.stats()
    const lengths: number[] = []
    JSON.stringify(set, (_, v) => (ArrayBuffer.isView(v) ? lengths.push(v.byteLength) : v))
    expect(lengths.reduce((sum, bytes) => sum + bytes)).toBeLessThan(1.4 * 500_000)
  })
  it('refuses what is no integer', () => {
    expect(() => setOf(Array.from({ length: 5_000 }, () => 0.5)).stats()).toThrow('not an integer')
  })
})

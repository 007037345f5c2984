/** Axes, constraints, intervals and shards of a sweep, from what they are said to mean. */
import { describe, expect, it } from 'vitest'
import { shardOf } from '../../../src/app/SweepShard.ts'
import { parseAxis } from '../../../src/explore/sweep/axis.ts'
import { type Edge, findEdge } from '../../../src/explore/sweep/frontier.ts'
import { countSettings, settingsOf } from '../../../src/explore/sweep/grid.ts'
import { runsToShow, upperBound, wilson } from '../../../src/explore/sweep/intervals.ts'
import { parseConstraint, satisfies } from '../../../src/explore/sweep/where.ts'

const values = (text: string): readonly string[] => {
  const axis = parseAxis(`a.b=${text}`)
  return typeof axis === 'string' ? [axis] : axis.values
}

describe('an axis', () => {
  it('is a list, with brackets and quotes kept whole', () => {
    expect(values('2,3,4')).toEqual(['2', '3', '4'])
    expect(values('v7,ack')).toEqual(['v7', 'ack'])
    expect(values('[{a: 1, b: 2}],[]')).toEqual(['[{a: 1, b: 2}]', '[]'])
    expect(values('"a,b",c')).toEqual(['"a,b"', 'c'])
  })
  it('is a range with equal ratios, equal distances, or steps', () => {
    expect(values('64..2048:log6')).toEqual(['64', '128', '256', '512', '1024', '2048'])
    expect(values('1ms..9ms:lin5')).toEqual(['1ms', '3ms', '5ms', '7ms', '9ms'])
    expect(values('500us..2ms:step500us')).toEqual(['500us', '1ms', '1.5ms', '2ms'])
    expect(values('64..200:step64')).toEqual(['64', '128', '192'])
    expect(values('2..5')).toEqual(['2', '3', '4', '5'])
    expect(values('-20ppm..20ppm:lin5')).toEqual(['-20ppm', '-10ppm', '0ppm', '10ppm', '20ppm'])
    expect(values('1,4..6,9')).toEqual(['1', '4', '5', '6', '9'])
  })
  it('says what is wrong', () => {
    expect(values('9..1')[0]).toMatch(/^--vary a.b=9..1: 9..1 is empty, allowed: PATH=A,B,C/)
    expect(values('1,1')[0]).toMatch(/1 stands twice/)
    expect(values('0..9:log3')[0]).toMatch(/begins above 0/)
    expect(values('1,,2')[0]).toMatch(/a value is missing/)
    expect(values('1ms..2ppm:lin3')[0]).toMatch(/mixes ms and ppm/)
    expect(values('1..9:lin1')[0]).toMatch(/1 values/)
    expect(parseAxis('=3')).toMatch(/not an axis/)
  })
})

describe('the order of settings', () => {
  it('has the last axis fastest', () => {
    const axes = [
      { path: 'a', values: ['1', '2'] },
      { path: 'b', values: ['x', 'y', 'z'] },
    ]
    expect(countSettings(axes)).toBe(6)
    const all = [...settingsOf(axes)].map((one) => one.join(''))
    expect(all).toEqual(['1x', '1y', '1z', '2x', '2y', '2z'])
    expect([...settingsOf([])]).toEqual([[]])
  })
})

describe('a constraint', () => {
  const document = { s: [{ period: 256, periods: 4 }], d: { tick: '10ms' }, v: 'ack', on: true }
  const judge = (text: string): boolean | string => {
    const parsed = parseConstraint(text)
    return typeof parsed === 'string' ? parsed : satisfies(parsed, document)
  }
  it('compares sums of products of keys, numbers and durations', () => {
    expect(judge('s.0.period * s.0.periods <= 1024')).toBe(true)
    expect(judge('s.0.period * s.0.periods < 1024')).toBe(false)
    expect(judge('s.0.period + 2 * s.0.periods == 264')).toBe(true)
    expect(judge('1024 / s.0.period - 1 == 3')).toBe(true)
    expect(judge('d.tick >= 10000us')).toBe(true)
    expect(judge('v != v5')).toBe(true)
    expect(judge('on == true')).toBe(true)
  })
  it('says what cannot be judged', () => {
    expect(judge('s.0.rate > 5')).toMatch(/says nothing of s.0.rate/)
    expect(judge('v > 5')).toMatch(/a number is compared with a word/)
    expect(judge('v * 2 > 5')).toMatch(/words cannot be calculated with/)
    expect(judge('s.0.period')).toMatch(/not a comparison/)
  })
})

describe('intervals', () => {
  it('of Wilson are those of the textbooks', () => {
    // Agresti and Coull (1998): 0 of 20 and 10 of 20 at 95 %.
    expect(wilson(0, 20, 0.95).low).toBe(0)
    expect(wilson(0, 20, 0.95).high).toBeCloseTo(0.1611, 4)
    expect(wilson(10, 20, 0.95).low).toBeCloseTo(0.2993, 4)
    expect(wilson(10, 20, 0.95).high).toBeCloseTo(0.7007, 4)
    expect(wilson(20, 20, 0.95).high).toBe(1)
    expect(wilson(0, 0, 0.95)).toEqual({ low: 0, high: 1 })
  })
  it('of Clopper and Pearson bound the share from above', () => {
    expect(upperBound(0, 100, 0.95)).toBeCloseTo(1 - 0.05 ** 0.01, 9)
    // The rule of three.
    expect(upperBound(0, 3_000, 0.95)).toBeCloseTo(0.001, 5)
    // Tables of the two-sided 90 % interval: 2 of 10 gives 0.5069.
    expect(upperBound(2, 10, 0.95)).toBeCloseTo(0.5069, 4)
    expect(upperBound(10, 10, 0.95)).toBe(1)
    expect(upperBound(0, 1_000_000, 0.999)).toBeCloseTo(6.9e-6, 7)
  })
  it('turn round: so many runs without a failure show so small a share', () => {
    expect(runsToShow(0.05, 0.95)).toBe(59)
    expect(runsToShow(0.001, 0.999)).toBe(6905)
    expect(upperBound(0, runsToShow(0.001, 0.999), 0.999)).toBeLessThanOrEqual(0.001)
  })
})

describe('the shard that the environment names', () => {
  it('of a Slurm array', () => {
    const slurm = (id: number, count: number, min: number, max: number, step = 1) => ({
      SLURM_ARRAY_TASK_ID: `${id}`,
      SLURM_ARRAY_TASK_COUNT: `${count}`,
      SLURM_ARRAY_TASK_MIN: `${min}`,
      SLURM_ARRAY_TASK_MAX: `${max}`,
      SLURM_ARRAY_TASK_STEP: `${step}`,
    })
    const by = 'Slurm array'
    expect(shardOf(slurm(3, 20, 1, 20), undefined)).toEqual({ shard: { nth: 3, of: 20 }, by })
    expect(shardOf(slurm(0, 4, 0, 3), undefined)).toEqual({ shard: { nth: 1, of: 4 }, by })
    expect(shardOf(slurm(9, 3, 1, 9, 4), undefined)).toEqual({ shard: { nth: 3, of: 3 }, by })
    // Tasks 3 and 7 of twenty, sent again: the array alone would call them 1 of 2 and 2 of 2.
    expect(shardOf(slurm(3, 2, 3, 7, 1), undefined)).toMatch(/the array has gaps/)
    expect(shardOf(slurm(7, 2, 3, 7, 1), 20)).toEqual({ shard: { nth: 7, of: 20 }, by })
    expect(shardOf(slurm(21, 2, 3, 21, 1), 20)).toMatch(/is not one of 20/)
  })
  it('of other engines', () => {
    const of = (env: Record<string, string>, shards?: number) => {
      const found = shardOf(env, shards)
      return found === null || typeof found === 'string' ? found : found.shard
    }
    expect(of({ JOB_COMPLETION_INDEX: '0' }, 8)).toEqual({ nth: 1, of: 8 })
    expect(of({ JOB_COMPLETION_INDEX: '8' }, 8)).toMatch(/is not one of 8/)
    expect(of({ CI_NODE_INDEX: '2', CI_NODE_TOTAL: '5' })).toEqual({ nth: 2, of: 5 })
    expect(of({ CIRCLE_NODE_INDEX: '0', CIRCLE_NODE_TOTAL: '5' })).toEqual({ nth: 1, of: 5 })
    expect(of({ PARALLEL_SEQ: '4' }, 6)).toEqual({ nth: 4, of: 6 })
    // Any program that GNU parallel starts has this variable: alone it says nothing.
    expect(of({ PARALLEL_SEQ: '4' })).toBe(null)
    expect(of({})).toBe(null)
    expect(of({}, 4)).toMatch(/nothing says which/)
  })
})

describe('bisection', () => {
  /** Rows of a grid that are safe from, or up to, a place that moves a little from row to row. */
  const places = Array.from({ length: 40 }, (_, row) => 50 + Math.round(7 * (row % 9)) - row)
  const judge = (safe: 'high' | 'low', place: number, at: number): boolean =>
    safe === 'high' ? at >= place : at <= place

  it.each(['high', 'low'] as const)('finds the edges of a %s grid in a tenth', (safe) => {
    let judged = 0
    let near: Edge | null = null
    for (const place of places) {
      const search = findEdge(128, near)
      let step = search.next()
      while (step.done !== true) {
        judged++
        step = search.next(judge(safe, place, step.value))
      }
      expect(step.value).toEqual({ safe, at: place })
      near = step.value
    }
    expect(judged).toBeLessThan((40 * 128) / 10)
  })
  it('knows rows without an edge, with and without a neighbour, and rows of one', () => {
    for (const safe of [true, false]) {
      for (const near of [null, { safe: 'high', at: 5 }, { safe: 'low', at: 0 }] as const) {
        for (const count of [1, 2, 17]) {
          const search = findEdge(count, near)
          let step = search.next()
          for (let n = 0; step.done !== true && n < 40; n++) step = search.next(safe)
          expect(step.value).toEqual(safe ? { safe: 'all', at: 0 } : { safe: 'none', at: -1 })
        }
      }
    }
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stepPoints } from '../../../src/chart/layout/reduce.ts'
import {
  roundStep,
  roundTicks,
  TimeScale,
  tickText,
  unitOf,
  ValueScale,
} from '../../../src/chart/layout/scale.ts'
import { fitText, textWidth } from '../../../src/chart/layout/text-metrics.ts'

describe('scales', () => {
  it('map ends to ends and hold what lies outside', () => {
    const scale = new TimeScale(100, 200, 10, 110)
    expect([scale.x(100), scale.x(150), scale.x(200)]).toEqual([10, 60, 110])
    expect([scale.x(0), scale.x(999)]).toEqual([10, 110])
    expect(new ValueScale(0, 4, 100, 20).y(1)).toBe(80)
  })
  it('survive an empty stretch', () => {
    expect(new TimeScale(5, 5, 0, 10).x(5)).toBe(0)
    expect(new ValueScale(5, 5, 10, 0).y(5)).toBe(10)
  })
})

describe('ticks', () => {
  it('are 1, 2 or 5 times a power of ten', () => {
    expect([1, 3, 7, 11, 99, 2_000_001].map((n) => roundStep(n))).toEqual([
      1, 5, 10, 20, 100, 5_000_000,
    ])
  })
  it('lie within the stretch, at most so many, with the origin among them', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1, max: 1e9 }),
        fc.nat(1e9),
        (from, length, at) => {
          const { values, step } = roundTicks(from, from + length, 10, at)
          expect(values.length).toBeLessThanOrEqual(11)
          for (const value of values) {
            expect(value).toBeGreaterThanOrEqual(from)
            expect(value).toBeLessThanOrEqual(from + length)
            expect(Math.abs((value - at) % step)).toBe(0)
          }
        },
      ),
    )
  })
  it('are written in a unit that suits them', () => {
    const write = (ns: number, step: number, largest: number): string => {
      const unit = unitOf(largest)
      return `${tickText(ns, step, unit)} ${unit.name}`
    }
    expect(write(2_010_000_000, 10_000_000, 2_077_000_000)).toBe('2.01 s')
    expect(write(500_000_000, 500_000_000, 5_000_000_000)).toBe('0.5 s')
    expect(write(20_000, 10_000, 53_000)).toBe('20 µs')
    expect(write(15_000_000, 5_000_000, 24_000_000)).toBe('15 ms')
    expect(write(300, 100, 800)).toBe('300 ns')
  })
})

describe('thinned steps', () => {
  it('keep the extremes and the last value, whatever is left out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 500 }), (values) => {
        const times = values.map((_, i) => i)
        const points = stepPoints(times, values, new TimeScale(0, 500, 0, 10))
        const kept = points.map((point) => point.value)
        expect(Math.max(...kept)).toBe(Math.max(...values))
        expect(Math.min(...kept)).toBe(Math.min(...values))
        expect(kept.at(-1)).toBe(values.at(-1))
        expect(points.length).toBeLessThanOrEqual(4 * 21)
        points.reduce((last, { x }) => {
          expect(x).toBeGreaterThanOrEqual(last)
          return x
        }, 0)
      }),
    )
  })
})

describe('texts', () => {
  it('are measured and cut to fit', () => {
    expect(textWidth('MM', 10)).toBeGreaterThan(textWidth('ii', 10))
    expect(fitText('short', 11, 100)).toBe('short')
    const cut = fitText('a text that is far too long for its place', 11, 100)
    expect(cut.endsWith('…')).toBe(true)
    expect(textWidth(cut, 11)).toBeLessThanOrEqual(100)
  })
})

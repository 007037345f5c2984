import { describe, expect, it } from 'vitest'
import { formatRange, inRange, parseRange, type Range } from '../../../src/scenario/range.ts'

function count(text: unknown): Range {
  return parseRange(text, 'count') as Range
}

describe('ranges', () => {
  it('reads numbers, comparisons and intervals', () => {
    expect(count(0)).toEqual({ min: 0, max: 0, unit: 'count' })
    expect(count('3')).toEqual({ min: 3, max: 3, unit: 'count' })
    expect(count('>= 1')).toEqual({ min: 1, unit: 'count' })
    expect(count('> 1')).toMatchObject({ min: 2, unit: 'count' })
    expect(count('<5')).toMatchObject({ max: 4, unit: 'count' })
    expect(count('1..3')).toEqual({ min: 1, max: 3, unit: 'count' })
    expect(parseRange('10ms..15ms', 'ns')).toEqual({ min: 10e6, max: 15e6, unit: 'ns' })
    expect(parseRange('<= 1.5ms', 'ns')).toEqual({ max: 1_500_000, unit: 'ns' })
  })
  it('refuses the rest', () => {
    for (const bad of ['3..1', 'many', '-1', -1, 1.5, '', null, {}, '1..', '..']) {
      expect(parseRange(bad, 'count')).toHaveProperty('what')
    }
    expect(parseRange(10, 'ns')).toHaveProperty('what')
    expect(parseRange('<= 15', 'ns')).toHaveProperty('what')
  })
  it('includes its ends and prints itself', () => {
    expect(inRange(1, count('1..3')) && inRange(3, count('1..3'))).toBe(true)
    expect(inRange(0, count('>= 1'))).toBe(false)
    expect(formatRange(count('>= 1'))).toBe('>= 1')
    expect(formatRange(count('1..3'))).toBe('1..3')
    expect(formatRange(count('>1'))).toBe('> 1')
    expect(formatRange(parseRange('< 0ms', 'ns') as Range)).toBe('< 0ms')
    expect(formatRange(parseRange('> 1.5ms', 'ns') as Range)).toBe('> 1.5ms')
    expect(formatRange(parseRange('<= 15ms', 'ns') as Range)).toBe('<= 15ms')
  })
})

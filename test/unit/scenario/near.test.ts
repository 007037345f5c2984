import { describe, expect, it } from 'vitest'
import { didYouMean, editDistance, nearest } from '../../../src/scenario/near.ts'

describe('near names', () => {
  it('counts insertions, deletions, substitutions and swaps', () => {
    expect(editDistance('period', 'period')).toBe(0)
    expect(editDistance('peroid', 'period')).toBe(1)
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('', 'abc')).toBe(3)
  })
  it('finds slips and leaves other words alone', () => {
    expect(nearest('perod_size', ['periods', 'period_size'])).toBe('period_size')
    expect(nearest('setup', ['OPEN', 'SETUP'])).toBe('SETUP')
    expect(nearest('banana', ['period_size', 'rate'])).toBeUndefined()
    expect(didYouMean('verson', ['version'])).toBe(", did you mean 'version'?")
  })
})

it('does not take another number for a slip', () => {
  expect(didYouMean('v8', ['v5', 'v6', 'v7', 'ack'])).toBe('')
  expect(didYouMean('kvm-x68', ['kvm-x86'])).toBe(", did you mean 'kvm-x86'?")
})

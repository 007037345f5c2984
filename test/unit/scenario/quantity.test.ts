import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatDuration,
  parseBytes,
  parseDuration,
  parsePcmSize,
  parsePpm,
} from '../../../src/scenario/quantity.ts'

describe('durations', () => {
  it('reads every unit exactly', () => {
    expect(parseDuration('10ms')).toBe(10_000_000)
    expect(parseDuration('250us')).toBe(250_000)
    expect(parseDuration('250 µs')).toBe(250_000)
    expect(parseDuration('1.5s')).toBe(1_500_000_000)
    expect(parseDuration('0.1s')).toBe(100_000_000)
    expect(parseDuration('1h')).toBe(3_600_000_000_000)
    expect(parseDuration('7ns')).toBe(7)
  })
  it('refuses what has no unit, a wrong one, a sign, or parts of a nanosecond', () => {
    for (const bad of [
      10,
      '10',
      '10m',
      '10 parsecs',
      '-1ms',
      '1.5ns',
      '',
      'ms',
      '1e3ms',
      null,
      [],
    ]) {
      expect(parseDuration(bad)).toHaveProperty('what')
    }
    expect(parseDuration('99999999h')).toHaveProperty('what')
  })
  it('prints what it reads', () => {
    const times = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    fc.assert(fc.property(times, (ns) => parseDuration(formatDuration(ns)) === ns))
  })
  it('prints the shortest exact form', () => {
    expect(formatDuration(1_500_000)).toBe('1.5ms')
    expect(formatDuration(0)).toBe('0ns')
    expect(formatDuration(-20_000)).toBe('-20us')
  })
})

describe('other quantities', () => {
  it('reads drifts with their unit only', () => {
    expect(parsePpm('-20ppm')).toBe(-20)
    expect(parsePpm('12.5 ppm')).toBe(12.5)
    expect(parsePpm(20)).toHaveProperty('what')
  })
  it('reads sizes with their unit only', () => {
    expect(parseBytes('64KiB')).toBe(65_536)
    expect(parseBytes('64')).toHaveProperty('what')
  })
  it('reads PCM sizes as frames or as times', () => {
    expect(parsePcmSize(480)).toEqual({ unit: 'frames', frames: 480 })
    expect(parsePcmSize('480f')).toEqual({ unit: 'frames', frames: 480 })
    expect(parsePcmSize('480')).toEqual({ unit: 'frames', frames: 480 })
    expect(parsePcmSize('10ms')).toEqual({ unit: 'time', ns: 10_000_000 })
    for (const bad of [1.5, -1, '480 bytes', true, {}]) {
      expect(parsePcmSize(bad)).toHaveProperty('what')
    }
  })
})

import { describe, expect, it } from 'vitest'
import { type DistributionSpec, distribution } from '../../../src/base/distribution.ts'
import { expFixed, logFixed, normalQuantile } from '../../../src/base/fixed-math.ts'
import { Prng } from '../../../src/base/prng.ts'
import { framesToNsCeil, framesToNsFloor, nsToFramesFloor } from '../../../src/base/units.ts'

function sample(spec: DistributionSpec, count = 100_000): number[] {
  const dist = distribution(spec)
  const stream = new Prng(9, spec.kind)
  const all = Array.from({ length: count }, () => dist.draw(stream))
  return all.sort((a, b) => a - b)
}

const mean = (all: readonly number[]) => all.reduce((a, b) => a + b, 0) / all.length
const at = (all: readonly number[], p: number) => all[Math.floor(p * all.length)] as number

describe('fixed mathematics', () => {
  it('agrees with the engine to twelve digits', () => {
    for (let x = 1e-9; x < 1e9; x *= 1.37) {
      expect(Math.abs(logFixed(x) - Math.log(x))).toBeLessThan(1e-12 * (1 + Math.abs(Math.log(x))))
    }
    for (let x = -40; x < 40; x += 0.37) {
      expect(Math.abs(expFixed(x) / Math.exp(x) - 1)).toBeLessThan(1e-12)
    }
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 6)
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 6)
  })
})

describe('distributions', () => {
  it('exponential: mean and quantiles', () => {
    const all = sample({ kind: 'exponential', meanNs: 1e6, maxNs: 1e9 })
    expect(mean(all) / 1e6).toBeCloseTo(1, 1)
    expect(at(all, 0.5) / (1e6 * Math.LN2)).toBeCloseTo(1, 1)
    expect(at(all, 0.999) / 6.9e6).toBeCloseTo(1, 0)
  })

  it('lognormal: median and cap', () => {
    const all = sample({ kind: 'lognormal', medianNs: 12e3, sigma: 0.45, minNs: 4e3, maxNs: 6e4 })
    expect(at(all, 0.5) / 12e3).toBeCloseTo(1, 1)
    expect(at(all, 0.84) / (12e3 * Math.exp(0.45))).toBeCloseTo(1, 1)
    expect(all[0]).toBeGreaterThanOrEqual(4e3)
    expect(all.at(-1)).toBeLessThanOrEqual(6e4)
  })

  it('normal, Pareto, uniform, quantiles, mixture keep their shapes', () => {
    const normal = sample({ kind: 'normal', meanNs: 1e6, stddevNs: 1e5, minNs: 0, maxNs: 2e6 })
    expect(at(normal, 0.975) / 1.196e6).toBeCloseTo(1, 1)
    const pareto = sample({ kind: 'pareto', minNs: 1000, alpha: 2, maxNs: 1e9 })
    expect(at(pareto, 0.75) / 2000).toBeCloseTo(1, 1)
    const uniform = sample({ kind: 'uniform', minNs: 10, maxNs: 19 })
    expect([uniform[0], uniform.at(-1)]).toEqual([10, 19])
    const points: [number, number][] = [
      [0, 0],
      [0.5, 100],
      [1, 1000],
    ]
    const quantiles = sample({ kind: 'quantiles', points })
    expect(at(quantiles, 0.25)).toBeGreaterThan(45)
    expect(at(quantiles, 0.25)).toBeLessThan(55)
    const parts = [
      { weight: 9, of: { kind: 'constant', ns: 1 } as const },
      { weight: 1, of: { kind: 'constant', ns: 2 } as const },
    ]
    expect(mean(sample({ kind: 'mixture', parts }))).toBeCloseTo(1.1, 1)
  })
})

describe('units', () => {
  it('converts far beyond nine million frames, floor and ceil around the truth', () => {
    const exact = (frames: number, rate: number) => (BigInt(frames) * 1_000_000_000n) / BigInt(rate)
    const rng = new Prng(5, 'units')
    for (let i = 0; i < 2000; i++) {
      const rate = [44_100, 48_000, 5_512, 384_000][rng.below(4)] as number
      // Up to a hundred days, the range in which nanoseconds are exact.
      const frames = Math.floor(rng.unit() * 8.6e6 * rate)
      const floor = framesToNsFloor(frames, rate)
      expect(BigInt(floor)).toBe(exact(frames, rate))
      expect(framesToNsCeil(frames, rate) - floor).toBeLessThanOrEqual(1)
      expect(nsToFramesFloor(framesToNsCeil(frames, rate), rate)).toBe(frames)
    }
  })
})

/** A run that changes its seed: the same before, another after, and likely as any other run. */
import { describe, expect, it } from 'vitest'
import { decodeDocument } from '../../../src/app/OneScenario.ts'
import type { DistributionSpec } from '../../../src/base/distribution.ts'
import { addLoad } from '../../../src/model/machine/load.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import type { ScenarioSpec } from '../../../src/scenario/spec.ts'
import type { Reseed } from '../../../src/sim/scheduler.ts'
import { T, type TraceRecord } from '../../../src/sim/trace.ts'
import { tinyKernel } from '../../support/tiny-kernel.ts'

const spec = decodeDocument({
  version: 1,
  name: 'reseeded',
  duration: '60ms',
  host: {
    cpus: 1,
    tasks: [
      {
        name: 'load',
        random: {
          gap: { exponential: { mean: '2ms', max: '20ms' } },
          run: { exponential: { mean: '1ms', max: '9ms' } },
        },
      },
    ],
  },
  driver: { kind: 'virtio-snd' },
  streams: [{ name: 'music', client: 'aplay' }],
}) as ScenarioSpec

function recordsOf(reseed: readonly Reseed[], seed = 1): readonly string[] {
  const { store } = runScenario({ ...spec, reseed }, seed)
  const lines: string[] = []
  store.replay({
    record: (r) => lines.push([r.timeNs, r.kind, r.context, r.a, r.b, r.c, r.d].join(' ')),
  })
  store.release()
  return lines
}

const until = (lines: readonly string[], atNs: number): readonly string[] =>
  lines.filter((line) => Number.parseInt(line, 10) < atNs)

describe('a run that changes its seed', () => {
  const plain = recordsOf([])

  it('is the run of its first seed until then, and another afterwards', () => {
    for (const atNs of [7_654_321, 30_000_000]) {
      const changed = recordsOf([{ atNs, seed: 99 }])
      expect(until(changed, atNs)).toEqual(until(plain, atNs))
      expect(until(plain, atNs).length).toBeGreaterThan(100)
      expect(changed).not.toEqual(plain)
      expect(recordsOf([{ atNs, seed: 99 }])).toEqual(changed)
      expect(recordsOf([{ atNs, seed: 98 }])).not.toEqual(changed)
    }
  })
  it('keeps what a later change leaves of an earlier one', () => {
    const [first, second] = [
      { atNs: 10_000_000, seed: 5 },
      { atNs: 40_000_000, seed: 6 },
    ]
    const once = recordsOf([first])
    const twice = recordsOf([first, second])
    expect(until(twice, second.atNs)).toEqual(until(once, second.atNs))
    expect(twice).not.toEqual(once)
  })
})

/** Bursts and gaps of one load on an idle processor. */
function lengths(gap: DistributionSpec, run: DistributionSpec, reseed: readonly Reseed[]) {
  const { sim, store, k } = tinyKernel({ sim: { seed: 3, reseed } })
  addLoad(k, { name: 'load', pattern: { kind: 'random', gap, run } })
  sim.run(40e9)
  const found: { runs: number[]; gaps: number[] } = { runs: [], gaps: [] }
  let sinceNs = -1
  const record = (r: TraceRecord): void => {
    if (r.kind !== T.sched_switch) return
    const leaves = store.symbols.name('ctx', r.a) === 'load'
    if (sinceNs >= 0) (leaves ? found.runs : found.gaps).push(r.timeNs - sinceNs)
    sinceNs = r.timeNs
  }
  store.replay({ record })
  return found
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const shareOver = (values: readonly number[], ns: number): number =>
  values.filter((value) => value > ns).length / values.length

describe('what a load has drawn before the seed changes', () => {
  // Changes so often that each wait and each burst sees some: they must not become longer.
  const reseed = Array.from({ length: 9_000 }, (_, i) => ({ atNs: 1 + i * 4_444_444, seed: i }))
  const gap: DistributionSpec = { kind: 'uniform', minNs: 2e6, maxNs: 12e6 }
  const run: DistributionSpec = { kind: 'exponential', meanNs: 5e6, maxNs: 60e6 }

  it('is drawn again under the condition of what has been seen of it', () => {
    const plain = lengths(gap, run, [])
    const changed = lengths(gap, run, reseed)
    expect(changed.runs).not.toEqual(plain.runs)
    for (const { runs, gaps } of [plain, changed]) {
      expect(runs.length).toBeGreaterThan(2_500)
      // Three standard errors: 5 ms / sqrt(3,300), 2.9 ms / sqrt(3,300).
      expect(Math.abs(meanOf(runs) - 5e6)).toBeLessThan(0.27e6)
      expect(Math.abs(meanOf(gaps) - 7e6)).toBeLessThan(0.15e6)
      expect(Math.abs(shareOver(runs, 10e6) - Math.exp(-2))).toBeLessThan(0.018)
      expect(Math.abs(shareOver(gaps, 10e6) - 0.2)).toBeLessThan(0.021)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(12.1e6)
    }
  })
})

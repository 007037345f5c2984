/** The soaks at a size that every test run can afford; `npm run soak` is the whole. */
import { describe, expect, it } from 'vitest'
import { controlRuns, controlText } from './controls.ts'
import { type CycleKind, cycleSoak } from './cycles.ts'
import { faultMix, LATE_SEEDS } from './fault-mix.ts'
import { faultSoak } from './faults.ts'

const kinds: readonly CycleKind[] = ['open-close', 'start-stop']

describe.each(['v7', 'ack'])('driver %s', (version) => {
  it.each(kinds)('%s 200 times: nothing reported, memory flat', (kind) => {
    const report = cycleSoak(kind, version, 200)
    expect(report.cycles).toBe(200)
    expect([...report.memory, ...report.locks, ...report.incidents]).toEqual([])
    expect(report.heap.isFlat, String(report.heap)).toBe(true)
  })
})

it('v5 leaves a set of messages behind with every close, one set at a time', () => {
  const { memory } = cycleSoak('open-close', 'v5', 20)
  expect(memory).toHaveLength(20)
  for (const line of memory) expect(line).toMatch(/^leak: 4 struct virtio_pcm_msg /)
})

it('random faults: every run ends with an outcome, memory flat', () => {
  const report = faultSoak(0, 60)
  expect(report.failures).toEqual([])
  const ended = Object.values(report.outcomes).reduce((sum, one) => sum + one, 0)
  expect(ended).toBe(60)
  expect(report.heap.isFlat, String(report.heap)).toBe(true)
  // The faults do reach the drivers: without these the soak would prove nothing.
  for (const kind of ['xrun', 'error', 'stalled', 'leak', 'sleep-in-atomic']) {
    expect(report.reports[kind] ?? 0, kind).toBeGreaterThan(0)
  }
}, 120_000)

it('random faults with what devices learned later', () => {
  const report = faultSoak(LATE_SEEDS, LATE_SEEDS + 20)
  expect(report.failures).toEqual([])
})

it.each([592, 709, 724, 797])('seed %i: a completion for a closed stream is reported', (seed) => {
  const report = faultSoak(seed, seed + 1)
  expect(report.failures).toEqual([])
  expect(report.reports['use-after-free']).toBe(1)
})

it.each([7879, 8516, 8899])(
  'seed %i: a stream closed while its interrupt waits for the mutex is reported',
  (seed) => {
    const report = faultSoak(seed, seed + 1)
    expect(report.failures).toEqual([])
    expect(report.reports['use-after-free']).toBe(1)
  },
)

it('seed 1017: a stream closed while the system is being suspended is reported', () => {
  const report = faultSoak(1017, 1018)
  expect(report.failures).toEqual([])
  expect(report.reports['use-after-free']).toBe(1)
})

it.each([1254, 1368, 1436, 8409, 8695, 9309])('seed %i: threw once, has an outcome', (seed) => {
  expect(faultSoak(seed, seed + 1).failures).toEqual([])
})

it('a seed makes the same scenario again', () => {
  expect(faultMix(7)).toBe(faultMix(7))
  expect(faultMix(7)).not.toBe(faultMix(8))
})

it('controls: the merged drivers in ordinary use report nothing, a minute, 20 seeds', () => {
  const seeds = Array.from({ length: 20 }, (_, i) => i + 1)
  const { found, simulatedNs } = controlRuns(controlText(), '60s', seeds)
  expect(found).toEqual([])
  expect(simulatedNs).toBe(4 * 20 * 60_000_000_000)
}, 240_000)

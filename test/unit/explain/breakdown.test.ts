/**
 * The parts of an explanation are disjoint, follow each other without a gap, are never negative and
 * add up to the slack that was lost: on scenarios of every kind, and on random ones.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectFacts, explainFacts, rankedPeriods } from '../../../src/analysis/explain/explain.ts'
import { segmentsOf } from '../../../src/analysis/explain/late.ts'
import { sharesOf } from '../../../src/analysis/explain/parts.ts'
import { loadScenario, runScenario, type ScenarioSpec } from '../../../src/index.ts'

/** Every late period and every failure of a run; how many periods were late, and the parts seen. */
function checkRun(spec: ScenarioSpec, seed: number): { late: number; parts: Set<string> } {
  const { store, result } = runScenario(spec, seed)
  const facts = collectFacts(store, result)
  const parts = new Set<string>()
  const ranked = rankedPeriods(facts)
  for (const { facts: stream, late } of ranked) {
    const segments = segmentsOf(facts.history, stream, late)
    let at = late.dueNs
    for (const { fromNs, toNs, part } of segments) {
      expect(fromNs).toBe(at)
      expect(toNs).toBeGreaterThan(fromNs)
      at = toNs
      parts.add(part)
    }
    expect(at).toBe(late.endNs)
    const sum = sharesOf(segments).reduce((all, one) => all + one.ns, 0)
    expect(sum).toBe(late.endNs - late.dueNs)
  }
  for (const kind of ['xrun', 'silent'] as const) {
    for (let number = 1; number <= 20; number++) {
      const one = explainFacts(facts, { kind, number })
      if (one === null) break
      expect(one.parts.reduce((all, part) => all + part.ns, 0)).toBe(one.lostNs)
      for (const part of one.parts) {
        expect(part.ns).toBeGreaterThan(0)
        expect(part.causes.reduce((all, cause) => all + cause.ns, 0)).toBe(part.ns)
      }
    }
  }
  store.release()
  return { late: ranked.length, parts }
}

const randomScenario = fc
  .record({
    version: fc.constantFrom('v5', 'v6', 'v7', 'ack'),
    device: fc.constantFrom('qemu', 'generic'),
    client: fc.constantFrom('aplay', 'poll', 'pipewire', 'arecord'),
    period: fc.constantFrom(96, 240, 480, 1024),
    periods: fc.integer({ min: 2, max: 6 }),
    cpus: fc.integer({ min: 1, max: 2 }),
    hog: fc.option(fc.integer({ min: 1, max: 30 })),
    thief: fc.option(fc.integer({ min: 1, max: 20 })),
    seed: fc.integer({ min: 1, max: 1000 }),
  })
  .map(({ hog, thief, seed, ...one }) => {
    const task = (name: string, ms: number, every: string): string => {
      const periodic = `periodic: {period: ${every}, run: ${ms}ms}`
      return `[{name: ${name}, policy: fifo, priority: 50, cpus: 0, ${periodic}}]`
    }
    const inside = hog === null ? '' : `, tasks: ${task('hog', hog, '70ms')}`
    const beside =
      thief === null ? '' : `, vcpus: [{pin: 0}], tasks: ${task('thief', thief, '50ms')}`
    const ring = `period_size: ${one.period}, periods: ${one.periods}`
    const text = [
      'version: 1',
      'name: random',
      'duration: 300ms',
      `guest: {cpus: ${one.cpus}${inside}}`,
      `host: {cpus: 3${beside}}`,
      `driver: {kind: virtio-snd, version: ${one.version}}`,
      `device: {kind: ${one.device}}`,
      `streams: [{name: s, client: ${one.client}, ${ring}}]`,
    ].join('\n')
    return { text, seed }
  })

describe('the parts of an explanation', () => {
  it('add up to the nanosecond in random scenarios, none negative', () => {
    const seen = new Set<string>()
    let late = 0
    const check = ({ text, seed }: { text: string; seed: number }): void => {
      const [spec] = loadScenario(text)
      const found = checkRun(spec as ScenarioSpec, seed)
      late += found.late
      for (const part of found.parts) seen.add(part)
    }
    fc.assert(fc.property(randomScenario, check), { numRuns: 40, seed: 7 })
    expect(late).toBeGreaterThan(300)
    for (const part of ['tick', 'batching', 'delivery', 'stolen', 'work-queue', 'wake-up']) {
      expect(seen).toContain(part)
    }
  })

  it.each([
    'xen/X02-slow-stop',
    'xen/X09-silence-under-the-lock',
    'clients/jack-period-below-tick',
  ])('add up in %s', (file) => {
    const path = fileURLToPath(new URL(`../../../scenarios/${file}.yaml`, import.meta.url))
    for (const spec of loadScenario(readFileSync(path, 'utf8'))) checkRun(spec, 1)
  })
})

/**
 * Each single change that is said to prevent an xrun does so when somebody else runs the scenario
 * with it, and the ones that are said not to prevent it do not.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainCommand } from '../../../src/app/Explain.ts'
import type { Tried } from '../../../src/app/ExplainTrials.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-why-'))

async function explained(
  text: string,
  seed: number,
  filter?: string,
  kind: 'xrun' | 'memory' = 'xrun',
) {
  const path = join(folder, 'scenario.yaml')
  writeFileSync(path, text)
  let out = ''
  let err = ''
  const asked = { kind, number: 1 } as const
  const options = { set: [], asked, json: true, trials: true, seed }
  const console = {
    out: (part: string): void => {
      out += part
    },
    err: (part: string): void => {
      err += part
    },
  }
  const code = await explainCommand(
    path,
    filter === undefined ? options : { ...options, filter },
    console,
  )
  return code === 0 ? (JSON.parse(out) as { counterfactuals: Tried }).counterfactuals : err
}

function xrunsWith(text: string, set: readonly string[], seed: number, variant: string | null) {
  const filter = variant === null ? '' : `/${variant}`
  const spec = loadScenario(text, { set, filter }).find((one) => one.variant === variant)
  if (spec === undefined) throw new Error('no such variant')
  const { result, store } = runScenario(spec, seed)
  store.release()
  return Object.values(result.streams).reduce((sum, one) => sum + one.xruns.length, 0)
}

/** How many changes were said to prevent it, after a run of each. */
function proven(text: string, tried: Tried, seed: number, variant: string | null): number {
  for (const { set } of tried.prevents) expect(xrunsWith(text, set, seed, variant)).toBe(0)
  const [none] = tried.others.filter(({ outcome }) => !outcome.includes('instead'))
  if (none !== undefined) expect(xrunsWith(text, none.set, seed, variant)).toBeGreaterThan(0)
  return tried.prevents.length
}

const starved = fc.record({
  version: fc.constantFrom('v7', 'ack'),
  client: fc.constantFrom('aplay', 'poll'),
  periods: fc.integer({ min: 2, max: 4 }),
  hog: fc.integer({ min: 25, max: 70 }),
  sleep: fc.integer({ min: 30, max: 80 }),
  seed: fc.integer({ min: 1, max: 1000 }),
})

describe('a counterfactual', () => {
  it('that claims to prevent an xrun does so when run, in random scenarios', async () => {
    let [found, asked] = [0, 0]
    for (const one of fc.sample(starved, { numRuns: 6, seed: 3 })) {
      const burst = `recorded: [{at: 60ms, run: ${one.hog}ms}]`
      const hog = `{name: hog, policy: fifo, priority: 60, ${burst}}`
      const stall = `stalls: [{at: 200ms, for: ${one.sleep}ms}]`
      const text = [
        'version: 1',
        'name: starved',
        'duration: 400ms',
        `guest: {cpus: 1, tasks: [${hog}]}`,
        `driver: {kind: virtio-snd, version: ${one.version}}`,
        'device: {kind: qemu}',
        'streams:',
        `  - {name: s, client: ${one.client}, periods: ${one.periods}, period_size: 480, ${stall}}`,
      ].join('\n')
      const tried = await explained(text, one.seed)
      if (typeof tried === 'string') expect(tried).toMatch(/--xrun 1: the run has no such/)
      else {
        asked++
        found += proven(text, tried, one.seed, null)
      }
    }
    expect(asked).toBeGreaterThan(2)
    expect(found).toBeGreaterThan(2)
  })

  it('of the textbook underrun: the sleep itself, and a ring that outlasts it', async () => {
    const file = '../../../scenarios/clients/aplay-underrun-figure.yaml'
    const text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')
    const tried = await explained(text, 1)
    if (typeof tried === 'string') throw new Error(tried)
    const words = tried.prevents.map(({ change }) => change)
    expect(words).toContain("without the 60.0 ms that music's client sleeps")
    expect(words).toContain('music with 8 periods instead of 4')
    expect(proven(text, tried, 1, null)).toBe(words.length)
  })

  it('of the starved work item: without the hog, not on the high-priority work queue', async () => {
    // The hog is SCHED_FIFO: a nice value, also one of -20, does not help against it.
    const file = '../../../scenarios/virtio-snd/H17-work-starved.yaml'
    const text = readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')
    // The file has variants v5 and v6 too, whose driver has no such work item.
    expect(text).toMatch(/version: v[56]/)
    const tried = await explained(text, 1, 'H17-work-starved/ack')
    if (typeof tried === 'string') throw new Error(tried)
    expect(tried.prevents.map(({ change }) => change)).toContain('without hog on the guest')
    const not = tried.others.map(({ change }) => change)
    expect(not).toContain('the period work item on system_highpri_wq')
    expect(proven(text, tried, 1, 'ack')).toBeGreaterThan(0)
  })
})

it('puts reverted fixes back, each with those that it stands on', async () => {
  const file = new URL('../../../scenarios/reports/hwparams-vs-rw.yaml', import.meta.url)
  const text = readFileSync(fileURLToPath(file), 'utf8')
  const tried = await explained(text, 1, 'before-fix-hw-free-v7', 'memory')
  if (typeof tried === 'string') throw new Error(tried)
  const fixes = (list: Tried['prevents']) => list.filter(({ change }) => change.includes('the fix'))
  expect(fixes(tried.prevents).map(({ change, set }) => [change, ...set])).toEqual([
    [
      'with the fix dca947d4d26d and those that it stands on',
      'guest.revert=[3c3201f8c7bb,bc55cfd5718c]',
    ],
    ['with the fix bc55cfd5718c and those that it stands on', 'guest.revert=[]'],
  ])
  // Each keeps other calls apart: hw_free from hw_params, prepare from hw_free.
  expect(fixes(tried.others).map(({ change }) => change.slice(0, 25))).toEqual([
    'with the fix 92ee3c60ec9f',
    'with the fix 3c3201f8c7bb',
  ])
})

/** `pcmsim locks` as a function: formats, baselines, bad input. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type LocksOptions, locksCommand } from '../../../../src/app/Locks.ts'
import { locksCasesCommand } from '../../../../src/app/LocksCases.ts'
import { runOne } from '../../../../src/app/RunOne.ts'
import { loadScenario } from '../../../../src/index.ts'
import { textOf } from '../../../support/explore-scenarios.ts'
import { listening } from '../../../support/said.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-locks-'))
afterAll(() => rmSync(folder, { recursive: true }))

const scenario = fileURLToPath(new URL('../../../../scenarios/first-light.yaml', import.meta.url))
const casesFile = fileURLToPath(new URL('../../../data/lockdep-cases.jsonl', import.meta.url))

const plain: LocksOptions = {
  set: ['duration=200ms', 'streams.0.length=100ms'],
  json: false,
  dot: false,
  once: false,
  rawNesting: false,
  explore: 0,
  races: false,
}

async function locks(options: Partial<LocksOptions> = {}, path = scenario) {
  const { said, console } = listening()
  const code = await locksCommand(path, { ...plain, ...options }, console)
  return { code, ...said }
}

async function cases(path: string, json = true) {
  const { said, console } = listening()
  const code = await locksCasesCommand(path, { json }, console)
  return { code, ...said }
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('locks of a scenario', () => {
  it('as text', async () => {
    const { code, out } = await locks()
    expect(code).toBe(0)
    expect(out).toMatch(/^first-light, seed 1: \d+ classes, \d+ dependencies, 0 reports\n/)
    expect(out).toMatch(/ {2}&snd->queues\[i\]\.lock -> &vss->lock +\d+\n/)
  })
  it('with data races, of runs that record accesses only', async () => {
    const { out } = await locks({ races: true })
    expect(out).toMatch(/\n0 data races in [\d,]+ accesses of shared variables\n/)
    expect(JSON.parse((await locks({ races: true, json: true })).out)).toMatchObject({ races: [] })
    expect(JSON.parse((await locks({ json: true })).out)).not.toHaveProperty('races')
    const set = [...plain.set, 'driver.kind=ideal']
    const { code, err } = await locks({ races: true, set })
    expect([code, err === '']).toEqual([2, false])
  })
  it('in the shapes of /proc and of Graphviz', async () => {
    expect((await locks({ proc: 'lockdep' })).out).toMatch(/^all lock classes:\n/)
    expect((await locks({ proc: 'lockdep_chains' })).out).toMatch(/\nirq_context: hardirq\n/)
    expect((await locks({ proc: 'lock_stat' })).out).toMatch(/^lock_stat version 0\.4\n-+\n/)
    expect((await locks({ dot: true })).out).toMatch(/^digraph lockdep \{\n/)
  })
  it('stops at the first report if asked', async () => {
    const v6 = [...plain.set, 'driver.version=v6']
    const all = JSON.parse((await locks({ json: true, set: v6 })).out)
    const one = JSON.parse((await locks({ json: true, set: v6, once: true })).out)
    expect(all.predicted.length).toBeGreaterThan(1)
    expect(one.predicted).toEqual([all.predicted[0]])
    expect(one.predicted[0]).toMatchObject({ kind: 'wait-context', judgement: 'predicted' })
  })
  it('fails beside a baseline only on what is new', async () => {
    const baseline = file('v7.json', (await locks({ json: true })).out)
    const same = await locks({ baseline })
    expect([same.code, same.out.endsWith('baseline: nothing new\n')]).toEqual([0, true])
    const worse = await locks({ baseline, set: [...plain.set, 'driver.version=v6'] })
    expect(worse.code).toBe(1)
    expect(worse.out).toContain('new dependency &snd->queues[i].lock -> &group->mutex')
    expect(worse.out).toContain('new report wait-context: &group->mutex')
    const bad = await locks({ baseline: file('bad.json', '{}') })
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining('not a baseline')])
  })
})

describe('locks --cases', () => {
  it('answers every case in order', async () => {
    const { code, out } = await cases(casesFile)
    const answers = JSON.parse(out).cases
    expect(code).toBe(0)
    expect(answers).toHaveLength(213)
    expect(answers[0]).toEqual({ name: 'AA_wlock', verdict: 'report', kind: 'recursive' })
    expect(answers[1]).toEqual({ name: 'AA_rlock', verdict: 'clean', kind: null })
    expect((await cases(casesFile, false)).out).toMatch(/\n213 cases, 135 reports\n$/)
  })
  it('names every fault of a file', async () => {
    const good = '{"name": "a", "classes": {}, "ops": [["spin_lock", "A"]]}'
    const faulty = ['["spin_lok", "A"]', '["spin_lock"]', '["mutex_lock_nested", "A", []]']
    const lines = [good, '[1]', ...faulty.map((op) => `{"name": "b", "ops": [${op}]}`)]
    lines.push('{"name": "c"}')
    const { code, err, out } = await cases(file('bad.jsonl', lines.join('\n')))
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/bad\.jsonl:2:1: not a JSON object/)
    expect(err).toMatch(/bad\.jsonl:3:1: ops\.0: spin_lok: no such operation, allowed: spin_lock,/)
    expect(err).toContain('bad.jsonl:4:1: ops.0: allowed: ["spin_lock", instance]')
    expect(err).toMatch(/bad\.jsonl:5:1: ops\.0\.2: allowed: a subclass, or the name of an inst/)
    expect(err).toMatch(/bad\.jsonl:6:1: ops: allowed: a list/)
  })
})

describe('locks --races of a saved trace', () => {
  it('tells what it tells of the scenario, if the trace has accesses', async () => {
    const text = textOf('atomic').replace(/version: v6\b/, 'version: v5')
    const path = file('accesses.yaml', text)
    const [spec] = loadScenario(text)
    if (spec === undefined) throw new Error('no scenario')
    const outputs = { out: folder, charts: false, trace: true }
    const job = { spec, seed: spec.seed, outputs, checkDeterminism: true, wantReport: false }
    for (const accesses of [true, false]) {
      const done = await runOne({ ...job, accesses, wantJson: false })
      const trace = (done.kind === 'done' ? done.files : []).find((one) => one.endsWith('.ndjson'))
      const options = { races: true, json: true, set: [] }
      const { code, out, err } = await locks(options, trace ?? '')
      if (accesses) expect(out).toBe((await locks(options, path)).out)
      else expect([code, err]).toEqual([2, expect.stringContaining('pcmsim run --accesses')])
    }
  })
})

describe('locks --explore', () => {
  it('names a schedule that makes a predicted report real, and it does', async () => {
    const path = file('atomic.yaml', textOf('atomic'))
    const set = ['streams.0.period_size=400']
    const { out } = await locks({ set, json: true, explore: 128 }, path)
    const reports: { kind: string; schedule: string | null }[] = JSON.parse(out).predicted
    const found = reports.find((one) => one.schedule?.startsWith('s1:h') === true)
    expect(reports.some((one) => one.kind === 'circular')).toBe(true)
    const again = await locks({ set: [...set, `schedule=${found?.schedule}`], json: true }, path)
    const deadlocks = JSON.parse(again.out).actual.filter(
      (one: { kind: string }) => one.kind === 'deadlock',
    )
    expect(deadlocks.length).toBeGreaterThan(0)
  })

  it('refuses a trace', async () => {
    const { code, err } = await locks({ explore: 10 }, 'some.ndjson')
    expect(code).toBe(2)
    expect(err).toContain('a trace cannot be searched')
  })
})

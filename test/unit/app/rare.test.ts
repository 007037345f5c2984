/** Rare failures of a small scenario, by splitting and by counting; and what is said of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeDocument } from '../../../src/app/OneScenario.ts'
import { type SweepOptions, sweepCommand } from '../../../src/app/Sweep.ts'
import { pointsInThisThread } from '../../../src/app/SweepPool.ts'
import { wilson } from '../../../src/explore/sweep/intervals.ts'
import { runPoint } from '../../../src/explore/sweep/point.ts'
import type { SeededRun } from '../../../src/explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../../../src/scenario/spec.ts'
import { ChunkPool } from '../../../src/sim/trace-columns.ts'

/** Three tasks on the processor of the vCPU: only together they keep it away for 8 ms. */
const random = {
  gap: { exponential: { mean: '20ms', max: '1s' } },
  run: { exponential: { mean: '2ms', max: '20ms' } },
}
const document = {
  version: 1,
  name: 'crowded',
  duration: '30ms',
  guest: { cpus: 1 },
  host: { cpus: 1, tasks: ['a', 'b', 'c'].map((name) => ({ name, random })) },
  driver: { kind: 'ideal' },
  streams: [{ name: 'music', client: 'aplay', period_size: 192, periods: 2 }],
}

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-rare-'))
const scenario = join(folder, 'crowded.yaml')
beforeAll(() => writeFileSync(scenario, JSON.stringify(document)))
afterAll(() => rmSync(folder, { recursive: true }))

const options: SweepOptions = {
  vary: [],
  where: [],
  failIf: ['streams.*.xruns > 0'],
  skipInvalid: false,
  set: [],
  out: folder,
  jobs: 1,
  env: {},
  resume: false,
  json: true,
  quiet: false,
  progress: 'none',
  confidence: 0.95,
  measure: 'failing',
}

async function rare(more: Partial<SweepOptions>) {
  const said = { out: '', err: '' }
  const console = {
    out: (text: string) => {
      said.out += text
    },
    err: (text: string) => {
      said.err += text
    },
    progress: () => {},
  }
  const code = await sweepCommand(scenario, { ...options, ...more }, pointsInThisThread, console)
  return { code, ...said }
}

describe('a search for rare failures', () => {
  it('agrees with counting within both intervals, and shows a run that fails', async () => {
    const found = await rare({
      rare: { particles: 100, repetitions: 5, runsMax: 100_000 },
      seed: 7,
    })
    expect(found).toMatchObject({ code: 0, err: '' })
    const [row] = JSON.parse(found.out).rows
    const spec = decodeDocument(document) as ScenarioSpec
    const rule = { audible: false, expect: false, predicates: [] }
    const pool = new ChunkPool()
    const runs = 1_200
    let failing = 0
    for (let seed = 1; seed <= runs; seed++) {
      if (runPoint(spec, seed, rule, pool).xruns > 0) failing++
    }
    const plain = wilson(failing, runs, 0.95)
    expect(failing).toBeGreaterThan(0)
    expect(row.share).toBeGreaterThanOrEqual(plain.low)
    expect(row.share).toBeLessThanOrEqual(plain.high)
    expect(failing / runs).toBeGreaterThanOrEqual(row.interval.low)
    expect(failing / runs).toBeLessThanOrEqual(row.interval.high)
    // An interval of this width says something: one from 0 to 1 would agree with everything.
    expect(row.interval.high / row.interval.low).toBeLessThan(10)
    const { seed, reseed } = row.example as SeededRun
    expect(runPoint({ ...spec, reseed }, seed, rule, pool).xruns).toBeGreaterThan(0)
  }, 120_000)

  const small = { particles: 10, repetitions: 3, runsMax: 30 }
  const short = ['duration=20ms', 'host.tasks=[]']

  it('prints the same again, and commands of runs that fail', async () => {
    const failIf = ['streams.*.frames.played >= 0']
    const vary = ['streams.0.periods=2,4']
    const how = { rare: small, failIf, vary, set: ['duration=20ms'], json: false, seed: 2 }
    const found = await rare(how)
    expect(found.code).toBe(0)
    expect(found.out).toMatch(/^rare failures of crowded: 3 searches of 10 particles\n/)
    expect(found.out).toMatch(/^2 +1 +1\.\.1 +30 +- +30\/30\n4 +1 +1\.\.1 +30 +- +30\/30$/m)
    const set = '--set duration=20ms --set streams.0.periods=4'
    const command = `  pcmsim run ${scenario} --seed \\d+ ${set}\n`
    expect(found.out).toMatch(new RegExp(command))
    expect((await rare(how)).out).toBe(found.out)
  })
  it('says 0 with a bound where nothing can fail', async () => {
    const found = await rare({ rare: small, set: short })
    const [row] = JSON.parse(found.out).rows
    expect(found.code).toBe(row.share === null ? 1 : 0)
    if (row.share !== null) expect(row.interval).toEqual({ low: 0, high: expect.closeTo(0.095, 3) })
  })
  it('refuses what does not go together', async () => {
    const set = ['reseed=[{at: 1ms, seed: 3}]']
    const refused = await rare({ rare: { ...small, runsMax: 29 }, set, shard: { nth: 1, of: 2 } })
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(/--rare: changes the seed itself, allowed: a scenario without/)
    expect(refused.err).toMatch(/--most-runs 29: allowed: 30 first runs or more/)
    expect(refused.err).toMatch(/--shard: a search for rare failures is not divided/)
    const order = ['reseed=[{at: 2ms, seed: 3}, {at: 1ms, seed: 4}]']
    const wrong = await rare({ rare: small, set: order })
    expect(wrong.err).toMatch(/reseed.1.at: out of order, allowed: later than 2ms/)
  })
})

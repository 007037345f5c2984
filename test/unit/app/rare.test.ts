/** Rare failures of a small scenario, by splitting and by counting; and what is said of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeCommand } from '../../../src/app/Merge.ts'
import { decodeDocument } from '../../../src/app/OneScenario.ts'
import { type SweepOptions, sweepCommand } from '../../../src/app/Sweep.ts'
import { pointsInThisThread } from '../../../src/app/SweepPool.ts'
import { wilson } from '../../../src/explore/sweep/intervals.ts'
import { runPoint } from '../../../src/explore/sweep/point.ts'
import type { SeededRun } from '../../../src/explore/sweep/splitting.ts'
import type { ScenarioSpec } from '../../../src/scenario/spec.ts'
import { ChunkPool } from '../../../src/sim/trace-columns.ts'
import { listening } from '../../support/said.ts'

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
  out: '',
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
  const { said, console } = listening()
  const out = more.out ?? mkdtempSync(join(folder, 'out-'))
  const given = { ...options, ...more, out }
  const code = await sweepCommand(scenario, given, pointsInThisThread, console)
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
    const table = (text: string): string => text.slice(0, text.lastIndexOf('\n\n'))
    expect(table((await rare(how)).out)).toBe(table(found.out))
  })
  it('says 0 with a bound where nothing can fail', async () => {
    const found = await rare({ rare: small, set: short })
    const [row] = JSON.parse(found.out).rows
    expect(found.code).toBe(row.share === null ? 1 : 0)
    if (row.share !== null) expect(row.interval).toEqual({ low: 0, high: expect.closeTo(0.095, 3) })
  })
  it('refuses what does not go together', async () => {
    const set = ['reseed=[{at: 1ms, seed: 3}]']
    const refused = await rare({ rare: { ...small, runsMax: 29 }, set })
    expect(refused.code).toBe(2)
    expect(refused.err).toMatch(/--rare: changes the seed itself, allowed: a scenario without/)
    expect(refused.err).toMatch(/--most-runs 29: allowed: 30 first runs or more/)
    const order = ['reseed=[{at: 2ms, seed: 3}, {at: 1ms, seed: 4}]']
    const wrong = await rare({ rare: small, set: order })
    expect(wrong.err).toMatch(/reseed.1.at: out of order, allowed: later than 2ms/)
  })
})

describe('searches as points of a sweep', () => {
  const small = { particles: 10, repetitions: 3, runsMax: 120 }
  const how = { rare: small, vary: ['streams.0.periods=2,4'], set: ['duration=20ms'], seed: 3 }
  const file = (out: string, name = 'results'): string => join(out, `crowded/rare/${name}.jsonl`)
  const whole = join(folder, 'whole')
  let said = { code: 0, out: '', err: '' }
  let bytes = ''
  beforeAll(async () => {
    said = await rare({ ...how, out: whole })
    bytes = readFileSync(file(whole), 'utf8')
  }, 60_000)

  async function merge(paths: readonly string[], name: string) {
    const { said, console } = listening()
    const out = join(folder, name)
    const { confidence, measure } = options
    const given = { out, json: true, quiet: false, confidence, measure }
    const code = await mergeCommand(paths, given, console)
    return { code, ...said, out: said.out, bytes: () => readFileSync(file(out), 'utf8') }
  }

  it('have a line each, keyed by setting and number', () => {
    const [head, ...lines] = bytes.trimEnd().split('\n')
    expect(JSON.parse(head ?? '')).toMatchObject({ points: 6, rare: small })
    const points = lines.map((line) => JSON.parse(line))
    const named = points.map(({ at, set, seed, search }) => [at, set[0], seed, search])
    expect(named).toEqual([
      [0, '2', 3, 0],
      [1, '2', 3, 1],
      [2, '2', 3, 2],
      [3, '4', 3, 0],
      [4, '4', 3, 1],
      [5, '4', 3, 2],
    ])
    expect(new Set(points.map(({ key }) => key)).size).toBe(6)
  })
  it('in shards merge into what one process writes and says, in any order', async () => {
    const out = join(folder, 'shards')
    for (const nth of [2, 4, 1, 3]) {
      const { code } = await rare({ ...how, out, shard: { nth, of: 4 } })
      expect(code).toBe(0)
    }
    const shard = (nth: number): string => file(out, `shard-${nth}-of-4`)
    const part = await merge([shard(4), shard(2)], 'part')
    expect(part).toMatchObject({ code: 1, err: 'pcmsim: 3 of 6 searches are missing\n' })
    const all = await merge([shard(3), file(join(folder, 'part')), shard(1), shard(2)], 'all')
    expect({ ...all, bytes: all.bytes() }).toEqual({ ...said, bytes })
  })
  it('of a kill at any byte lose only what was not whole', async () => {
    const out = join(folder, 'killed')
    await rare({ ...how, out })
    const cuts = [1, 40]
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', end + 1)) {
      cuts.push(end - 100, end)
    }
    for (const cut of cuts.filter((at) => at < bytes.length)) {
      writeFileSync(file(out), bytes.slice(0, cut))
      const again = await rare({ ...how, out, resume: true })
      expect({ cut, ...again }).toEqual({ cut, ...said })
      expect(readFileSync(file(out), 'utf8') === bytes, `cut at ${cut}`).toBe(true)
    }
  }, 120_000)
  it('do not begin over others, and do not merge with those of another search', async () => {
    const again = await rare({ ...how, out: whole })
    expect(again.code).toBe(2)
    expect(again.err).toMatch(/has 6 of 6 searches already, allowed: --resume/)
    const more = { ...small, particles: 11 }
    const other = await rare({ ...how, rare: more, out: join(folder, 'other') })
    expect(other.code).not.toBe(2)
    const mixed = await merge([file(whole), file(join(folder, 'other'))], 'mixed')
    expect(mixed).toMatchObject({ code: 2, err: expect.stringMatching(/another sweep: rare/) })
  })
  it('without an estimate say how far they came, from their lines too', async () => {
    const rareOnes = { ...small, runsMax: 30 }
    const none = { rare: rareOnes, set: ['duration=20ms', 'streams.0.periods=8'] }
    const out = join(folder, 'none')
    const found = await rare({ ...none, out })
    const [row] = JSON.parse(found.out).rows
    expect({ code: found.code, share: row.share }).toEqual({ code: 1, share: null })
    const merged = await merge([file(out)], 'none-merged')
    expect(merged).toMatchObject({ code: 1, out: found.out })
  })
})

/** Files of sweeps: what a kill leaves, resuming, shards and merging. The runs are short ones. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeCommand } from '../../../src/app/Merge.ts'
import { type SweepOptions, sweepCommand } from '../../../src/app/Sweep.ts'
import { pointsInThisThread } from '../../../src/app/SweepPool.ts'
import { listening } from '../../support/said.ts'

const folder = mkdtempSync(join(tmpdir(), 'pcmsim-sweep-'))
const scenario = join(folder, 'tiny.yaml')
const results = (out: string): string => join(out, 'tiny/sweep/results.jsonl')

const options: SweepOptions = {
  vary: ['streams.0.period_size=64,480', 'streams.0.periods=2,4'],
  where: [],
  failIf: [],
  skipInvalid: false,
  seeds: { first: 1, last: 3 },
  set: [],
  out: '',
  jobs: 1,
  env: {},
  resume: false,
  json: false,
  quiet: false,
  progress: 'none',
  confidence: 0.95,
  measure: 'failing',
}

async function sweep(out: string, more: Partial<SweepOptions> = {}) {
  const { said, console } = listening()
  const code = await sweepCommand(
    scenario,
    { ...options, out, ...more },
    pointsInThisThread,
    console,
  )
  return { code, ...said }
}

async function merge(paths: readonly string[], out: string) {
  const { said, console } = listening()
  const { confidence, measure } = options
  const how = { out, json: false, quiet: true, confidence, measure }
  return { code: await mergeCommand(paths, how, console), err: said.err }
}

let whole = ''

beforeAll(async () => {
  writeFileSync(
    scenario,
    'version: 1\nname: tiny\nduration: 120ms\ndriver: {kind: virtio-snd}\n' +
      'streams: [{name: music, client: aplay, length: 60ms}]\n',
  )
  expect((await sweep(join(folder, 'whole'))).code).toBe(0)
  whole = readFileSync(results(join(folder, 'whole')), 'utf8')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a sweep', () => {
  it('has a line for itself and one for each run, in their order', () => {
    const lines = whole.trimEnd().split('\n')
    expect(lines.length).toBe(1 + 12)
    const points = lines.slice(1).map((line) => JSON.parse(line))
    expect(points.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(points[4]).toMatchObject({ set: ['64', '4'], seed: 2 })
    expect(new Set(points.map(({ key }) => key)).size).toBe(12)
  })
  it('refuses to begin over results, and those of another sweep', async () => {
    const out = join(folder, 'whole')
    const again = await sweep(out)
    expect(again).toMatchObject({
      code: 2,
      err: expect.stringMatching(/has 12 of 12 runs already/),
    })
    const other = await sweep(out, { resume: true, seeds: { first: 1, last: 4 } })
    expect(other).toMatchObject({
      code: 2,
      err: expect.stringMatching(/is of another sweep: seeds/),
    })
    const changed = await sweep(out, { resume: true, set: ['guest.hz=1000'] })
    expect(changed.err).toMatch(/is of another scenario/)
    expect(readFileSync(results(out), 'utf8')).toBe(whole)
  })
  it('says every fault of every setting, and writes nothing', async () => {
    const out = join(folder, 'faulty')
    const found = await sweep(out, {
      vary: ['streams.0.periods=1,x', 'guest.cpus=99'],
    })
    expect(found.code).toBe(2)
    expect(found.err).toMatch(/--vary streams.0.periods=x: streams.0.periods: /)
    expect(found.err).toMatch(/--vary guest.cpus=99: guest.cpus: /)
    expect(() => readFileSync(results(out))).toThrow()
  })
  it('leaves out what a constraint forbids', async () => {
    const out = join(folder, 'where')
    const where = ['streams.0.period_size * streams.0.periods > 200']
    await sweep(out, { where, seeds: { first: 1, last: 1 } })
    const sets = readFileSync(results(out), 'utf8').trimEnd().split('\n').slice(1)
    expect(sets.map((line) => JSON.parse(line).set.join('x'))).toEqual(['64x4', '480x2', '480x4'])
  })
})

describe('a kill at any byte', () => {
  it('loses only what was not whole', async () => {
    const out = join(folder, 'killed')
    const file = join(out, 'tiny/sweep/shard-1-of-2.jsonl')
    const again = () => sweep(out, { shard: { nth: 1, of: 2 }, resume: true, quiet: true })
    await again()
    const all = readFileSync(file, 'utf8')
    expect(all.split('\n').length).toBe(1 + 6 + 1)
    // Every length around the ends of lines, and one in the middle of each.
    const cuts = [1, 20]
    for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', end + 1)) {
      cuts.push(end - 200, end - 1, end, end + 1, end + 2)
    }
    for (const cut of cuts.filter((at) => at < all.length)) {
      writeFileSync(file, all.slice(0, cut))
      expect({ cut, ...(await again()) }).toEqual({ cut, code: 0, out: '', err: '' })
      expect(readFileSync(file, 'utf8') === all, `cut at ${cut}`).toBe(true)
    }
  })
  it('in several files, with lines twice and in disorder, is healed by merging', async () => {
    const lines = whole.trimEnd().split('\n')
    const [head = '', ...points] = lines
    const a = join(folder, 'a.jsonl')
    const b = join(folder, 'b.jsonl')
    writeFileSync(
      a,
      `${[head, ...points.slice(5).reverse()].join('\n')}\n${points[0]?.slice(0, 99)}`,
    )
    const damaged = (points[8] ?? '').replace('"seed":3', '"seed":4')
    writeFileSync(b, `${[head, damaged, ...points.slice(0, 7)].join('\n')}\n`)
    const out = join(folder, 'healed')
    const { code, err } = await merge([a, b], out)
    expect({ code, err }).toEqual({ code: 0, err: 'pcmsim: 2 broken lines were left out\n' })
    expect(readFileSync(results(out), 'utf8')).toBe(whole)
  })
})

describe('shards', () => {
  const shard = (nth: number): string => join(folder, `shards/tiny/sweep/shard-${nth}-of-3.jsonl`)

  it('merge into the bytes of one process, in any order and grouping', async () => {
    for (const nth of [2, 3, 1]) {
      const env = { SLURM_ARRAY_TASK_ID: `${nth}` }
      const { code } = await sweep(join(folder, 'shards'), { env, shards: 3 })
      expect(code).toBe(0)
    }
    const out = (name: string): string => join(folder, name)
    expect((await merge([shard(3), shard(1), shard(2)], out('m1'))).code).toBe(0)
    expect(readFileSync(results(out('m1')), 'utf8')).toBe(whole)
    // (1 + 2) + 3, 1 + (2 + 3), and a merge of merges.
    const part = await merge([shard(1), shard(2)], out('m12'))
    expect(part).toEqual({ code: 1, err: 'pcmsim: 4 of 12 runs are missing\n' })
    await merge([shard(2), shard(3)], out('m23'))
    await merge([results(out('m12')), shard(3)], out('m2'))
    await merge([shard(1), results(out('m23'))], out('m3'))
    await merge([results(out('m1')), results(out('m12')), results(out('m1'))], out('m4'))
    for (const name of ['m2', 'm3', 'm4']) {
      expect(readFileSync(results(out(name)), 'utf8')).toBe(whole)
    }
    for (const file of ['settings.csv', 'settings.txt', 'heat-map.svg']) {
      const of = (name: string): string => readFileSync(join(out(name), 'tiny/sweep', file), 'utf8')
      expect(of('m1')).toBe(of('whole'))
    }
  })
  it('of different sweeps do not merge, and a run with two results is told', async () => {
    const other = join(folder, 'other')
    await sweep(other, { seeds: { first: 2, last: 4 } })
    const mixed = await merge([shard(1), results(other)], join(folder, 'mixed'))
    expect(mixed).toMatchObject({ code: 2, err: expect.stringMatching(/another sweep: seeds/) })
    const copy = join(folder, 'copy.jsonl')
    copyFileSync(results(join(folder, 'whole')), copy)
    const { sealed } = await import('../../../src/app/SweepFile.ts')
    const { sum: _, ...point } = JSON.parse(whole.split('\n')[3] ?? '')
    const lie = sealed({ ...point, result: { ...point.result, xruns: 77 } })
    writeFileSync(copy, `${whole.split('\n')[0]}\n${lie}\n`)
    const found = await merge([results(join(folder, 'whole')), copy], join(folder, 'lied'))
    expect(found).toMatchObject({ code: 4, err: expect.stringMatching(/point 2/) })
  })
})

describe('the frontier', () => {
  it('of a grid is that of every point, in a tenth of the runs', async () => {
    const periods = 'streams.0.period_size=96..1104:step16'
    const grid = { vary: ['streams.0.periods=2,3,4,5', periods], seeds: { first: 1, last: 2 } }
    const set = ['duration=100ms', 'streams.0.length=70ms']
    const found = await sweep('', { ...grid, set, frontier: 'streams.0.period_size', json: true })
    const frontier = JSON.parse(found.out)
    const out = join(folder, 'brute')
    await sweep(out, { ...grid, set })
    const lines = readFileSync(results(out), 'utf8').trimEnd().split('\n').slice(1)
    const failing = new Map<string, number>()
    for (const { set: values, result } of lines.map((line) => JSON.parse(line))) {
      if (!result.fails) continue
      failing.set(values[0], Math.max(failing.get(values[0]) ?? 0, Number(values[1])))
    }
    const brute = ['2', '3', '4', '5'].map((value) => ({
      parameters: { 'streams.0.periods': value },
      value: `${(failing.get(value) ?? 80) + 16}`,
    }))
    expect(frontier.rows).toMatchObject(brute)
    expect(frontier.points).toBe(lines.length)
    expect(frontier.runs).toBeLessThan(frontier.points / 10)
  }, 120_000)
})

/** Searches from clean seeds of ordinary scenarios: what they find, and that they find it again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ExploreOptions, exploreCommand } from '../../../src/app/Explore.ts'
import { inThisThread } from '../../../src/app/ExplorePool.ts'
import { shrinkCommand } from '../../../src/app/Shrink.ts'
import { DEFAULT_ORACLES } from '../../../src/explore/failures.ts'
import { holds, parsePredicate } from '../../../src/explore/predicate.ts'
import { Search } from '../../../src/explore/search.ts'
import { STRATEGIES, type StrategyName } from '../../../src/explore/strategies.ts'
import { runTrial } from '../../../src/explore/trial.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { ChunkPool } from '../../../src/sim/trace-columns.ts'
import { type ordinary, specOf, textOf } from '../../support/explore-scenarios.ts'

const pool = new ChunkPool()
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcmsim-explore-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function search(name: keyof typeof ordinary, strategy: StrategyName, runs: number): Search {
  const spec = specOf(name)
  const options = { strategy, seed: 1, runSeed: 1, depth: 3, delaysNs: null }
  const target = { spec, oracles: DEFAULT_ORACLES, predicates: [], features: true }
  const first = runTrial(target, Search.firstTrial(options), pool)
  const found = new Search(spec, first, options)
  while (found.runs < runs && !found.exhausted) {
    const trials = found.nextRound(runs - found.runs)
    found.take(
      trials,
      trials.map((one) => runTrial(target, one, pool)),
    )
  }
  return found
}

describe('a search', () => {
  it.each(Object.keys(STRATEGIES) as StrategyName[])(
    'by %s makes the same trials and findings again, and no trial twice',
    (name) => {
      const first = search('atomic', name, 40)
      const second = search('atomic', name, 40)
      expect(first.runs).toBe(40)
      expect(second.findings).toEqual(first.findings)
      expect(second.coverage).toBe(first.coverage)
    },
  )

  it('leaves out what the ordinary run shows, and finds what it does not', () => {
    const found = search('atomic', 'delay', 96)
    expect(found.known.map((one) => one.oracle)).toContain('lockdep')
    const known = found.known.map((one) => one.key)
    expect(found.findings.filter((one) => known.includes(one.failure.key))).toEqual([])
  })
})

const base: ExploreOptions = {
  set: [],
  strategy: 'mixed',
  runs: 320,
  depth: 3,
  searchSeed: 1,
  find: [],
  stopAtFirst: true,
  shrink: true,
  out: '',
  json: true,
  quiet: false,
  margins: false,
}

async function explore(options: Partial<ExploreOptions>, file = 'ack.yaml') {
  writeFileSync(join(folder, 'ack.yaml'), textOf('ack'))
  let out = ''
  let err = ''
  const code = await exploreCommand(
    join(folder, file),
    { ...base, out: join(folder, 'out'), ...options },
    inThisThread,
    { out: (text) => (out += text), err: (text) => (err += text), progress: () => {} },
  )
  return { code, out, err }
}

describe('pcmsim explore', () => {
  it('shrinks what it finds to a scenario that runs and shows it', async () => {
    const { code, out } = await explore({ strategy: 'delay', find: ['xrun'] })
    expect(code).toBe(1)
    const { findings } = JSON.parse(out)
    const { path, script, schedule } = findings[0].shrunk
    expect(script.length).toBeGreaterThanOrEqual(3)
    expect(script.length).toBeLessThanOrEqual(12)
    expect(schedule.split(',').length).toBeLessThanOrEqual(2)
    const [spec] = loadScenario(readFileSync(path, 'utf8'))
    const { result } = runScenario(spec as NonNullable<typeof spec>)
    expect(result.pass).toBe(true)
    expect(result.streams.music?.xruns.length).toBeGreaterThan(0)
    let text = ''
    const again = await shrinkCommand(
      path,
      { set: [], find: ['xrun'] },
      { out: (piece) => (text += piece), err: () => {} },
    )
    expect(again).toBe(0)
    expect(loadScenario(text)[0]?.schedule?.holds.length).toBeLessThanOrEqual(2)
  })

  it('continues a search from its file, also after a kill in the middle of a line', async () => {
    const resume = join(folder, 'search.jsonl')
    const whole = await explore({ runs: 160, stopAtFirst: false, shrink: false })
    await explore({ runs: 96, stopAtFirst: false, shrink: false, resume })
    const text = readFileSync(resume, 'utf8')
    writeFileSync(resume, text.slice(0, -10))
    const more = await explore({ runs: 160, stopAtFirst: false, shrink: false, resume })
    expect(more.out).toBe(whole.out)
    const other = await explore({ runs: 160, searchSeed: 2, resume })
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining('of another search') })
  })

  it('says what is wrong with what it is asked', async () => {
    const { code, err } = await explore({ find: ['stal', 'a > b > c'] })
    expect(code).toBe(2)
    expect(err).toContain("--find: 'stal' is not known, did you mean 'stall'?")
    expect(err).toContain("--find 'a > b > c' is not a comparison")
    expect((await explore({ time: '5' })).err).toContain("--time: '5' has no unit")
    expect((await explore({ delays: '1ms,x' })).code).toBe(2)
    expect((await explore({}, 'none.yaml')).code).toBe(2)
  })

  it('finds what a predicate says', async () => {
    const find = ['streams.*.wakeLatencyNs.max > 9ms']
    const { code, out } = await explore({ find, runs: 64, shrink: false })
    expect(code).toBe(1)
    expect(JSON.parse(out).findings[0].text).toBe('streams.*.wakeLatencyNs.max > 9ms')
  })

  it('tells the shortest stall that is heard along the period', async () => {
    const { code, out } = await explore({ margins: true })
    expect(code).toBe(0)
    const { least, points, none } = JSON.parse(out)
    expect(none).toBe(false)
    expect(points.length).toBeGreaterThan(3)
    // A ring of 40 ms on a tick of 10 ms: less than a ring, more than a tick.
    expect(least.shortestNs).toBeGreaterThan(10_000_000)
    expect(least.shortestNs).toBeLessThan(40_000_000)
  })
})

describe('predicates', () => {
  const result = {
    streams: { a: { xruns: [1, 2], wake: { max: 5_000_000 } } },
    outcome: 'deadlock',
  }

  it.each([
    ['streams.*.wake.max >= 5ms', true],
    ['streams.*.wake.max > 5ms', false],
    ['streams.a.xruns == 2', true],
    ['streams.b.xruns == 2', false],
    ['outcome == deadlock', true],
    ['outcome != completed', true],
    ['streams.a.xruns.1 < 2', false],
  ])('%s is %s', (text, expected) => {
    const predicate = parsePredicate(text)
    expect(typeof predicate === 'string' ? predicate : holds(predicate, result)).toBe(expected)
  })
})

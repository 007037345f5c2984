/** What searches found, shrunk and kept: each still runs as its file says. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { exploreCommand } from '../../../src/app/Explore.ts'
import { inThisThread } from '../../../src/app/ExplorePool.ts'
import { loadScenario, runScenario, type ScenarioSpec } from '../../../src/index.ts'
import { type KeptSearch, keptSearches } from '../../support/kept-searches.ts'

const folder = fileURLToPath(new URL('../../replay/', import.meta.url))
const updating = process.env.UPDATE_GOLDEN !== undefined

function verdicts(name: string) {
  const text = readFileSync(join(folder, name), 'utf8')
  const [spec] = loadScenario(text, { name })
  return runScenario(spec as ScenarioSpec).result.expectations
}

function holds(name: string): boolean {
  if (!readdirSync(folder).includes(name)) return false
  return verdicts(name).every((one) => one.pass)
}

/** Searches again and keeps the finding under its name. */
async function find({ name, scenario, keep, ...search }: KeptSearch): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'pcmsim-replay-'))
  const path = join(place, 'ordinary.yaml')
  writeFileSync(path, scenario.replace(/^name: .*$/m, `name: ${name}`))
  let out = ''
  const options = { set: [], depth: 3, searchSeed: 1, stopAtFirst: true, shrink: true }
  const more = { out: place, json: true, quiet: false, margins: false }
  await exploreCommand(path, { ...options, ...more, ...search }, inThisThread, {
    out: (text) => (out += text),
    err: (text) => (out += text),
    progress: () => {},
  })
  const { findings } = JSON.parse(out)
  const found = findings.find((one: { text: string }) => one.text.startsWith(keep))
  expect(found?.shrunk?.path, `${name}: ${search.runs} runs found nothing to keep`).toBeTruthy()
  const to = join(folder, `${name}.yaml`)
  copyFileSync(found.shrunk.path, to)
  const text = readFileSync(to, 'utf8')
  const first = text.replace(/(\$schema=).*/, '$1../../schema/scenario.schema.json')
  writeFileSync(to, first.replace(/^name: .*$/m, `name: ${name}`))
  rmSync(place, { recursive: true })
}

describe('test/replay', () => {
  it('holds what the searches found, and nothing else', () => {
    const names = keptSearches.map((one) => `${one.name}.yaml`)
    if (!updating) expect(readdirSync(folder).toSorted()).toEqual(names.toSorted())
  })

  it.each(keptSearches)(
    '$name shows what it was kept for',
    async (search) => {
      const file = `${search.name}.yaml`
      if (updating && !holds(file)) await find(search)
      const all = verdicts(file)
      expect(all.filter((one) => !one.pass)).toEqual([])
      expect(all.length).toBeGreaterThan(0)
    },
    300_000,
  )
})

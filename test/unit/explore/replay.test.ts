/** What searches found, shrunk and kept: each still runs as its file says. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario, type ScenarioSpec } from '../../../src/index.ts'

const folder = new URL('../../replay/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

describe('test/replay', () => {
  it('is not empty', () => {
    expect(files.length).toBeGreaterThanOrEqual(3)
  })

  it.each(files)('%s shows what it was kept for', (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const [spec] = loadScenario(text, { name })
    const { result } = runScenario(spec as ScenarioSpec)
    expect(result.expectations.filter((one) => !one.pass)).toEqual([])
    expect(result.expectations.length).toBeGreaterThan(0)
  })
})

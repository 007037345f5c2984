/** Every chart of every scenario that comes with pcmsim keeps the rules (its first variant). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CHART_KINDS } from '../../../src/chart/kinds.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { brokenRules, elementCount, roughSize } from '../../support/chart-rules.ts'

const folder = fileURLToPath(new URL('../../../scenarios', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml'))
  .toSorted((a, b) => (a < b ? -1 : 1))

describe.each(files)('%s', (file) => {
  it('is drawn by the rules', () => {
    const [spec] = loadScenario(readFileSync(join(folder, file), 'utf8'), { name: file })
    if (spec === undefined) throw new Error(`${file} holds no scenario`)
    const run = runScenario(spec)
    for (const kind of CHART_KINDS) {
      const drawing = kind.draw(run, {})
      const broken = brokenRules(drawing).map((one) => `${kind.name}: ${one}`)
      expect(broken).toEqual([])
      expect(elementCount(drawing)).toBeLessThanOrEqual(2_000)
      expect(roughSize(drawing)).toBeLessThan(1_000_000)
    }
  })
})

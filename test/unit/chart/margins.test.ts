/** The margins chart: legible for any number of places, states the weakest one. */
import { describe, expect, it } from 'vitest'
import { layoutMargins, type MarginRow } from '../../../src/chart/layout/margins.ts'
import { brokenRules, elementCount } from '../../support/chart-rules.ts'

const kinds = ['vcpu', 'worker', 'interrupt', 'device']

function rows(count: number): MarginRow[] {
  return Array.from({ length: count }, (_, i) => ({
    holding: kinds[i % 4] as string,
    where: `a context with a long name ${i}: an operation with a long name`,
    phaseNs: (i * 7_919_000) % 21_333_000,
    shortestNs: i % 5 === 4 ? null : 1_000_000 + i * 333_333,
    triedNs: 120_000_000,
  }))
}

describe('the margins chart', () => {
  it.each([0, 1, 24, 200])('keeps the rules with %i places', (count) => {
    const about = 'scenario · shortest single stall along a period of 21.3ms, by 204 runs'
    const input = { title: 'no single stall is heard', about, periodNs: 21_333_000 }
    const drawing = layoutMargins({ ...input, rows: rows(count) })
    expect(brokenRules(drawing)).toEqual([])
    expect(elementCount(drawing)).toBeLessThan(400)
    expect(drawing.desc.includes('more places are not shown')).toBe(count > 60)
  })

  it('stands in the order of the period', () => {
    const about = 'a'
    const { shapes } = layoutMargins({ title: 't', about, periodNs: 1, rows: rows(10) })
    const phases = shapes.flatMap((shape) =>
      shape.kind === 'text' && / ms$/.test(shape.text) ? [Number.parseFloat(shape.text)] : [],
    )
    expect(phases.length).toBe(10)
    expect(phases).toEqual(phases.toSorted((a, b) => a - b))
  })
})

/**
 * The pictures of README and docs. `npm run images` draws them anew. The test holds their titles,
 * which are findings, to what the scenarios give today.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { collectCompareRow } from '../../src/analysis/compare.ts'
import { svgText } from '../../src/app/Charts.ts'
import { chartKind } from '../../src/chart/kinds.ts'
import { layoutCompare } from '../../src/chart/layout/compare.ts'
import type { Drawing } from '../../src/chart/layout/shapes.ts'
import { OVERVIEW_BINS } from '../../src/chart/layout/timeline.ts'
import { loadScenario, runScenario } from '../../src/index.ts'

interface Picture {
  readonly file: string
  readonly scenario: string
  /** Absent: the scenario has none, or all are compared. */
  readonly variant?: string
  readonly kind: string
}

const pictures: readonly Picture[] = [
  { file: 'first-light', scenario: 'first-light', kind: 'timeline' },
  { file: 'underrun-ring', scenario: 'underrun-client-sleeps', kind: 'ring' },
  {
    file: 'kworker-latency',
    scenario: 'stall-kworker-starved',
    variant: 'throttled-at-950ms',
    kind: 'latency',
  },
  { file: 'stale-audio-variants', scenario: 'virtio-snd/H12-stale-audio', kind: 'compare' },
  {
    file: 'deadlock-timeline',
    scenario: 'virtio-snd/H02-abba-if-nonatomic-is-dropped',
    variant: 'v5-atomic',
    kind: 'timeline',
  },
  {
    file: 'v6-locks',
    scenario: 'virtio-snd/H01-sleeping-lock-in-hardirq',
    variant: 'v6',
    kind: 'locks',
  },
  { file: 'first-light-jitter', scenario: 'first-light', kind: 'jitter' },
]

function drawingOf({ scenario, variant, kind }: Picture): Drawing {
  const text = readFileSync(new URL(`../../scenarios/${scenario}.yaml`, import.meta.url), 'utf8')
  const specs = loadScenario(text, { name: scenario })
  if (kind === 'compare') {
    const rows = specs.map((spec) => {
      const { store, result } = runScenario(spec)
      return collectCompareRow(spec.variant ?? spec.name, store, result, OVERVIEW_BINS)
    })
    return layoutCompare({ scenario: specs[0]?.name ?? '', seed: specs[0]?.seed ?? 0, rows })
  }
  const spec = specs.find((one) => variant === undefined || one.variant === variant)
  const chart = chartKind(kind)
  if (spec === undefined || chart === undefined) throw new Error(`${scenario}: no such picture`)
  return chart.draw(runScenario(spec), {})
}

describe.each(pictures.map((one) => [one.file, one] as const))('docs/images/%s.svg', (_, one) => {
  it('shows what its scenario gives', async () => {
    const file = new URL(`../../docs/images/${one.file}.svg`, import.meta.url)
    const drawing = drawingOf(one)
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, await svgText(drawing))
    const stored = readFileSync(file, 'utf8')
    const title = /<title>([^<]*)<\/title>/.exec(stored)?.[1]?.replaceAll('&gt;', '>')
    expect(title?.replaceAll('&amp;', '&')).toBe(drawing.title)
  })
})

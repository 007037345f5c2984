/** The lock graph and the contention chart: the rules of all drawings, and what they must show. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../src/analysis/fold.ts'
import {
  bucketFromNs,
  bucketOf,
  LockStatFold,
  type LockTimes,
} from '../../../src/analysis/lockdep/lock-stat.ts'
import { LockdepFold, type LockdepResult } from '../../../src/analysis/lockdep/trace-fold.ts'
import type { RunResult } from '../../../src/analysis/result.ts'
import { svgText } from '../../../src/app/Charts.ts'
import type { Drawing } from '../../../src/chart/layout/shapes.ts'
import { layoutLockContention } from '../../../src/chart/lock-contention.ts'
import { layoutLockGraph } from '../../../src/chart/lock-graph.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { brokenRules } from '../../support/chart-rules.ts'
import { expectGolden } from '../../support/golden.ts'

function runOf(path: string, variant: string | null = null) {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const specs = loadScenario(text, { name: path })
  const spec = specs.find((one) => one.variant === variant)
  if (spec === undefined) throw new Error(`${path} has no variant ${variant}`)
  const { store, result } = runScenario(spec)
  const found = foldStore(store, new LockdepFold(store.symbols), 0)
  return { result, found, stats: foldStore(store, new LockStatFold(store.symbols), 0) }
}

const nested = runOf('scenarios/virtio-snd/H03-same-class-nesting.yaml', 'v6')
const stopped = runOf('scenarios/virtio-snd/H02-abba-if-nonatomic-is-dropped.yaml', 'v6-atomic')
const clean = runOf('test/data/locks-whole-life.yaml')

function expectLegible(drawing: Drawing): void {
  expect(brokenRules(drawing)).toEqual([])
  expect(drawing.shapes.length).toBeLessThan(2_000)
  for (const shape of drawing.shapes) if (shape.kind === 'path') expect(shape.d).not.toMatch(/NaN/)
}

describe('the lock graph', () => {
  it('keeps the rules of drawings', () => {
    for (const run of [nested, stopped, clean])
      expectLegible(layoutLockGraph(run.result, run.found))
  })
  it('says in its title what was found', () => {
    const title = (run: typeof nested) => layoutLockGraph(run.result, run.found).title
    expect(title(nested)).toBe(
      'circular: &snd->queues[i].lock → &group->mutex → &snd->queues[i].lock (and 3 more reports)',
    )
    expect(title(stopped)).toMatch(
      /^circular: .*, and this run stopped there \(and 1 more report\)$/,
    )
    const reports = nested.found.reports.filter((one) => one.kind === 'recursive')
    const { title: twice } = layoutLockGraph(nested.result, { ...nested.found, reports })
    expect(twice).toMatch(/^recursive, by class only: &snd->queues\[i\]\.lock/)
    expect(title(clean)).toMatch(/^no report: \d+ dependencies among \d+ lock classes/)
  })
  it('draws the offending cycle heavily and numbers it; safe and unsafe differ in shape', () => {
    const { shapes } = layoutLockGraph(nested.result, nested.found)
    const classesOf = (kind: string) => shapes.filter((one) => one.kind === kind)
    const badges = classesOf('text').filter((one) => one.class === 'badgetext')
    expect(badges.map((one) => ('text' in one ? one.text : '')).toSorted()).toEqual(['1', '2'])
    const outline = (name: string): string => {
      const path = shapes.find((one) => one.kind === 'path' && one.class === name)
      return path !== undefined && 'd' in path ? path.d : ''
    }
    // A hexagon has five lines after its first point, a box is drawn by its sides.
    expect(outline('stroke irq')).toMatch(/^M[^MLZ]+(?:L[^MLZ]+){5}Z/)
    expect(outline('stroke client')).toMatch(/^M[^MLZhv]+h/)
    expect(layoutLockGraph(clean.result, clean.found).shapes.map((one) => one.class)).not.toContain(
      'badge',
    )
  })
  it('keeps the rules for any graph', () => {
    const name = fc
      .integer({ min: 0, max: 11 })
      .map((n) => `&some${'_long'.repeat(n % 4)}->lock${n}`)
    const edge = fc.record({ before: name, after: name, count: fc.nat(1_000_000) })
    const usage = fc.constantFrom('....', '-...', '+.+.', '?.+.', '++--')
    fc.assert(
      fc.property(
        fc.uniqueArray(edge, { maxLength: 25, selector: endsOf }),
        usage,
        (edges, marks) => {
          const names = [...new Set(edges.flatMap(({ before, after }) => [before, after]))]
          const classes = names.map((one) => ({ name: one, usage: marks }))
          const found: LockdepResult = { classes, edges, reports: [] }
          expectLegible(layoutLockGraph(clean.result, found))
        },
      ),
      { numRuns: 40, seed: 3 },
    )
  })
  it('is this', async () => {
    expectGolden('lock-graph.svg', await markupOf(layoutLockGraph(about, sample)))
  })
})

/** Without the style sheet, which other charts change. */
async function markupOf(drawing: Drawing): Promise<string> {
  return (await svgText(drawing)).replace(/<style>.*?<\/style>/s, '')
}

/** Input of the golden files is fixed, so that only the drawing can change them. */
const about = { ...nested.result, scenario: 'sample', variant: null, seed: 1 }
const sample: LockdepResult = {
  classes: [
    { name: '&pcm->mutex', usage: '+.+.' },
    { name: '&group->lock', usage: '-...' },
    { name: '&queue->lock', usage: '?...' },
    { name: '&runtime->sleep', usage: '....' },
  ],
  edges: [
    { before: '&pcm->mutex', after: '&group->lock', count: 7 },
    { before: '&pcm->mutex', after: '&queue->lock', count: 2 },
    { before: '&group->lock', after: '&queue->lock', count: 3 },
    { before: '&group->lock', after: '&runtime->sleep', count: 50 },
    { before: '&queue->lock', after: '&group->lock', count: 1 },
  ],
  reports: nested.found.reports
    .filter((one) => one.kind === 'circular')
    .map((one) => ({ ...one, classes: ['&queue->lock', '&group->lock'] })),
}

function stat(name: string, hold: readonly number[], wait: readonly number[]): LockTimes {
  return { name, read: false, conBounces: 0, acqBounces: 0, hold: timeOf(hold), wait: timeOf(wait) }
}

function timeOf(times: readonly number[]) {
  const buckets = Array.from({ length: 128 }, (_, at) => {
    return times.filter((ns) => bucketOf(ns) === at).length
  })
  const totalNs = times.reduce((sum, ns) => sum + ns, 0)
  const [minNs, maxNs] = [Math.min(...times, 1e12), Math.max(...times, 0)]
  return { count: times.length, minNs, maxNs, totalNs, buckets }
}

function endsOf({ before, after }: { before: string; after: string }): string {
  return `${before} -> ${after}`
}

describe('the contention chart', () => {
  it('keeps the rules of drawings', () => {
    for (const run of [nested, stopped, clean]) {
      expectLegible(layoutLockContention(run.result, run.stats))
    }
    expectLegible(layoutLockContention(clean.result as RunResult, []))
  })
  it('names what was waited for longest, else held longest', () => {
    const waits = [stat('&group->mutex', [100, 70_000], [68_700]), stat('&vss->lock', [1e6], [])]
    const { title } = layoutLockContention(clean.result, waits)
    expect(title).toBe('1 contention: most time was lost on &group->mutex, up to 68.7 µs at once')
    const { title: late } = layoutLockContention(stopped.result, stopped.stats)
    expect(late).toMatch(/^deadlock at 0\.\d+ s; until then /)
    const calm = clean.stats.filter((one) => one.wait.count === 0)
    expect(layoutLockContention(clean.result, calm).title).toMatch(
      /^no contention: the longest hold/,
    )
  })
  it('counts every hold in a bucket that holds it', () => {
    for (const { hold } of clean.stats) {
      expect(hold.buckets.reduce((sum, count) => sum + count, 0)).toBe(hold.count)
    }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (ns) => {
        const bucket = bucketOf(ns)
        expect(bucketFromNs(bucket)).toBeLessThanOrEqual(Math.max(1, ns))
        expect(bucketFromNs(bucket + 1)).toBeGreaterThan(ns < 4 ? 0 : ns)
      }),
    )
  })
  it('is this', async () => {
    const stats = [
      stat('&queue->lock', [300, 320, 350, 2_000, 41_000], [12_000, 900]),
      stat('&pcm->mutex', [0, 80_000, 1_200_000], []),
    ]
    const drawing = layoutLockContention({ ...about, locks: clean.result.locks }, stats)
    expectGolden('lock-contention.svg', await markupOf(drawing))
  })
})

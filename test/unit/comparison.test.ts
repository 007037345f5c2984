/**
 * docs/comparison.md and its charts are what scenarios/comparison.yaml gives; `npm run comparison`
 * writes them anew.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type CompareRow, collectCompareRow } from '../../src/analysis/compare.ts'
import { layoutCompare } from '../../src/chart/layout/compare.ts'
import {
  layoutHeatMap,
  loadScenario,
  runScenario,
  type ScenarioRun,
  svgText,
} from '../../src/index.ts'
import { T, TraceRecord } from '../../src/sim/trace.ts'
import { CODES } from '../../src/sim/trace-kinds.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = readFileSync(`${root}scenarios/comparison.yaml`, 'utf8')
const BINS = 400
const SEEDS = [1, 2, 3]
const PERIODS = [2, 3, 4, 5, 6, 7, 8, 10, 12, 16]
const EXITS = CODES['exit'] as readonly string[]
const SIGNALS = ['ioeventfd', 'hypercall'].map((word) => EXITS.indexOf(word))

/** Records of a run that matter here, each second. */
function rates({ store, result }: ScenarioRun) {
  const found = { exits: 0, signals: 0, interrupts: 0 }
  const r = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    store.at(i, r)
    if (r.kind === T.irq_raise) found.interrupts++
    if (r.kind !== T.kvm_exit) continue
    found.exits++
    if (SIGNALS.includes(r.a)) found.signals++
  }
  const perSecond = (count: number): number => Math.round(count / (result.virtualTimeNs / 1e9))
  return {
    exits: perSecond(found.exits),
    signals: perSecond(found.signals),
    interrupts: perSecond(found.interrupts),
  }
}

/** Xruns and silent failures of three seeds with so many periods of 5 ms. */
function failures(variant: number, periods: number): number {
  const set = [`streams.0.periods=${periods}`, 'streams.0.period_size=240', 'duration=3s']
  const spec = loadScenario(text, { set })[variant]
  if (spec === undefined) throw new Error(`no variant ${variant}`)
  return SEEDS.reduce((sum, seed) => {
    const stream = runScenario(spec, seed).result.streams['music']
    if (stream === undefined) return sum + 1
    return sum + stream.xruns.length + stream.silentFailures.length
  }, 0)
}

const ms = (ns: number): string => (ns / 1e6).toFixed(1)
const names = loadScenario(text).map((spec) => spec.variant ?? '')
const runs = loadScenario(text).map((spec) => runScenario(spec))
const rings = names.map((_, i) => PERIODS.map((periods) => failures(i, periods)))

/** The fewest periods from which on nothing failed. */
function safe(row: readonly number[]): string {
  const last = row.findLastIndex((count) => count > 0)
  const periods = PERIODS[last + 1]
  return periods === undefined ? 'above 16' : `${periods} (${periods * 5} ms)`
}

function table(): string {
  const head = [
    'driver and device',
    'notification interval p50 / p99',
    'written to heard p50 / p99',
    'exits (signals)',
    'interrupts',
    'safe ring',
  ]
  const rows = runs.map((run, i) => {
    const stream = run.result.streams['music']!
    const { intervalNs: every } = stream.periodElapsed
    const { exits, signals, interrupts } = rates(run)
    return [
      names[i] ?? '',
      `${ms(every.p50)} / ${ms(every.p99)}`,
      `${ms(stream.endToEndNs.p50)} / ${ms(stream.endToEndNs.p99)}`,
      `${exits} (${signals})`,
      `${interrupts}`,
      safe(rings[i] ?? []),
    ]
  })
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The same drawing; another theme of the charts alone does not make it out of date. */
async function expectChart(svg: string, path: string): Promise<void> {
  const bare = (text: string): string => text.replace(/<style[\s\S]*?<\/style>/g, '')
  const kept = existsSync(`${root}${path}`) ? readFileSync(`${root}${path}`, 'utf8') : ''
  if (bare(kept) !== bare(svg)) await expect(svg).toMatchFileSnapshot(`../../${path}`)
}

describe('docs/comparison.md', () => {
  it('has the figures of the runs', async () => {
    const page = readFileSync(`${root}docs/comparison.md`, 'utf8')
    const block = /(<!-- comparison -->\n)[\s\S]*?(<!-- end -->)/
    expect(page).toMatch(block)
    const fresh = page.replace(block, (_, before, after) => `${before}${table()}\n${after}`)
    await expect(fresh).toMatchFileSnapshot('../../docs/comparison.md')
  })

  it('has the chart of the runs', async () => {
    const rows = runs.map(({ store, result }, i): CompareRow => {
      return collectCompareRow(names[i] ?? '', store, result, BINS)
    })
    const svg = await svgText(layoutCompare({ scenario: 'comparison', seed: 1, rows }))
    await expectChart(svg, 'docs/images/comparison.svg')
  })

  it('has the chart of rings', async () => {
    const drawing = layoutHeatMap({
      x: { name: 'periods in the ring', unit: '5 ms each', values: PERIODS.map(String) },
      y: { name: 'driver', unit: 'and device', values: names },
      what: 'xruns and silent failures',
      unit: 'three runs of 3 s',
      cells: rings.map((row) => row.map((value) => ({ value, fails: value > 0 }))),
      about: 'comparison · periods of 5 ms, the same client and the same load on the host',
    })
    const svg = await svgText(drawing)
    await expectChart(svg, 'docs/images/comparison-ring.svg')
  })

  it('says what is true of the runs', () => {
    const of = (name: string) => runs[names.indexOf(name)]!
    const interval = (name: string): number => {
      return of(name).result.streams['music']!.periodElapsed.intervalNs.p50 / 1e6
    }
    expect(interval('xen-shipped')).toBeCloseTo(20, 0)
    for (const name of ['xen-ge', 'v7-exact', 'ack-exact'])
      expect(interval(name)).toBeCloseTo(10, 0)
    const signals = (name: string): number => rates(of(name)).signals
    expect(signals('xen-ge')).toBeGreaterThan(signals('ack-exact') - 20)
    expect(rates(of('xen-ge')).interrupts).toBeGreaterThan(rates(of('ack-exact')).interrupts)
    expect(rings[names.indexOf('xen-shipped')]![0]).toBeGreaterThan(0)
  })
})

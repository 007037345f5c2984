/** Every kind of chart keeps the rules of charts on every sort of run, however it is zoomed. */
import { beforeAll, describe, expect, it } from 'vitest'
import { buildResult, type RunResult } from '../../../src/analysis/result.ts'
import { drawChart } from '../../../src/app/Charts.ts'
import { CHART_KINDS } from '../../../src/chart/kinds.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { brokenRules, elementCount, roughSize } from '../../support/chart-rules.ts'
import { RecordScript } from '../../support/record-script.ts'
import {
  type SyntheticOptions,
  syntheticMeta,
  syntheticStore,
} from '../../support/synthetic-store.ts'

const MS = 1_000_000
const STALLED = { stallAtNs: 2_000 * MS, stallNs: 60 * MS }

interface Run {
  readonly store: TraceStore
  readonly result: RunResult
}

function runOf(options: SyntheticOptions): Run {
  const store = syntheticStore(options)
  return { store, result: buildResult(store, syntheticMeta(options.durationNs)) }
}

/** A document, or the parser's complaint: strict XML, not HTML. */
async function parseXml(text: string) {
  const { D3Node } = await import('d3-node' as string)
  return new new D3Node().window.DOMParser().parseFromString(text, 'application/xml')
}

const runs: Record<string, Run> = {}

/** The same records again and again, each time later. */
function repeated({ store }: Run, everyNs: number, times: number): Run {
  const long = new TraceStore(store.symbols)
  for (let n = 0; n < times; n++) {
    store.replay({
      record: (r) => {
        const { timeNs } = r
        r.timeNs = timeNs + n * everyNs
        long.record(r)
        r.timeNs = timeNs
      },
    })
  }
  return { store: long, result: buildResult(long, syntheticMeta(everyNs * times)) }
}

beforeAll(() => {
  runs.clean = runOf({})
  runs.xrun = runOf(STALLED)
  runs.short = runOf({ durationNs: 200 * MS })
  runs.long = runOf({ durationNs: 101_000 * MS, ...STALLED })
  runs.million = repeated(runs.long, 101_000 * MS, 3)
  const empty = new TraceStore(new Symbols())
  runs.empty = { store: empty, result: buildResult(empty, syntheticMeta()) }
  const opened = new RecordScript().started(0).store
  runs.opened = { store: opened, result: buildResult(opened, syntheticMeta(10)) }
})

describe.each(CHART_KINDS.map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
  const sorts = ['clean', 'xrun', 'short', 'long', 'empty', 'opened']

  it.each(sorts)('%s: texts lie apart and within the frame, axes have round ticks', (sort) => {
    expect(brokenRules(kind.draw(runs[sort] as Run, {}))).toEqual([])
  })
  it.each(sorts)('%s: is small, valid, titled and the same twice', async (sort) => {
    const { store, result } = runs[sort] as Run
    const svg = await drawChart(name, store, result)
    expect(svg.length).toBeLessThan(1_000_000)
    const document = await parseXml(svg)
    expect(document.documentElement.tagName).toBe('svg')
    expect(document.querySelectorAll('*').length).toBeLessThanOrEqual(2_000)
    expect(document.querySelector('title')?.textContent).not.toBe('')
    expect(document.querySelector('desc')?.textContent).not.toBe('')
    expect(svg).toContain('prefers-color-scheme:dark')
    expect(await drawChart(name, store, result)).toBe(svg)
  })
  it('of 400,000 records has as few elements, also zoomed out to the whole run', () => {
    const run = runs.long as Run
    expect(run.store.length).toBeGreaterThan(390_000)
    const whole = kind.draw(run, { window: { fromNs: 0, toNs: 101_000 * MS } })
    expect(elementCount(whole)).toBeLessThan(500)
    expect(roughSize(whole)).toBeLessThan(900_000)
    expect(brokenRules(whole)).toEqual([])
  })
  it('of 1,000,000 records is as small, and takes less than 2 s of a processor', () => {
    const run = runs.million as Run
    expect(run.store.length).toBeGreaterThan(1_000_000)
    const before = process.cpuUsage()
    const whole = kind.draw(run, {
      window: { fromNs: 0, toNs: run.result.virtualTimeNs },
    })
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(2)
    expect(elementCount(whole)).toBeLessThan(500)
    expect(roughSize(whole)).toBeLessThan(1_000_000)
    expect(brokenRules(whole)).toEqual([])
  })
  it.each([1, 40_000, 5 * MS, 700 * MS, 3_000 * MS])('a window of %d ns keeps the rules', (ns) => {
    const window = { fromNs: 2_000 * MS, toNs: 2_000 * MS + ns }
    for (const sort of ['clean', 'xrun']) {
      expect(brokenRules(kind.draw(runs[sort] as Run, { window }))).toEqual([])
    }
  })
  it('says in its title what was found, and where its time axes lie', () => {
    const { title, panels, width, height } = kind.draw(runs.xrun as Run, {})
    expect(title.length).toBeGreaterThan(20)
    expect(panels.length > 0).toBe(!['locks', 'contention'].includes(name))
    for (const { x0, x1, top, bottom, fromNs, toNs } of panels) {
      expect(x0).toBeLessThan(x1)
      expect(x1).toBeLessThanOrEqual(width)
      expect(top).toBeLessThan(bottom)
      expect(bottom).toBeLessThanOrEqual(height)
      expect(fromNs).toBeLessThan(toNs)
    }
  })
})

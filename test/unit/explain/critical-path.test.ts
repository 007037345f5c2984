/**
 * The critical path between two records: its steps follow each other without a gap and add up to
 * the distance, between any two records of any run; and it goes the way that the notes give.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectFacts, type Facts } from '../../../src/analysis/explain/explain.ts'
import { pathBetween, pathEnd } from '../../../src/analysis/explain/steps.ts'
import { pathEnds } from '../../../src/app/PathEnds.ts'
import { pathJson, pathMarkdown, pathText } from '../../../src/app/PathText.ts'
import { chartKind } from '../../../src/chart/kinds.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { brokenRules } from '../../support/chart-rules.ts'

function factsOf(file: string, variant: string | null): Facts {
  const path = fileURLToPath(new URL(`../../../scenarios/${file}.yaml`, import.meta.url))
  const specs = loadScenario(readFileSync(path, 'utf8'), { set: ['duration=700ms'] })
  const spec = specs.find((one) => one.variant === variant)
  if (spec === undefined) throw new Error(`no variant ${variant}`)
  const { store, result } = runScenario(spec)
  return collectFacts(store, result)
}

const runs = {
  stolen: factsOf('late-vcpu-stolen', 'stolen'),
  dead: factsOf('virtio-snd/H06-start-waits-under-the-stream-lock', 'ack'),
  lock: factsOf('virtio-snd/H18-exit-in-the-critical-section', 'v6'),
  xen: factsOf('xen/X02-slow-stop', 'slow-ge'),
}

/** Checks the steps, and gives the sum. */
function checked(facts: Facts, from: number, to: number): number {
  const path = pathBetween(facts, pathEnd(facts, from), pathEnd(facts, to))
  let at = path.from.timeNs
  for (const step of path.steps) {
    expect(step.fromNs).toBe(at)
    expect(step.ns).toBeGreaterThan(0)
    expect(step.record).toBeGreaterThanOrEqual(0)
    expect(step.record).toBeLessThan(facts.store.length)
    for (const via of step.via) expect(via.record).toBeLessThan(facts.store.length)
    at = step.toNs
  }
  expect(at).toBe(path.to.timeNs)
  expect(path.parts.reduce((sum, one) => sum + one.ns, 0)).toBe(path.distanceNs)
  return path.distanceNs
}

function ends(facts: Facts, from: string, to: string) {
  const found = pathEnds(facts, from, to)
  if (Array.isArray(found)) throw new Error(found.join())
  return pathBetween(facts, found.from, found.to)
}

describe('the critical path between two records', () => {
  it.each(Object.entries(runs))('%s: adds up, without a gap, between any two', (_, facts) => {
    const last = facts.store.length - 1
    const pair = fc.tuple(fc.integer({ min: 0, max: last }), fc.integer({ min: 0, max: last }))
    let most = 0
    fc.assert(
      fc.property(pair, ([a, b]) => {
        most = Math.max(most, checked(facts, Math.min(a, b), Math.max(a, b)))
      }),
      { numRuns: 20, seed: 3 },
    )
    expect(most).toBeGreaterThan(1_000_000)
  })

  it('of a period: timer, device, interrupt, work item, wake-up, client, in that order', () => {
    const { steps } = ends(runs.stolen, '300ms', 'late:1')
    const way = steps.slice(-12).flatMap((one) => [...one.via.map(({ kind }) => kind), one.part])
    const order = ['tick', 'device', 'interrupt', 'handler', 'work item', 'wake-up', 'client-run']
    let at = 0
    for (const word of way) if (word === order[at]) at++
    expect(order.slice(at)).toEqual([])
    expect(steps.at(-1)?.name).toBe('aplay')
  })

  it('goes through a request to the back end, and through a lock to its holder', () => {
    const slow = ends(runs.xen, '0', 'late:1')
    expect(slow.steps.some(({ via }) => via.some(({ kind }) => kind === 'wake-up'))).toBe(true)
    expect(slow.steps.map(({ name }) => name)).toContain('sndbe')
    expect(slow.steps.map(({ part }) => part)).not.toContain('lock')
    const { store, history } = runs.lock
    const record = new TraceRecord()
    let handed = false
    for (let i = 0; i < store.length && !handed; i++) {
      const { kind, context, timeNs } = store.at(i, record)
      if (kind !== T.lock_acquired) continue
      const wait = history.actor(context).waits.find(({ toNs }) => toNs === timeNs)
      if (wait?.handed == null) continue
      const { steps, arrival } = ends(runs.lock, '0', String(i))
      const links = [...steps.flatMap(({ via }) => via), ...arrival]
      const by = links.find(({ kind: how }) => how === 'lock handover')?.context
      expect(by).toBe(wait.handed.by)
      handed = true
    }
    expect(handed).toBe(true)
  })

  it('is said in text, Markdown and JSON, with the same numbers, and drawn', () => {
    const facts = runs.stolen
    const path = ends(facts, '300ms', 'late:1')
    const { result, store } = facts
    const text = pathText(path, result)
    const total = (path.distanceNs / 1000).toFixed(3)
    expect(text).toContain(`${total} us  in all`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(110)
    const rows = pathMarkdown(path, result)
      .split('\n')
      .filter((line) => /^\| \d+ \|/.test(line))
    expect(rows).toHaveLength(path.steps.length)
    const json = JSON.parse(pathJson(path, result))
    const sum = json.steps.reduce((all: number, one: { ns: number }) => all + one.ns, 0)
    expect(sum).toBe(path.distanceNs)
    const records = { from: path.from.record, to: path.to.record }
    const drawing = chartKind('critical-path')?.draw({ store, result }, { records })
    if (drawing === undefined) throw new Error('no such chart')
    expect(brokenRules(drawing)).toEqual([])
    expect(drawing.title).toMatch(/% .*, \d+ % /)
  })

  it('is named by records, times and failures; what is none of them is a fault', () => {
    const facts = runs.stolen
    const lines = (from?: string, to?: string): string => {
      const found = pathEnds(facts, from, to)
      return Array.isArray(found) ? found.join('\n') : ''
    }
    const last = facts.store.length - 1
    expect(lines('0', String(last))).toBe('')
    expect(lines('0', String(last + 1))).toMatch(
      `--to ${last + 1}: no such record, allowed: 0..${last}`,
    )
    expect(lines('soon', '1')).toMatch(/--from soon: names no record, allowed: .*650ms.*xrun:1/)
    expect(lines('0', 'xrun:99')).toMatch(/--to xrun:99: the run has no such/)
    expect(lines('9', '0ns')).toMatch(/--to 0ns: lies before --from 9/)
    expect(lines('1h', '2h')).toMatch(/--from 1h: is after the last record/)
    expect(lines('0')).toMatch(/--to: is missing/)
  })
})

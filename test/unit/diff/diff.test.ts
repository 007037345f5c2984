/**
 * `pcmsim diff` says what the domain notes say of the driver's versions: v6 to v7 moves period
 * elapsed out of the interrupt, v7 to ack ends stale data and no longer looks at the XRUN flag.
 */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeFileAtomically } from '../../../src/app/atomic-write.ts'
import { type DiffOptions, diffCommand, type SideOptions } from '../../../src/app/Diff.ts'
import { traceTextOf } from '../../../src/app/SavedTrace.ts'
import { simulate } from '../../../src/app/Simulator.ts'
import { loadScenario } from '../../../src/index.ts'
import { listening } from '../../support/said.ts'

const file = (name: string): string =>
  fileURLToPath(new URL(`../../../scenarios/${name}.yaml`, import.meta.url))
const light = file('first-light')

async function diff(a: SideOptions, b: SideOptions, rest: Partial<DiffOptions> = {}) {
  const { said, console } = listening()
  const code = await diffCommand({ a, b, format: 'text', ...rest }, console)
  return { code, ...said }
}

const version = (path: string, name: string): SideOptions => ({
  path,
  set: [`driver.version=${name}`],
})

interface Named {
  readonly name: string
}

describe('pcmsim diff', () => {
  it('v6 to v7: period elapsed leaves the interrupt, the two reports are gone', async () => {
    const { out } = await diff(version(light, 'v6'), version(light, 'v7'), { format: 'json' })
    const { sentences, reports, metrics, edges } = JSON.parse(out)
    const all = sentences.join('\n')
    const from = 'period elapsed moved from hardirq under .*&snd->queues\\[i\\]\\.lock'
    expect(all).toMatch(new RegExp(`${from} to work item &vss->elapsed_period`))
    expect(all).toMatch(/reports gone: sleep-in-atomic/)
    expect(reports.gone.join()).toMatch(/sleep-in-atomic/)
    expect(reports.gone.join()).toMatch(/predicted wait-context/)
    expect(reports.fresh).toEqual([])
    // The work item has to be queued and its worker to be switched to: later, by the figure.
    const way = metrics.find((one: Named) => one.name === 'music: interrupt to client p50')
    expect(all).toMatch(/music: interrupt to client p50: [\d.]+ µs to [\d.]+ µs \(\+[\d.]+ µs\)/)
    expect(way.b - way.a).toBeGreaterThan(1_000)
    const before = '&snd->queues[i].lock -> &group->mutex'
    expect(edges.gone).toContain(before)
    expect(edges.fresh).toContain('(work_completion)(&vss->elapsed_period) -> &group->mutex')
  })

  it('v7 to ack: stale frames gone, and the XRUN event unread', async () => {
    const stale = await diff(version(light, 'v7'), version(light, 'ack'))
    expect(stale.out).toMatch(/stale frames gone: 480 before/)
    const path = file('virtio-snd/H13-xrun-event-lost')
    const [a, b] = ['v7-asked-in-between', 'ack-asked-in-between'].map((filter) => {
      return { path, set: [], filter }
    })
    const event = await diff(a as SideOptions, b as SideOptions)
    expect(event.out.replace(/\s+/g, ' ')).toMatch(/event unread: XRUN/)
    expect(event.out).toMatch(/xruns, device +1 +0/)
  })

  it('writes lines of 72 columns, Markdown, JSON and a chart', async () => {
    const chart = join(mkdtempSync(join(tmpdir(), 'pcmsim-diff-')), 'chart.svg')
    const { out, code } = await diff(version(light, 'v6'), version(light, 'ack'), { chart })
    expect(code).toBe(0)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(72)
    expect(existsSync(chart)).toBe(true)
    const markdown = await diff(version(light, 'v6'), version(light, 'ack'), { format: 'markdown' })
    expect(markdown.out).toMatch(/^\| measure \| a \| b \|$/m)
  })

  it('finds no difference between a run and itself, and works on traces alone', async () => {
    const same = await diff({ path: light, set: [] }, { path: light, set: [] })
    expect(same.out).toMatch(/the same, record by record/)
    const folder = mkdtempSync(join(tmpdir(), 'pcmsim-diff-'))
    const saved = (seed: number): SideOptions => {
      const text =
        'version: 1\nname: t\nduration: 200ms\ndriver: {kind: virtio-snd}\nstreams: [{name: s}]\n'
      const [spec] = loadScenario(text)
      if (spec === undefined) throw new Error('no scenario')
      const { recording, result, streamNames } = simulate(spec, seed)
      const path = join(folder, `${seed}.ndjson`)
      writeFileAtomically(path, traceTextOf(recording, result, streamNames))
      recording.release()
      return { path, set: [] }
    }
    const traces = await diff(saved(1), saved(2), { format: 'json' })
    const { first, same: alike } = JSON.parse(traces.out)
    expect(alike).toBe(false)
    expect(first.alike).toBeGreaterThan(0)
    expect(first.a.text).toBeTypeOf('string')
  })

  it('refuses what is no scenario, with exit 2', async () => {
    const { code, err } = await diff({ path: 'no.yaml', set: [] }, { path: light, set: [] })
    expect(code).toBe(2)
    expect(err).toMatch(/no\.yaml/)
  })
})

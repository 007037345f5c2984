/**
 * Captured runs of Linux 6.12 in QEMU, each replayed as a scenario on `ack` and the model of QEMU:
 * what is compared, and how far a phase may shift it, stands in capture/compare.ts. Captures in
 * other folders are tried too if PCMSIM_CAPTURES names them.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Capture } from '../../src/import/capture.ts'
import { condense, expand } from './capture/condensed.ts'
import { replay } from './capture/replay.ts'
import { capturesOf, stored, storedNames } from './capture/stored.ts'
import { timingTable } from './capture/table.ts'

const elsewhere = (process.env['PCMSIM_CAPTURES'] ?? '').split(':').filter((path) => path !== '')
const captures: readonly Capture[] = [
  ...storedNames().map(stored),
  ...elsewhere.flatMap((path) => capturesOf(path)),
]

describe('captured runs', () => {
  it('are all 26', () => {
    expect(storedNames()).toHaveLength(26)
  })

  it.each(captures.map((one): [string, Capture] => [one.name, one]))('%s', (_name, capture) => {
    expect(replay(capture).differences).toEqual([])
  })
})

describe('a difference is found', () => {
  const capture = stored('xrun_480x4')
  const { facts } = capture
  const changed = (change: object): readonly string[] =>
    replay({ ...capture, facts: { ...facts, ...change } }).differences
  const tx = facts.sides.tx as NonNullable<typeof facts.sides.tx>
  const side = (change: object): object => ({ sides: { tx: { ...tx, ...change } } })

  it.each<[string, object]>([
    ['order of control messages', { control: facts.control.toReversed() }],
    ['an xrun more', { xruns: [...facts.xruns, ['kworker', 0]] }],
    ['an xrun elsewhere', { xruns: facts.xruns.map(([by, at]) => [by, at + 480]) }],
    ['an xrun by another', { xruns: facts.xruns.map(([, at]) => ['client', at]) }],
    ['a message more', side({ sent: (tx.sent ?? 0) + 1 })],
    ['prefetch', side({ batches: [[10, 1], ...tx.batches.slice(1)] })],
    ['batches', side({ batches: tx.batches.map(([t]) => [t, 2]) })],
    ['pace', side({ batches: tx.batches.map(([t, n]) => [t * 1.05, n]) })],
    ['steps of hw_ptr', side({ elapsedSteps: tx.elapsedSteps.map((step) => step * 2) })],
    ['who refills', side({ senders: { kworker: 1 } })],
    ['messages in flight', side({ inFlight: { START: [[3, 3]] } })],
    ['who calls period-elapsed', { elapsedBy: { irq: 217 } }],
    ['interrupts', { perInterrupt: { 2: 100 } }],
  ])('%s', (_what, change) => {
    expect(changed(change).length).toBeGreaterThan(0)
  })

  it('what a call returned', () => {
    const programs = capture.programs.map((one) => ({
      ...one,
      steps: one.steps.map((step) => (step.call === 'drop' ? { ...step, ret: '-EIO' } : step)),
    }))
    expect(replay({ ...capture, programs }).differences.length).toBeGreaterThan(0)
  })
})

describe('the table of docs/captures.md', () => {
  const page = readFileSync('docs/captures.md', 'utf8')
  it.each(storedNames())('has %s', (name) => expect(page).toContain(`| ${name} | captured |`))

  it('is of this model; else: npm run captures -- table', () => {
    const rows = timingTable([stored('stall_480x4'), stored('openclose20_drop')]).split('\n')
    for (const row of rows) expect(page).toContain(row)
  })
})

describe('condensed captures', () => {
  it('lose nothing', () => {
    for (const name of ['link_480x4', 'kill9_480x4', 'xrun_480x4']) {
      const capture = stored(name)
      expect(expand(JSON.parse(JSON.stringify(condense(capture))))).toEqual(capture)
    }
  })
})

/**
 * Chrome's JSON and Perfetto's protobuf, read back by readers that know only the formats: both show
 * the same, and what they show is what the records say.
 */
import { describe, expect, it } from 'vitest'
import { chromeTrace } from '../../../src/export/chrome.ts'
import { perfettoTrace } from '../../../src/export/perfetto.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'
import { type ExportRun, runOf } from '../../support/export-runs.ts'
import { readChrome, readPerfetto, type Slice, type Timeline } from '../../support/trace-readers.ts'

const about = { scenario: 'x', seed: 1 }
const chromeOf = ({ store, result }: ExportRun) =>
  readChrome([...chromeTrace(store, result.virtualTimeNs, about)].join(''))
const perfettoOf = ({ store, result }: ExportRun) =>
  readPerfetto(Buffer.concat([...perfettoTrace(store, result.virtualTimeNs)]))

function countOf({ store }: ExportRun, kind: number): number {
  const record = new TraceRecord()
  let count = 0
  for (let i = 0; i < store.length; i++) if (store.at(i, record).kind === kind) count++
  return count
}

const runs = {
  playback: runOf('first-light.yaml', ['duration=500ms']),
  deadlock: runOf('virtio-snd/H03-same-class-nesting.yaml', [], 'v6'),
  xen: runOf('xen/X01-lost-boundary.yaml'),
}

describe.each(Object.entries(runs))('%s', (_, run) => {
  const chrome = chromeOf(run)
  const perfetto = perfettoOf(run)

  it('decodes from Perfetto to the same slices, instants, counters and flows as from JSON', () => {
    expect(chrome.slices.length).toBeGreaterThan(100)
    expect(chrome.flows.length).toBeGreaterThan(10)
    const withoutStacks = perfetto.slices.map((slice) => ({ ...slice, stack: [] }))
    expect(withoutStacks).toEqual(chrome.slices)
    expect(perfetto.instants).toEqual(chrome.instants)
    expect(perfetto.counters).toEqual(chrome.counters)
    expect(perfetto.flows).toEqual(chrome.flows)
  })

  it('ends every slice within the run', () => {
    const endNs = run.result.virtualTimeNs
    expect(chrome.slices.every((one) => one.fromNs <= one.endNs && one.endNs <= endNs)).toBe(true)
  })

  it('has a slice for each handler and call', () => {
    const of = (category: string, test: (slice: Slice) => boolean) =>
      chrome.slices.filter((one) => one.category === category && test(one)).length
    expect(of('irq', ({ name }) => !name.startsWith('softirq'))).toBe(
      countOf(run, T.irq_handler_entry),
    )
    expect(of('pcmsim', ({ args }) => 'call' in args)).toBe(countOf(run, T.syscall_enter))
    expect(of('workqueue', () => true)).toBe(countOf(run, T.workqueue_execute_start))
    expect(of('snd_pcm', ({ name }) => name.startsWith('trigger '))).toBe(
      countOf(run, T.snd_pcm_trigger),
    )
  })

  it('leads every flow forward in time, from one track to another', () => {
    for (const { from, to } of chrome.flows) {
      const [cause, effect] = [chrome.slices[from] as Slice, chrome.slices[to] as Slice]
      expect(effect.fromNs).toBeGreaterThanOrEqual(cause.fromNs)
      expect(effect.track).not.toBe(cause.track)
    }
  })
})

/** Names of the slices that flows lead to and from. */
function arrows({ slices, flows }: Timeline): ReadonlySet<string> {
  const show = (at: number) => `${slices[at]?.track.split('/').at(-1)} ${slices[at]?.name}`
  return new Set(flows.map(({ from, to }) => `${show(from)} -> ${show(to)}`))
}

describe('what playback on the merged driver shows', () => {
  const { slices, flows, counters, instants } = perfettoOf(runs.playback)

  it('the way of a period: used buffer, interrupt, work item, client; kick, device', () => {
    expect(arrows({ slices, flows, counters, instants })).toEqual(
      new Set([
        'qemu-main device_push -> 1-virtio0-virtqueues virtio0-virtqueues',
        '1-virtio0-virtqueues virtio0-virtqueues -> 0:0 virtsnd_pcm_period_elapsed',
        '0:0 period_elapsed -> aplay sched_switch',
        'aplay virtqueue_kick -> qemu-main device_pop',
        // The message that was played goes back from within the interrupt.
        '1-virtio0-virtqueues virtqueue_kick -> qemu-main device_pop',
        // Control requests: of the probe, and of a client that waits for the answer.
        'modprobe virtqueue_kick -> qemu-main device_pop',
        '1-virtio0-virtqueues virtio0-virtqueues -> aplay sched_switch',
      ]),
    )
  })

  it('the functions of the kernel that the start of a stream goes through', () => {
    const start = slices.find(({ name }) => name === 'trigger START')
    expect(start?.track).toBe('guest user/aplay')
    expect(start?.stack).toEqual(['__snd_pcm_lib_xfer', 'virtsnd_pcm_trigger'])
    const work = slices.find(({ name }) => name === 'virtsnd_pcm_period_elapsed')
    expect(work?.stack).toEqual(['process_one_work', 'virtsnd_pcm_period_elapsed'])
    const elapsed = slices.find(({ name }) => name === 'period_elapsed')
    expect(elapsed?.stack.at(-1)).toBe('snd_pcm_period_elapsed')
  })

  it('counters of the ring within its size, and locks held by one at a time', () => {
    const of = (name: string) => counters.filter(({ track }) => track === `PCM streams/${name}`)
    const avail = of('pcmC0D0p avail').map(({ value }) => value)
    expect(Math.min(...avail)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...avail)).toBeLessThanOrEqual(1920)
    expect(new Set(of('pcmC0D0p hw_ptr mod buffer').map(({ value }) => value % 480))).toEqual(
      new Set([0]),
    )
    const held = slices.filter(({ track }) => track === 'guest locks/vss0->lock')
    expect(held.length).toBeGreaterThan(50)
    expect(held.every(({ depth }) => depth === 0)).toBe(true)
  })

  it('the states of the stream, one after the other', () => {
    const states = slices.filter(({ track }) => track === 'PCM streams/pcmC0D0p state')
    expect(states.slice(0, 3).map(({ name }) => name)).toEqual(['SETUP', 'PREPARED', 'RUNNING'])
  })
})

it('an empty recording is a file without events', () => {
  const store = new TraceStore(new Symbols())
  const empty = readChrome([...chromeTrace(store, 0, about)].join(''))
  expect(empty).toEqual({ slices: [], instants: [], counters: [], flows: [], otherData: about })
  expect([...perfettoTrace(store, 0)].every((piece) => piece.length === 0)).toBe(true)
})

/** Data races: planted in hand-made records, and those of the drivers (domain/virtio-snd.md). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../src/analysis/fold.ts'
import { RaceFold, type RaceResult } from '../../../src/analysis/races/race-fold.ts'
import { raceText } from '../../../src/analysis/races/race-text.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import { LOCK_READ_RECURSIVE } from '../../../src/sim/lock-flags.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import type { RecordName } from '../../../src/sim/trace-kinds.ts'
import { type ContextName, RecordScript } from '../../support/record-script.ts'

type Step = readonly [
  ContextName,
  RecordName | 'write' | 'read' | 'read once' | 'write once',
  ...number[],
]

const FLAGS = { read: 0, write: 1, 'read once': 2, 'write once': 3 } as const

/** Plays steps on one variable, a spinlock 0, an rwlock 1 and a work map 2. */
function races(...steps: readonly Step[]): RaceResult['races'] {
  const script = new RecordScript()
  const { symbols, store } = script
  for (const kind of ['spinlock', 'rwlock', 'map']) symbols.define('lock', { name: kind, kind })
  const cell = symbols.define('text', { name: 'vss0->hw_ptr' })
  steps.forEach(([context, what, ...args], at) => {
    if (what in FLAGS) script.add(at, context, 'access', cell, FLAGS[what as keyof typeof FLAGS])
    else script.add(at, context, what as RecordName, ...args)
  })
  return foldStore(store, new RaceFold(symbols), 0).races
}

/** The step between taking and giving a lock. */
function under(lock: number, flags: number, step: Step): Step[] {
  const [context] = step
  return [[context, 'lock_acquire', lock, flags, 0], step, [context, 'lock_release', lock]]
}

describe('planted races', () => {
  it('two writes, or a write and a read, that nothing orders', () => {
    expect(races(['aplay', 'write'], ['irq', 'write'])).toHaveLength(1)
    expect(races(['aplay', 'write'], ['irq', 'read'])).toHaveLength(1)
    expect(races(['aplay', 'read'], ['irq', 'write'])).toHaveLength(1)
    expect(races(['aplay', 'read'], ['irq', 'read'])).toEqual([])
    expect(races(['aplay', 'write'], ['aplay', 'write'])).toEqual([])
  })
  it('marked accesses race with plain ones only', () => {
    expect(races(['aplay', 'write once'], ['irq', 'read once'])).toEqual([])
    expect(races(['aplay', 'write'], ['irq', 'read once'])).toHaveLength(1)
    expect(races(['aplay', 'write once'], ['irq', 'read'])).toHaveLength(1)
  })
  it('a common lock orders, one on one side does not', () => {
    const inIrq = under(0, 0, ['irq', 'write'])
    expect(races(...under(0, 0, ['aplay', 'read']), ...inIrq)).toEqual([])
    expect(races(['aplay', 'read'], ...inIrq)).toHaveLength(1)
    expect(races(...under(1, 0, ['aplay', 'read']), ...inIrq)).toHaveLength(1)
  })
  it('readers of an rwlock are not ordered by it, writers are', () => {
    const read = under(1, LOCK_READ_RECURSIVE, ['irq', 'write'])
    expect(races(...under(1, LOCK_READ_RECURSIVE, ['aplay', 'write']), ...read)).toHaveLength(1)
    expect(races(...under(1, 0, ['aplay', 'write']), ...read)).toEqual([])
    expect(races(...read, ...under(1, 0, ['aplay', 'write']))).toEqual([])
  })
  it('a work map is no lock', () => {
    const [a, b] = [under(2, 0, ['aplay', 'write']), under(2, 0, ['kworker', 'write'])]
    expect(races(...a, ...b)).toHaveLength(1)
  })
  it('work items, also pending ones, wake-ups, interrupts and rings order', () => {
    const between: readonly (readonly [ContextName, RecordName, ContextName, RecordName | null])[] =
      [
        ['irq', 'workqueue_queue_work', 'kworker', 'workqueue_execute_start'],
        ['irq', 'work_pending', 'kworker', 'workqueue_execute_start'],
        ['qemu', 'irq_raise', 'irq', 'irq_handler_entry'],
        ['irq', 'irq_handler_exit', 'irq', null],
        ['aplay', 'virtqueue_add', 'qemu', 'virtqueue_pop'],
        ['qemu', 'virtqueue_push', 'irq', 'virtqueue_get_buf'],
      ]
    for (const [from, kind, to, other] of between) {
      const steps: Step[] = [
        [from, 'write'],
        [from, kind, 0],
      ]
      if (other !== null) steps.push([to, other, 0])
      expect(races(...steps, [to, 'write'])).toEqual([])
      if (other !== null) expect(races(...steps.slice(0, 2), [to, 'write'])).toHaveLength(1)
      expect(
        races([from, kind, 0], ...steps.slice(0, 1), ...steps.slice(2), [to, 'write']),
      ).toHaveLength(from === to ? 0 : 1)
    }
    expect(races(['irq', 'write'], ['irq', 'sched_waking', 1, 0], ['aplay', 'read'])).toEqual([])
  })
  it('order is passed on', () => {
    const middle = under(0, 0, ['kworker', 'read once'])
    const steps: Step[] = [...under(0, 0, ['irq', 'write']), ...middle]
    expect(races(...steps, ['kworker', 'sched_waking', 1, 0], ['aplay', 'read'])).toEqual([])
  })
  it('tell both accesses, what they did and what they held', () => {
    const [race] = races(
      ['aplay', 'syscall_enter', 0, 12, 0],
      ...under(0, 0, ['aplay', 'read']),
      ['irq', 'irq_handler_entry', 0],
      ['irq', 'write'],
      ['irq', 'write'],
    )
    expect(race).toMatchObject({
      cell: 'vss0->hw_ptr',
      count: 2,
      first: { context: 'aplay/1', functions: ['status()'], held: ['spinlock'], write: false },
      second: { context: 'irq/3', functions: ['handler of virtio0'], held: [], write: true },
    })
    if (race === undefined) throw new Error('no race')
    const text = raceText(race)
    expect(text).toContain('BUG: KCSAN: data-race in handler of virtio0 / status()')
    expect(text).toContain('write to vss0->hw_ptr by interrupt irq/3 on cpu 0:')
    expect(text).toContain('read to vss0->hw_ptr by task aplay/1 on cpu 0:')
    expect(text).toContain('holding spinlock')
  })
})

/**
 * A client asks for the state every few microseconds, so that its reads fall between an interrupt
 * and what would put them in order; each queue has its own vector, on another CPU than the client.
 */
function busyRun(version: string) {
  const calls = Array.from({ length: 300 }, () => '{call: status, after: 7us}').join(', ')
  const text = `
version: 1
name: races
duration: 60ms
guest: {cpus: 2, irq_affinity: {virtio0-virtsnd-tx: 0}}
driver: {kind: virtio-snd, version: ${version}}
device: {kind: generic, vectors: per-queue, completion: when-audible}
streams:
  - name: music
    client: scripted
    period_size: 48
    periods: 16
    options:
      cpus: [1]
      script: [{call: open}, {call: hw_params},
        {call: sw_params, start_threshold: 768, stop_threshold: boundary}, {call: prepare},
        {call: writei, frames: 768}, ${calls}, {call: drop}, {call: close}]
`
  const [spec] = loadScenario(text)
  if (spec === undefined) throw new Error('no scenario')
  return spec
}

/**
 * From the text, before any run: every version writes runtime->delay in the interrupt, under
 * vss->lock, while the core reads it under the stream lock (§4 to §7, completion). v5 waits for
 * msg_count == 0 without vss->lock (§4, sync_stop), v6 and later ask under it. 6.7+ reads
 * vss->hw_ptr in the pointer callback without vss->lock (§7).
 */
const ofVersion: Readonly<Record<string, readonly string[]>> = {
  v5: ['pcmC0D0p runtime->delay', 'vss0->msg_count'],
  v6: ['pcmC0D0p runtime->delay'],
  v7: ['pcmC0D0p runtime->delay'],
  ack: ['pcmC0D0p runtime->delay', 'vss0->hw_ptr'],
}

describe.each(Object.entries(ofVersion))('%s', (version, cells) => {
  const spec = busyRun(version)
  const { store } = runScenario(spec, 1, { accesses: true })
  const { races: found } = foldStore(store, new RaceFold(store.symbols), 0)

  it('races on what the text says, and on nothing else', () => {
    expect([...new Set(found.map((one) => one.cell))].toSorted()).toEqual(cells)
  })
  it('the interrupt writes under vss->lock, the other side reads without it', () => {
    for (const { first, second } of found) {
      const [write, read] = first.write ? [first, second] : [second, first]
      expect(write.kind).toBe('hardirq')
      expect(write.held).toContain('vss0->lock')
      expect(read.write).toBe(false)
      expect(read.held).not.toContain('vss0->lock')
    }
  })
  it('records no access unless asked, and the run is the same otherwise', () => {
    const plain = runScenario(spec, 1)
    const kinds = new Set<number>()
    const record = new TraceRecord()
    const count = (kind: number, of: typeof store): number => {
      let sum = 0
      for (let at = 0; at < of.length; at++) if (of.at(at, record).kind === kind) sum++
      return sum
    }
    for (let at = 0; at < plain.store.length; at++) kinds.add(plain.store.at(at, record).kind)
    expect([T.access, T.work_pending].filter((kind) => kinds.has(kind as number))).toEqual([])
    const added = count(T.access as number, store) + count(T.work_pending as number, store)
    expect(store.length - added).toBe(plain.store.length)
  })
})

/**
 * domain/xen-sndif.md §3 and §4: hw_params and hw_free clear the position under no lock, while a
 * back end that still sends is heard; the event thread tests the state before it has the lock that
 * open and close change it under. hw_ptr is an atomic_t.
 */
describe('the Xen front end', () => {
  const text = readFileSync('scenarios/xen/X05-close-race.yaml', 'utf8')
  const spec = loadScenario(text).find((one) => one.variant === 'talks-on-ge')
  if (spec === undefined) throw new Error('no variant')
  const { store } = runScenario(spec, 1, { accesses: true })
  const { races: found } = foldStore(store, new RaceFold(store.symbols), 0)
  const cells = new Set(found.map((one) => one.cell.replace(/\d/, '')))

  it('races on its position and on the state of the event channel, and on nothing else', () => {
    const expected = ['evt[]->state', 'stream->be_cur_frame', 'stream->out_frames']
    expect([...cells].toSorted()).toEqual(expected)
  })
})

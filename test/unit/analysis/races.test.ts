/** Data races: planted in hand-made records, and those of the drivers (domain/virtio-snd.md). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../src/analysis/fold.ts'
import { RaceFold, type RaceResult } from '../../../src/analysis/races/race-fold.ts'
import { raceText } from '../../../src/analysis/races/race-text.ts'
import { loadScenario, runScenario } from '../../../src/index.ts'
import {
  LOCK_HARDIRQS_OFF,
  LOCK_READ_RECURSIVE,
  LOCK_SOFTIRQS_OFF,
} from '../../../src/sim/lock-flags.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import type { RecordName } from '../../../src/sim/trace-kinds.ts'
import { type ContextName, RecordScript } from '../../support/record-script.ts'

const FLAGS = {
  read: 0,
  write: 1,
  'read once': 2,
  'write once': 3,
  'write same': 5,
  'data_race read': 8,
  'data_race write': 9,
} as const

/** `cpu`: from here on records are of that processor. */
type Step = readonly [ContextName, RecordName | keyof typeof FLAGS | 'cpu', ...number[]]

/** Plays steps on one variable, a spinlock 0, an rwlock 1 and a work map 2. */
function races(...steps: readonly Step[]): RaceResult['races'] {
  const script = new RecordScript()
  const { symbols, store } = script
  for (const kind of ['spinlock', 'rwlock', 'map']) symbols.define('lock', { name: kind, kind })
  const cell = symbols.define('text', { name: 'vss0->hw_ptr' })
  // A client that is in no system call makes accesses of the program.
  if (steps[0]?.[1] !== 'syscall_exit') script.add(0, 'aplay', 'syscall_enter', 0, 12, 0)
  for (const [at, [context, what, ...args]] of steps.entries()) {
    if (what === 'cpu') script.cpu = args[0] ?? 0
    else if (what in FLAGS) {
      script.add(at, context, 'access', cell, FLAGS[what as keyof typeof FLAGS])
    } else script.add(at, context, what as RecordName, ...args)
  }
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
  it('data_race() on either side suppresses', () => {
    expect(races(['kworker', 'data_race read'], ['irq', 'write'])).toEqual([])
    expect(races(['kworker', 'read'], ['irq', 'data_race write'])).toEqual([])
    expect(races(['kworker', 'data_race write'], ['irq', 'write'])).toEqual([])
  })
  it.each([
    // Documentation/dev-tools/kcsan.rst and lib/Kconfig.kcsan; on two processors.
    ['read', 'write', 'default'],
    ['write', 'read', 'default'],
    // Plain writes of a word are taken as marked.
    ['read once', 'write', 'strict'],
    ['write', 'write', 'strict'],
    ['write once', 'write', 'strict'],
    // A plain read with a watchpoint sees a marked write.
    ['read', 'write once', 'default'],
    // The value does not change.
    ['read', 'write same', 'strict'],
    ['write once', 'read', 'default'],
  ] as const)('KCSAN: %s and %s: %s', (one, other, verdict) => {
    const pair: Step[] = [
      ['kworker', one],
      ['irq', 'cpu', 1],
      ['irq', other],
    ]
    expect(races(...pair).map((race) => race.kcsan)).toEqual([verdict])
  })
  it('KCSAN: on one processor only with interruptible watchers', () => {
    const [race] = races(['kworker', 'read'], ['irq', 'write'])
    expect(race?.kcsan).toBe('strict')
    expect(raceText(race as NonNullable<typeof race>)).toContain('CONFIG_KCSAN_INTERRUPT_WATCHER')
  })
  it('KCSAN: of a program it sees only that a value changes', () => {
    const program: Step = ['aplay', 'syscall_exit', 0, 12, 0]
    const on1: Step = ['irq', 'cpu', 1]
    const verdicts = (...steps: Step[]) => races(program, ...steps).map((race) => race.kcsan)
    expect(verdicts(['aplay', 'write'], on1, ['irq', 'read'])).toEqual(['unknown-origin'])
    expect(verdicts(['aplay', 'write'], on1, ['irq', 'write'])).toEqual(['unseen'])
    expect(verdicts(['aplay', 'read'], on1, ['irq', 'write'])).toEqual(['unseen'])
    expect(verdicts(['aplay', 'read'], on1, ['irq', 'write once'])).toEqual([])
    expect(verdicts(['aplay', 'write same'], on1, ['irq', 'read'])).toEqual(['unseen'])
  })
  it('interrupts off on one processor order what handlers of it do, on another they do not', () => {
    const task = under(0, LOCK_HARDIRQS_OFF, ['aplay', 'write'])
    const handler: Step[] = [
      ['irq', 'irq_handler_entry', 0],
      ['irq', 'write'],
      ['irq', 'irq_handler_exit', 0, 1],
    ]
    expect(races(...task, ...handler)).toEqual([])
    expect(races(...handler, ...task)).toEqual([])
    expect(races(...task, ['irq', 'cpu', 1], ...handler)).toHaveLength(1)
    expect(races(...handler, ['irq', 'cpu', 1], ...task)).toHaveLength(1)
    const enabled = under(0, 0, ['aplay', 'write'])
    expect(races(...enabled, ...handler)).toHaveLength(1)
    expect(races(...handler, ...enabled)).toHaveLength(1)
  })
  it('soft interrupts off order what softirqs do, not what handlers do', () => {
    const task = under(0, LOCK_SOFTIRQS_OFF, ['aplay', 'write'])
    const inSoft: Step[] = [
      ['kworker', 'softirq_entry', 1],
      ['kworker', 'write'],
      ['kworker', 'softirq_exit', 1],
    ]
    expect(races(...task, ...inSoft)).toEqual([])
    expect(races(...inSoft, ...task)).toEqual([])
    expect(races(...under(0, 0, ['aplay', 'write']), ...inSoft)).toHaveLength(1)
    expect(races(...task, ['irq', 'irq_handler_entry', 0], ['irq', 'write'])).toHaveLength(1)
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
  it('work items, flushes, timers, wake-ups, interrupts and rings order', () => {
    const between: readonly (readonly [ContextName, RecordName, ContextName, RecordName | null])[] =
      [
        ['irq', 'workqueue_queue_work', 'kworker', 'workqueue_execute_start'],
        ['irq', 'work_pending', 'kworker', 'workqueue_execute_start'],
        ['kworker', 'workqueue_execute_end', 'aplay', 'work_flush'],
        ['aplay', 'timer_start', 'irq', 'timer_expire'],
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
      ...under(0, 0, ['aplay', 'read']),
      ['irq', 'irq_handler_entry', 0],
      ['irq', 'write'],
      ['irq', 'write'],
    )
    expect(race).toMatchObject({
      cell: 'vss0->hw_ptr',
      count: 2,
      first: {
        context: 'aplay/1',
        functions: ['status()'],
        held: ['spinlock'],
        write: false,
      },
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
  const calls = Array.from({ length: 300 }, () => '{call: status, after: 6us}').join(', ')
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
    const asked = ['access', 'work_pending', 'work_flush', 'timer_start', 'timer_expire'] as const
    expect(asked.filter((name) => kinds.has(T[name]))).toEqual([])
    const added = asked.reduce((sum, name) => sum + count(T[name], store), 0)
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

/**
 * Facts of sound/core, 6.1 and 6.12: every access of the core itself is under the stream lock, but
 * for the write of appl_ptr in snd_pcm_post_prepare(), when nothing runs. One with mapped pages
 * reads hw_ptr and moves appl_ptr under no lock (domain/userspace.md §1); 6.7+ refuses the control
 * page, so that appl_ptr moves by SYNC_PTR, under the lock (domain/virtio-snd.md §7).
 */
describe.each([
  ['v7', '6.1', ['unknown-origin', 'unseen']],
  ['v7', '6.12', ['unknown-origin', 'unseen']],
  ['ack', '6.1', [undefined, 'unseen']],
  ['ack', '6.12', [undefined, 'unseen']],
])("the core's pointers of a mapped client, %s on %s", (version, kernel, verdicts) => {
  const polls = Array.from({ length: 60 }, () => '{call: avail_update, after: 37us}')
  const moves = Array.from({ length: 5 }, () => ['{call: mmap_commit, frames: 96}', ...polls])
  const text = `
version: 1
name: mapped
duration: 100ms
guest: {cpus: 2, kernel: "${kernel}", irq_affinity: {virtio0-virtsnd-tx: 0}}
driver: {kind: virtio-snd, version: ${version}}
device: {kind: generic, vectors: per-queue}
streams:
  - name: music
    client: scripted
    period_size: 96
    periods: 16
    options:
      cpus: [1]
      script: [{call: open}, {call: hw_params, mmap: true},
        {call: sw_params, start_threshold: boundary, stop_threshold: boundary}, {call: prepare},
        {call: mmap}, {call: mmap_commit, frames: 1536}, {call: start}, ${moves.flat().join(', ')},
        {call: drop}, {call: close}]
`
  const [spec] = loadScenario(text)
  if (spec === undefined) throw new Error('no scenario')
  const { store } = runScenario(spec, 1, { accesses: true })
  const { races: found } = foldStore(store, new RaceFold(store.symbols), 0)
  const of = (cell: string) => found.filter((one) => one.cell === `pcmC0D0p runtime->${cell}`)

  it('race with the program only, as KCSAN can tell', () => {
    for (const [at, cell] of ['control->appl_ptr', 'status->hw_ptr'].entries()) {
      const sorts = new Set(of(cell).map((one) => one.kcsan))
      expect([...sorts][0]).toBe(verdicts[at])
      for (const { first, second } of of(cell)) expect(first.user !== second.user).toBe(true)
    }
  })
  it('are told of as KCSAN tells of them', () => {
    const [race] = of('control->appl_ptr')
    if (race === undefined) return
    const head = 'BUG: KCSAN: data-race in virtsnd_pcm_period_elapsed()\n'
    expect(raceText(race)).toContain(head)
    expect(raceText(race)).toContain(
      'race at unknown origin, with read to pcmC0D0p runtime->control',
    )
    expect(raceText(race)).toContain('pcmsim: the other one: write (marked) to pcmC0D0p')
  })
})

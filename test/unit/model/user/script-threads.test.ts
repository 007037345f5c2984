/**
 * Threads of a scripted program: each makes its own calls in order, all share the program's files.
 * What happens to a file that is closed during a call, and to threads of a process that is killed,
 * is that of fs/file_table.c (the last reference releases) and kernel/exit.c. What reads, writes
 * and changes of the buffer do to each other: domain/alsa-core.md §3 (3), and the commits that
 * `guest.revert` takes out.
 */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import { T } from '../../../../src/sim/trace.ts'
import { CODES } from '../../../../src/sim/trace-kinds.ts'
import { recordsOf } from '../alsa/stream.ts'

/** A copy of 5 ms on the ideal card, periods of 10 ms; the program's lines, with ms. */
function run(steps: readonly string[], more = '', guest = '') {
  const script = steps.map((step) => `{${step}}`).join(', ')
  const stream = `{client: scripted, period_size: 480, periods: 4, options: {script: [${script}]}}`
  const head = `version: 1\nname: s\nduration: 300ms\ndriver: {kind: ideal}\n`
  const costs = `guest: {costs: {copy_base: 5ms}${guest === '' ? '' : `, ${guest}`}}\n`
  const text = `${head}${costs}streams: [${stream}]\n${more}`
  const { result, store } = runScenario(loadScenario(text)[0]!)
  const lines = result.log.map(({ timeNs, text: line }) => `${Math.floor(timeNs / 1e6)} ${line}`)
  return { result, store, lines: lines.filter((line) => / = /.test(line)) }
}

const READY = ['call: open', 'call: hw_params', 'call: prepare']
/** Writes do not start it. */
const STILL = ['call: open', 'call: hw_params', 'call: sw_params, start_threshold: boundary']

describe('threads of a script', () => {
  it('each keeps its own order and times; the program ends when all have', () => {
    const { lines } = run([
      'call: open',
      'call: sleep, at: 10ms, for: 20ms',
      'thread: a, call: hw_params, at: 15ms',
      'thread: b, call: sleep, at: 1ms, for: 99ms',
      'thread: a, call: prepare',
      'thread: b, call: status',
    ])
    expect(lines.map((line) => line.replace(/: SETUP.*|: PREPARED.*/, ''))).toEqual([
      '0 open() = 0',
      '15 a: hw_params() = 0',
      '15 a: prepare() = 0',
      '30 sleep() = 0',
      '100 b: sleep() = 0',
      '100 b: status() = 0',
    ])
  })

  it('a file that is closed during a call is released at its end', () => {
    const { lines, store } = run([
      ...READY,
      'call: writei, frames: 240, at: 20ms',
      'call: writei, frames: 240',
      'thread: b, call: close, at: 22ms',
      'thread: b, call: open, nonblock: true',
    ])
    expect(lines.slice(3)).toEqual([
      '22 b: close() = 0',
      '22 b: open() = -EBUSY',
      '25 writei(240) = 240',
      '25 writei(240) = -EBADFD',
    ])
    const calls = CODES['call'] as readonly string[]
    const closes = recordsOf(store, T.syscall_exit).filter((r) => calls[r.b] === 'close')
    expect(closes.map((r) => Math.floor(r.timeNs / 1e6))).toEqual([25])
  })

  it('writers at once take frames of their own', () => {
    const { store } = run([
      ...STILL,
      'call: prepare',
      'call: writei, frames: 240, at: 20ms',
      'thread: b, call: writei, frames: 240, at: 21ms',
      'call: writei, frames: 240, at: 40ms',
    ])
    // The second begins where the first began, appl_ptr had not moved: its move is overwritten.
    const moved = recordsOf(store, T.snd_pcm_transfer).map((r) => [r.b, r.c, r.d])
    expect(moved.slice(0, 2)).toEqual([
      [0, 240, 0],
      [240, 240, 0],
    ])
    expect(moved[2]?.[0]).toBe(480)
  })

  it('SIGKILL takes all threads, and the last one closes the file', () => {
    const { lines, store } = run(
      [...READY, 'call: sleep, for: 1s', 'thread: b, call: writei, frames: 240, at: 20ms'],
      'faults: [{kind: kill, stream: playback0, at: 22ms}]\n',
    )
    expect(lines).toHaveLength(3)
    const freed = recordsOf(store, T.kfree).map((r) => store.symbols.name('text', r.b))
    expect(freed).toContain('snd_pcm_detach_substream')
    const last = recordsOf(store, T.kfree).at(-1)?.timeNs ?? 0
    expect(Math.floor(last / 1e6)).toBe(25)
  })

  it('there may be 16 of them', () => {
    const steps = Array.from({ length: 16 }, (_, i) => `thread: t${i}, call: sleep, for: 1ms`)
    expect(() => run(['call: open', ...steps])).toThrow(/17 threads/)
    expect(run(['call: open', ...steps.slice(1)]).lines).toHaveLength(16)
  })
})

const KERNELS = {
  now: '',
  mutex: 'revert: [bc55cfd5718c]',
  'without dca947d4d26d': 'revert: [bc55cfd5718c, dca947d4d26d]',
  'without 3c3201f8c7bb': 'revert: [bc55cfd5718c, 3c3201f8c7bb]',
  'with nothing': 'revert: [bc55cfd5718c, dca947d4d26d, 3c3201f8c7bb, 92ee3c60ec9f]',
} as const

/** Another thread's call 2 ms into a copy of 5 ms. */
function during(call: string, kernel: keyof typeof KERNELS) {
  const write = ['call: prepare', 'call: writei, frames: 240, at: 20ms']
  const steps = [...STILL, ...write, `thread: b, ${call}, at: 22ms`]
  const { lines, result } = run(steps, '', KERNELS[kernel])
  return [...lines.slice(4), ...result.memory.map(({ kind }) => kind)]
}

describe('during a write in PREPARED', () => {
  it('changes answer -EBUSY', () => {
    for (const call of ['hw_params', 'hw_free', 'prepare', 'reset']) {
      const busy = `22 b: ${call}() = -EBUSY`
      expect(during(`call: ${call}`, 'now')).toEqual([busy, '25 writei(240) = 240'])
    }
  })

  it('without bc55cfd5718c they wait for it', () => {
    for (const call of ['hw_params', 'hw_free', 'prepare', 'reset']) {
      const [write, change] = ['25 writei(240) = 240', `25 b: ${call}() = 0`]
      expect(during(`call: ${call}`, 'mutex')).toEqual([write, change])
    }
  })

  it('without dca947d4d26d hw_free takes the buffer from under it', () => {
    for (const kernel of ['without dca947d4d26d', 'with nothing'] as const) {
      expect(during('call: hw_free', kernel)).toEqual([
        '22 b: hw_free() = 0',
        '25 writei(240) = -EBADFD',
        'use-after-free',
      ])
    }
  })

  it('hw_params keeps memory that is large enough: what is written is lost, no more', () => {
    const smaller = during('call: hw_params, period_size: 64, buffer_size: 128', 'with nothing')
    expect(smaller).toEqual(['22 b: hw_params() = 0', '25 writei(240) = -EBADFD'])
    const larger = during('call: hw_params, buffer_size: 9600', 'with nothing')
    expect(larger).toEqual(['22 b: hw_params() = 0', '25 writei(240) = -EBADFD', 'use-after-free'])
  })

  it('without 3c3201f8c7bb prepare goes ahead, and hw_free still waits', () => {
    const [prepared, write] = ['22 b: prepare() = 0', '25 writei(240) = 240']
    expect(during('call: prepare', 'without 3c3201f8c7bb')).toEqual([prepared, write])
    expect(during('call: hw_free', 'without 3c3201f8c7bb')).toEqual([write, '25 b: hw_free() = 0'])
  })

  it('the same for a NULL buffer, which is silenced', () => {
    const steps = [
      ...READY,
      'call: writei, frames: 240, silence: true, at: 20ms',
      'thread: b, call: hw_free, at: 22ms',
    ]
    const { result } = run(steps, '', KERNELS['with nothing'])
    expect(result.memory.map(({ kind }) => kind)).toEqual(['use-after-free'])
  })
})

it('without bc55cfd5718c a writer that sleeps for room has given the mutex back', () => {
  const { lines } = run(
    [...READY, 'call: writei, frames: 2400, at: 20ms', 'thread: b, call: prepare, at: 30ms'],
    '',
    KERNELS.mutex,
  )
  // The ring was full at 25 ms: prepare finds the stream running, and does not wait for the writer.
  expect(lines[3]).toMatch(/^30 b: prepare\(\) = -EBUSY$/)
  expect(lines[4]).toMatch(/^\d+ writei\(2400\) = 2400$/)
})

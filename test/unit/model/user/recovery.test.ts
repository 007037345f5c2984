/**
 * The recovery sequences that domain/userspace.md §4 lists, one test each under its name there.
 */
import { expect, test } from 'vitest'
import { loadScenario, runScenario } from '../../../../src/index.ts'

const V7 = 'driver: {kind: virtio-snd, version: v7}'
const ACK = 'driver: {kind: virtio-snd, version: ack}'
const IDEAL = 'driver: {kind: ideal}'
const GENERIC = 'device: {kind: generic}'
const MS = 1_000_000

function run(stream: string, ...lines: readonly string[]) {
  const head = ['version: 1', 'name: recovery', 'duration: 1s', ...lines]
  const [spec] = loadScenario([...head, 'streams:', `  - {name: s, ${stream}}`].join('\n'))
  const { result } = runScenario(spec!)
  const log = result.log.map((line) => line.text)
  return { result, log, first: result.streams.s! }
}

const script = (...calls: readonly string[]) =>
  'client: scripted, period_size: 480, periods: 4, ' +
  `options: {script: [${calls.map((call) => `{call: ${call}}`).join(', ')}]}`

const READY = ['open', 'hw_params', 'sw_params, start_threshold: 1920', 'prepare']

test('1. EPIPE: status, prepare, prefill, start: xrun, gap and lost frames are counted', () => {
  const calls = ['writei, frames: 1920', 'writei, frames: 480, at: 60ms', 'status', 'prepare']
  const { log, first } = run(script(...READY, ...calls, 'writei, frames: 1920', 'drain'), IDEAL)
  expect(log.slice(4)).toEqual([
    'writei(1920) = 1920',
    'writei(480) = -EPIPE',
    'status() = 0: XRUN, hw_ptr 1920, appl_ptr 1920, avail 1920, delay 0, avail_max 1920',
    'prepare() = 0',
    'writei(1920) = 1920',
    'drain() = 0',
  ])
  expect(first.xruns.length).toBe(1)
  // The ring is empty at 40 ms, and filled again after 60 ms.
  const gapNs = first.xruns[0]?.recoveryNs ?? 0
  expect(gapNs).toBeGreaterThan(20 * MS)
  expect(gapNs).toBeLessThan(21 * MS)
})

test('2. EPIPE with a failing prepare: EBADFD is fatal to a program, reopening heals', () => {
  // Written in PREPARED, so with the device already, and never stopped: a prepare cannot take it.
  const again = ['close', ...READY, 'writei, frames: 1920', 'drain']
  const { log } = run(script(...READY, 'writei, frames: 960', 'prepare', ...again), ACK, GENERIC)
  expect(log.filter((line) => /^(prepare|close|open|drain)/.test(line))).toEqual([
    'open() = 0',
    'prepare() = 0',
    'prepare() = -EBADFD',
    'close() = 0',
    'open() = 0',
    'prepare() = 0',
    'drain() = 0',
  ])
})

test('3. ESTRPIPE: resume is ENOSYS on both drivers, prepare goes on', () => {
  const suspend = 'faults: [{kind: suspend, at: 300ms, for: 100ms}]'
  for (const driver of [V7, ACK, 'driver: {kind: xen-snd}']) {
    const { first } = run('client: aplay, period_size: 480, periods: 8', driver, suspend)
    expect(first.errors.map(({ call, errno }) => [call, errno])).toEqual([
      ['writei', -86],
      ['resume', -38],
    ])
    expect(first.finalState).toBe('RUNNING')
  }
})

test('4. ENODEV, state DISCONNECTED: the program ends and closes', () => {
  const remove = 'faults: [{kind: hot-remove, at: 300ms}]'
  for (const driver of [V7, ACK]) {
    const { first, result } = run('client: aplay, period_size: 480', driver, GENERIC, remove)
    expect(result.outcome).toBe('completed')
    expect(first.errors[0]?.call).toBe('writei')
    expect([-19, -77]).toContain(first.errors[0]?.errno)
    expect(first.finalState).toBe('DISCONNECTED')
  }
})

test('5. EIO from drain and from a write, after max(100, 1.1 x buffer) ms', () => {
  const lost = 'faults: [{kind: drop-interrupt, queue: tx, at: 5ms, count: 1000}]'
  const fill = 'writei, frames: 1920'
  const drained = run(script(...READY, fill, 'drain'), V7, GENERIC, lost)
  expect(drained.log.at(-1)).toBe('drain() = -EIO')
  expect(drained.first.errors[0]!.timeNs).toBeGreaterThan(100 * MS)
  expect(drained.first.errors[0]!.timeNs).toBeLessThan(120 * MS)
  const written = run(script(...READY, fill, 'writei, frames: 1920'), V7, GENERIC, lost)
  expect(written.log.at(-1)).toBe('writei(1920) = -EIO')
})

test('6. A signal inside a write: the partial count first, EINTR only with nothing moved', () => {
  const signals = 'faults: [{kind: signal, at: 15ms}]'
  const calls = ['writei, frames: 1920', 'writei, frames: 1920', 'drain']
  const { log } = run(script(...READY, ...calls), IDEAL, signals)
  // One period had become free, and what passed until the writer ran.
  expect(log[5]).toMatch(/^writei\(1920\) = 48\d$/)
  // It has been delivered: the next call is not interrupted.
  expect(log[6]).toBe('drain() = 0')
  const early = 'faults: [{kind: signal, at: 5ms}, {kind: signal, at: 8ms}]'
  const none = run(script(...READY, ...calls), IDEAL, early)
  expect(none.log.slice(4)).toEqual([
    'writei(1920) = 1920',
    'writei(1920) = -EINTR',
    'drain() = -EINTR',
  ])
})

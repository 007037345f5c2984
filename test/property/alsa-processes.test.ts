/**
 * Random scripts of two processes that want the one substream of the ideal card: whatever the order
 * of their calls, each gets it in turn or is refused, nothing is left open, locked or misused, and
 * the second one's open ends when the first has closed.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadScenario, runScenario } from '../../src/index.ts'

const CALLS = [
  'prepare',
  'start',
  'drop',
  'drain',
  'pause',
  'release',
  'suspend',
  'resume',
  'xrun',
  'reset',
  'hwsync',
  'delay',
  'status',
  'avail_update',
  'hw_free',
  'hw_params',
  'sw_params',
]
const MOVES = ['writei', 'forward', 'rewind']

const plain = fc.constantFrom(...CALLS).map((call) => `{call: ${call}}`)
const moving = fc
  .tuple(fc.constantFrom(...MOVES), fc.integer({ min: 1, max: 900 }))
  .map(([call, frames]) => `{call: ${call}, frames: ${frames}}`)
const sleep = fc.integer({ min: 1, max: 30 }).map((ms) => `{call: sleep, for: ${ms}ms}`)
const body = fc.array(fc.oneof(plain, moving, sleep), { maxLength: 12 })

/** Non-blocking, so that no wait is without an end. */
const OPEN = '{call: open, nonblock: true}, {call: hw_params}, {call: sw_params}, {call: prepare}'
const WAIT = '{call: open}, {call: close}'

function stream(name: string, calls: readonly string[], more: string): string {
  const script = `{script: [${calls.join(', ')}]}`
  const ring = 'period_size: 240, periods: 4'
  return `  - {name: ${name}, client: scripted, ${ring}, ${more}options: ${script}}`
}

const reached = new Set<string>()

test('two processes on one substream', () => {
  fc.assert(
    fc.property(body, body, fc.constantFrom('6.1', '6.12'), (first, second, kernel) => {
      const text = [
        'version: 1',
        'name: processes',
        'duration: 5s',
        `guest: {cpus: 2, kernel: '${kernel}'}`,
        'driver: {kind: ideal}',
        'streams:',
        stream('one', [OPEN, ...first, '{call: close}'], ''),
        stream('two', [OPEN, ...second, '{call: close}', WAIT], 'shares: one, start_at: 5ms, '),
      ].join('\n')
      const [spec] = loadScenario(text)
      const { result } = runScenario(spec!)
      expect(result.outcome).toBe('completed')
      expect([result.locks.actual, result.memory, result.warnings]).toEqual([[], [], []])
      const said = result.log.map((line) => line.text)
      // Both scripts came to their ends: the last open got the substream, however long it waited.
      expect(said.at(-1)).toBe('close() = 0')
      expect(said.filter((line) => line === 'open() = 0').length).toBeGreaterThanOrEqual(2)
      for (const line of said) reached.add(line.replace(/^.* = /, ''))
    }),
    { numRuns: 60, seed: 11 },
  )
})

test('reached: a refused open, calls in wrong states, a suspended stream, an xrun', () => {
  for (const what of ['-EBUSY', '-EBADFD', '-ESTRPIPE', '-EPIPE', '0']) {
    expect(reached).toContain(what)
  }
})

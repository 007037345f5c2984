/**
 * SoundWire streams against drivers/soundwire: order of the buses' locks, classes, times of
 * messages and bank switches, and what a scenario may say. Expected numbers are reckoned from the
 * frame rate (48 kHz), the gsync (4 kHz) and sdw_program_slave_port_params().
 */
import { describe, expect, it } from 'vitest'
import { runScenario, type ScenarioRun } from '../../../../../src/index.ts'
import { T } from '../../../../../src/sim/trace.ts'
import { faultsOf, specOf } from '../../../../support/scenario-text.ts'

const usual = 'client: aplay, period_size: 480, periods: 4, frames: 2400'
const player = `{name: a, ${usual}}`
const second = (at: string) => `{name: b, pcm_device: 1, start_at: ${at}, ${usual}}`

interface Given {
  readonly links?: string
  readonly kernel?: string
  readonly revert?: string
  readonly streams?: string
}

function text({ links = '[[0, 1]]', kernel = '6.12', revert = '', streams = player }: Given = {}) {
  return `version: 1
name: sdw
duration: 200ms
guest: {costs: ideal, kernel: '${kernel}', revert: [${revert}]}
host: {costs: ideal}
driver: {kind: soundwire, options: {dai_links: ${links}}}
streams: [${streams}]
`
}

const run = (given: Given): ScenarioRun => runScenario(specOf(text(given)))

/** Locks of a sort in the order in which they were taken, with the time in ns. */
function taken({ store }: ScenarioRun, sort: string) {
  const locks: { name: string; at: number }[] = []
  store.replay({
    record: (r) => {
      if (r.kind !== T.lock_acquire) return
      const name = store.symbols.name('lock', r.a)
      if (name.endsWith(sort)) locks.push({ name: name.split(' ')[0] as string, at: r.timeNs })
    },
  })
  return locks
}

/** Locks of all buses that a stream of three links takes when it is prepared. */
function order(given: Given): readonly string[] {
  const locks = taken(run({ links: '[[2, 0, 1]]', ...given }), 'bus_lock').map(({ name }) => name)
  // One for each codec's hw_params, then those of prepare.
  return locks.slice(3, 6).map((name) => name.replace('sdw-master-', ''))
}

describe('the locks of the buses', () => {
  it('are taken in the order of adding up to 6.4', () => {
    expect(order({ kernel: '6.1' })).toEqual(['2', '0', '1'])
    expect(order({ revert: 'a4857d1afdd1' })).toEqual(['2', '0', '1'])
  })
  it('are taken in the order of the ids since', () => {
    expect(order({})).toEqual(['0', '1', '2'])
  })
  it('hw_params takes one at a time, in the order of the codec DAIs', () => {
    const locks = taken(run({ links: '[[2, 0, 1]]' }), 'bus_lock').map(({ name }) => name)
    expect(locks.slice(0, 3)).toEqual(['sdw-master-2', 'sdw-master-0', 'sdw-master-1'])
  })
})

describe('lockdep', () => {
  const kinds = (given: Given) => run(given).result.locks.predicted.map(({ kind }) => kind)
  const opposite = { links: '[[0, 1], [1, 0]]', streams: `${player}, ${second('100ms')}` }

  it.each([
    [
      'one class: recursive for bus_lock and msg_lock',
      { kernel: '6.1' },
      ['recursive', 'recursive'],
    ],
    ['one class, one link: nothing', { kernel: '6.1', links: '[[0]]' }, []],
    ['one class, right order: recursive', { revert: '256a9978eb2b' }, ['recursive', 'recursive']],
    ['a class each, one stream: nothing', { revert: 'a4857d1afdd1' }, []],
    [
      'a class each, opposite orders: circular for bus_lock and msg_lock',
      { ...opposite, revert: 'a4857d1afdd1' },
      ['circular', 'circular'],
    ],
    ['a class each, sorted: nothing', opposite, []],
  ])('%s', (_, given, expected) => {
    expect(kinds(given)).toEqual(expected)
  })
})

describe('the clock of the links', () => {
  const frame = 1e9 / 48_000
  const stream = run({ links: '[[0]]' })

  it('a message takes what is left of a frame, and the next', () => {
    // Prepare programs the port: nine messages, each sent when the one before was answered.
    const msgs = taken(stream, 'msg_lock').map(({ at }) => at)
    const gaps = msgs.slice(1, 9).map((at, i) => at - (msgs[i] as number))
    for (const gap of gaps) expect(gap / frame).toBeCloseTo(2, 3)
  })
  it('the bank is switched at a gsync, and answered a frame later', () => {
    // The tenth message is the first of enable: prepare is over, aplay has filled its ring.
    const groups = taken(stream, 'bus_lock').map(({ at }) => at)
    const switched = taken(stream, 'msg_lock')[9]?.at as number
    const enable = groups[2] as number
    const sync = (Math.floor(switched / 250_000) + 1) * 250_000
    expect(enable).toBeGreaterThanOrEqual(Math.ceil(sync + frame))
  })
  it('plays all frames, in periods of 10 ms', () => {
    const { frames, xruns, finalState } = stream.result.streams['a'] as never
    expect({ xruns, finalState }).toEqual({ xruns: [], finalState: 'SETUP' })
    expect(frames).toMatchObject({ written: 2400 })
    const times: number[] = []
    stream.store.replay({
      record: (r) => {
        if (r.kind === T.snd_pcm_period_elapsed) times.push(r.timeNs)
      },
    })
    expect(times.length).toBe(5)
    expect(times.slice(1).map((at, i) => at - (times[i] as number))).toEqual(
      Array.from({ length: 4 }, () => 10_000_000),
    )
  })
})

describe('a scenario', () => {
  it('has two links when it says nothing', () => {
    expect(specOf(text().replace(/, options: .*}}/, '}')).driver.soundwire.dai_links).toEqual([
      [0, 1],
    ])
  })
  it.each([
    ['[]', /dai_links: 0 PCM devices, allowed: 1 to 8/],
    ['[[]]', /dai_links\.0: no link/],
    ['[[0, 1, 0]]', /dai_links\.0: a link twice/],
    ['[[4]]', /dai_links\.0\.0: .*0\.\.3/],
  ])('is refused with %s', (links, message) => {
    expect(faultsOf(text({ links })).join('\n')).toMatch(message)
  })
  it('has a PCM device for each list', () => {
    expect(faultsOf(text({ streams: second('0ns') })).join('\n')).toMatch(
      /pcm_device: the card has no PCM device 1/,
    )
  })
  it('cannot take out of 6.1 what came with 6.5', () => {
    const faults = faultsOf(text({ kernel: '6.1', revert: 'a4857d1afdd1' })).join('\n')
    expect(faults).toMatch(/guest.revert.0: Linux 6.1 never had a4857d1afdd1/)
    expect(faults).toMatch(/with guest.kernel '6.12'/)
  })
})

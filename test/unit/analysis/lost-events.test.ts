/** Events that nobody acts upon: domain/virtio-snd.md H13, design.md §6. */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../src/index.ts'

const SCRIPT = [
  '{call: open}',
  '{call: hw_params}',
  '{call: sw_params, start_threshold: 1920}',
  '{call: prepare}',
  '{call: writei, frames: 1920}',
  '{call: writei, frames: 480}',
]

/** The lost events of one stream, each as `state what`. */
function lost(version: string, stream: string, faults: string, device = 'kind: generic') {
  const [spec] = loadScenario(
    [
      'version: 1',
      'name: lost',
      'duration: 300ms',
      `driver: {kind: virtio-snd, version: ${version}}`,
      `device: {${device}}`,
      `streams: [{name: s, period_size: 480, periods: 4, ${stream}}]`,
      `faults: [${faults}]`,
    ].join('\n'),
  )
  const { result } = runScenario(spec!)
  const { silentFailures, xruns } = result.streams.s!
  const found = silentFailures.filter(({ kind }) => kind === 'lost-event')
  return { xruns, found, said: found.map(({ state, what }) => `${state} ${what}`) }
}

const CLEARED = 'RUNNING XRUN: the next completion cleared it before anybody looked'
const AT = '{kind: xrun-event, stream: s, at: 105ms}'

describe('an XRUN event of the device', () => {
  it.each(['v5', 'v6', 'v7', 'ack'])('between two periods of a waiting client, %s', (version) => {
    const { found, said, xruns } = lost(version, 'client: aplay', AT)
    expect(said).toEqual([CLEARED])
    expect(xruns).toEqual([])
    const [one] = found
    // Gone within a period, with the completion.
    expect(one?.timeNs).toBeGreaterThanOrEqual(105_000_000)
    expect((one?.untilNs ?? 0) - (one?.timeNs ?? 0)).toBeLessThan(11_000_000)
  })

  const asks = (calls: string) =>
    `client: scripted, options: {script: [${[...SCRIPT, calls].join(', ')}]}`
  const early = '{kind: xrun-event, stream: s, at: 14ms}'

  it('is acted upon where somebody asks for the position in time', () => {
    const { said, xruns } = lost('v7', asks('{call: hwsync, at: 15ms}'), early)
    expect(said).toEqual([])
    expect(xruns.map(({ cause }) => cause)).toEqual(['device'])
  })

  it('is never told by ack, whoever asks', () => {
    const { said } = lost('ack', asks('{call: hwsync, at: 15ms}'), early)
    expect(said).toEqual([
      'RUNNING XRUN: the driver was asked for its position and told one all the same',
    ])
  })

  it('is nothing to a stream that does not run', () => {
    const stopped = asks('{call: drop, at: 13ms}, {call: sleep, for: 50ms}')
    expect(lost('v7', stopped, early).said).toEqual([])
  })

  it('is not lost where the core finds the xrun by itself', () => {
    const stalls = 'client: aplay, stalls: [{at: 50ms, for: 100ms}]'
    const { said, xruns } = lost('v7', stalls, '', 'kind: generic, events: xrun')
    expect(xruns.length).toBe(1)
    expect(said).toEqual([])
  })

  const perQueue = 'kind: generic, vectors: per-queue'

  it('that the driver never reads, because its interrupt is lost', () => {
    const dropped = '{kind: drop-interrupt, queue: event, at: 0ns}'
    const { said } = lost('v7', 'client: aplay', `${AT}, ${dropped}`, perQueue)
    expect(said).toEqual(['RUNNING XRUN: nobody read it'])
  })

  it('whose interrupt is lost comes with that of tx on a shared vector, and behind it', () => {
    // The walk comes to tx before the event queue: no completion clears the flag this time.
    const dropped = '{kind: drop-interrupt, queue: event, at: 0ns}'
    const { said, xruns } = lost('v7', 'client: aplay', `${AT}, ${dropped}`)
    expect(said).toEqual([])
    expect(xruns.map(({ cause }) => cause)).toEqual(['device'])
  })

  it('that finds the event queue empty', () => {
    const many = Array.from({ length: 70 }, () => AT).join(', ')
    const dropped = '{kind: drop-interrupt, queue: event, at: 0ns, count: 1000}'
    const { said } = lost('v7', 'client: aplay', `${dropped}, ${many}`, perQueue)
    const full = said.filter((what) => what.endsWith('the event queue had no room'))
    // The driver leaves as many elements as the queue has.
    expect(full.length).toBe(6)
    expect(said.length).toBe(70)
  })
})

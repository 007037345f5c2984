/** Options of QEMU's audiodev, and what a stopped VM does to it, in whole runs. Times are ms. */
import { describe, expect, it } from 'vitest'
import { loadScenario, runScenario } from '../../../../../src/index.ts'
import { T, TraceRecord } from '../../../../../src/sim/trace.ts'

const script = [
  { call: 'open' },
  { call: 'hw_params' },
  { call: 'sw_params', start_threshold: 9600 },
  { call: 'prepare' },
  { call: 'writei', frames: 9600 },
  { call: 'sleep', for: '400ms' },
]

/** Times at which the device returned messages, from the START, and the CPUs of QEMU's thread. */
function play(device: object, more: { stream?: object; faults?: object[] } = {}) {
  const scenario = {
    version: 1,
    name: 'audiodev',
    duration: '700ms',
    guest: { kernel: '6.12', costs: 'ideal' },
    host: { costs: 'ideal' },
    driver: { version: 'ack', options: { pcm_buffer_ms: 1000, pcm_periods_max: 32 } },
    device,
    faults: more.faults ?? [],
    streams: [
      { client: 'scripted', period_size: 480, periods: 20, options: { script }, ...more.stream },
    ],
  }
  const [spec] = loadScenario(JSON.stringify(scenario))
  const { store } = runScenario(spec as NonNullable<typeof spec>)
  const r = new TraceRecord()
  const found = { done: [] as number[], cpus: new Set<number>() }
  let startNs = -1
  for (let i = 0; i < store.length; i++) {
    store.at(i, r)
    const { kind, timeNs, a } = r
    if (kind === T.snd_pcm_trigger && startNs < 0) startNs = timeNs
    const queue = kind === T.virtqueue_push ? store.symbols.name('queue', a) : ''
    if (/[tr]x$/.test(queue) && startNs >= 0) found.done.push((timeNs - startNs) / 1e6)
    if (kind === T.audio_run) found.cpus.add(r.cpu)
  }
  return found
}

const doneBy = (times: readonly number[], ms: number): number => times.filter((t) => t < ms).length

describe('audiodev', () => {
  it('with the mixing engine prefetches 1024 of its frames, 1114 of the guest', () => {
    const { done } = play({})
    expect(doneBy(done, 15)).toBe(2)
    expect(doneBy(done, 105)).toBe(Math.floor((1114 + 90 * 48) / 480))
  })

  it('without fixed settings prefetches 1024 of the guest', () => {
    const { done } = play({ fixed_settings: false })
    expect(doneBy(done, 15)).toBe(2)
    expect(doneBy(done, 105)).toBe(Math.floor((1024 + 90 * 48) / 480))
  })

  it('without the mixing engine takes what the back end has played', () => {
    const { done } = play({ mixing_engine: false })
    expect(doneBy(done, 15)).toBe(1)
    expect(doneBy(done, 105)).toBe(10)
  })

  it('wav cannot record, none can', () => {
    const record = {
      direction: 'capture',
      options: {
        script: [...script.slice(0, 4), { call: 'start' }, { call: 'sleep', for: '300ms' }],
      },
    }
    expect(doneBy(play({ backend: 'none' }, { stream: record }).done, 100)).toBeGreaterThan(5)
    expect(doneBy(play({ backend: 'wav' }, { stream: record }).done, 100)).toBe(0)
  })

  it('pin keeps the main loop on its processor', () => {
    expect([...play({ pin: 0 }).cpus]).toEqual([0])
    expect([...play({ pin: 1 }).cpus]).toEqual([1])
  })
})

describe('a paused VM', () => {
  it('stops the audio timer, which then runs for what was left of it', () => {
    const usual = play({}).done
    const at = '25ms'
    const paused = play({}, { faults: [{ kind: 'vm-pause', at, for: '100ms' }] }).done
    expect(doneBy(paused, 25)).toBe(doneBy(usual, 25))
    // Nothing comes back in the pause; the third run is 100 ms late.
    expect(doneBy(paused, 124)).toBe(doneBy(paused, 25))
    const third = usual.find((t) => t > 25) as number
    expect(paused.find((t) => t > 25)).toBeCloseTo(third + 100, 1)
  })
})

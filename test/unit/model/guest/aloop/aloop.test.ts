/**
 * The loopback card against sound/drivers/aloop.c: its clock in jiffies, its cable, its memory.
 * Expected numbers are reckoned from the driver's formulas.
 */
import { describe, expect, it } from 'vitest'
import { runScenario, type ScenarioRun } from '../../../../../src/index.ts'
import { T } from '../../../../../src/sim/trace.ts'
import { faultsOf, specOf } from '../../../../support/scenario-text.ts'

function text(streams: string, { hz = 250, driver = '{kind: aloop}', more = '' } = {}): string {
  return `version: 1
name: loop
duration: 200ms
guest: {costs: ideal, hz: ${hz}, cpus: 1}
host: {costs: ideal}
driver: ${driver}
streams: ${streams}
${more}
`
}

const player = '{name: player, client: aplay, period_size: 480, periods: 8}'
const run = (source: string): ScenarioRun => runScenario(specOf(source))

/** Milliseconds of each call of period elapsed, and hw_ptr after it. */
function elapsed({ store }: ScenarioRun, stream: number, calls: number) {
  const times: number[] = []
  const positions: number[] = []
  store.replay({
    record: (r) => {
      if (r.a !== stream || times.length > calls) return
      if (r.kind === T.snd_pcm_period_elapsed) times.push(r.timeNs / 1e6)
      else if (r.kind === T.snd_pcm_hwptr && r.b === 1) positions.push(r.c)
    },
  })
  return { times: times.slice(0, calls), positions: positions.slice(0, calls) }
}

/** First indices and lengths of what a capture client read. */
function recorded({ store, result }: ScenarioRun, name: string) {
  const id = result.streams[name]?.id
  const runs: [number, number][] = []
  store.replay({
    record: (r) => void (r.kind === T.snd_pcm_transfer && r.a === id && runs.push([r.b, r.c])),
  })
  return runs
}

describe('the clock', () => {
  it('HZ=1000: a period of 10 ms after 11 jiffies, then every 10', () => {
    // 1920 bytes * 1000 are 10 jiffies of 192000; mod_timer() rounds up by one. What is over stays
    // in irq_pos: 2112000 - 1920000 = 192000, so 9 jiffies (and one) are left of the next period.
    const { times, positions } = elapsed(run(text(`[${player}]`, { hz: 1000 })), 0, 4)
    expect(times).toEqual([11, 21, 31, 41])
    expect(positions).toEqual([528, 1008, 1488, 1968])
  })
  it('HZ=250: after 4, 6, 9, 11, 14 and 16 jiffies of 4 ms', () => {
    // 480000 of which a jiffy passes 192000: 3 (+1) -> 768000, over 288000; 1 (+1) -> 672000, over
    // 192000; 2 (+1) -> 768000; and so on.
    const { times, positions } = elapsed(run(text(`[${player}]`)), 0, 6)
    expect(times).toEqual([16, 24, 36, 44, 56, 64])
    expect(positions).toEqual([4, 6, 9, 11, 14, 16].map((jiffies) => jiffies * 192))
  })
  it('goes on while its processor is idle', () => {
    const calls = [
      '{call: open}, {call: hw_params}, {call: sw_params, start_threshold: 480}, {call: prepare}',
      '{call: writei, frames: 3840}, {call: sleep, for: 60ms}',
    ]
    const options = `options: {script: [${calls.join(', ')}]}`
    const one = `{client: scripted, period_size: 480, periods: 8, ${options}}`
    expect(elapsed(run(text(`[${one}]`)), 0, 3).times).toEqual([16, 24, 36])
  })
})

describe('the cable', () => {
  const recorder =
    '{name: rec, client: arecord, pcm_device: 1, period_size: 480, periods: 8, frames: 7000}'

  it('is recorded frame by frame, whether or not anybody plays', () => {
    const later = player.replace('}', ', start_at: 40ms, frames: 2880}')
    const one = run(text(`[${later}, ${recorder}]`))
    let next = 0
    for (const [first, frames] of recorded(one, 'rec')) {
      expect(first).toBe(next)
      next += frames
    }
    expect(next).toBe(7000 + 200)
    expect(one.result.streams['rec']?.silentFailures).toEqual([])
    expect(one.result.streams['player']).toMatchObject({
      frames: { written: 2880, played: 2880 },
      silentFailures: [],
      finalState: 'SETUP',
    })
  })
  it('joins substreams of one number on the two devices, not on one', () => {
    const rate = 'rate: 44100, start_at: 20ms, period_size: 441, periods: 8'
    const rec = (device: number) => `{name: rec, client: arecord, pcm_device: ${device}, ${rate}}`
    const said = (device: number) => run(text(`[${player}, ${rec(device)}]`)).result.log
    expect(said(0)).toEqual([])
    expect(said(1).map((line) => line.text)).toEqual(['Unable to install hw params: -EINVAL'])
  })
  it('takes no lock in two orders', () => {
    const { locks } = run(text(`[${player}, ${recorder}]`)).result
    expect(locks.predicted).toEqual([])
    expect(locks.actual).toEqual([])
    const seen = locks.edges.map(({ before, after }) => `${before} -> ${after}`)
    expect(seen).toContain('&group->lock -> &cable->lock')
    expect(seen).toContain('(&dpcm->timer) -> &cable->lock')
    expect(seen).toContain('(&dpcm->timer) -> &group->lock')
    expect(seen).toContain('&pcm->open_mutex -> (&dpcm->timer)')
  })
})

describe('memory', () => {
  it('of cable and streams is given back by whoever closes last', () => {
    const brief = `[{client: aplay, period_size: 480, periods: 8, frames: 1000}]`
    const { store, result } = run(text(brief))
    const sites: string[] = []
    store.replay({
      record: (r) => void (r.kind === T.kfree && sites.push(store.symbols.name('text', r.b))),
    })
    expect(sites.filter((site) => /loopback|cable/.test(site))).toEqual([
      'free_cable',
      'loopback_runtime_free',
    ])
    expect(result.memory).toEqual([])
  })
  it('that cannot be had fails the open', () => {
    const fault = 'faults: [{kind: alloc-failure, gfp: GFP_KERNEL, at: 0ns}]'
    const { result } = run(text(`[${player}]`, { more: fault }))
    expect(result.log.map((line) => line.text)).toContain('audio open error: -ENOMEM')
    expect(result.memory).toEqual([])
  })
})

describe('a scenario', () => {
  it('has no device to speak of, and two PCM devices', () => {
    const faults = faultsOf(text(`[{pcm_device: 2}]`, { more: 'device: {kind: qemu}' })).join('\n')
    expect(faults).toMatch(/device.kind: the driver 'aloop' has no device/)
    expect(faults).toMatch(/pcm_device: the card has no PCM device 2, allowed: 0\.\.1/)
  })
  it('cannot have faults of a device, nor options of another driver', () => {
    const driver = '{kind: aloop, version: v7, options: {periodTest: ">="}}'
    const more = 'faults: [{kind: hot-remove, at: 1ms}]'
    const faults = faultsOf(text(`[{}]`, { driver, more })).join('\n')
    expect(faults).toMatch(/faults.0.kind: the driver 'aloop' has no device that could do this/)
    expect(faults).toMatch(/driver.version: the driver 'aloop' has no versions/)
    expect(faults).toMatch(/periodTest: .*allowed: pcm_substreams/)
  })
  it('of another driver has one PCM device', () => {
    const faults = faultsOf(text(`[{pcm_device: 1}]`, { driver: '{kind: virtio-snd}' }))
    expect(faults.join('\n')).toMatch(/the card has no PCM device 1, allowed: 0/)
  })
})

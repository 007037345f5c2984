/**
 * The PC speaker's card against sound/drivers/pcsp: pulses of the timer, where periods are told,
 * and what a scenario may say. Expected numbers are reckoned from pcsp.h.
 */
import { describe, expect, it } from 'vitest'
import { runScenario, type ScenarioRun } from '../../../../../src/index.ts'
import { T } from '../../../../../src/sim/trace.ts'
import { faultsOf, specOf } from '../../../../support/scenario-text.ts'

const player = '{name: beep, client: aplay, period_size: 256, periods: 4, frames: 2000}'

function text({ guest = '', streams = `[${player}]`, driver = '{kind: pcsp}', more = '' } = {}) {
  return `version: 1
name: speaker
duration: 100ms
guest: {costs: ideal, cpus: 1${guest}}
host: {costs: ideal}
driver: ${driver}
streams: ${streams}
${more}
`
}

const run = (source: string): ScenarioRun => runScenario(specOf(source))

/** Times in ns and contexts of the calls of period elapsed. */
function elapsed({ store }: ScenarioRun) {
  const calls: [number, string][] = []
  store.replay({
    record: (r) => {
      if (r.kind !== T.snd_pcm_period_elapsed) return
      calls.push([r.timeNs, store.symbols.name('ctx', r.context)])
    },
  })
  return calls
}

describe('the clock', () => {
  it('takes two frames every 64 ticks of the PIT: 53638 ns', () => {
    // 64e9 / 1193182 = 53638.1. A period of 256 frames is told by pulse 128, the first is at 0.
    const times = elapsed(run(text())).map(([at]) => at)
    expect(times.slice(0, 3)).toEqual([127, 255, 383].map((pulse) => pulse * 53_638))
  })
  it('plays all frames, in order', () => {
    const { result } = run(text())
    // Padded to 2048 frames.
    expect(result.streams['beep']).toMatchObject({
      frames: { written: 2048, played: 2000, silence: 48 },
      xruns: [],
      silentFailures: [],
      finalState: 'SETUP',
    })
  })
  it('makes up for the pulses of a pause of the VM, and goes on in step', () => {
    const more = 'faults: [{kind: vm-pause, at: 20ms, for: 10ms}]'
    const times = elapsed(run(text({ more }))).map(([at]) => at)
    // Forwarded from hrtimer_get_expires(): pulses 373 to 559 come at once when the VM goes on, 383
    // and 511 among them, which end the third and the fourth period.
    expect(times[2]).toBe(30_000_000)
    const later = times.filter((at) => at > 30_000_000)
    expect(later).toEqual([639, 767, 895, 1023].map((pulse) => pulse * 53_638))
  })
})

describe('a period is told', () => {
  const before = ', revert: [96c7d478efad]'
  const softirq = '{kind: pcsp, options: {timerCallback: softirq}}'
  it.each([
    ['in a tasklet', {}, 'softirq/0'],
    ['in the interrupt, before 96c7d478efad', { guest: before }, 'local_timer/0'],
    ['in a softirq, if that calls the function', { guest: before, driver: softirq }, 'softirq/0'],
  ])('%s', (_, given, context) => {
    const calls = elapsed(run(text(given)))
    expect(calls.length).toBe(8)
    expect(new Set(calls.map(([, name]) => name))).toEqual(new Set([context]))
  })
})

describe('locks', () => {
  const irqsafe = '{kind: pcsp, options: {timerCallback: irqsafe}}'
  const kinds = (source: string) => run(source).result.locks.predicted.map(({ kind }) => kind)

  it('before 96c7d478efad are taken in a circle with the lock of the timers', () => {
    expect(kinds(text({ driver: irqsafe, guest: ', revert: [96c7d478efad]' }))).toEqual([
      'circular',
    ])
  })
  it.each(['irqsafe', 'softirq', 'unlocked'])('are not, called %s, since', (callback) => {
    const driver = `{kind: pcsp, options: {timerCallback: ${callback}}}`
    expect(kinds(text({ driver }))).toEqual([])
  })
  it.each(['softirq', 'unlocked'])('are not, called %s, before', (callback) => {
    const driver = `{kind: pcsp, options: {timerCallback: ${callback}}}`
    expect(kinds(text({ driver, guest: ', revert: [96c7d478efad]' }))).toEqual([])
  })
})

describe('a scenario', () => {
  it('has the rate and the channel of the speaker when it says nothing', () => {
    expect(specOf(text()).streams[0]).toMatchObject({ rate: 37_286, channels: 1 })
  })
  it('cannot have others, other formats, nor record', () => {
    const streams = '[{rate: 48000, channels: 2, format: S32_LE}, {client: arecord}]'
    const faults = faultsOf(text({ streams })).join('\n')
    expect(faults).toMatch(/rate: 48000 Hz is not possible on this driver, allowed: 37286/)
    expect(faults).toMatch(/channels: 2 are not possible on this driver, allowed: 1/)
    expect(faults).toMatch(/format: S32_LE is not possible on this driver, allowed: U8, S16_LE/)
    expect(faults).toMatch(/client: this driver only plays/)
  })
  it('has no device', () => {
    const faults = faultsOf(text({ more: 'device: {clock: 10ppm}' })).join('\n')
    expect(faults).toMatch(/device.clock: the driver 'pcsp' has no device/)
  })
})

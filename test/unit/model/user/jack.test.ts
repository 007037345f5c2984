/**
 * JACK on a card that has other sizes than were asked for (domain/userspace.md §2.3): avail_min of
 * playback is period * (hw_nperiods - user_nperiods + 1), of capture a period; the silence before
 * the start is user_nperiods long. 480 frames are 10 ms.
 */
import { describe, expect, it } from 'vitest'
import { NS_PER_MS } from '../../../../src/base/units.ts'
import { loadScenario, runScenario } from '../../../../src/index.ts'
import type { SndPcmHardware } from '../../../../src/model/alsa/pcm.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { Jack, type JackOptions } from '../../../../src/model/user/jack.ts'
import { T } from '../../../../src/sim/trace.ts'
import { recordsOf, world } from '../alsa/stream.ts'

const PERIOD = 480
const FRAME_BYTES = 4

/** A card whose streams move by the clock, for 200 ms. */
function jackOn(hardware: Partial<SndPcmHardware>, options: Partial<JackOptions> = {}) {
  const w = world({ cpus: 2, card: { hardware, capture: true } })
  const streams = [...w.fake.pcm.playback, ...w.fake.pcm.capture]
  w.fake.runClock(streams[options.direction === 'capture' ? 1 : 0]!)
  const jack = new Jack(w.fake.pcm, {
    name: 'jackd',
    frames: null,
    format: SNDRV_PCM_FORMATS.S16_LE,
    rate: 48_000,
    channels: 2,
    period_size: PERIOD,
    buffer_size: 2 * PERIOD,
    ...options,
  })
  jack.start()
  w.sim.run(200 * NS_PER_MS)
  const log = recordsOf(w.store, T.client_log).map((r) => w.sim.trace.symbols.name('text', r.b))
  return { w, jack, log, playback: streams[0]!, capture: streams[1]! }
}

describe('JACK on a card with more periods than were asked for', () => {
  const cases = [
    { hw: 2, avail_min: PERIOD },
    { hw: 3, avail_min: 2 * PERIOD },
    { hw: 4, avail_min: 3 * PERIOD },
  ]
  it.each(cases)('$hw periods for -n 2: avail_min $avail_min', ({ hw, avail_min }) => {
    const { playback, log, w, jack } = jackOn({ periods_min: hw, periods_max: hw })
    const { runtime } = playback
    expect([runtime.periods, runtime.buffer_size]).toEqual([hw, hw * PERIOD])
    expect(runtime.control.avail_min).toBe(avail_min)
    expect(runtime.stop_threshold).toBe(hw * PERIOD)
    expect(log).toEqual(hw === 2 ? [] : [`ALSA: use ${hw} periods for playback`])
    expect(jack.result.xruns).toBe(0)
    // The latency is that of two periods: silence before the start, and never more queued.
    const [silence] = recordsOf(w.store, T.snd_pcm_transfer)
    expect([silence!.b < 0, silence!.c]).toEqual([true, 2 * PERIOD])
    const avails = recordsOf(w.store, T.snd_pcm_applptr).map((r) => r.d)
    expect(Math.min(...avails)).toBe((hw - 2) * PERIOD)
    // Woken every period: as many cycles as there were periods.
    expect(jack.result.framesWritten / PERIOD).toBeGreaterThanOrEqual(18)
  })

  it('capture wakes at one period, whatever the card has', () => {
    const { capture, jack } = jackOn({ periods_min: 4, periods_max: 4 }, { direction: 'capture' })
    expect(capture.runtime.periods).toBe(4)
    expect(capture.runtime.control.avail_min).toBe(PERIOD)
    expect(jack.result.framesRead / PERIOD).toBeGreaterThanOrEqual(18)
  })

  it('in duplex avail_min of the scenario is of the stream that it describes', () => {
    const options = { duplex: 'separate', avail_min: 96 } as const
    const { playback, capture } = jackOn({}, options)
    expect(playback.runtime.control.avail_min).toBe(96)
    expect(capture.runtime.control.avail_min).toBe(PERIOD)
  })
})

describe('JACK ends at once', () => {
  const ends = (hardware: Partial<SndPcmHardware>, options: Partial<JackOptions> = {}) => {
    const { log, playback } = jackOn(hardware, options)
    expect(playback.isOpen).toBe(false)
    return log
  }
  const refused = ['Unable to install hw params: -EINVAL']
  it('where the card cannot have the period: that is not negotiated', () => {
    expect(ends({ period_bytes_min: (PERIOD + 1) * FRAME_BYTES })).toEqual(refused)
  })
  it('where the card has fewer periods than were asked for', () => {
    expect(ends({ periods_max: 3 }, { nperiods: 4 })).toEqual(refused)
  })
})

describe('in a scenario', () => {
  const scenario = (stream: string) => {
    const options = 'options: {pcm_periods_min: 4}'
    const driver = `{kind: virtio-snd, version: v7, ${options}}`
    const head = `version: 1\nname: j\nduration: 500ms\ndriver: ${driver}\ndevice: {kind: generic}`
    const [spec] = loadScenario(`${head}\nstreams: [{${stream}}]\n`)
    return { spec: spec!, ...runScenario(spec!) }
  }
  it('a driver with at least four periods gives JACK four', () => {
    const { spec, result } = scenario('client: jack, period_size: 480, periods: 2')
    const [stream] = Object.values(result.streams)
    expect([spec.streams[0]!.periods, spec.streams[0]!.avail_min]).toEqual([4, 3 * PERIOD])
    expect(stream!.params?.buffer_size).toBe(4 * PERIOD)
    expect([stream!.xruns, stream!.errors]).toEqual([[], []])
    expect(result.log.map((line) => line.text)).toContain('ALSA: use 4 periods for playback')
  })
  it('other programs are told that two are not possible', () => {
    expect(() => scenario('client: aplay, period_size: 480, periods: 2')).toThrow(/2 periods/)
  })
})

it('JACK asks for time stamps, and reports what STATUS says of the xrun', () => {
  const stall = { stalls: [{ atNs: 50 * NS_PER_MS, forNs: 60 * NS_PER_MS }] }
  const { playback, log, w } = jackOn({}, stall)
  expect(playback.runtime.tstamp_mode).toBe(C.SNDRV_PCM_TSTAMP_ENABLE)
  const [xrun] = recordsOf(w.store, T.snd_pcm_xrun)
  const told = Number(/at least ([\d.]+) ms/.exec(log.find((line) => line.includes('xrun'))!)![1])
  // Noticed at the poll after the stall: 110 ms or a period's rest later.
  const ms = 110 - xrun!.timeNs / NS_PER_MS
  expect(told).toBeGreaterThan(ms)
  expect(told).toBeLessThan(ms + 10.5)
})

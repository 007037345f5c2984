/**
 * Devices with a sample clock consume continuously, whatever the worker's wake-ups take: the next
 * message, or cycle of a graph, begins where the last one ended. Periods of 480 frames are 10 ms.
 */
import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../../src/index.ts'
import { DEVICE_PRESETS } from '../../../../src/model/host/generic/presets.ts'
import {
  VIRTIO_SND_R_PCM_PREPARE as PREPARE,
  VIRTIO_SND_R_PCM_SET_PARAMS as SET_PARAMS,
  VIRTIO_SND_R_PCM_START as START,
} from '../../../../src/model/virtio/virtio_snd.ts'
import { T } from '../../../../src/sim/trace.ts'
import { specOf } from '../../../support/scenario-text.ts'
import { soundDaemon } from '../../../support/sound-daemon.ts'

const RATE = 48_000
const TX = 2

/** Frames a second between the first and the last that were heard, and frames of silence. */
function heard(device: string, driver = '{kind: virtio-snd, version: v7}', seconds = 60) {
  const text = `version: 1
name: rate
duration: ${seconds}s
driver: ${driver}
device: ${device}
streams: [{name: music, period_size: 480, periods: 8}]
`
  const { store } = runScenario(specOf(text), 1)
  let firstNs = -1
  let lastNs = 0
  let frames = 0
  let silence = 0
  store.replay({
    record: ({ kind, timeNs, b, c }) => {
      if (kind === T.audio_silence && firstNs >= 0) silence += b
      if (kind !== T.audio_play) return
      // Heard by then: the record comes at the end of what it names.
      if (firstNs < 0) firstNs = timeNs
      else frames += c
      lastNs = timeNs
    },
  })
  const ppm = ((frames * 1e9) / (lastNs - firstNs) / RATE - 1) * 1e6
  return { ppm, silence }
}

describe('mean rate over 60 s', () => {
  it.each([0, 100, -100])('exact pacing, %i ppm', (ppm) => {
    const got = heard(`{kind: generic, clock: ${ppm}ppm}`)
    expect(Math.abs(got.ppm - ppm)).toBeLessThan(1)
    expect(got.silence).toBe(0)
  })
  it('crosvm', () => {
    const got = heard('{kind: crosvm}')
    expect(Math.abs(got.ppm)).toBeLessThan(1)
    expect(got.silence).toBe(0)
  })
  it('a graph that pulls', () => {
    const got = heard('{kind: generic, pacing: {kind: pull, quantum: 480}}')
    expect(Math.abs(got.ppm)).toBeLessThan(1)
    expect(got.silence).toBe(0)
  })
  it('the back end of Xen', () => {
    const got = heard('{kind: xen}', '{kind: xen-snd}', 20)
    expect(Math.abs(got.ppm)).toBeLessThan(3)
    expect(got.silence).toBe(0)
  })
})

describe('exact pacing, message by message', () => {
  function playing(messages: number) {
    const device = soundDaemon(DEVICE_PRESETS.ideal)
    device.control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < messages; i++) device.message(480)
    device.kick(TX)
    device.control(0, START)
    const [startMs] = device.signals.slice(-1).map(({ atMs }) => atMs) as [number]
    const sinceStart = () =>
      device.signals.filter(({ queue }) => queue === TX).map(({ atMs }) => atMs - startMs)
    return { ...device, sinceStart }
  }

  it('a worker that is late with one message is not late with the next', () => {
    const { run, stall, sinceStart } = playing(4)
    run(5)
    stall(9)
    run(40)
    const [first, second, third, fourth] = sinceStart() as [number, number, number, number]
    expect(first).toBeGreaterThan(14.9)
    expect(first).toBeLessThan(15.1)
    expect(second).toBeCloseTo(20, 1)
    expect(third).toBeCloseTo(30, 1)
    expect(fourth).toBeCloseTo(40, 1)
  })

  it('a worker that stands still over a whole message starves the sink', () => {
    const { run, stall, sinceStart, sound } = playing(3)
    run(5)
    stall(30)
    run(60)
    const [first, second, third] = sinceStart() as [number, number, number]
    // One period had ended at 10 ms; the worker goes on at 36.
    expect(first).toBeCloseTo(36, 1)
    expect(second).toBeCloseTo(46, 1)
    expect(third).toBeCloseTo(56, 1)
    expect(sound()).toEqual({ played: 3 * 480, silence: 26 * 48 })
  })

  it('a starved device starts from the moment data come', () => {
    const { run, message, kick, used, sinceStart, sound } = playing(1)
    run(24.1)
    expect(used(TX)).toBe(1)
    message(480)
    kick(TX, 9.9)
    expect(used(TX)).toBe(1)
    message(480)
    kick(TX, 30)
    const [, second, third] = sinceStart() as [number, number, number]
    // At 25.1 ms, that is within frame 1204: it begins with the next, and ends 480 later.
    expect(second).toBeCloseTo((1205 + 480) / 48, 2)
    expect(third - second).toBeCloseTo(10, 2)
    expect(sound().silence).toBe(1205 - 480)
  })
})

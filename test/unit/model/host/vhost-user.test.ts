/** vhost-device-sound, sentence by sentence of its description: rings filled by hand, no driver. */
import { describe, expect, it } from 'vitest'
import type { GenericOptions } from '../../../../src/model/host/generic/options.ts'
import { DEVICE_PRESETS, type DevicePreset } from '../../../../src/model/host/generic/presets.ts'
import {
  VIRTIO_SND_R_PCM_PREPARE as PREPARE,
  VIRTIO_SND_R_PCM_RELEASE as RELEASE,
  VIRTIO_SND_R_PCM_SET_PARAMS as SET_PARAMS,
  VIRTIO_SND_R_PCM_START as START,
  VIRTIO_SND_R_PCM_STOP as STOP,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_S_NOT_SUPP,
  VIRTIO_SND_S_OK,
} from '../../../../src/model/virtio/virtio_snd.ts'
import { soundDaemon } from '../../../support/sound-daemon.ts'

const CONTROL = 0
const TX = 2
const RX = 3

const FRAME_BYTES = 4

function daemon(preset: DevicePreset, threads: 1 | 3 = 1, before: Partial<GenericOptions> = {}) {
  return soundDaemon({ ...DEVICE_PRESETS[preset], ...before }, threads)
}

describe('control', () => {
  it('control requests are answered in the handler, one signal per batch', () => {
    const { request, kick, signals } = daemon('vhost-user-null')
    const three = [SET_PARAMS, PREPARE, RELEASE].map((code) => request(code))
    kick(CONTROL)
    expect(three.map((one) => one.status)).toEqual(new Array(3).fill(VIRTIO_SND_S_OK))
    expect(signals.map(({ queue, used }) => [queue, used])).toEqual([[CONTROL, 3]])
  })

  it('rates 8000...48000', () => {
    const { request, kick } = daemon('vhost-user-alsa')
    const asked = [5512, 8000, 48_000, 64_000, 96_000].map((r) => request(SET_PARAMS, 0, r))
    kick(CONTROL)
    const no = VIRTIO_SND_S_NOT_SUPP
    const ok = VIRTIO_SND_S_OK
    expect(asked.map((one) => one.status)).toEqual([no, ok, ok, no, no])
  })

  it('prepare from {SetParameters, Prepare, Release}: a new stream is in the first of them', () => {
    expect(daemon('vhost-user-alsa').control(0, PREPARE, PREPARE, RELEASE, PREPARE)).toBe(
      VIRTIO_SND_S_OK,
    )
  })

  it('errors of SET_PARAMS and RELEASE: BAD_MSG, and the thread lives', () => {
    const { control } = daemon('vhost-user-alsa')
    expect(control(0, RELEASE)).toBe(VIRTIO_SND_S_BAD_MSG)
    expect(control(0, SET_PARAMS, PREPARE, START)).toBe(VIRTIO_SND_S_OK)
    expect(control(0, SET_PARAMS)).toBe(VIRTIO_SND_S_BAD_MSG)
    expect(control(0, RELEASE)).toBe(VIRTIO_SND_S_BAD_MSG)
    expect(control(0, STOP, RELEASE)).toBe(VIRTIO_SND_S_OK)
  })

  it.each([
    ['PREPARE', [SET_PARAMS, PREPARE, START, PREPARE]],
    ['START', [SET_PARAMS, START]],
    ['STOP', [SET_PARAMS, PREPARE, STOP]],
  ] as const)('errors of %s: the thread panics', (_name, codes) => {
    const { control } = daemon('vhost-user-alsa')
    expect(control(0, ...codes)).toBe(-1)
    expect(control(1, SET_PARAMS)).toBe(-1)
  })

  it('a panic leaves the answers before it in the ring without a signal', () => {
    const { request, kick, signals, used } = daemon('vhost-user-alsa')
    for (const code of [SET_PARAMS, PREPARE, STOP]) request(code)
    kick(CONTROL)
    expect(used(CONTROL)).toBe(2)
    expect(signals).toEqual([])
  })
})

describe('tx and rx', () => {
  it('error if the state is not Prepare or Start: the thread panics', () => {
    const { control, message, kick, used } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS)
    message(480)
    kick(TX)
    expect(used(TX)).toBe(0)
    expect(control(0, PREPARE)).toBe(-1)
  })

  it('of three threads the one of tx panics; control goes on', () => {
    const { control, message, kick, used } = daemon('vhost-user-alsa', 3)
    message(480)
    kick(TX)
    expect(control(0, SET_PARAMS, PREPARE, START)).toBe(VIRTIO_SND_S_OK)
    message(480)
    kick(TX)
    expect(used(TX)).toBe(1)
    message(480, false)
    expect(control(1, SET_PARAMS, PREPARE)).toBe(VIRTIO_SND_S_OK)
    kick(RX)
    expect(control(1, START)).toBe(VIRTIO_SND_S_OK)
  })

  it('used length 8, latency_bytes the payload length for output; one signal per message', () => {
    const { control, message, kick, lengths, signals } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS, PREPARE)
    const sent = [480, 480, 480].map((frames) => message(frames))
    kick(TX)
    control(0, START)
    expect(lengths(TX)).toEqual([8, 8, 8])
    expect(sent.map((one) => one.latency_bytes)).toEqual([1920, 1920, 1920])
    expect(signals.filter((one) => one.queue === TX)).toHaveLength(3)
  })

  it('RELEASE: all queued requests are completed before the control response', () => {
    const { control, message, kick, signals } = daemon('vhost-user-pipewire')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 3; i++) message(480)
    kick(TX)
    control(0, RELEASE)
    expect(signals.slice(-4).map((one) => one.queue)).toEqual([TX, TX, TX, CONTROL])
  })
})

describe('null back end', () => {
  it('write drops every request immediately, before START too', () => {
    const { control, message, kick, used } = daemon('vhost-user-null')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 4; i++) message(480)
    kick(TX)
    expect(used(TX)).toBe(4)
  })

  it('read does nothing: capture never completes', () => {
    const { control, message, kick, run, used, lengths } = daemon('vhost-user-null')
    control(1, SET_PARAMS, PREPARE)
    message(480, false)
    kick(RX)
    control(1, START)
    run(1000)
    expect(used(RX)).toBe(0)
    control(1, STOP, RELEASE)
    expect(lengths(RX)).toEqual([8])
  })
})

describe('alsa back end', () => {
  it('fills as much as the host has room for: 2 periods of about 100 ms', () => {
    const { control, message, kick, used, run } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 40; i++) message(480)
    kick(TX)
    control(0, START)
    expect(used(TX)).toBe(20)
    run(90)
    expect(used(TX)).toBe(20)
    run(15)
    expect(used(TX)).toBe(30)
  })

  it('a message that comes while the worker waits is taken at once', () => {
    const { control, message, kick, used } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS, PREPARE)
    message(480)
    kick(TX)
    control(0, START)
    expect(used(TX)).toBe(1)
    message(480)
    kick(TX)
    expect(used(TX)).toBe(2)
  })

  it('host XRUN: retry, the host PCM begins anew with the message', () => {
    const { control, message, kick, used, run } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS, PREPARE)
    message(480)
    kick(TX)
    control(0, START)
    run(130)
    for (let i = 0; i < 40; i++) message(480)
    kick(TX)
    expect(used(TX)).toBe(21)
    run(90)
    expect(used(TX)).toBe(21)
    run(15)
    expect(used(TX)).toBe(31)
  })

  it('STOP does not stop the host PCM, it underruns by itself', () => {
    const { control, message, kick, sound, used, run } = daemon('vhost-user-alsa')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 40; i++) message(480)
    kick(TX)
    control(0, START, STOP)
    run(250)
    expect(sound().played).toBe(9600)
    expect(used(TX)).toBe(20)
    control(0, START)
    expect(used(TX)).toBe(40)
  })
})

describe('pipewire back end', () => {
  it('takes data only from the front request: at most one guest period a cycle', () => {
    const { control, message, kick, used, run } = daemon('vhost-user-pipewire')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 8; i++) message(480)
    kick(TX)
    control(0, START)
    const quantumMs = 1024 / 48
    run(quantumMs)
    expect(used(TX)).toBe(1)
    run(quantumMs)
    expect(used(TX)).toBe(2)
  })

  it('a message that ends within a quantum is heard with it', () => {
    const { control, message, kick, used, run } = daemon('vhost-user-pipewire', 1, {
      completion: 'when-audible',
    })
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 4; i++) message(1536)
    kick(TX)
    control(0, START)
    run(10 * (1024 / 48))
    expect(used(TX)).toBeGreaterThan(1)
  })

  it('or its rest', () => {
    const { control, message, kick, used, run } = daemon('vhost-user-pipewire')
    control(0, SET_PARAMS, PREPARE)
    for (let i = 0; i < 2; i++) message(1536)
    kick(TX)
    control(0, START)
    const quantumMs = 1024 / 48
    const counts = [1, 2, 3, 4].map(() => {
      run(quantumMs)
      return used(TX)
    })
    expect(counts).toEqual([0, 1, 1, 2])
  })

  it('capture fills requests in order from each cycle; excess samples are dropped', () => {
    const { control, message, kick, lengths, run } = daemon('vhost-user-pipewire')
    control(1, SET_PARAMS, PREPARE)
    for (let i = 0; i < 3; i++) message(480, false)
    kick(RX)
    control(1, START)
    run(1024 / 48)
    expect(lengths(RX)).toEqual([1928, 1928])
    run(1024 / 48)
    expect(lengths(RX)).toEqual([1928, 1928, 1928])
    message(1200, false)
    kick(RX)
    run(20)
    expect(lengths(RX)).toHaveLength(3)
  })
})

describe('before its fixes', () => {
  const quantumMs = 1024 / 48

  it('#638: the position in a capture request advances twice: every other chunk stays', () => {
    const { control, message, kick, lengths, run, captured } = daemon('vhost-user-pipewire', 1, {
      advance: 'twice',
    })
    control(1, SET_PARAMS, PREPARE)
    message(4096, false)
    kick(RX)
    control(1, START)
    run(quantumMs)
    expect(lengths(RX)).toEqual([])
    run(quantumMs)
    expect(lengths(RX)).toEqual([8 + 4096 * FRAME_BYTES])
    // The source loses nothing: its frames lie one chunk apart.
    expect(captured(4096)).toEqual([
      [0, 1024, 0],
      [2048, 1024, 1024],
    ])
  })

  it('#638: a request that a chunk fills is not harmed, and used_len stays within it', () => {
    const { control, message, kick, lengths, run, captured } = daemon('vhost-user-pipewire', 1, {
      advance: 'twice',
    })
    control(1, SET_PARAMS, PREPARE)
    message(480, false)
    kick(RX)
    control(1, START)
    run(quantumMs)
    expect(lengths(RX)).toEqual([8 + 480 * FRAME_BYTES])
    expect(captured(480)).toEqual([[0, 480, 0]])
  })

  it('#638: once it advances once', () => {
    const { control, message, kick, lengths, run, captured } = daemon('vhost-user-pipewire')
    control(1, SET_PARAMS, PREPARE)
    message(4096, false)
    kick(RX)
    control(1, START)
    run(2 * quantumMs)
    expect(lengths(RX)).toEqual([])
    run(2 * quantumMs)
    expect(lengths(RX)).toEqual([8 + 4096 * FRAME_BYTES])
    expect(captured(4096).map(([, frames]) => frames)).toEqual([1024, 1024, 1024, 1024])
  })

  it('#573: RELEASE stops the loop of the back end; requests are answered, nothing plays', () => {
    const { control, message, kick, run, used, sound } = daemon('vhost-user-pipewire', 1, {
      worker: 'ends-with-release',
    })
    control(0, SET_PARAMS, PREPARE)
    message(1024)
    message(1024)
    kick(TX)
    control(0, START)
    run(quantumMs)
    expect(used(TX)).toBe(1)
    expect(control(0, STOP, RELEASE)).toBe(VIRTIO_SND_S_OK)
    expect(used(TX)).toBe(2)
    const before = sound().played
    expect(control(0, SET_PARAMS, PREPARE)).toBe(VIRTIO_SND_S_OK)
    message(1024)
    kick(TX)
    expect(control(0, START)).toBe(VIRTIO_SND_S_OK)
    run(1000)
    expect(used(TX)).toBe(2)
    expect(sound().played).toBe(before)
    expect(control(0, STOP, RELEASE)).toBe(VIRTIO_SND_S_OK)
    expect(used(TX)).toBe(3)
  })

  it('#573: STOP and START alone do not end it; the loop is one for both directions', () => {
    const { control, message, kick, run, used } = daemon('vhost-user-pipewire', 3, {
      worker: 'ends-with-release',
    })
    control(0, SET_PARAMS, PREPARE, START, STOP, START)
    message(1024)
    kick(TX)
    run(2 * quantumMs)
    expect(used(TX)).toBe(1)
    control(0, STOP, RELEASE)
    control(1, SET_PARAMS, PREPARE)
    message(480, false)
    kick(RX)
    control(1, START)
    run(1000)
    expect(used(RX)).toBe(0)
  })

  it('#573: after it a stream plays again', () => {
    const { control, message, kick, run, used } = daemon('vhost-user-pipewire')
    control(0, SET_PARAMS, PREPARE, START, STOP, RELEASE, SET_PARAMS, PREPARE)
    message(1024)
    kick(TX)
    control(0, START)
    run(2 * quantumMs)
    expect(used(TX)).toBe(1)
  })
})

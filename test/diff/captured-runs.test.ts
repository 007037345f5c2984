/**
 * Captured runs of Linux 6.12 in QEMU, replayed on `ack` and the model of QEMU: order of control
 * messages, messages in flight at START, STOP and RELEASE, batches, xruns, errors. No microseconds:
 * the captured processors are emulated; their main loop's slowness is the only thing calibrated.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { SndPcm, SndPcmSubstream } from '../../src/model/alsa/pcm.ts'
import { UserFrames } from '../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_drain, snd_pcm_drop } from '../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_release } from '../../src/model/alsa/pcm_native.ts'
import { snd_pcm_pause } from '../../src/model/alsa/pcm_pause.ts'
import { snd_pcm_prepare } from '../../src/model/alsa/pcm_prepare.ts'
import { __snd_pcm_lib_xfer } from '../../src/model/alsa/pcm_xfer.ts'
import { virtsnd_probe } from '../../src/model/guest/virtio-snd/ack/virtio_card.ts'
import { sleepUntil } from '../../src/model/linux/hrtimer.ts'
import type { Proc } from '../../src/sim/process.ts'
import {
  openStream,
  type Setup,
  soundWorld,
  transfer,
  type WorldOptions,
} from '../unit/model/guest/virtio-snd/sound-world.ts'
import { controlOrder, deviceBatches, inFlightAt } from '../unit/model/guest/virtio-snd/story.ts'

interface Captured {
  readonly seq: readonly string[]
  readonly in_flight: Readonly<Record<string, readonly number[]>>
  readonly sent: number
  /** How many batches there were of each size. */
  readonly batches: Readonly<Record<string, number>>
  readonly first: readonly number[]
  readonly xruns: number
  readonly elapsed: number
}

const file = fileURLToPath(new URL('captured/runs.json', import.meta.url))
const captured = JSON.parse(readFileSync(file, 'utf8')).runs as Record<string, Captured>

/** QEMU's tick was 10 ms and some 0.14 ms. */
const CALIBRATION = { main_loop_wake: 120_000 }

type World = ReturnType<typeof soundWorld>
type Program = (world: World, pcm: SndPcm, errors: number[]) => Proc

const ms = 1_000_000

function* sleepFor(world: World, substream: SndPcmSubstream, forMs: number): Proc {
  yield* sleepUntil(substream.k, world.sim.now + forMs * ms)
}

/** Writes or reads so many periods and ends the stream one way or the other. */
function stream(setup: Setup, count: number, end: 'drain' | 'drop', chunk = setup.period): Program {
  return function* (_world, pcm, errors) {
    const file = yield* openStream(pcm, setup)
    const { substream } = file
    const rc = yield* transfer(substream, chunk, Math.floor((count * setup.period) / chunk))
    if (rc < 0) errors.push(rc)
    const ended = end === 'drain' ? snd_pcm_drain(substream, false) : snd_pcm_drop(substream)
    const done = yield* ended
    if (done < 0) errors.push(done)
    yield* snd_pcm_release(file)
  }
}

function repeat(times: number, program: Program): Program {
  return function* (world, pcm, errors) {
    for (let i = 0; i < times; i++) {
      yield* program(world, pcm, errors)
      // The next process takes its time; a start within the tick would find the voice still on.
      yield* sleepUntil(world.k, world.sim.now + 100 * ms)
    }
  }
}

const S480: Setup = { period: 480, periods: 4 }

const partial: Program = function* (_world, pcm, errors) {
  const file = yield* openStream(pcm, S480)
  const { substream } = file
  const user = new UserFrames(substream.k, substream.id)
  yield* transfer(substream, 480, 50, user)
  yield* __snd_pcm_lib_xfer(substream, user, 240)
  errors.push(yield* snd_pcm_drain(substream, false))
  yield* snd_pcm_release(file)
}

const dropMid: Program = function* (_world, pcm) {
  const file = yield* openStream(pcm, S480)
  const { substream } = file
  const user = new UserFrames(substream.k, substream.id)
  for (let i = 0; i < 8; i++) {
    yield* transfer(substream, 480, 30, user)
    yield* snd_pcm_drop(substream)
    yield* snd_pcm_prepare(substream, 0)
  }
  yield* transfer(substream, 480, 30, user)
  yield* snd_pcm_drop(substream)
  yield* snd_pcm_release(file)
}

const pause: Program = function* (world, pcm) {
  const file = yield* openStream(pcm, S480)
  const { substream } = file
  const user = new UserFrames(substream.k, substream.id)
  for (let i = 0; i < 6; i++) {
    yield* transfer(substream, 480, 30, user)
    yield* snd_pcm_pause(substream, true)
    yield* sleepFor(world, substream, 200)
    yield* snd_pcm_pause(substream, false)
  }
  yield* transfer(substream, 480, 30, user)
  yield* snd_pcm_drop(substream)
  yield* snd_pcm_release(file)
}

const xruns: Program = function* (world, pcm, errors) {
  const file = yield* openStream(pcm, S480)
  const { substream } = file
  const user = new UserFrames(substream.k, substream.id)
  for (let i = 0; i < 8; i++) {
    yield* transfer(substream, 480, 25, user)
    yield* sleepFor(world, substream, 120)
    errors.push(yield* transfer(substream, 480, 1, user))
    yield* snd_pcm_prepare(substream, 0)
  }
  yield* transfer(substream, 480, 25, user)
  yield* snd_pcm_drop(substream)
  yield* snd_pcm_release(file)
}

const stall: Program = function* (world, pcm) {
  const file = yield* openStream(pcm, S480)
  yield* transfer(file.substream, 480, 4)
  yield* sleepFor(world, file.substream, 500)
  yield* snd_pcm_drop(file.substream)
  yield* snd_pcm_release(file)
}

interface Case {
  readonly program: Program
  readonly world?: WorldOptions
  readonly errors?: readonly number[]
}

const S441: Setup = { period: 441, periods: 4, rate: 44_100 }
const cases: Readonly<Record<string, Case>> = {
  play_480x4: { program: stream(S480, 400, 'drain') },
  play_1024x2: { program: stream({ period: 1024, periods: 2 }, 188, 'drain') },
  play_256x4: { program: stream({ period: 256, periods: 4 }, 750, 'drain'), errors: [-5, -5] },
  play_44100_441x4: { program: stream(S441, 400, 'drain') },
  play_4800x4: { program: stream({ period: 4800, periods: 4 }, 40, 'drain') },
  play_chunk100_480x4: { program: stream(S480, 400, 'drop', 100) },
  cap_480x4: { program: stream({ ...S480, capture: true }, 400, 'drop') },
  drain_partial_480x4: { program: repeat(3, partial), errors: [-5, -5, -5] },
  drop_mid_480x4: { program: dropMid },
  pause_480x4: { program: pause },
  xrun_480x4: { program: xruns, errors: new Array<number>(8).fill(-32) },
  stall_480x4: { program: stall },
  timer20ms_480x4: { program: stream(S480, 400, 'drop'), world: { timerPeriodNs: 20 * ms } },
  smp2_480x4: { program: stream(S480, 400, 'drain'), world: { cpus: 2 } },
}

describe.each(Object.keys(cases))('%s', (name) => {
  const { program, world: options, errors: expectedErrors } = cases[name] as Case
  const real = captured[name] as Captured
  const world = soundWorld(virtsnd_probe, {
    // As the captures' module parameters.
    params: { pcm_period_ms_min: 1, pcm_buffer_ms: 1000, pcm_period_ms_max: 200 },
    prices: CALIBRATION,
    ...options,
  })
  const errors: number[] = []
  world.client((pcm) => program(world, pcm, errors))
  world.sim.run(12_000_000_000)

  it('sends the same control messages in the same order', () => {
    expect(controlOrder(world).slice(1)).toEqual(real.seq)
  })
  it('has as many messages in flight at START, STOP and RELEASE', () => {
    const got = inFlightAt(world)
    for (const code of ['START', 'STOP', 'RELEASE']) {
      const want = real.in_flight[code] ?? []
      expect(got[code]?.length).toBe(want.length)
      // After a drop in mid-stream it depends on where in the tick the client was.
      for (const [i, n] of want.entries()) {
        expect(Math.abs((got[code]?.[i] ?? -9) - n)).toBeLessThanOrEqual(code === 'START' ? 0 : 1)
      }
    }
  })
  it('sends as many messages; the device returns them in batches of the same sizes', () => {
    expect(world.found('virtsnd_msg_send')).toHaveLength(real.sent)
    const batches = deviceBatches(world)
    const sizes = new Map<number, number>()
    for (const n of batches) sizes.set(n, (sizes.get(n) ?? 0) + 1)
    for (const [size, count] of Object.entries(real.batches)) {
      const slack = Math.max(4, count * 0.02)
      expect(Math.abs((sizes.get(Number(size)) ?? 0) - count)).toBeLessThanOrEqual(slack)
    }
    expect(batches.filter((n) => n > 0)[0]).toBe(real.first[0])
  })
  it('has the same xruns and errors', () => {
    expect(world.found('snd_pcm_xrun')).toHaveLength(real.xruns)
    expect(errors).toEqual(expectedErrors ?? [])
  })
})

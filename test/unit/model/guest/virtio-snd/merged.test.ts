/** The two merged drivers, v7 (5.13 to 6.6) and ack (6.7 on), on QEMU's device. */
import { describe, expect, it } from 'vitest'
import { UserFrames } from '../../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_drain, snd_pcm_drop } from '../../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_release } from '../../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_pause } from '../../../../../src/model/alsa/pcm_pause.ts'
import { snd_pcm_prepare } from '../../../../../src/model/alsa/pcm_prepare.ts'
import { sleepUntil } from '../../../../../src/model/linux/hrtimer.ts'
import { acquire, release } from '../../../../../src/model/machine/sleep-lock.ts'
import { WaitPoint, waitUntil } from '../../../../../src/model/machine/wait-point.ts'
import { openStream, type Probe, play, probeOf, soundWorld, transfer } from './sound-world.ts'
import { controlOrder, deviceBatches, inFlightAt, logLines, story } from './story.ts'

const probeV7 = probeOf('v7')
const probeAck = probeOf('ack')
const versions: readonly (readonly [string, Probe])[] = [
  ['v7', probeV7],
  ['ack', probeAck],
]
const LIFE = ['PCM_INFO', 'SET_PARAMS', 'PREPARE', 'START', 'STOP', 'RELEASE']

function played(probe: Probe, period: number, periods: number, count: number, options = {}) {
  const world = soundWorld(probe, options)
  world.client((pcm) => play(pcm, { period, periods }, count))
  world.sim.run(3_000_000_000)
  return world
}

describe.each(versions)('driver %s', (name, probe) => {
  it('plays to the end: order of control messages, nothing lost, no complaint', () => {
    const world = played(probe, 480, 4, 100)
    expect(controlOrder(world)).toEqual(LIFE)
    expect(world.found('snd_pcm_xrun')).toEqual([])
    expect(world.found('bug')).toEqual([])
    expect(logLines(world).filter((line) => !line.includes('Lost interrupts?'))).toEqual([])
    const fresh = world.found('audio_copy').filter((r) => r.e === 0)
    expect(fresh.reduce((sum, r) => sum + r.c, 0)).toBe(48_000)
    expect(inFlightAt(world)['STOP']).toEqual([name === 'v7' ? 4 : 0])
  })

  it('first run of the device takes two periods of 480, later ones one', () => {
    const batches = deviceBatches(played(probe, 480, 4, 100))
    expect(batches.filter((n) => n > 0).slice(0, 5)).toEqual([2, 1, 1, 1, 1])
  })

  for (const vectors of ['per-queue', 'shared', 'intx'] as const) {
    it(`gives the same story with ${vectors} vectors`, () => {
      expect(story(played(probe, 480, 4, 20, { vectors }))).toBe(story(played(probe, 480, 4, 20)))
    })
  }

  it('works without EVENT_IDX and INDIRECT', () => {
    const features = { event_idx: false, indirect: false }
    const world = played(probe, 480, 4, 50, { features })
    expect(controlOrder(world)).toEqual(LIFE)
    expect(world.found('audio_copy').filter((r) => r.e === 0)).toHaveLength(50)
  })

  it('RELEASE: messages come back before its answer, in one interrupt', () => {
    const world = soundWorld(probe)
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      yield* transfer(file.substream, 480, 10)
      yield* snd_pcm_drop(file.substream)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(story(world)).toMatch(/STOP RELEASE ----\|?$/)
    const answered = world.found('virtsnd_ctl_done').at(-1)
    const returned = world.found('virtsnd_msg_complete').at(-1)
    expect(returned?.index).toBeLessThan(answered?.index ?? 0)
    const last = world.found('irq_handler_entry').at(-1)
    const handled = world.found('vring_interrupt').filter((r) => r.index > (last?.index ?? 0))
    expect(handled.map((r) => world.sim.trace.symbols.name('queue', r.a))).toEqual([
      'virtio-sound/tx',
      'virtio-sound/control',
    ])
  })

  it('xrun: STOP in the kworker, RELEASE PREPARE START at recovery, one message at first', () => {
    const world = soundWorld(probe)
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      const { substream } = file
      const user = new UserFrames(substream.k, substream.id)
      yield* transfer(substream, 480, 10, user)
      yield* sleepUntil(substream.k, world.sim.now + 120_000_000)
      expect(yield* transfer(substream, 480, 1, user)).toBe(-32)
      yield* snd_pcm_prepare(substream, 0)
      yield* transfer(substream, 480, 10, user)
      yield* snd_pcm_drain(substream, false)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    const wire = story(world)
    expect(wire).toMatch(/XRUN STOP \|+ RELEASE -* ?PREPARE \+\+\+\+ START \|-/)
    expect(wire).not.toMatch(/PREPARE \+{4} START \|--.*START \|--/)
    const xrun = world.found('snd_pcm_xrun')[0]
    expect(world.sim.trace.symbols.name('ctx', xrun?.context ?? 0)).toMatch(/^kworker/)
  })

  it('pause is STOP and START only; the messages stay in the device', () => {
    const world = soundWorld(probe)
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      const { substream } = file
      yield* transfer(substream, 480, 10)
      yield* snd_pcm_pause(substream, true)
      yield* sleepUntil(substream.k, world.sim.now + 100_000_000)
      yield* snd_pcm_pause(substream, false)
      yield* transfer(substream, 480, 10)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(controlOrder(world)).toEqual([...LIFE.slice(0, 5), 'START', 'STOP', 'RELEASE'])
    expect(inFlightAt(world)).toMatchObject({ START: [4, 4], STOP: [4, 4], RELEASE: [4] })
  })

  it('capture: all messages queued by the trigger, no prefetch, partial one at the end', () => {
    const world = soundWorld(probe)
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4, capture: true })
      expect(yield* transfer(file.substream, 480, 50)).toBe(0)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(inFlightAt(world)).toMatchObject({ START: [4], STOP: [4], RELEASE: [4] })
    expect(
      deviceBatches(world)
        .filter((n) => n > 0)
        .slice(0, 3),
    ).toEqual([2, 1, 1])
    expect(world.found('snd_pcm_xrun')).toEqual([])
    const last = world.found('virtsnd_msg_complete').slice(-4)
    expect(last.slice(1).map((r) => r.c)).toEqual([8, 8, 8])
    let next = 0
    for (const r of world.found('snd_pcm_transfer')) {
      expect(r.b).toBe(next)
      next += r.c
    }
    expect(next).toBe(50 * 480)
  })

  it('no answer: time-out after a second; a late one frees the message', () => {
    const world = soundWorld(probe)
    let rc = 0
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      const point = new WaitPoint(world.host, 'nap')
      world.host.spawn('hog', 'host', function* () {
        yield* acquire(world.loop.bql)
        yield* waitUntil(point, 1_500_000_000)
        release(world.loop.bql)
      })
      rc = yield* snd_pcm_prepare(file.substream, 0)
      yield* sleepUntil(file.substream.k, 1_600_000_000)
      expect(yield* snd_pcm_prepare(file.substream, 0)).toBe(0)
    })
    world.sim.run(3_000_000_000)
    expect(rc).toBe(-110)
    expect(logLines(world)).toEqual(['virtio_snd virtio0: control message (0x00000102) timeout'])
    expect(world.found('virtqueue_get_buf').length).toBe(world.found('virtqueue_pop').length)
  })
})

describe('what differs between v7 and ack', () => {
  it('v7 queues all periods at START, ack each period as it is written', () => {
    expect(story(played(probeV7, 480, 4, 20))).toMatch(/PREPARE \+\+\+\+ START \|-\+-\+\|-\+/)
    expect(story(played(probeAck, 480, 4, 20))).toMatch(/PREPARE \+\+\+\+ START \|--\+\+\|-\+/)
  })

  it('a ring that the device takes at once: v7 goes on, ack freezes until EIO', () => {
    const frozen = soundWorld(probeAck)
    const results: number[] = []
    frozen.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 256, periods: 4 })
      results.push(yield* transfer(file.substream, 256, 20))
      results.push(yield* snd_pcm_drain(file.substream, false))
      yield* snd_pcm_release(file)
    })
    frozen.sim.run(1_000_000_000)
    expect(results).toEqual([-5, -5])
    expect(frozen.found('virtsnd_msg_complete')).toHaveLength(4)
    expect(frozen.found('snd_pcm_period_elapsed')).toHaveLength(1)
    expect(frozen.found('snd_pcm_xrun')).toEqual([])
    expect(story(played(probeV7, 256, 4, 20))).not.toContain('XRUN')
  })

  it('a period offered before it was refilled is read stale: v7 only', () => {
    const stale = (probe: Probe): number => {
      const world = soundWorld(probe)
      world.client(function* (pcm) {
        const file = yield* openStream(pcm, { period: 480, periods: 4 })
        yield* transfer(file.substream, 480, 8)
        yield* sleepUntil(file.substream.k, world.sim.now + 200_000_000)
        yield* snd_pcm_release(file)
      })
      world.sim.run(1_000_000_000)
      return world.found('audio_copy').filter((r) => r.e === 1).length
    }
    expect(stale(probeV7)).toBeGreaterThan(0)
    expect(stale(probeAck)).toBe(0)
  })
})

describe.each(['pipewire', 'pulse', 'alsa'] as const)('QEMU with the %s back end', (backend) => {
  it('plays a second without an xrun and without a gap in what is heard', () => {
    const world = played(probeV7, 1024, 8, 47, { backend })
    expect(controlOrder(world)).toEqual(LIFE)
    expect(world.found('snd_pcm_xrun')).toEqual([])
    let next = 0
    for (const r of world.found('audio_play')) {
      if (r.b >= 47 * 1024) break
      expect(r.b).toBe(next)
      next += r.c
    }
    // What lies in the back end when the voice is disabled is not heard any more.
    expect(next).toBeGreaterThan(42 * 1024)
  })

  it('reads ahead by its own buffer', () => {
    const world = played(probeV7, 1024, 8, 47, { backend })
    const first = world.found('audio_callback')[0]?.b ?? 0
    const frames = { pipewire: 2048, pulse: 2048, alsa: 4096 }[backend]
    expect(Math.abs(first / 4 - (frames * 48_000) / 44_100)).toBeLessThan(3)
  })
})

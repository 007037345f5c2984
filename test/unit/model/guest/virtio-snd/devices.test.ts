/** The generic device under the merged drivers: pacing, lifecycle, answers, events. */
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../../src/analysis/fold.ts'
import { ProtocolFold } from '../../../../../src/analysis/protocol.ts'
import { distribution } from '../../../../../src/base/distribution.ts'
import { snd_pcm_drop } from '../../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_release } from '../../../../../src/model/alsa/pcm_native.ts'
import type { VirtioSndVersion } from '../../../../../src/model/guest/virtio-snd/versions.ts'
import type { GenericOptions } from '../../../../../src/model/host/generic/options.ts'
import { DEVICE_PRESETS } from '../../../../../src/model/host/generic/presets.ts'
import { sleepUntil } from '../../../../../src/model/linux/hrtimer.ts'
import { CODES } from '../../../../../src/sim/trace-kinds.ts'
import { openStream, play, probeOf, soundWorld, transfer } from './sound-world.ts'
import { controlOrder, logLines, story } from './story.ts'

type World = ReturnType<typeof soundWorld>

function worldOf(version: VirtioSndVersion, device: Partial<GenericOptions>): World {
  return soundWorld(probeOf(version), { device })
}

function completionsMs(world: World): number[] {
  return world.found('virtsnd_msg_complete').map((r) => r.timeNs / 1e6)
}

describe.each(['v7', 'ack'] as const)('driver %s', (version) => {
  it('exact pacing: one message every period, to the microsecond', () => {
    const world = worldOf(version, { completion: 'when-audible' })
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 40))
    world.sim.run(1_000_000_000)
    const times = completionsMs(world).slice(0, 40)
    const steps = times.slice(1).map((at, i) => at - (times[i] as number))
    for (const step of steps.slice(0, 30)) expect(step).toBeCloseTo(10, 2)
    expect(world.found('snd_pcm_xrun')).toEqual([])
    const heard = world.found('audio_play').reduce((sum, r) => sum + r.c, 0)
    expect(heard).toBeGreaterThanOrEqual(40 * 480)
  })

  it('a strict device finds nothing to say about ordinary use', () => {
    const world = worldOf(version, { lifecycle: 'crash' })
    world.client(function* (pcm) {
      yield* play(pcm, { period: 480, periods: 4 }, 10)
      yield* play(pcm, { period: 240, periods: 8 }, 10)
    })
    world.sim.run(1_000_000_000)
    expect(world.found('bug')).toEqual([])
    expect(controlOrder(world).filter((code) => code === 'RELEASE')).toHaveLength(2)
  })

  it('host periods: messages come back in bursts of a host period', () => {
    const world = worldOf(version, DEVICE_PRESETS['vhost-user-alsa'])
    world.client((pcm) => play(pcm, { period: 960, periods: 15 }, 60))
    world.sim.run(3_000_000_000)
    const times = completionsMs(world)
    const bursts = times.filter((at, i) => i === 0 || at - (times[i - 1] as number) > 50)
    const gaps = bursts.slice(2).map((at, i) => at - (bursts[i + 1] as number))
    for (const gap of gaps.slice(0, 4)) expect(Math.abs(gap - 100)).toBeLessThan(1)
    expect(world.found('snd_pcm_xrun')).toEqual([])
  })

  it('a pull device with a quantum beyond the period delivers gaps', () => {
    const world = worldOf(version, DEVICE_PRESETS['vhost-user-pipewire'])
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 20))
    world.sim.run(1_000_000_000)
    const silent = world.found('audio_silence').reduce((sum, r) => sum + r.b, 0)
    const heard = world.found('audio_play').reduce((sum, r) => sum + r.c, 0)
    expect(silent / (silent + heard)).toBeCloseTo(1 - 480 / 1024, 1)
  })

  it('an answer that takes its time holds START up', () => {
    const controlLatency = distribution({ kind: 'constant', ns: 20_000_000 })
    const world = worldOf(version, { controlLatency })
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 8))
    world.sim.run(1_000_000_000)
    const [sent] = world.found('snd_pcm_trigger')
    const [done] = world.found('snd_pcm_trigger_done')
    expect(((done?.timeNs ?? 0) - (sent?.timeNs ?? 0)) / 1e6).toBeCloseTo(20, 0)
  })

  it('a device that never flushes: RELEASE succeeds, sync_stop times out, EBADFD', () => {
    const world = worldOf(version, { release: 'never-flush' })
    const results: string[] = []
    world.client(function* (pcm) {
      const first = yield* openStream(pcm, { period: 480, periods: 4 })
      yield* transfer(first.substream, 480, 8)
      yield* snd_pcm_drop(first.substream)
      yield* snd_pcm_release(first)
      results.push(`closed ${Math.round(world.sim.now / 1e9)} s`)
    })
    world.sim.run(5_000_000_000)
    expect(results).toEqual(['closed 1 s'])
    expect(logLines(world).at(-1)).toBe('virtio_snd virtio0: SID 0: failed to flush I/O queue')
  })

  it('a stalled device resumes where it was', () => {
    const stalls = [{ atNs: 100_000_000, forNs: 30_000_000 }]
    const world = worldOf(version, { stalls, completion: 'when-audible' })
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 30))
    world.sim.run(1_000_000_000)
    const times = completionsMs(world)
    const longest = Math.max(...times.slice(1).map((at, i) => at - (times[i] as number)))
    expect(longest).toBeGreaterThan(29)
    expect(controlOrder(world).at(-1)).toBe('RELEASE')
  })

  it('capture fills every message in its time', () => {
    const world = worldOf(version, {})
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4, capture: true })
      expect(yield* transfer(file.substream, 480, 30)).toBe(0)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(world.found('snd_pcm_xrun')).toEqual([])
    const lengths = world.found('virtsnd_msg_complete').map((r) => r.c)
    expect(lengths.slice(0, 30)).toEqual(new Array(30).fill(1928))
  })
})

describe('what a device says that nobody hears', () => {
  it('XRUN event: the pointer shows it until the next completion in v7, never in ack', () => {
    const causes = (version: VirtioSndVersion): number[] => {
      const pacing = { kind: 'timer-bucket', tickNs: 10_000_000, bucket: 1024 } as const
      const world = worldOf(version, { events: 'xrun', pacing })
      world.client(function* (pcm) {
        const file = yield* openStream(pcm, { period: 480, periods: 4 })
        yield* transfer(file.substream, 480, 8)
        yield* sleepUntil(file.substream.k, world.sim.now + 300_000_000)
        yield* snd_pcm_release(file)
      })
      world.sim.run(1_000_000_000)
      const events = world.found('virtqueue_push').filter((r) => {
        return world.sim.trace.symbols.name('queue', r.a).endsWith('/event')
      })
      return [events.length, ...world.found('snd_pcm_xrun').map((r) => r.d)]
    }
    const threshold = CODES['xrun']?.indexOf('threshold')
    expect(causes('ack').slice(1)).toEqual([threshold])
  })

  it('a device that drops what it gets: v7 races into an xrun at once', () => {
    const world = worldOf('v7', DEVICE_PRESETS['vhost-user-null'])
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      expect(yield* transfer(file.substream, 480, 40)).toBeLessThan(0)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(story(world)).toMatch(/START (-\+){6,}.*XRUN/)
  })

  it('v5 leaves a stopped stream unreleased if its queue is empty: a strict device refuses', () => {
    const world = worldOf('v5', { lifecycle: 'bad-msg', stop: 'return' })
    const results: number[] = []
    world.client(function* (pcm) {
      for (let i = 0; i < 2; i++) {
        const file = yield* openStream(pcm, { period: 480, periods: 4 })
        yield* transfer(file.substream, 480, 4)
        yield* snd_pcm_drop(file.substream)
        yield* sleepUntil(file.substream.k, world.sim.now + 50_000_000)
        results.push(yield* snd_pcm_release(file))
      }
    })
    expect(() => world.sim.run(1_000_000_000)).toThrow('hw_params: -22')
    const fold = new ProtocolFold(world.sim.trace.symbols)
    const text = foldStore(world.store, fold, world.sim.now).map((one) => one.text)
    expect(text).toContain('driver: SET_PARAMS after STOP (virtio 5.14.6.6.1)')
  })
})

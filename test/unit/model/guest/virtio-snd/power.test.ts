/** System suspend and resume, and a device that is taken away, in the merged drivers. */
import { describe, expect, it } from 'vitest'
import { UserFrames } from '../../../../../src/model/alsa/pcm_copy.ts'
import { snd_pcm_release } from '../../../../../src/model/alsa/pcm_native.ts'
import { snd_pcm_prepare } from '../../../../../src/model/alsa/pcm_prepare.ts'
import { snd_pcm_suspend_all } from '../../../../../src/model/alsa/pcm_suspend.ts'
import { sleepUntil } from '../../../../../src/model/linux/hrtimer.ts'
import {
  device_release_driver,
  virtio_device_freeze,
  virtio_device_restore,
} from '../../../../../src/model/virtio/virtio_bus.ts'
import { openStream, probeOf, soundWorld, transfer } from './sound-world.ts'
import { controlOrder, logLines, story } from './story.ts'

const versions = ['v7', 'ack'] as const

describe.each(versions)('driver %s', (version) => {
  it('suspend: the core stops the streams; after resume prepare sends the parameters again', () => {
    const world = soundWorld(probeOf(version))
    const results: number[] = []
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      const { substream } = file
      const user = new UserFrames(substream.k, substream.id)
      results.push(yield* transfer(substream, 480, 10, user))
      yield* snd_pcm_suspend_all(pcm)
      yield* virtio_device_freeze(world.vdev)
      yield* sleepUntil(substream.k, world.sim.now + 100_000_000)
      results.push(yield* virtio_device_restore(world.vdev))
      results.push(yield* transfer(substream, 480, 1, user))
      results.push(yield* snd_pcm_prepare(substream, 0))
      results.push(yield* transfer(substream, 480, 10, user))
      yield* snd_pcm_release(file)
    })
    world.sim.run(2_000_000_000)
    expect(results).toEqual([0, 0, -86, 0, 0])
    expect(controlOrder(world)).toEqual([
      'PCM_INFO',
      'SET_PARAMS',
      'PREPARE',
      'START',
      'STOP',
      'RELEASE',
      'SET_PARAMS',
      'PREPARE',
      'START',
      'STOP',
      'RELEASE',
    ])
    expect(logLines(world).filter((line) => line.includes('virtio_snd'))).toEqual([])
  })

  it('H16: after the resume the driver goes on in the middle of the ring', () => {
    const world = soundWorld(probeOf(version))
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      const { substream } = file
      const user = new UserFrames(substream.k, substream.id)
      yield* transfer(substream, 480, 10, user)
      yield* snd_pcm_suspend_all(pcm)
      yield* virtio_device_freeze(world.vdev)
      yield* virtio_device_restore(world.vdev)
      yield* snd_pcm_prepare(substream, 0)
      yield* transfer(substream, 480, 4, user)
      yield* sleepUntil(substream.k, world.sim.now + 15_000_000)
      yield* snd_pcm_release(file)
    })
    world.sim.run(2_000_000_000)
    const started = world.found('snd_pcm_trigger').filter((r) => r.b === 1)[1]
    const later = world.found('snd_pcm_hwptr').filter((r) => r.index > (started?.index ?? 0))
    // The ring was left at period 2: the core, which restarted at 0, is told of a jump.
    expect(later[0]?.c).toBeGreaterThan(0)
  })

  it('remove while playing: the stream ends, the card waits for its file', () => {
    const world = soundWorld(probeOf(version))
    const results: number[] = []
    let removedNs = -1
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      results.push(yield* transfer(file.substream, 480, 1000))
      yield* sleepUntil(file.substream.k, 3_000_000_000)
      yield* snd_pcm_release(file)
    })
    world.sim.run(200_000_000)
    world.k.spawn('unbind', 'task', function* () {
      yield* device_release_driver(world.vdev)
      removedNs = world.sim.now
    })
    world.sim.run(4_000_000_000)
    expect(results).toEqual([-77])
    expect(removedNs).toBeGreaterThan(3_000_000_000)
    expect(story(world)).toContain('STOP')
    expect(world.found('bug')).toEqual([])
  })
})

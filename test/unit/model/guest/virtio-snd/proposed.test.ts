/** The two proposed drivers, v5 and v6, and what their review objected to. */
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../../src/analysis/fold.ts'
import { MemoryFold } from '../../../../../src/analysis/memory.ts'
import { snd_pcm_drop } from '../../../../../src/model/alsa/pcm_drain.ts'
import { snd_pcm_release } from '../../../../../src/model/alsa/pcm_native.ts'
import type { VirtioSndVariant } from '../../../../../src/model/guest/virtio-snd/variant.ts'
import type { WorkStruct } from '../../../../../src/model/linux/workqueue.ts'
import { chargeNs } from '../../../../../src/model/machine/machine.ts'
import { acquire, release } from '../../../../../src/model/machine/sleep-lock.ts'
import { WaitPoint, waitUntil } from '../../../../../src/model/machine/wait-point.ts'
import { device_release_driver } from '../../../../../src/model/virtio/virtio_bus.ts'
import { CODES } from '../../../../../src/sim/trace-kinds.ts'
import { openStream, type Probe, play, probeOf, soundWorld, transfer } from './sound-world.ts'
import { controlOrder, logLines, story } from './story.ts'

const versions = ['v5', 'v6'] as const

function bugs(world: ReturnType<typeof soundWorld>): string[] {
  const { symbols } = world.sim.trace
  const lines = world.found('bug').map((r) => {
    const text = symbols.name('text', r.b).split('\n')[0] ?? ''
    return `${CODES['bug']?.[r.a]}: ${text}`
  })
  return [...new Set(lines)]
}

describe.each(versions)('driver %s', (version) => {
  const probe = probeOf(version)

  it('plays to the end, all messages sent at START and each sent again in the interrupt', () => {
    const world = soundWorld(probe)
    let done = false
    world.client(function* (pcm) {
      yield* play(pcm, { period: 480, periods: 4 }, 20)
      done = true
    })
    world.sim.run(2_000_000_000)
    expect(done).toBe(true)
    expect(story(world)).toMatch(/PREPARE \+\+\+\+ START \|-\+-\+\|-\+/)
    expect(controlOrder(world).at(-1)).toBe('RELEASE')
  })

  it('H1: period elapsed takes a mutex in the interrupt', () => {
    const world = soundWorld(probe)
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 20))
    world.sim.run(1_000_000_000)
    expect(bugs(world)[0]).toMatch(/^sleep-in-atomic: .* kernel\/locking\/mutex.c/)
    const elapsed = world.found('snd_pcm_period_elapsed')[0]
    expect(world.sim.trace.symbols.entry('ctx', elapsed?.context ?? 0).kind).toBe('hardirq')
  })

  it('H4: atomic variant: START allocates with GFP_KERNEL and sleeps under a spinlock', () => {
    const world = soundWorld(probeOf(version, { atomic: true }))
    world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 20))
    world.sim.run(1_000_000_000)
    const found = bugs(world)
    expect(found.some((line) => /sleep-in-atomic: .*sched\/mm.h/.test(line))).toBe(true)
    expect(found.some((line) => line.startsWith('scheduling-while-atomic'))).toBe(true)
  })

  it('STOP is not waited for', () => {
    const world = soundWorld(probe)
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      yield* transfer(file.substream, 480, 10)
      yield* snd_pcm_drop(file.substream)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    const sent = world.found('virtsnd_ctl_send').length
    expect(world.found('virtsnd_ctl_done')).toHaveLength(sent - 1)
  })
})

describe('v5 only', () => {
  it('H9: the messages outlive the stream; v6 frees them', () => {
    const kept = (probe: Probe): number => {
      const world = soundWorld(probe)
      let left = -1
      world.client(function* (pcm) {
        yield* play(pcm, { period: 480, periods: 4 }, 8)
        left = (pcm.playback[0] as unknown as { private_data: { msgs: unknown[] } }).private_data
          .msgs.length
      })
      world.sim.run(1_000_000_000)
      return left
    }
    expect(kept(probeOf('v5'))).toBe(4)
    expect(kept(probeOf('v6'))).toBe(0)
  })

  for (const free_always of [false, true]) {
    it(`H8: a message that comes back after the close; freed in hw_free: ${free_always}`, () => {
      const world = soundWorld(probeOf('v5', { free_always }))
      world.client(function* (pcm) {
        const file = yield* openStream(pcm, { period: 480, periods: 4 })
        yield* transfer(file.substream, 480, 8)
        const point = new WaitPoint(world.host, 'nap')
        world.host.spawn('hog', 'host', function* () {
          yield* acquire(world.loop.bql)
          yield* waitUntil(point, 2_000_000_000)
          release(world.loop.bql)
        })
        yield* snd_pcm_release(file)
      })
      world.sim.run(3_000_000_000)
      expect(logLines(world).some((line) => line.includes('(0x00000103) timeout'))).toBe(true)
      const { symbols } = world.sim.trace
      const found = foldStore(world.store, new MemoryFold(symbols), world.sim.now)
      const kinds = found.map((one) => one.kind)
      const count = (kind: string): number => kinds.filter((one) => one === kind).length
      expect(count('use-after-free')).toBe(free_always ? 4 : 0)
      expect(found.filter((one) => /virtio_pcm_msg.* in a queue/.test(one.what))).toHaveLength(
        free_always ? 4 : 0,
      )
      expect(count('double-free')).toBe(0)
    })
  }

  it('H11a: as posted, a device reset unbinds and binds the driver from its own work item', () => {
    const world = resetWorld({})
    expect(controlOrder(world).filter((code) => code === 'PCM_INFO')).toHaveLength(2)
    expect(logLines(world).filter((line) => line.includes('timeout'))).toEqual([])
    expect(world.vdev.priv).not.toBeNull()
  })

  it('H11b: cancelling it in remove makes it wait for itself', () => {
    const world = resetWorld({ reset_work: 'cancel' })
    expect(controlOrder(world).filter((code) => code === 'PCM_INFO')).toHaveLength(1)
    expect(world.found('deadlock')).toHaveLength(1)
  })

  const itself = ['resetting-flag', 'current-work', 'card-table', 'self-freeing'] as const
  for (const reset_work of itself) {
    it(`H11c to f: not when it is the item itself that removes: ${reset_work}`, () => {
      const world = resetWorld({ reset_work })
      expect(controlOrder(world).filter((code) => code === 'PCM_INFO')).toHaveLength(2)
      expect(world.found('deadlock')).toEqual([])
    })
  }

  it('H11a: a removal at the same time leaves the item to run on freed memory', () => {
    const world = resetWorld({}, true)
    expect(bugs(world)).toContain('use-after-free: reset_work runs on a freed struct virtio_snd')
  })
})

/**
 * A device that asks for a reset at 500 ms; with `remove`, the driver is being unbound just then.
 */
function resetWorld(variant: VirtioSndVariant, remove = false): ReturnType<typeof soundWorld> {
  const world = soundWorld(probeOf('v5', variant))
  world.client((pcm) => play(pcm, { period: 480, periods: 4 }, 4))
  world.sim.run(500_000_000)
  if (remove) {
    // Unbinds as soon as the work item is queued, before its worker gets the processor.
    world.k.spawn(
      'unbind',
      'task',
      function* () {
        const snd = world.vdev.priv as { reset_work: WorkStruct }
        while (!snd.reset_work.pending) yield* chargeNs(world.k, 10_000)
        yield* device_release_driver(world.vdev)
      },
      { policy: 'fifo', priority: 1 },
    )
  }
  world.host.spawn('fault', 'host', () => world.proxy.requestReset())
  world.sim.run(1_000_000_000)
  return world
}

it('a stop with messages in flight is followed by RELEASE in both', () => {
  for (const version of versions) {
    const world = soundWorld(probeOf(version))
    world.client(function* (pcm) {
      const file = yield* openStream(pcm, { period: 480, periods: 4 })
      yield* transfer(file.substream, 480, 4)
      yield* snd_pcm_release(file)
    })
    world.sim.run(1_000_000_000)
    expect(controlOrder(world).slice(-2)).toEqual(['STOP', 'RELEASE'])
  }
})

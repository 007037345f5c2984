/**
 * Both sides of a virtqueue against each other: random interleavings of adds, kicks, pops, pushes,
 * interrupts. Every element comes back exactly once and nobody waits for a signal that was not
 * sent.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import type { Cpu } from '../../../../src/model/machine/cpu.ts'
import {
  Virtqueue,
  virtqueue_add_sgs,
  virtqueue_disable_cb,
  virtqueue_enable_cb,
  virtqueue_get_buf,
  virtqueue_kick_prepare,
} from '../../../../src/model/virtio/virtio_ring.ts'
import {
  DeviceVirtqueue,
  virtio_should_notify,
  virtqueue_enable,
  virtqueue_pop,
  virtqueue_push,
} from '../../../../src/model/virtio/virtqueue_device.ts'
import { Vring, vring_need_event } from '../../../../src/model/virtio/vring.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { tinyKernel } from '../../../support/tiny-kernel.ts'

const SIZE = 8

/** Runs code outside the machine, where its charges pass at once. */
function now<R>(body: Proc<R>): R {
  for (;;) {
    const step = body.next()
    if (step.done === true) return step.value
  }
}

function rings(k: Kernel, event_idx: boolean, indirect: boolean) {
  k.current = (k.cpus[0] as Cpu).idle
  const vring = new Vring(SIZE)
  const features = { event_idx, indirect }
  const kicks = { count: 0 }
  const notifier = {
    *notify() {
      kicks.count++
      return true
    },
  }
  const vq = new Virtqueue(k, 'q', 0, 0, vring, features, notifier, null)
  const dev = new DeviceVirtqueue(0, 'q', SIZE, 0)
  virtqueue_enable(dev, vring, features)
  return { vring, vq, dev, kicks }
}

const step = fc.constantFrom('add', 'add3', 'kick', 'pop', 'push', 'notify', 'irq')

describe('virtqueue', () => {
  for (const event_idx of [true, false]) {
    for (const indirect of [true, false]) {
      it(`returns every element once; event_idx ${event_idx}, indirect ${indirect}`, () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 400 }), fc.nat(65_535), (steps, offset) => {
            const model = new Model(event_idx, indirect, offset)
            for (const what of steps) model.do(what)
            model.finish()
          }),
          { numRuns: 150, seed: 7 },
        )
      })
    }
  }

  it('need_event agrees with walking from old to new', () => {
    fc.assert(
      fc.property(fc.nat(65_535), fc.nat(65_535), fc.nat(300), (event, old, count) => {
        let passed = false
        for (let i = 0; i < count; i++) if (((old + i) & 0xffff) === event) passed = true
        expect(vring_need_event(event, (old + count) & 0xffff, old)).toBe(passed)
      }),
      { numRuns: 2000, seed: 7 },
    )
  })

  it('no room: -ENOSPC, with a kick if the device has something to read', () => {
    const { k } = tinyKernel()
    const { vq, kicks } = rings(k, true, false)
    const chain = { out_bytes: 4, in_bytes: 8 }
    for (let i = 0; i < 2; i++)
      expect(now(virtqueue_add_sgs(vq, chain, 2, 1, { object: 0 }, 'GFP_ATOMIC'))).toBe(0)
    expect(now(virtqueue_add_sgs(vq, chain, 2, 1, { object: 0 }, 'GFP_ATOMIC'))).toBe(-28)
    expect(kicks.count).toBe(1)
    expect(now(virtqueue_add_sgs(vq, chain, 0, 3, { object: 0 }, 'GFP_ATOMIC'))).toBe(-28)
    expect(kicks.count).toBe(1)
    expect(now(virtqueue_add_sgs(vq, chain, 1, 1, { object: 0 }, 'GFP_ATOMIC'))).toBe(0)
  })

  it('indirect: one descriptor whatever the number of segments', () => {
    const { k } = tinyKernel()
    const { vq } = rings(k, true, true)
    const chain = { out_bytes: 4, in_bytes: 8 }
    for (let i = 0; i < SIZE; i++)
      expect(now(virtqueue_add_sgs(vq, chain, 5, 1, { object: 0 }, 'GFP_ATOMIC'))).toBe(0)
    expect(vq.num_free).toBe(0)
  })

  it('indirect: without memory for the table one descriptor for each segment', () => {
    const { k } = tinyKernel()
    const { vq, kicks } = rings(k, true, true)
    const chain = { out_bytes: 4, in_bytes: 8 }
    const asked: string[] = []
    k.allocationFails = (gfp) => asked.push(gfp) <= 2
    const add = (out: number) =>
      now(virtqueue_add_sgs(vq, chain, out, 1, { object: 0 }, 'GFP_ATOMIC'))
    expect(add(4)).toBe(0)
    expect(vq.num_free).toBe(SIZE - 5)
    expect(add(4)).toBe(-28)
    expect(kicks.count).toBe(1)
    expect(add(4)).toBe(0)
    expect(vq.num_free).toBe(SIZE - 6)
    // One segment needs no table, and nobody asks for memory.
    expect(add(0)).toBe(0)
    expect(asked).toEqual(['GFP_ATOMIC', 'GFP_ATOMIC', 'GFP_ATOMIC'])
  })

  it('an id that is not a head breaks the queue', () => {
    const { k, store } = tinyKernel()
    const { vq, vring } = rings(k, true, true)
    vring.used_id[0] = 3
    vring.used_idx = 1
    expect(now(virtqueue_get_buf(vq))).toBeNull()
    expect(vq.broken).toBe(true)
    expect(store.symbols.entries('text').map((t) => t.name)[0]).toContain('id 3 is not a head!')
    expect(
      now(virtqueue_add_sgs(vq, { out_bytes: 1, in_bytes: 0 }, 1, 0, { object: 0 }, 'GFP_ATOMIC')),
    ).toBe(-5)
  })
})

/** The driver, the device, and a reference that remembers what was signalled. */
class Model {
  private readonly world = tinyKernel()
  private readonly rings: ReturnType<typeof rings>
  private readonly popped: number[] = []
  private readonly out = new Set<object>()
  private added = 0
  private returned = 0
  private kicked = false
  private interrupted = false
  /** Elements that the driver published since it last asked whether to kick. */
  private unannounced = 0

  constructor(event_idx: boolean, indirect: boolean, offset: number) {
    this.rings = rings(this.world.k, event_idx, indirect)
    const { vq, vring, dev } = this.rings
    // Start anywhere in the counters' range: they wrap.
    vring.avail_idx = dev.last_avail_idx = offset
    vring.used_idx = dev.used_idx = vq.last_used_idx = dev.signalled_used = offset
    vring.avail_event = vring.used_event = offset
  }

  do(what: string): void {
    const { vq, dev, kicks } = this.rings
    if (what === 'add' || what === 'add3') {
      const token = { object: 0 }
      const segments = what === 'add' ? 1 : 3
      const rc = now(
        virtqueue_add_sgs(vq, { out_bytes: 4, in_bytes: 0 }, segments, 0, token, 'GFP_ATOMIC'),
      )
      if (rc === 0) {
        this.out.add(token)
        this.added++
        this.unannounced++
      } else expect(rc).toBe(-28)
      if (kicks.count > 0) this.kicked = true
      kicks.count = 0
    } else if (what === 'kick') {
      if (virtqueue_kick_prepare(vq)) this.kicked = true
      this.unannounced = 0
    } else if (what === 'pop') this.serve()
    else if (what === 'push') {
      const head = this.popped.shift()
      if (head !== undefined) virtqueue_push(dev, head, 8)
      if (head !== undefined) this.returned++
    } else if (what === 'notify') {
      if (virtio_should_notify(dev)) this.interrupted = true
    } else this.interrupt()
    this.check(what)
  }

  /** A kick makes the device take all there is; without one it does not look. */
  private serve(): void {
    if (!this.kicked) return
    this.kicked = false
    const { dev } = this.rings
    for (let head = virtqueue_pop(dev); head >= 0; head = virtqueue_pop(dev)) this.popped.push(head)
  }

  /** An interrupt makes the driver take all there is; without one it does not look. */
  private interrupt(): void {
    if (!this.interrupted) return
    this.interrupted = false
    const { vq } = this.rings
    do {
      virtqueue_disable_cb(vq)
      for (;;) {
        const token = now(virtqueue_get_buf(vq))
        if (token === null) break
        expect(this.out.delete(token)).toBe(true)
      }
    } while (!virtqueue_enable_cb(vq))
  }

  private check(what: string): void {
    const { vring, dev, vq } = this.rings
    expect(vq.broken).toBe(false)
    const unseen = (vring.avail_idx - dev.last_avail_idx) & 0xffff
    if (unseen > this.unannounced) expect(this.kicked).toBe(true)
    const untaken = vring.used_idx !== vq.last_used_idx
    if (what === 'notify' && untaken) expect(this.interrupted).toBe(true)
  }

  finish(): void {
    for (let round = 0; round < 3; round++) {
      for (const what of ['kick', 'pop', ...this.pushes(), 'notify', 'irq']) this.do(what)
    }
    expect(this.out.size).toBe(0)
    expect(this.returned).toBe(this.added)
    expect(this.rings.vq.num_free).toBe(SIZE)
  }

  private pushes(): string[] {
    return new Array<string>(SIZE + 1).fill('push')
  }
}

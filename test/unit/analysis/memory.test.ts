/** What the life of an object says, on hand-made records. */
import { describe, expect, it } from 'vitest'
import { MemoryFold } from '../../../src/analysis/memory.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'

const QUEUE = 0
const RING = 90

class Story {
  private readonly symbols = new Symbols()
  private readonly fold = new MemoryFold(this.symbols)
  private timeNs = 0

  constructor() {
    for (const name of ['music', 'mic']) this.symbols.define('stream', { name })
  }

  at(kind: number, ...args: readonly number[]): this {
    this.timeNs += 1_000_000
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args
    this.fold.record(Object.assign(new TraceRecord(), { timeNs: this.timeNs, kind, a, b, c, d, e }))
    return this
  }

  alloc(object: number, what: string, stream = -1, owner = 0): this {
    const site = this.symbols.text(`${what.replace(/\W/g, '_')}_alloc`)
    return this.at(T.kmalloc, object, this.symbols.text(what), site, stream, owner)
  }

  free(object: number): this {
    return this.at(T.kfree, object, this.symbols.text('hw_free'))
  }

  ring(): this {
    return this.alloc(RING, 'vring').at(T.vring_create, QUEUE, RING)
  }

  get faults(): readonly string[] {
    return this.fold.finish().map((one) => `${one.kind}: ${one.what}`)
  }
}

describe('memory', () => {
  it('is silent about an object that goes through a queue and is freed', () => {
    const story = new Story().ring().alloc(1, 'msg')
    story.at(T.virtqueue_add, QUEUE, 3, 8, 1).at(T.virtqueue_pop, QUEUE, 3)
    story.at(T.virtqueue_push, QUEUE, 3, 8).at(T.virtqueue_get_buf, QUEUE, 3, 8, 1).free(1)
    expect(story.faults).toEqual([])
  })
  it('freed while in a queue, then returned', () => {
    const story = new Story().ring().alloc(1, 'msg').at(T.virtqueue_add, QUEUE, 3, 8, 1).free(1)
    story.at(T.virtqueue_get_buf, QUEUE, 3, 8, 1)
    const life = 'msg of msg_alloc() at 0.003 s, freed at 0.005 s'
    expect(story.faults).toEqual([
      `freed-while-device-owns: ${life} by hw_free() while in a queue`,
      `use-after-free: ${life}, now returned to the driver`,
    ])
  })
  it('freed twice', () => {
    expect(new Story().alloc(1, 'msg').free(1).free(1).faults).toEqual([
      'double-free: msg of msg_alloc() at 0.001 s, freed at 0.002 s, and again by hw_free()',
    ])
  })
  it('a ring that goes before the device is reset', () => {
    const story = new Story().ring().free(RING).at(T.virtqueue_push, QUEUE, 3, 8)
    expect(story.faults).toHaveLength(1)
    expect(story.faults[0]).toMatch(/^freed-while-device-owns: vring .*the device writes it$/)
  })
  it('a ring that goes after the reset is nobody’s loss', () => {
    const story = new Story().ring().alloc(1, 'msg').at(T.virtqueue_add, QUEUE, 3, 8, 1)
    story.at(T.virtio_reset).free(RING).free(1)
    expect(story.faults).toEqual([])
  })
  it('a close leaves what was allocated since the open, except what the device has', () => {
    const story = new Story().ring().alloc(1, 'older', 0).alloc(2, 'struct snd_pcm_runtime', 0)
    story.alloc(3, 'msg', 0).alloc(4, 'msg', 0).alloc(5, 'msg', 0).alloc(6, 'other', 1)
    story.at(T.virtqueue_add, QUEUE, 0, 8, 5).free(2)
    expect(story.faults).toEqual([
      expect.stringMatching(/^leak: 2 msg of msg_alloc\(\) at 0\.005 s left behind by the close/),
    ])
  })
  it('the removal leaves what the driver owned', () => {
    const story = new Story().alloc(1, 'struct virtio_snd').alloc(2, 'msg', -1, 1)
    story.alloc(3, 'foreign').free(1)
    expect(story.faults).toEqual([
      'leak: msg of msg_alloc() at 0.002 s left behind by the removal of the driver',
    ])
    // Freed all the same later: a second life is not told.
    expect(story.free(2).faults).toHaveLength(2)
  })
})

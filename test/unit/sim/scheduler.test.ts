import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../../src/base/event-queue.ts'
import { Prng } from '../../../src/base/prng.ts'
import type { Policy } from '../../../src/sim/policy.ts'
import { fifo } from '../../../src/sim/policy.ts'
import { FreeProcess, Req } from '../../../src/sim/process.ts'
import { Simulation } from '../../../src/sim/scheduler.ts'
import { ObjectHeap } from '../../bench/object-heap.ts'

/** Delays of one kind for a while, then of another: each part of the queue is reached. */
const DELAYS: readonly ((rng: Prng) => number)[] = [
  (rng) => rng.below(1000),
  // All at one instant, or nearly: one bucket holds them.
  () => 0,
  (rng) => rng.below(3),
  // Short ones between a few that are hours away.
  (rng) => (rng.below(16) === 0 ? rng.below(10_000_000) * 1_000_000 : rng.below(4096)),
  (rng) => 1 + rng.below(1 << 20),
]

describe('event queue', () => {
  it('agrees with a plain heap, entries that were put back included', () => {
    const rng = new Prng(7, 'queue')
    const queue = new EventQueue()
    const heap = new ObjectHeap<number>()
    const seen = { heap: 0, buckets: 0, most: 0 }
    const inside = queue as unknown as { nearIsHeap: boolean; rungLength: number }
    let now = 0
    for (let step = 0; step < 60_000; step++) {
      const delay = DELAYS[Math.floor(step / 3000) % DELAYS.length] as (rng: Prng) => number
      // Grows for a while, then drains.
      if (queue.length === 0 || rng.below(10) < (step % 12_000 < 6000 ? 7 : 3)) {
        const [time, priority] = [now + delay(rng), rng.below(3)]
        queue.push(time, priority, step)
        heap.add(time, priority, step)
        continue
      }
      seen.most = Math.max(seen.most, queue.length)
      if (inside.nearIsHeap) seen.heap++
      if (inside.rungLength > 0) seen.buckets++
      const first = heap.take()
      expect(queue.nextTimeNs()).toBe(first?.timeNs)
      expect(queue.nextPriority()).toBe(first?.priority)
      if (rng.below(4) === 0) putSomeBack(queue, 1 + rng.below(40))
      const entry = queue.pop()
      expect(queue.slots[entry]).toBe(first?.payload)
      now = first?.timeNs ?? now
    }
    for (let left = queue.length; left > 0; left--) {
      expect(queue.slots[queue.pop()]).toBe(heap.take()?.payload)
    }
    expect(queue.nextTimeNs()).toBe(Number.POSITIVE_INFINITY)
    expect(heap.take()).toBeUndefined()
    expect(seen.heap).toBeGreaterThan(1000)
    expect(seen.buckets).toBeGreaterThan(1000)
    expect(seen.most).toBeGreaterThan(1000)
  })
})

/** Takes the earliest ones, which have one time and priority, and puts them back. */
function putSomeBack(queue: EventQueue, count: number): void {
  const [time, priority] = [queue.nextTimeNs(), queue.nextPriority()]
  const taken: number[] = []
  while (taken.length < count && queue.nextTimeNs() === time && queue.nextPriority() === priority) {
    taken.push(queue.take())
  }
  for (const entry of taken) queue.putBack(entry)
}

describe('simulation', () => {
  it('runs equal times in order of priority, then of arming', () => {
    const sim = new Simulation({ seed: 1 })
    const log: string[] = []
    sim.timer(() => log.push('cpu 1'), 2).arm(10)
    sim.timer(() => log.push('clock'), 0).arm(10)
    sim.timer(() => log.push('cpu 2'), 2).arm(10)
    sim.run(10)
    expect(log).toEqual(['clock', 'cpu 1', 'cpu 2'])
  })

  it('a re-armed timer fires once, at the later time; a cancelled one never', () => {
    const sim = new Simulation({ seed: 1 })
    const at: number[] = []
    const timer = sim.timer(() => at.push(sim.now))
    timer.arm(10)
    timer.arm(20)
    const cancelled = sim.timer(() => at.push(-1))
    cancelled.arm(5)
    cancelled.cancel()
    sim.run(100)
    expect(at).toEqual([20])
  })

  it('a reused slot does not fire for its former owner', () => {
    const sim = new Simulation({ seed: 1 })
    const log: string[] = []
    const first = sim.timer(() => log.push('first'))
    first.arm(10)
    sim.release(first)
    sim.timer(() => log.push('second')).arm(20)
    sim.run(100)
    expect(log).toEqual(['second'])
  })

  it('passing time inline gives the same order as going through the heap', () => {
    const run = (inline: boolean): string[] => {
      const sim = new Simulation({ seed: 1 })
      const log: string[] = []
      for (let p = 0; p < 4; p++) {
        const rng = new Prng(3, `p${p}`)
        const process = new FreeProcess(sim)
        process.start(
          (function* () {
            for (let i = 0; i < 500; i++) {
              const ns = rng.below(4) === 0 ? 0 : rng.below(50)
              if (inline) {
                if (!process.pass(ns)) yield Req.CHARGE
              } else {
                // An event due at this instant forbids passing inline.
                sim.timer(() => {}, 3).arm(sim.now)
                if (!process.pass(ns)) yield Req.CHARGE
              }
              log.push(`${sim.now} p${p} ${i}`)
            }
          })(),
        )
      }
      sim.run(1_000_000)
      return log
    }
    expect(run(true)).toEqual(run(false))
  })

  it('asks the policy who goes first among equals, and keeps the order of the others', () => {
    const asked: number[] = []
    const last: Policy = {
      ...fifo,
      name: 'last',
      reorders: true,
      first: (candidates) => {
        asked.push(candidates.length)
        return candidates.length - 1
      },
    }
    const sim = new Simulation({ seed: 1, policy: last })
    const log: string[] = []
    for (const name of ['a', 'b', 'c']) sim.timer(() => log.push(name)).arm(10)
    sim.run(10)
    expect(log).toEqual(['c', 'b', 'a'])
    expect(asked).toEqual([3, 2, 1])
  })

  it('says which limit ended a run', () => {
    const sim = new Simulation({ seed: 1, stepsMax: 1000 })
    const process = new FreeProcess(sim)
    process.start(
      (function* () {
        for (;;) if (!process.pass(1)) yield Req.CHARGE
      })(),
    )
    expect(sim.run(1_000_000)).toBe('limit')
    expect(sim.limit).toBe('more than 1000 steps')
    expect(sim.now).toBeLessThan(1001)
  })
})

describe('random streams', () => {
  it('do not shift each other, and are fixed for ever', () => {
    const a = new Prng(1, 'aplay')
    expect([a.uint32(), a.uint32(), a.uint32()]).toMatchInlineSnapshot(`
      [
        4028582716,
        1652136150,
        953300228,
      ]
    `)
    const again = new Prng(1, 'aplay')
    new Prng(1, 'other').uint32()
    expect(again.uint32()).toBe(new Prng(1, 'aplay').uint32())
    expect(new Prng(2, 'aplay').uint32()).not.toBe(new Prng(1, 'aplay').uint32())
  })
})

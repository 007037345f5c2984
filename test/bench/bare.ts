/**
 * The bare heap loop: the workloads of core.ts on closures and a binary heap of objects, the loop
 * that one would write without a simulator. The core's rates stand beside these.
 *
 * Not a simulator: no processes, no limits, no trace. Times are in ns.
 */

import { Delays, type Outcome, type Shape } from '../../src/app/bench-workload.ts'
import { type Entry, ObjectHeap } from './object-heap.ts'

export class BareLoop {
  nowNs = 0
  count = 0
  private readonly heap = new ObjectHeap<() => void>()

  schedule(delayNs: number, call: () => void): void {
    this.heap.add(this.nowNs + delayNs, 0, call)
  }

  /** Runs until `count`, which the calls themselves raise, reaches `limit`. */
  run(limit: number): void {
    while (this.count < limit) {
      const entry = this.heap.take() as Entry<() => void>
      this.nowNs = entry.timeNs
      entry.payload()
    }
  }
}

/** Each process waits again and again. */
export function bareHold(size: number, shape: Shape, ops: number): Outcome {
  const loop = new BareLoop()
  const delays = new Delays(shape)
  const start = (): void => {
    const step = (): void => {
      loop.count++
      loop.schedule(delays.next(), step)
    }
    loop.schedule(delays.next(), step)
  }
  for (let id = 0; id < size; id++) start()
  loop.run(ops)
  return { ops, check: loop.nowNs }
}

/** Two processes wake each other at one instant. */
export function barePingPong(ops: number): Outcome {
  const loop = new BareLoop()
  let sum = 0
  const ping = (): void => {
    sum += 1 + (loop.count++ & 1)
    loop.schedule(0, pong)
  }
  const pong = (): void => {
    sum += 1 + (loop.count++ & 1)
    loop.schedule(0, ping)
  }
  loop.schedule(0, ping)
  loop.run(ops)
  return { ops, check: sum }
}

/** Processes that take a first-come-first-served lock, hold it, and think without it. */
export function bareMutex(size: number, ops: number): Outcome {
  const loop = new BareLoop()
  const delays = new Delays('uniform')
  const waiting: (() => void)[] = []
  let locked = false
  const lock = (then: () => void): void => {
    if (locked) waiting.push(then)
    else {
      locked = true
      then()
    }
  }
  const unlock = (): void => {
    const next = waiting.shift()
    if (next === undefined) locked = false
    else loop.schedule(0, next)
  }
  const start = (): void => {
    const own = (): void => loop.schedule(delays.next(), leave)
    const leave = (): void => {
      loop.count++
      unlock()
      loop.schedule(delays.next(), enter)
    }
    const enter = (): void => lock(own)
    loop.schedule(delays.next(), enter)
  }
  for (let id = 0; id < size; id++) start()
  loop.run(ops)
  return { ops, check: loop.nowNs }
}

interface Mark {
  cancelled: boolean
}

/** Timers that re-arm themselves and, every other time, another one, whose old call is void. */
export function bareTimers(size: number, ops: number): Outcome {
  const loop = new BareLoop()
  const delays = new Delays('uniform')
  const live: Mark[] = []
  const arm = (slot: number): void => {
    const mark: Mark = { cancelled: false }
    live[slot] = mark
    loop.schedule(delays.next(), () => {
      if (!mark.cancelled) fire(slot)
    })
  }
  const cancel = (slot: number): void => {
    const mark = live[slot] as Mark
    mark.cancelled = true
  }
  const fire = (slot: number): void => {
    loop.count++
    arm(slot)
    const bits = delays.bits()
    if ((bits & 1) === 0) return
    const other = (bits >>> 8) % size
    cancel(other)
    arm(other)
  }
  for (let slot = 0; slot < size; slot++) arm(slot)
  loop.run(ops)
  return { ops, check: loop.nowNs }
}

/**
 * The hold workload on bare queues, without a process: what a queue costs by itself.
 *
 * Three loads: `hold` (pop one, push one), `cancel` (each step sets a timer and often cancels the
 * one before it) and `wakeup` (each timed event wakes a neighbour at the same time). Times in ns.
 */

import { type Case, Delays, type Outcome, type Shape } from '../../src/app/bench-workload.ts'
import { EventQueue } from '../../src/base/event-queue.ts'
import { BinaryObjects, BinaryTyped, FourHole, FourTyped, type Queue } from './heaps.ts'

/** The core's own queue behind the same three calls. */
class CoreQueue implements Queue {
  timeNs = 0
  private readonly queue = new EventQueue()

  push(timeNs: number, priority: number, id: number): void {
    this.queue.push(timeNs, priority, id)
  }

  pop(): number {
    if (this.queue.length === 0) return -1
    const entry = this.queue.pop()
    this.timeNs = this.queue.times[entry] as number
    return this.queue.slots[entry] as number
  }
}

const queues = {
  'binary objects': () => new BinaryObjects(),
  'binary typed': () => new BinaryTyped(),
  '4-ary typed': () => new FourTyped(),
  '4-ary root hole': () => new FourHole(),
  'core event-queue': () => new CoreQueue(),
} satisfies Record<string, () => Queue>

export const queueNames = Object.keys(queues) as (keyof typeof queues)[]
export type QueueName = (typeof queueNames)[number]

/** `size` entries of 4 priorities; each step takes the earliest and puts it back later. */
export function holdQueue(name: QueueName, size: number, shape: Shape): Case {
  return (ops) => {
    const queue: Queue = queues[name]()
    const delays = new Delays(shape)
    for (let id = 0; id < size; id++) queue.push(delays.next(), id & 3, id)
    for (let step = 0; step < ops; step++) {
      const id = queue.pop()
      queue.push(queue.timeNs + delays.next(), id & 3, id)
    }
    return { ops, check: queue.timeNs }
  }
}

/** Timers of which about half are cancelled before they fire; see Timers. */
export function cancelQueue(name: QueueName, size: number): Case {
  return (ops) => {
    const timers = new Timers(queues[name](), size)
    for (let pop = 0; pop < ops; pop++) timers.take()
    return { ops, check: timers.nowNs + timers.fired }
  }
}

const SLOTS = 2 ** 20

/**
 * Lazy cancel: a popped entry whose generation is not its slot's current one is dropped. A timer
 * that fires arms itself again and, every other time, another one whose call was still to come. The
 * entry's id carries slot and generation in one integer.
 */
class Timers {
  fired = 0
  nowNs = 0
  private readonly queue: Queue
  private readonly delays = new Delays('uniform')
  private readonly generations: Int32Array

  constructor(queue: Queue, size: number) {
    this.queue = queue
    this.generations = new Int32Array(size)
    for (let slot = 0; slot < size; slot++) this.arm(slot)
  }

  take(): void {
    const id = this.queue.pop()
    this.nowNs = this.queue.timeNs
    const slot = id & (SLOTS - 1)
    if (this.generations[slot] !== id >>> 20) return
    this.fired++
    this.arm(slot)
    const bits = this.delays.bits()
    if ((bits & 1) === 1) this.arm((bits >>> 8) % this.generations.length)
  }

  private arm(slot: number): void {
    const generation = ((this.generations[slot] as number) + 1) & 1023
    this.generations[slot] = generation
    this.queue.push(this.nowNs + this.delays.next(), 0, generation * SLOTS + slot)
  }
}

/**
 * Same-time wake-ups, through the heap or through a ring that is served before time passes. Every
 * timer wakes `fan` processes at its own instant; the last of them arms the timer again.
 */
export function wakeup(through: 'heap' | 'ring', fan: number): Case {
  return (ops) => (through === 'heap' ? wakeByHeap(ops, fan) : wakeByRing(ops, fan))
}

const TIMERS = 64

/** An id below 64 is a timer; above, 64 * n + timer is the nth process that the timer wakes. */
function wakeByHeap(ops: number, fan: number): Outcome {
  const queue = new FourHole()
  const delays = new Delays('uniform')
  for (let id = 0; id < TIMERS; id++) queue.push(delays.next(), 0, id)
  for (let done = 0; done < ops; done++) {
    const id = queue.pop()
    const nowNs = queue.timeNs
    if (id < TIMERS) for (let n = 1; n <= fan; n++) queue.push(nowNs, 0, n * TIMERS + id)
    else if (id >= fan * TIMERS) queue.push(nowNs + delays.next(), 0, id - fan * TIMERS)
  }
  return { ops, check: queue.timeNs }
}

function wakeByRing(ops: number, fan: number): Outcome {
  const queue = new FourHole()
  const delays = new Delays('uniform')
  const ring = new Int32Array(1024)
  let head = 0
  let tail = 0
  for (let id = 0; id < TIMERS; id++) queue.push(delays.next(), 0, id)
  for (let done = 0; done < ops; done++) {
    if (head === tail || queue.nextTimeNs() === queue.timeNs) {
      const id = queue.pop()
      for (let n = 1; n <= fan; n++) ring[tail++ & 1023] = n * TIMERS + id
    } else {
      const id = ring[head++ & 1023] as number
      const last = id >= fan * TIMERS
      if (last) queue.push(queue.timeNs + delays.next(), 0, id - fan * TIMERS)
    }
  }
  return { ops, check: queue.timeNs }
}

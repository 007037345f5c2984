/**
 * The event heap: 4-ary, in typed columns, keyed by (timeNs, priority, seq). The root is left as a
 * hole after a pop, so that the usual pop-then-push costs one descent instead of two. Cancelling is
 * lazy: an entry whose generation is not its slot's current one is dropped when it surfaces.
 *
 * It knows slots (small integers), not what they mean. Times are integer nanoseconds.
 */
import { assert } from './assert.ts'

/** Priorities are 0 (first) to 255; the sequence number fills the 45 bits below them. */
const SEQ_SPAN = 35_184_372_088_832
const INITIAL_CAPACITY = 256

export class EventQueue {
  private times = new Float64Array(INITIAL_CAPACITY)
  private keys = new Float64Array(INITIAL_CAPACITY)
  private slots = new Int32Array(INITIAL_CAPACITY)
  private generations = new Int32Array(INITIAL_CAPACITY)
  private size = 0
  private rootIsHole = false
  private nextSeq = 0
  private capacity = INITIAL_CAPACITY

  /** The entry most recently taken by `pop`. */
  poppedSlot = 0
  poppedGeneration = 0
  poppedKey = 0

  /** Entries in the heap, cancelled ones included. */
  get length(): number {
    return this.rootIsHole ? this.size - 1 : this.size
  }

  /** Time of the earliest entry, Infinity when there is none. */
  peekTimeNs(): number {
    if (this.rootIsHole) this.fillHole()
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.times[0] as number)
  }

  /** Time of the earliest entry, without closing the hole that the last pop left. */
  lowerBoundNs(): number {
    const { times } = this
    if (!this.rootIsHole) {
      return this.size === 0 ? Number.POSITIVE_INFINITY : (times[0] as number)
    }
    const end = this.size < 5 ? this.size : 5
    let least = Number.POSITIVE_INFINITY
    for (let i = 1; i < end; i++) if ((times[i] as number) < least) least = times[i] as number
    return least
  }

  /** The priority part of the earliest entry's key. */
  peekPriority(): number {
    if (this.rootIsHole) this.fillHole()
    return Math.floor((this.keys[0] as number) / SEQ_SPAN)
  }

  push(timeNs: number, priority: number, slot: number, generation: number): void {
    const key = priority * SEQ_SPAN + this.nextSeq++
    this.pushKeyed(timeNs, key, slot, generation)
  }

  /** Puts an entry back under the key that it had: its place among equals is kept. */
  pushKeyed(timeNs: number, key: number, slot: number, generation: number): void {
    if (this.rootIsHole) {
      this.rootIsHole = false
      this.siftDown(timeNs, key, slot, generation)
      return
    }
    if (this.size === this.capacity) this.grow()
    this.siftUp(this.size++, timeNs, key, slot, generation)
  }

  /** Takes the earliest entry and returns its time; its parts are in the `popped` fields. */
  pop(): number {
    if (this.rootIsHole) this.fillHole()
    assert(this.size > 0, 'pop from an empty event queue')
    this.poppedSlot = this.slots[0] as number
    this.poppedGeneration = this.generations[0] as number
    this.poppedKey = this.keys[0] as number
    this.rootIsHole = true
    return this.times[0] as number
  }

  private fillHole(): void {
    this.rootIsHole = false
    const last = --this.size
    if (last === 0) return
    this.siftDown(
      this.times[last] as number,
      this.keys[last] as number,
      this.slots[last] as number,
      this.generations[last] as number,
    )
  }

  private siftUp(from: number, time: number, key: number, slot: number, generation: number): void {
    const { times, keys } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const parentTime = times[parent] as number
      if (time > parentTime || (time === parentTime && key > (keys[parent] as number))) break
      this.move(parent, at)
      at = parent
    }
    this.put(at, time, key, slot, generation)
  }

  private siftDown(time: number, key: number, slot: number, generation: number): void {
    const { times, keys, size } = this
    let at = 0
    for (;;) {
      const first = at * 4 + 1
      if (first >= size) break
      const end = first + 4 < size ? first + 4 : size
      let least = first
      let leastTime = times[first] as number
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child] as number
        if (childTime > leastTime) continue
        if (childTime === leastTime && (keys[child] as number) > (keys[least] as number)) continue
        least = child
        leastTime = childTime
      }
      if (time < leastTime || (time === leastTime && key < (keys[least] as number))) break
      this.move(least, at)
      at = least
    }
    this.put(at, time, key, slot, generation)
  }

  private move(from: number, to: number): void {
    this.times[to] = this.times[from] as number
    this.keys[to] = this.keys[from] as number
    this.slots[to] = this.slots[from] as number
    this.generations[to] = this.generations[from] as number
  }

  private put(at: number, time: number, key: number, slot: number, generation: number): void {
    this.times[at] = time
    this.keys[at] = key
    this.slots[at] = slot
    this.generations[at] = generation
  }

  private grow(): void {
    this.capacity *= 2
    this.times = widen(this.times, new Float64Array(this.capacity))
    this.keys = widen(this.keys, new Float64Array(this.capacity))
    this.slots = widen(this.slots, new Int32Array(this.capacity))
    this.generations = widen(this.generations, new Int32Array(this.capacity))
  }
}

function widen<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from as never)
  return to
}

/**
 * The event queue, in order of (timeNs, priority, seq). Three ranges of time, each later than the
 * one before it:
 *
 *   near  what is due first, in order: an event is taken from its end. A sorted array while it is
 *         short; a sorted array is a heap too, so when it grows long it goes on as a 4-ary heap.
 *   rung  buckets of equal width, unordered; when near is empty the next bucket becomes near.
 *   top   whatever is later still, unordered; when all buckets are empty it is dealt into new ones.
 *
 * So an event costs a few moves, whatever is pending, where times are spread. Where they are not
 * (all in one bucket, or all at one time) it costs what a heap costs: the logarithm.
 *
 * An entry is a row of columns and has a number, which is given out again after it was freed.
 * Cancelling is lazy: whoever knows that an entry is void skips it when it is taken. The queue
 * knows slots (small integers), not what they mean. Times are integer nanoseconds.
 */
import { assert } from './assert.ts'

/** Priorities are 0 (first) to 255; the sequence number fills the 45 bits below them. */
const SEQ_SPAN = 35_184_372_088_832
const INITIAL_CAPACITY = 256
/** A sorted near of more entries than this becomes a heap, and a heap of fewer is sorted again. */
const SORTED_MAX = 32
const HEAP_MIN = 8
/** As many are put in order at once, without buckets. */
const UNDEALT_MAX = 16
const NONE = -1

export class EventQueue {
  /** Columns by entry: when it is due, priority and sequence number in one, whose it is. */
  times = new Float64Array(INITIAL_CAPACITY)
  private keys = new Float64Array(INITIAL_CAPACITY)
  slots = new Int32Array(INITIAL_CAPACITY)
  /** The next entry of the same bucket, of the top, or of the free list. */
  private links = new Int32Array(INITIAL_CAPACITY)
  private freeEntry = NONE
  private entries = 0
  private nextSeq = 0

  /** Sorted: the earliest stands last. Heap: the earliest stands first. */
  private near = new Int32Array(2 * SORTED_MAX)
  private nearLength = 0
  private nearIsHeap = false
  /** Every entry of near is due before this, every other one at it or later. */
  private nearEndNs = 0

  /** First entry of each bucket. Their width is a power of two: no quotient is ever rounded. */
  private buckets = new Int32Array(0)
  private perNs = 1
  private rungStartNs = 0
  private rungEndNs = 0
  private rungLength = 0
  private nextBucket = 0

  private top = NONE
  private topLength = 0
  private topMinNs = Number.POSITIVE_INFINITY
  private topMaxNs = 0

  /** Entries in the queue, void ones included. */
  get length(): number {
    return this.nearLength + this.rungLength + this.topLength
  }

  /** Time of the earliest entry, Infinity when there is none. */
  nextTimeNs(): number {
    if (this.nearLength === 0 && !this.refill()) return Number.POSITIVE_INFINITY
    return this.times[this.near[this.nearIsHeap ? 0 : this.nearLength - 1] as number] as number
  }

  /** The priority part of the earliest entry's key. */
  nextPriority(): number {
    assert(this.nextTimeNs() < Number.POSITIVE_INFINITY, 'no entry to ask for its priority')
    const first = this.near[this.nearIsHeap ? 0 : this.nearLength - 1] as number
    return Math.floor((this.keys[first] as number) / SEQ_SPAN)
  }

  /** Puts an entry in, and returns its number. */
  push(timeNs: number, priority: number, slot: number): number {
    const entry = this.freeEntry === NONE ? this.newEntry() : this.freeEntry
    this.freeEntry = this.links[entry] as number
    this.times[entry] = timeNs
    this.keys[entry] = priority * SEQ_SPAN + this.nextSeq++
    this.slots[entry] = slot
    this.putBack(entry)
    return entry
  }

  /** Puts back an entry that was taken and not freed: its place among equals is kept. */
  putBack(entry: number): void {
    if ((this.times[entry] as number) < this.nearEndNs) this.putNear(entry)
    else this.putFar(entry)
  }

  /** Takes the earliest entry; its columns hold until the next push. */
  pop(): number {
    const entry = this.take()
    this.free(entry)
    return entry
  }

  /** Takes the earliest entry, which goes on existing: it must be put back or freed. */
  take(): number {
    assert(this.nearLength > 0 || this.refill(), 'take from an empty event queue')
    return this.nearIsHeap ? this.takeFromHeap() : (this.near[--this.nearLength] as number)
  }

  free(entry: number): void {
    this.links[entry] = this.freeEntry
    this.freeEntry = entry
  }

  /** A number that was never given out; it leaves the free list empty. */
  private newEntry(): number {
    const { entries: entry, links } = this
    if (entry === links.length) this.grow()
    this.links[entry] = NONE
    this.entries++
    return entry
  }

  private grow(): void {
    const capacity = 2 * this.links.length
    this.times = widen(this.times, new Float64Array(capacity))
    this.keys = widen(this.keys, new Float64Array(capacity))
    this.slots = widen(this.slots, new Int32Array(capacity))
    this.links = widen(this.links, new Int32Array(capacity))
  }

  private putNear(entry: number): void {
    const length = this.nearLength++
    if (length === SORTED_MAX && !this.nearIsHeap) this.becomeHeap()
    if (this.nearIsHeap) this.rise(entry, length)
    else this.insert(entry, length)
  }

  /** Into the sorted near, whose earliest stands last. */
  private insert(entry: number, length: number): void {
    const { near, times, keys } = this
    const time = times[entry] as number
    let at = length
    for (; at > 0; at--) {
      const other = near[at - 1] as number
      const otherTime = times[other] as number
      if (time < otherTime) break
      if (time === otherTime && (keys[entry] as number) < (keys[other] as number)) break
      near[at] = other
    }
    near[at] = entry
  }

  private putFar(entry: number): void {
    const time = this.times[entry] as number
    if (time < this.rungEndNs) {
      this.putBucket(entry)
      this.rungLength++
    } else if (this.length === 0) {
      // Alone: it is near.
      this.nearEndNs = time + 1
      this.putNear(entry)
    } else this.putTop(entry, time)
  }

  private putTop(entry: number, time: number): void {
    this.links[entry] = this.top
    this.top = entry
    this.topLength++
    if (time < this.topMinNs) this.topMinNs = time
    if (time > this.topMaxNs) this.topMaxNs = time
  }

  private putBucket(entry: number): void {
    const { buckets } = this
    const at = (((this.times[entry] as number) - this.rungStartNs) * this.perNs) | 0
    this.links[entry] = buckets[at] as number
    buckets[at] = entry
  }

  /** Fills near, which is empty; false if nothing is pending. */
  private refill(): boolean {
    this.nearIsHeap = false
    if (this.rungLength === 0) {
      if (this.topLength === 0) return false
      const all = this.top
      this.top = NONE
      if (this.topLength <= UNDEALT_MAX) this.takeTop(all)
      else this.deal(all)
      this.topLength = 0
      this.topMinNs = Number.POSITIVE_INFINITY
      this.topMaxNs = 0
    }
    if (this.nearLength === 0) this.takeBucket()
    return true
  }

  private takeTop(all: number): void {
    this.nearEndNs = this.topMaxNs + 1
    this.putAllNear(all)
  }

  private putAllNear(first: number): void {
    const { links } = this
    for (let entry = first; entry !== NONE; entry = links[entry] as number) this.putNear(entry)
  }

  /** The first bucket that is not empty becomes near. */
  private takeBucket(): void {
    const { buckets } = this
    let at = this.nextBucket
    while (buckets[at] === NONE) at++
    const first = buckets[at] as number
    buckets[at] = NONE
    this.nextBucket = at + 1
    this.nearEndNs = this.rungStartNs + (at + 1) / this.perNs
    this.putAllNear(first)
    this.rungLength -= this.nearLength
  }

  /** New buckets for all of the top: about as many as there are entries. */
  private deal(all: number): void {
    let count = 2 * UNDEALT_MAX
    while (count < this.topLength) count *= 2
    // All of the old ones are empty.
    if (count > this.buckets.length) this.buckets = new Int32Array(count).fill(NONE)
    this.rungStartNs = this.topMinNs
    let width = 1
    while (this.topMaxNs - this.rungStartNs >= count * width) width *= 2
    this.perNs = 1 / width
    this.rungEndNs = this.rungStartNs + count * width
    this.rungLength = this.topLength
    this.nextBucket = 0
    const { links } = this
    for (let entry = all; entry !== NONE; ) {
      const next = links[entry] as number
      this.putBucket(entry)
      entry = next
    }
  }

  /** Whether entry `a` goes before `b`. */
  private before(a: number, b: number): boolean {
    const { times, keys } = this
    const timeA = times[a] as number
    const timeB = times[b] as number
    return timeA < timeB || (timeA === timeB && (keys[a] as number) < (keys[b] as number))
  }

  /** Turns the sorted near, which is full, round: that is a heap. */
  private becomeHeap(): void {
    this.near.subarray(0, SORTED_MAX).reverse()
    this.nearIsHeap = true
  }

  private rise(entry: number, from: number): void {
    if (from === this.near.length) this.near = widen(this.near, new Int32Array(2 * from))
    const { near } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const above = near[parent] as number
      if (this.before(above, entry)) break
      near[at] = above
      at = parent
    }
    near[at] = entry
  }

  private takeFromHeap(): number {
    const { near } = this
    const first = near[0] as number
    const last = --this.nearLength
    this.sink(near[last] as number)
    if (last <= HEAP_MIN) this.becomeSorted()
    return first
  }

  private sink(entry: number): void {
    const { near, nearLength: length } = this
    let at = 0
    for (;;) {
      const child = 4 * at + 1
      if (child >= length) break
      const least = this.leastOf(child, child + 4 < length ? child + 4 : length)
      const below = near[least] as number
      if (this.before(entry, below)) break
      near[at] = below
      at = least
    }
    near[at] = entry
  }

  /** Which of the heap's places from..end-1 holds the earliest entry. */
  private leastOf(from: number, end: number): number {
    const { near } = this
    let least = from
    for (let at = from + 1; at < end; at++) {
      if (this.before(near[at] as number, near[least] as number)) least = at
    }
    return least
  }

  private becomeSorted(): void {
    const left = this.near.slice(0, this.nearLength)
    this.nearLength = 0
    this.nearIsHeap = false
    for (const entry of left) this.putNear(entry)
  }
}

function widen<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from as never)
  return to
}

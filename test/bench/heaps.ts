/**
 * The event queues that were candidates for the core. Each keeps (timeNs, priority, seq) order.
 *
 * Not the core's queue: that is src/base/event-queue.ts, made like the winner. Times are in ns. A
 * queue numbers its entries itself, so that equal ones leave as they came. `pop` answers the id and
 * sets `timeNs`; an empty queue answers -1.
 */

import { ObjectHeap } from './object-heap.ts'

/** Priority and sequence number fit one double: eight bits of priority over 2^45 entries. */
const ORDER_STEP = 2 ** 45

export interface Queue {
  timeNs: number
  push(timeNs: number, priority: number, id: number): void
  pop(): number
}

export class BinaryObjects extends ObjectHeap<number> implements Queue {
  timeNs = 0

  push(timeNs: number, priority: number, id: number): void {
    this.add(timeNs, priority, id)
  }

  pop(): number {
    const entry = this.take()
    if (entry === undefined) return -1
    this.timeNs = entry.timeNs
    return entry.payload
  }
}

/** Three typed columns and what all typed heaps do with them. */
abstract class Columns implements Queue {
  timeNs = 0
  protected size = 0
  protected seq = 0
  protected time = new Float64Array(256)
  protected order = new Float64Array(256)
  protected id = new Int32Array(256)

  abstract push(timeNs: number, priority: number, id: number): void
  abstract pop(): number

  protected reserve(): number {
    if (this.size === this.time.length) this.grow()
    return this.size++
  }

  protected place(at: number, time: number, order: number, id: number): void {
    this.time[at] = time
    this.order[at] = order
    this.id[at] = id
  }

  protected move(from: number, to: number): void {
    this.time[to] = this.time[from] as number
    this.order[to] = this.order[from] as number
    this.id[to] = this.id[from] as number
  }

  private grow(): void {
    const { time, order, id } = this
    const length = 2 * time.length
    this.time = new Float64Array(length)
    this.order = new Float64Array(length)
    this.id = new Int32Array(length)
    this.time.set(time)
    this.order.set(order)
    this.id.set(id)
  }
}

export class BinaryTyped extends Columns {
  push(timeNs: number, priority: number, id: number): void {
    const own = priority * ORDER_STEP + this.seq++
    let at = this.reserve()
    const { time, order } = this
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = time[parent] as number
      if (above < timeNs || (above === timeNs && (order[parent] as number) < own)) break
      this.move(parent, at)
      at = parent
    }
    this.place(at, timeNs, own, id)
  }

  pop(): number {
    if (this.size === 0) return -1
    const first = this.id[0] as number
    this.timeNs = this.time[0] as number
    const last = --this.size
    if (last > 0)
      this.sink(this.time[last] as number, this.order[last] as number, this.id[last] as number)
    return first
  }

  private sink(timeNs: number, own: number, id: number): void {
    const { time, order, size } = this
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1
      if (right < size) {
        const a = time[right] as number
        const b = time[child] as number
        if (a < b || (a === b && (order[right] as number) < (order[child] as number))) child = right
      }
      const least = time[child] as number
      if (timeNs < least || (timeNs === least && own < (order[child] as number))) break
      this.move(child, at)
      at = child
    }
    this.place(at, timeNs, own, id)
  }
}

export class FourTyped extends Columns {
  push(timeNs: number, priority: number, id: number): void {
    this.rise(timeNs, priority * ORDER_STEP + this.seq++, id)
  }

  pop(): number {
    if (this.size === 0) return -1
    const first = this.id[0] as number
    this.timeNs = this.time[0] as number
    this.fill()
    return first
  }

  protected fill(): void {
    const last = --this.size
    if (last > 0)
      this.sink(this.time[last] as number, this.order[last] as number, this.id[last] as number)
  }

  protected rise(timeNs: number, own: number, id: number): void {
    let at = this.reserve()
    const { time, order } = this
    while (at > 0) {
      const parent = (at - 1) >> 2
      const above = time[parent] as number
      if (above < timeNs || (above === timeNs && (order[parent] as number) < own)) break
      this.move(parent, at)
      at = parent
    }
    this.place(at, timeNs, own, id)
  }

  protected sink(timeNs: number, own: number, id: number): void {
    const { time, order, size } = this
    let at = 0
    for (let child = 1; child < size; child = 4 * at + 1) {
      const end = Math.min(child + 4, size)
      let least = time[child] as number
      for (let next = child + 1; next < end; next++) {
        const t = time[next] as number
        if (t > least || (t === least && (order[next] as number) > (order[child] as number)))
          continue
        child = next
        least = t
      }
      if (timeNs < least || (timeNs === least && own < (order[child] as number))) break
      this.move(child, at)
      at = child
    }
    this.place(at, timeNs, own, id)
  }
}

/** `pop` leaves a hole at the root; the next push most often fills it with one walk, not two. */
export class FourHole extends FourTyped {
  private hole = false

  override push(timeNs: number, priority: number, id: number): void {
    const own = priority * ORDER_STEP + this.seq++
    if (this.hole) {
      this.hole = false
      this.sink(timeNs, own, id)
    } else this.rise(timeNs, own, id)
  }

  override pop(): number {
    if (this.hole) this.fill()
    this.hole = this.size > 0
    if (!this.hole) return -1
    this.timeNs = this.time[0] as number
    return this.id[0] as number
  }

  /** When the earliest entry is due; with a hole that is the least of its four children. */
  nextTimeNs(): number {
    const { time, size } = this
    if (!this.hole) return size > 0 ? (time[0] as number) : Number.POSITIVE_INFINITY
    const end = Math.min(size, 5)
    let least = Number.POSITIVE_INFINITY
    for (let at = 1; at < end; at++) least = Math.min(least, time[at] as number)
    return least
  }
}

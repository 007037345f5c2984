/**
 * A binary heap of objects in (timeNs, priority, seq) order, as everybody writes it first.
 *
 * The bare heap loop of the benches stands on it; the product does not use it. Times are in ns.
 */

export interface Entry<T> {
  readonly timeNs: number
  readonly priority: number
  readonly seq: number
  readonly payload: T
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  if (a.timeNs !== b.timeNs) return a.timeNs < b.timeNs
  if (a.priority !== b.priority) return a.priority < b.priority
  return a.seq < b.seq
}

/** The heap that everybody writes first: an array of objects. The bare heap loop stands on it. */
export class ObjectHeap<T> {
  private readonly heap: Entry<T>[] = []
  private seq = 0

  add(timeNs: number, priority: number, payload: T): void {
    const { heap } = this
    const entry = { timeNs, priority, seq: this.seq++, payload }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Entry<T>
      if (!isBefore(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  take(): Entry<T> | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (heap.length > 0) this.sink(last as Entry<T>)
    return first
  }

  private sink(entry: Entry<T>): void {
    const { heap } = this
    const size = heap.length
    let at = 0
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1
      if (right < size && isBefore(heap[right] as Entry<T>, heap[child] as Entry<T>)) child = right
      if (isBefore(entry, heap[child] as Entry<T>)) break
      heap[at] = heap[child] as Entry<T>
      at = child
    }
    heap[at] = entry
  }
}

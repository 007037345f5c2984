/** Whether memory stays flat: the heap after a collection, at equal distances of a long run. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Growth that noise explains: a tenth and 2 MB. */
const SLACK = 0.1
const SLACK_BYTES = 2e6

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

export class HeapWatch {
  private readonly used: number[] = []

  sample(): void {
    collect()
    this.used.push(getHeapStatistics().used_heap_size)
  }

  /** Bytes at the first and the last sample of the second half; the first half warms up. */
  get ends(): readonly [number, number] {
    const half = this.used.slice(Math.floor(this.used.length / 2))
    return [half[0] ?? 0, half.at(-1) ?? 0]
  }

  get isFlat(): boolean {
    const [first, last] = this.ends
    return last <= first * (1 + SLACK) + SLACK_BYTES
  }

  toString(): string {
    const mb = this.ends.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`)
    return `heap ${mb.join(' -> ')}`
  }
}

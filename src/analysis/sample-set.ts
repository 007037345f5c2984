/**
 * The statistics of any number of integer samples, exactly as stats.ts defines them, without
 * keeping eight bytes for each: sorted runs of differences, merged as they come. Neighbours of a
 * million latencies are some tens of nanoseconds apart, so a sample takes little more than a byte.
 * The order in which they came is lost; where it matters, Samples of stats.ts keeps it.
 */
import { unreachable } from '../base/assert.ts'
import { type Sorted, type Stats, sortedStats, statsOf } from './stats.ts'

/** Samples that are kept as they came, until there are enough to sort. */
const RECENT = 4096
const BLOCK_BYTES = 4096
/** Two samples that lie further from 0 may differ by more than an exact integer. 52 days in ns. */
const SAMPLE_MAX = 2 ** 52

/** Samples in order: the first, then the differences from one to the next, seven bits a byte. */
interface Run {
  readonly count: number
  readonly first: number
  readonly blocks: readonly Uint8Array[]
}

export class SampleSet {
  private recent = new Float64Array(64)
  private length = 0
  /** Each is longer than the next one. */
  private runs: Run[] = []
  /** Blocks of runs that were merged, for those to come. */
  private readonly free: Uint8Array[] = []

  push(value: number): void {
    if (this.length === this.recent.length) this.makeRoom()
    this.recent[this.length++] = value
  }

  stats(): Stats {
    if (this.runs.length === 0) return statsOf(this.recent.slice(0, this.length))
    const whole = this.whole()
    return sortedStats(whole.count, () => new RunReader(whole, null))
  }

  /** All of them, from the least. */
  values(): Float64Array {
    const whole = this.whole()
    const reader = new RunReader(whole, null)
    return Float64Array.from({ length: whole.count }, () => reader.next())
  }

  private makeRoom(): void {
    if (this.length < RECENT) {
      const wider = new Float64Array(this.length * 2)
      wider.set(this.recent)
      this.recent = wider
      return
    }
    const { runs } = this
    let run = this.takeRecent()
    for (let last = runs.at(-1); last !== undefined; last = runs.at(-1)) {
      if (last.count > run.count) break
      runs.pop()
      run = this.merged(last, run)
    }
    runs.push(run)
  }

  /** Everything becomes one run. */
  private whole(): Run {
    const runs = [...this.runs, this.takeRecent()]
    const whole = runs.reduceRight((later, earlier) => this.merged(earlier, later))
    this.runs = [whole]
    return whole
  }

  private takeRecent(): Run {
    const sorted = this.recent.subarray(0, this.length).sort()
    const writer = new RunWriter(this.free)
    for (let i = 0; i < sorted.length; i++) writer.add(sorted[i] as number)
    this.length = 0
    return writer.finish()
  }

  /** Of two runs that are gone afterwards: what of them was read makes room for what is written. */
  private merged(one: Run, other: Run): Run {
    const writer = new RunWriter(this.free)
    const [a, b] = [new RunReader(one, this.free), new RunReader(other, this.free)]
    let [ofA, ofB] = [one.count, other.count]
    let left = ofA > 0 ? a.next() : 0
    let right = ofB > 0 ? b.next() : 0
    while (ofA + ofB > 0) {
      if (ofB === 0 || (ofA > 0 && left <= right)) {
        writer.add(left)
        if (--ofA > 0) left = a.next()
      } else {
        writer.add(right)
        if (--ofB > 0) right = b.next()
      }
    }
    a.end()
    b.end()
    return writer.finish()
  }
}

class RunWriter {
  private readonly free: Uint8Array[]
  private readonly blocks: Uint8Array[] = []
  private block: Uint8Array = new Uint8Array(0)
  private at = 0
  private count = 0
  private first = 0
  private last = 0

  constructor(free: Uint8Array[]) {
    this.free = free
  }

  /** A sample that is no less than the one before. */
  add(value: number): void {
    if (!Number.isInteger(value)) unreachable(`the sample ${value} is not an integer`)
    if (Math.abs(value) > SAMPLE_MAX) unreachable(`the sample ${value} is beyond 2^52`)
    if (this.count++ === 0) this.first = value
    else {
      let rest = value - this.last
      for (; rest > 127; rest = Math.floor(rest / 128)) this.put((rest % 128) + 128)
      this.put(rest)
    }
    this.last = value
  }

  finish(): Run {
    const { count, first, blocks } = this
    return { count, first, blocks }
  }

  private put(byte: number): void {
    if (this.at === this.block.length) {
      this.block = this.free.pop() ?? new Uint8Array(BLOCK_BYTES)
      this.blocks.push(this.block)
      this.at = 0
    }
    this.block[this.at++] = byte
  }
}

/** Reads a run from its first sample on; into `free` go the blocks that it has done with. */
class RunReader implements Sorted {
  private readonly blocks: readonly Uint8Array[]
  private readonly free: Uint8Array[] | null
  private nth = -1
  private block: Uint8Array = new Uint8Array(0)
  private at = 0
  private value: number
  private started = false

  constructor({ first, blocks }: Run, free: Uint8Array[] | null) {
    this.blocks = blocks
    this.free = free
    this.value = first
  }

  next(): number {
    if (!this.started) {
      this.started = true
      return this.value
    }
    let [difference, scale] = [0, 1]
    for (let byte = 128; byte > 127; scale *= 128) {
      if (this.at === this.block.length) this.nextBlock()
      byte = this.block[this.at++] as number
      difference += (byte & 127) * scale
    }
    this.value += difference
    return this.value
  }

  end(): void {
    if (this.nth >= 0) this.free?.push(this.block)
  }

  private nextBlock(): void {
    this.end()
    this.block = this.blocks[++this.nth] ?? unreachable('a run of samples ends early')
    this.at = 0
  }
}

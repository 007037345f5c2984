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
/** Bytes of the longest difference: 53 bits, seven in a byte. */
const DIFFERENCE_BYTES_MAX = 8

/** Samples in order: the first, then the differences from one to the next, seven bits a byte. */
interface Run {
  readonly count: number
  readonly first: number
  readonly bytes: Uint8Array
}

export class SampleSet {
  private recent = new Float64Array(64)
  private length = 0
  /** Each is longer than the next one. */
  private readonly runs: Run[] = []

  push(value: number): void {
    if (this.length === this.recent.length) this.makeRoom()
    this.recent[this.length++] = value
  }

  stats(): Stats {
    if (this.runs.length === 0) return statsOf(this.recent.slice(0, this.length))
    const whole = this.whole()
    return sortedStats(whole.count, () => new RunReader(whole))
  }

  /** All of them, from the least. */
  values(): Float64Array {
    const whole = this.whole()
    const reader = new RunReader(whole)
    return Float64Array.from({ length: whole.count }, () => reader.next())
  }

  private whole(): Run {
    const recent = encoded(this.recent.slice(0, this.length).sort())
    return this.runs.reduceRight((later, earlier) => merged(earlier, later), recent)
  }

  private makeRoom(): void {
    if (this.length < RECENT) {
      const wider = new Float64Array(this.length * 2)
      wider.set(this.recent)
      this.recent = wider
      return
    }
    const { runs } = this
    let run = encoded(this.recent.sort())
    for (
      let last = runs.at(-1);
      last !== undefined && last.count <= run.count;
      last = runs.at(-1)
    ) {
      runs.pop()
      run = merged(last, run)
    }
    runs.push(run)
    this.length = 0
  }
}

function encoded(sorted: Float64Array): Run {
  const writer = new RunWriter(sorted.length * DIFFERENCE_BYTES_MAX)
  for (let i = 0; i < sorted.length; i++) writer.add(sorted[i] as number)
  return writer.finish()
}

/** No difference is longer than it was, but that to what was the first sample of a run. */
function merged(one: Run, other: Run): Run {
  const writer = new RunWriter(one.bytes.length + other.bytes.length + DIFFERENCE_BYTES_MAX)
  const [a, b] = [new RunReader(one), new RunReader(other)]
  let [left, right] = [a.next(), b.next()]
  for (let ofA = one.count, ofB = other.count; ofA + ofB > 0; ) {
    if (ofB === 0 || (ofA > 0 && left <= right)) {
      writer.add(left)
      if (--ofA > 0) left = a.next()
    } else {
      writer.add(right)
      if (--ofB > 0) right = b.next()
    }
  }
  return writer.finish()
}

class RunWriter {
  private readonly bytes: Uint8Array
  private length = 0
  private count = 0
  private first = 0
  private last = 0

  constructor(bytesMax: number) {
    this.bytes = new Uint8Array(bytesMax)
  }

  /** A sample that is no less than the one before. */
  add(value: number): void {
    if (!Number.isSafeInteger(value)) unreachable(`the sample ${value} is not an integer`)
    if (this.count++ === 0) this.first = value
    else {
      let rest = value - this.last
      for (; rest > 127; rest = Math.floor(rest / 128)) {
        this.bytes[this.length++] = (rest % 128) + 128
      }
      this.bytes[this.length++] = rest
    }
    this.last = value
  }

  finish(): Run {
    const { count, first } = this
    return { count, first, bytes: this.bytes.slice(0, this.length) }
  }
}

class RunReader implements Sorted {
  private readonly bytes: Uint8Array
  private at = 0
  private value: number
  private started = false

  constructor({ first, bytes }: Run) {
    this.bytes = bytes
    this.value = first
  }

  next(): number {
    if (!this.started) {
      this.started = true
      return this.value
    }
    let [difference, scale] = [0, 1]
    for (let byte = 128; byte > 127; scale *= 128) {
      byte = this.bytes[this.at++] as number
      difference += (byte & 127) * scale
    }
    this.value += difference
    return this.value
  }
}

/**
 * A stream's DMA area as provenance: for every frame of the ring, which frame of the stream was
 * last written there and when, or that it holds silence. Holds no samples. Runs of consecutive
 * frames are kept sorted by offset and merged, so memory follows the number of writes that are
 * still visible in the ring, a few for each period. Shared by the ALSA core (writes), the driver
 * (refers) and the device (reads). Offsets and lengths are frames, times ns.
 */
import { assert } from '../../base/assert.ts'
import type { Frames, Ns } from '../../base/units.ts'

/** What a run of frames holds. */
export const Content = { data: 0, silence: 1 } as const

/** Index of a silent frame. */
export const SILENT_INDEX = -1

/**
 * Called for each run that a read touches, in ring order; `firstIndex` is the stream's frame
 * number of the run's first frame, SILENT_INDEX for silence.
 */
export type RunVisitor = (firstIndex: number, frames: Frames, writtenAtNs: Ns, kind: number) => void

const INITIAL_RUNS = 32

export class GuestBuffer {
  /** Length of the ring. */
  frames: Frames = 0
  /** The owner gave the memory back; whoever still uses it does so at its peril. */
  freed = false
  freedAtNs: Ns = -1
  private count = 0
  private starts = new Int32Array(INITIAL_RUNS)
  private kinds = new Uint8Array(INITIAL_RUNS)
  private firsts = new Float64Array(INITIAL_RUNS)
  private times = new Float64Array(INITIAL_RUNS)

  constructor(frames: Frames, nowNs: Ns) {
    this.reset(frames, nowNs)
  }

  /** Number of runs, for tests of the memory bound. */
  get runs(): number {
    return this.count
  }

  /** Makes it a ring of `frames` silent frames. */
  reset(frames: Frames, nowNs: Ns): void {
    assert(frames > 0, 'a ring holds at least one frame')
    this.frames = frames
    this.count = 1
    this.setRun(0, 0, SILENT_INDEX, nowNs, Content.silence)
  }

  markFreed(nowNs: Ns): void {
    this.freed = true
    this.freedAtNs = nowNs
  }

  /** Frames `firstIndex ...` of the stream are now at `offset ...`; may run over the ring's end. */
  write(offset: Frames, frames: Frames, firstIndex: number, nowNs: Ns): void {
    this.store(offset, frames, firstIndex, nowNs, Content.data)
  }

  /** There is silence at `offset ...`; may run over the ring's end. */
  silence(offset: Frames, frames: Frames, nowNs: Ns): void {
    this.store(offset, frames, SILENT_INDEX, nowNs, Content.silence)
  }

  /** Visits what lies at `offset ...`, split into runs; may run over the ring's end. */
  read(offset: Frames, frames: Frames, visit: RunVisitor): void {
    this.check(offset, frames)
    const beforeEnd = this.frames - offset
    if (frames <= beforeEnd) {
      this.visitSpan(offset, offset + frames, visit)
      return
    }
    this.visitSpan(offset, this.frames, visit)
    this.visitSpan(0, frames - beforeEnd, visit)
  }

  private check(offset: Frames, frames: Frames): void {
    assert(offset >= 0 && offset < this.frames, 'an offset lies inside the ring')
    assert(frames >= 0 && frames <= this.frames, 'no more than the ring at once')
  }

  private store(offset: Frames, frames: Frames, first: number, nowNs: Ns, kind: number): void {
    this.check(offset, frames)
    if (frames === 0) return
    const beforeEnd = this.frames - offset
    if (frames <= beforeEnd) {
      this.put(offset, offset + frames, first, nowNs, kind)
      return
    }
    this.put(offset, this.frames, first, nowNs, kind)
    const rest = kind === Content.data ? first + beforeEnd : first
    this.put(0, frames - beforeEnd, rest, nowNs, kind)
  }

  private visitSpan(from: Frames, to: Frames, visit: RunVisitor): void {
    const { starts, firsts, times, kinds } = this
    let at = from
    for (let i = this.runAt(from); at < to; i++) {
      const runEnd = this.endOf(i)
      const end = runEnd < to ? runEnd : to
      const kind = kinds[i] as number
      const first = firsts[i] as number
      const index = kind === Content.data ? first + (at - (starts[i] as number)) : first
      visit(index, end - at, times[i] as number, kind)
      at = end
    }
  }

  /** Replaces [from, to) by one run. */
  private put(from: Frames, to: Frames, first: number, nowNs: Ns, kind: number): void {
    const i = this.cut(from)
    const j = to === this.frames ? this.count : this.cut(to)
    if (j - i > 1) this.shift(j, i + 1 - j)
    this.setRun(i, from, first, nowNs, kind)
    if (i + 1 < this.count && this.continues(i, i + 1)) this.shift(i + 2, -1)
    if (i > 0 && this.continues(i - 1, i)) this.shift(i + 1, -1)
  }

  /** Makes a run start at `at`; returns its number. */
  private cut(at: Frames): number {
    const i = this.runAt(at)
    const start = this.starts[i] as number
    if (start === at) return i
    this.shift(i + 1, 1)
    const kind = this.kinds[i] as number
    const first = this.firsts[i] as number
    const index = kind === Content.data ? first + (at - start) : first
    this.setRun(i + 1, at, index, this.times[i] as number, kind)
    return i + 1
  }

  /** Whether run `j` goes on where run `i` ends, written at the same time. */
  private continues(i: number, j: number): boolean {
    if (this.kinds[i] !== this.kinds[j] || this.times[i] !== this.times[j]) return false
    if (this.kinds[i] === Content.silence) return true
    const length = (this.starts[j] as number) - (this.starts[i] as number)
    return this.firsts[j] === (this.firsts[i] as number) + length
  }

  private endOf(i: number): Frames {
    return i + 1 < this.count ? (this.starts[i + 1] as number) : this.frames
  }

  /** Number of the run that covers frame `at`. */
  private runAt(at: Frames): number {
    const { starts } = this
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  private setRun(i: number, start: Frames, first: number, timeNs: Ns, kind: number): void {
    this.starts[i] = start
    this.firsts[i] = first
    this.times[i] = timeNs
    this.kinds[i] = kind
  }

  /** Moves the runs from number `from` on by `by` places. */
  private shift(from: number, by: number): void {
    if (this.count + by > this.starts.length) this.grow()
    const { count } = this
    this.starts.copyWithin(from + by, from, count)
    this.firsts.copyWithin(from + by, from, count)
    this.times.copyWithin(from + by, from, count)
    this.kinds.copyWithin(from + by, from, count)
    this.count = count + by
  }

  private grow(): void {
    const capacity = this.starts.length * 2
    const { starts, firsts, times, kinds } = this
    this.starts = new Int32Array(capacity)
    this.firsts = new Float64Array(capacity)
    this.times = new Float64Array(capacity)
    this.kinds = new Uint8Array(capacity)
    this.starts.set(starts)
    this.firsts.set(firsts)
    this.times.set(times)
    this.kinds.set(kinds)
  }
}

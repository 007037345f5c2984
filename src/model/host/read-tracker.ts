/**
 * What a device found when it read a message: runs of frame indices, each compared with the index
 * that should come next. Emits one audio_copy record a run. Sizes and places are frames.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import { Fresh, freshnessOf } from '../machine/freshness.ts'
import { Content, type RunVisitor } from '../machine/guest-buffer.ts'
import type { Machine } from '../machine/machine.ts'
import type { VirtioSndXfer } from '../virtio/virtio_snd.ts'

/** Where runs go on their way to the sink. */
export interface RunLog {
  push(place: Frames, mixFrames: Frames, firstIndex: number, frames: Frames): void
}

export class ReadTracker {
  private readonly firsts: number[] = []
  private readonly counts: number[] = []
  private length = 0
  /** The run at the front, and how many of its frames went on already. */
  private at = 0
  private used: Frames = 0
  private expected = -1
  private place: Frames = 0
  private host: Machine | null = null
  private xfer: VirtioSndXfer | null = null
  private readonly visit: RunVisitor

  constructor() {
    const visit: RunVisitor = (first, frames, writtenAtNs, kind) =>
      this.onRun(first, frames, writtenAtNs, kind)
    this.visit = visit
  }

  /** Reads `frames` at `offset`; returns the index that should come after them. */
  read(
    host: Machine,
    xfer: VirtioSndXfer,
    offset: Frames,
    frames: Frames,
    expected: number,
  ): number {
    this.host = host
    this.xfer = xfer
    this.expected = expected
    this.place = offset
    xfer.buffer.read(offset, frames, this.visit)
    return this.expected
  }

  /** The next `frames` of it have entered the mix at `place`, where they became `mixFrames`. */
  enter(log: RunLog, place: Frames, mixFrames: Frames, frames: Frames): void {
    let done = 0
    while (done < frames && this.at < this.length) {
      const first = this.firsts[this.at] as number
      const left = (this.counts[this.at] as number) - this.used
      const part = left < frames - done ? left : frames - done
      const from = Math.floor((mixFrames * done) / frames)
      const to = Math.floor((mixFrames * (done + part)) / frames)
      log.push(place + from, to - from, first < 0 ? first : first + this.used, part)
      done += part
      this.used += part
      if (part < left) return
      this.at++
      this.used = 0
    }
  }

  clear(): void {
    this.length = 0
    this.at = 0
    this.used = 0
  }

  private onRun(first: number, frames: Frames, _writtenAtNs: Ns, kind: number): void {
    const xfer = this.xfer as VirtioSndXfer
    const freshness = xfer.buffer.freed ? Fresh.freed : freshnessOf(first, kind, this.expected)
    const host = this.host as Machine
    host.emit(T.audio_copy, xfer.traceStream, this.place, frames, first, freshness)
    this.firsts[this.length] = first
    this.counts[this.length++] = frames
    this.place += frames
    if (kind === Content.data && first + frames > this.expected) this.expected = first + frames
  }
}

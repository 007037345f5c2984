/**
 * Which frames of a stream are on their way through the mixer to the sink: runs of consecutive
 * frame indices with the place of each in the mix. Tells what was heard when the sink takes frames.
 * Not part of QEMU: it follows the samples that QEMU would carry. Places are frames of the back
 * end.
 */
import { unreachable } from '../../base/assert.ts'
import type { Frames } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import type { Machine } from '../machine/machine.ts'

const RUNS_MAX = 4096
const INITIAL_RUNS = 64
const COLUMNS = 4

export class PlayLog {
  /** Ring of runs: place, length in the mix, first index (-1 for none), length in the stream. */
  private runs = new Float64Array(INITIAL_RUNS * COLUMNS)
  private capacity = INITIAL_RUNS
  private head = 0
  private count = 0

  /** Adds a run behind the others. */
  push(place: Frames, mixFrames: Frames, firstIndex: number, frames: Frames): void {
    if (this.count === this.capacity) this.grow()
    const at = ((this.head + this.count) % this.capacity) * COLUMNS
    this.runs[at] = place
    this.runs[at + 1] = mixFrames
    this.runs[at + 2] = firstIndex
    this.runs[at + 3] = frames
    this.count++
  }

  /** The sink has taken the mix up to `place`: records what was heard. */
  heard(host: Machine, stream: number, place: Frames): void {
    while (this.count > 0) {
      const at = (this.head % this.capacity) * COLUMNS
      const start = this.runs[at] as number
      if (place <= start) return
      const mixFrames = this.runs[at + 1] as number
      const first = this.runs[at + 2] as number
      const frames = this.runs[at + 3] as number
      const taken = place - start
      if (taken >= mixFrames) {
        this.head = (this.head + 1) % this.capacity
        this.count--
        if (frames > 0) emitHeard(host, stream, first, frames)
        continue
      }
      const part = Math.floor((taken * frames) / mixFrames)
      this.runs[at] = place
      this.runs[at + 1] = mixFrames - taken
      this.runs[at + 2] = first < 0 ? first : first + part
      this.runs[at + 3] = frames - part
      if (part > 0) emitHeard(host, stream, first, part)
      return
    }
  }

  clear(): void {
    this.head = 0
    this.count = 0
  }

  private grow(): void {
    if (!(this.capacity < RUNS_MAX))
      unreachable(`more than ${RUNS_MAX} runs of frames in the mixer`)
    const wider = new Float64Array(this.capacity * 2 * COLUMNS)
    for (let i = 0; i < this.count; i++) {
      const from = ((this.head + i) % this.capacity) * COLUMNS
      wider.set(this.runs.subarray(from, from + COLUMNS), i * COLUMNS)
    }
    this.runs = wider
    this.capacity *= 2
    this.head = 0
  }
}

function emitHeard(host: Machine, stream: number, first: number, frames: Frames): void {
  if (first < 0) host.emit(T.audio_silence, stream, frames)
  else host.emit(T.audio_play, stream, first, frames)
}

/**
 * One stream of the back end. It copies what WRITE names out of the shared buffer into a ring of
 * its own, plays that ring by its clock whether or not it was written again, and reports how far it
 * has come. Positions are frames since OPEN (or START); times are ns.
 *
 * Source: sndif.h; that playback runs on is how a sound card behind it behaves.
 */
import { type Frames, framesToNsCeil, type Ns, nsToFramesFloor } from '../../../base/units.ts'
import { T } from '../../../sim/trace.ts'
import { Fresh, freshnessOf } from '../../machine/freshness.ts'
import { Content, GuestBuffer } from '../../machine/guest-buffer.ts'
import type { Machine } from '../../machine/machine.ts'
import type { AudioClock } from '../audio-clock.ts'
import { stepFrames, type XenSoundOptions } from './options.ts'

/** What OPEN said. */
export interface OpenParams {
  readonly rate: number
  readonly frameBytes: number
  readonly buffer_size: Frames
  /** 0: no events are wanted. */
  readonly period_size: Frames
  readonly shared: GuestBuffer
  readonly gref: number
  readonly traceStream: number
}

export class XenStream {
  readonly playback: boolean
  open: OpenParams | null = null
  running = false
  private readonly host: Machine
  private readonly clock: AudioClock
  private readonly options: XenSoundOptions
  /** The device's copy of the ring. */
  private ring: GuestBuffer | null = null
  /** Position at the last START, and device time of it. */
  private carried: Frames = 0
  private startedNs: Ns = 0
  /** Position up to which frames have been played. */
  private told: Frames = 0
  /** The position that is reported next. */
  private due: Frames = 0
  private fresh = true
  /** Index that playing should find next. */
  private index = -1

  constructor(host: Machine, clock: AudioClock, options: XenSoundOptions, playback: boolean) {
    this.host = host
    this.clock = clock
    this.options = options
    this.playback = playback
  }

  /** OPEN. */
  opened(params: OpenParams): void {
    this.open = params
    this.ring = new GuestBuffer(params.buffer_size, this.host.sim.now)
    this.running = false
    this.carried = 0
    this.told = 0
    this.due = 0
    this.fresh = true
    this.index = -1
  }

  /** CLOSE, or the back end has forgotten the stream. */
  closed(): void {
    if (this.open === null) return
    this.stop()
    this.open = null
    this.ring = null
  }

  /** START, or with `anew` false RESUME. */
  start(anew: boolean): void {
    if (this.open === null || this.running) return
    if (anew && this.options.positionReset === 'on-start') {
      this.carried = 0
      this.told = 0
      this.due = 0
      this.fresh = true
    }
    if (this.fresh) this.due = this.step(this.options.positionFirst ?? this.options.positionEvery)
    this.fresh = false
    this.running = true
    this.startedNs = this.clock.deviceNs(this.host.sim.now)
  }

  /** STOP or PAUSE. */
  stop(): void {
    if (!this.running) return
    this.advance()
    this.carried = this.position()
    this.running = false
  }

  get traceStream(): number {
    return this.open?.traceStream ?? -1
  }

  /** Frames since the position was 0. */
  position(): Frames {
    const { open } = this
    if (!this.running || open === null) return this.carried
    const ranNs = this.clock.deviceNs(this.host.sim.now) - this.startedNs
    return this.carried + nsToFramesFloor(ranNs, open.rate)
  }

  /** When the next position is due; -1: never. */
  nextNs(): Ns {
    const { open } = this
    if (!this.running || open === null || open.period_size === 0) return -1
    const ahead = framesToNsCeil(this.due - this.carried, open.rate)
    return this.clock.simNs(this.startedNs + ahead)
  }

  /** The position that is due, in bytes; -1: none yet. Moves on to the next. */
  takeDue(): number {
    const { open } = this
    if (open === null || !this.running || open.period_size === 0) return -1
    if (this.position() < this.due) return -1
    this.advance()
    const bytes = this.due * open.frameBytes
    this.due += this.step(this.options.positionEvery)
    return bytes
  }

  private step(step: XenSoundOptions['positionEvery']): Frames {
    return stepFrames(step, this.open?.period_size ?? 1)
  }

  /** WRITE: what the front end has put into the shared buffer. */
  written(offset: Frames, frames: Frames): void {
    const { open, ring } = this
    if (open === null || ring === null) return
    this.advance()
    const now = this.host.sim.now
    if (open.shared.freed) {
      this.host.emit(T.audio_copy, open.traceStream, offset, frames, -1, Fresh.freed)
      return
    }
    let at = offset
    open.shared.read(offset, frames, (first, count, _writtenAtNs, kind) => {
      if (kind === Content.data) ring.write(at, count, first, now)
      else ring.silence(at, count, now)
      at = (at + count) % ring.frames
    })
  }

  /** READ: the newest frames of the source that belong at these places. */
  read(offset: Frames, frames: Frames): void {
    const { open } = this
    if (open === null || open.shared.freed) return
    const { buffer_size } = open
    const position = this.position()
    const now = this.host.sim.now
    for (let done = 0; done < frames; ) {
      const at = offset + done
      // The newest index that lies at this place: below the position, and as far as it goes on.
      const behind = (((position - 1 - at) % buffer_size) + buffer_size) % buffer_size
      const first = position - 1 - behind
      const part = Math.min(frames - done, behind + 1)
      if (first < 0) open.shared.silence(at, part, now)
      else open.shared.write(at, part, first, now)
      done += part
    }
  }

  /** Plays what the clock has passed since it was last looked at. */
  private advance(): void {
    const { ring } = this
    const now = this.position()
    if (!this.playback || ring === null) {
      this.told = now
      return
    }
    while (this.told < now) {
      const offset = this.told % ring.frames
      const frames = Math.min(now - this.told, ring.frames - offset)
      this.play(ring, offset, frames)
      this.told += frames
    }
  }

  private play(ring: GuestBuffer, offset: Frames, frames: Frames): void {
    const { host } = this
    const id = this.traceStream
    let at = offset
    ring.read(offset, frames, (first, count, _writtenAtNs, kind) => {
      host.emit(T.audio_copy, id, at, count, first, freshnessOf(first, kind, this.index))
      if (kind === Content.silence) host.emit(T.audio_silence, id, count)
      else {
        host.emit(T.audio_play, id, first, count)
        if (first + count > this.index) this.index = first + count
      }
      at += count
    })
  }
}

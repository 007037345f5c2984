/**
 * The hardware of the ideal card: a clock that moves frames through the ring exactly on time and
 * says so at every period boundary. No transport, no queue, no processor: what goes wrong with it
 * is the core's or the client's. Sizes are frames, times ns.
 */
import { type Frames, framesToNsCeil, type Ns, nsToFramesFloor } from '../../../base/units.ts'
import { Priority, type Timer } from '../../../sim/scheduler.ts'
import { T } from '../../../sim/trace.ts'
import type { SndPcmSubstream } from '../../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from '../../alsa/pcm_constants.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Fresh, freshnessOf } from '../../machine/freshness.ts'
import { Content, type GuestBuffer } from '../../machine/guest-buffer.ts'

/** The sound clock: how far it has come at a simulation time, and the other way round. */
export interface CardClock {
  deviceNs(nowNs: Ns): Ns
  simNs(deviceNs: Ns): Ns
}

export class IdealHw {
  readonly k: Kernel
  readonly substream: SndPcmSubstream
  /** A period is over and the handler has not seen it. */
  elapsed = false
  private readonly clock: CardClock
  private readonly raise: () => void
  private readonly timer: Timer
  /** Device time by which every period is late (inject_delay). */
  private readonly delayNs: Ns
  private running = false
  private startedNs: Ns = 0
  /** Frames moved before the last start, and those that the trace knows of. */
  private carried: Frames = 0
  private told: Frames = 0
  /** Index that the device expects to find next; the index that it records next. */
  private index = -1
  private recorded: Frames = 0

  constructor(substream: SndPcmSubstream, clock: CardClock, delayNs: Ns, raise: () => void) {
    this.k = substream.k
    this.substream = substream
    this.clock = clock
    this.delayNs = delayNs
    this.raise = raise
    this.timer = this.k.sim.timer(() => this.boundary(), Priority.device)
  }

  prepare(): void {
    this.carried = 0
    this.told = 0
    this.elapsed = false
  }

  start(): void {
    this.running = true
    this.startedNs = this.clock.deviceNs(this.k.sim.now)
    this.arm()
  }

  stop(): void {
    this.sync()
    this.carried = this.moved()
    this.running = false
    this.timer.cancel()
  }

  /** Frames moved since prepare. */
  moved(): Frames {
    if (!this.running) return this.carried
    const { rate, period_size } = this.substream.runtime
    const ranNs = this.clock.deviceNs(this.k.sim.now) - this.startedNs
    if (this.delayNs === 0) return this.carried + nsToFramesFloor(ranNs, rate)
    const turnNs = framesToNsCeil(period_size, rate) + this.delayNs
    const turns = Math.floor(ranNs / turnNs)
    const part = nsToFramesFloor(ranNs - turns * turnNs, rate)
    return this.carried + turns * period_size + (part < period_size ? part : period_size)
  }

  /** Position in the ring; what has been moved by now is on record. */
  position(): Frames {
    this.sync()
    return this.moved() % this.substream.runtime.buffer_size
  }

  private boundary(): void {
    this.sync()
    this.elapsed = true
    this.arm()
    this.raise()
  }

  /** Programs the end of the period that is running. */
  private arm(): void {
    const { period_size } = this.substream.runtime
    const periods = Math.floor(this.moved() / period_size) + 1
    const deviceNs = this.startedNs + this.timeOf(periods * period_size - this.carried)
    this.timer.arm(this.clock.simNs(deviceNs))
  }

  /** Device time from the start until so many frames have been moved. */
  private timeOf(frames: Frames): Ns {
    const { rate, period_size } = this.substream.runtime
    if (this.delayNs === 0) return framesToNsCeil(frames, rate)
    const turns = Math.ceil(frames / period_size) - 1
    const turnNs = framesToNsCeil(period_size, rate) + this.delayNs
    return turns * turnNs + framesToNsCeil(frames - turns * period_size, rate)
  }

  /** Plays or records what the clock has passed since it was last looked at. */
  private sync(): void {
    const { dma_area, buffer_size } = this.substream.runtime
    const now = this.moved()
    while (dma_area !== null && this.told < now) {
      const offset = this.told % buffer_size
      const beforeEnd = buffer_size - offset
      const left = now - this.told
      const frames = left < beforeEnd ? left : beforeEnd
      if (this.substream.stream === SNDRV_PCM_STREAM_PLAYBACK) this.play(dma_area, offset, frames)
      else this.record(dma_area, offset, frames)
      this.told += frames
    }
  }

  private play(ring: GuestBuffer, offset: Frames, frames: Frames): void {
    const { k, substream } = this
    const { id } = substream
    let at = offset
    ring.read(offset, frames, (first, count, _writtenAtNs, kind) => {
      const fresh = ring.freed ? Fresh.freed : freshnessOf(first, kind, this.index)
      k.emit(T.audio_copy, id, at, count, first, fresh)
      if (kind === Content.silence) k.emit(T.audio_silence, id, count)
      else {
        k.emit(T.audio_play, id, first, count)
        if (first + count > this.index) this.index = first + count
      }
      at += count
    })
  }

  private record(ring: GuestBuffer, offset: Frames, frames: Frames): void {
    ring.write(offset, frames, this.recorded, this.k.sim.now)
    this.recorded += frames
  }
}

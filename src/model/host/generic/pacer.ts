/**
 * When a device's worker acts on a running stream, and how many frames it may then take. The sink
 * drains at the rate of the device's clock; what it wants beyond what was taken is a gap.
 * Times are ns, sizes frames of the stream.
 */
import { type Frames, framesToNsCeil, type Ns, nsToFramesFloor } from '../../../base/units.ts'
import type { AudioClock } from '../audio-clock.ts'
import type { Pacing } from './options.ts'

export class Pacer {
  private readonly pacing: Pacing
  private readonly clock: AudioClock
  private rate = 48_000
  /** Device time at which the stream was started. */
  private startNs: Ns = 0
  /** Frames taken that the sink has not had yet. */
  fill: Frames = 0
  /** Frames that the sink has had, or missed, since the start. */
  private passed: Frames = 0
  /** Frames that it missed since the start. */
  missed: Frames = 0

  constructor(pacing: Pacing, clock: AudioClock) {
    this.pacing = pacing
    this.clock = clock
  }

  /** The stream starts; `keep`: after a pause, with the frames that are still in the bucket. */
  start(rate: number, nowNs: Ns, keep: boolean): void {
    this.rate = rate
    this.startNs = this.clock.deviceNs(nowNs)
    this.passed = 0
    this.missed = 0
    if (!keep) this.fill = 0
  }

  /** The host PCM has run dry and is prepared anew: its periods count from now. */
  restart(nowNs: Ns): void {
    this.startNs = this.clock.deviceNs(nowNs)
    this.passed = 0
  }

  /** When to act first after a start; a free-running device acts whenever something comes. */
  firstNs(nowNs: Ns): Ns {
    return this.pacing.kind === 'host-period' ? nowNs : this.nextNs(nowNs)
  }

  /** When to act next, -1 for when something comes. */
  nextNs(nowNs: Ns): Ns {
    const { pacing, rate } = this
    switch (pacing.kind) {
      case 'timer-bucket':
        return nowNs + pacing.tickNs
      case 'host-period':
        return this.afterFrames(nsToFramesFloor(pacing.periodNs, rate))
      case 'pull':
        return this.afterFrames(pacing.quantum)
      default:
        return -1
    }
  }

  /** When `frames` more have passed after those passed already, on the device's clock. */
  afterFrames(frames: Frames): Ns {
    const deviceNs = this.startNs + framesToNsCeil(this.passed + frames, this.rate)
    return this.clock.simNs(deviceNs)
  }

  /** When the sink will have had `frames` more: a graph has them with the quantum they end in. */
  whenTaken(frames: Frames): Ns {
    const { pacing } = this
    if (pacing.kind !== 'pull') return this.afterFrames(frames)
    return this.afterFrames(Math.ceil(frames / pacing.quantum) * pacing.quantum)
  }

  /** Lets the sink take what is due; what it finds nothing for, it has missed. */
  drain(nowNs: Ns): void {
    const due = this.due(nowNs)
    const missed = due - this.drainTaken(nowNs)
    if (missed <= 0) return
    this.missed += missed
    this.passed += missed
  }

  /** Lets the sink take what is due of what was taken: what comes next may go on from there. */
  drainTaken(nowNs: Ns): Frames {
    const due = this.due(nowNs)
    if (due <= 0) return 0
    const taken = due < this.fill ? due : this.fill
    this.fill -= taken
    this.passed += taken
    return taken
  }

  /** The sink had nothing until `nowNs`: it has missed every frame that began before. */
  starve(nowNs: Ns): void {
    if (this.fill > 0) return
    const elapsed = this.clock.deviceNs(nowNs) - this.startNs
    const missed = nsToFramesFloor(elapsed - 1, this.rate) + 1 - this.passed
    if (missed <= 0) return
    this.missed += missed
    this.passed += missed
  }

  /** Frames that the sink should have had by then and has not; a graph takes whole quanta. */
  due(nowNs: Ns): Frames {
    const { pacing } = this
    const elapsed = this.clock.deviceNs(nowNs) - this.startNs
    const due = nsToFramesFloor(elapsed, this.rate) - this.passed
    return pacing.kind === 'pull' ? due - (due % pacing.quantum) : due
  }

  /** Frames that the device may take now. */
  room(): Frames {
    const { pacing } = this
    switch (pacing.kind) {
      case 'timer-bucket':
        return Math.max(0, pacing.bucket - this.fill)
      case 'host-period': {
        const period = nsToFramesFloor(pacing.periodNs, this.rate)
        return Math.max(0, period * pacing.periods - this.fill)
      }
      case 'pull':
        return pacing.quantum
      default:
        return Number.POSITIVE_INFINITY
    }
  }

  /** Frames have gone into the bucket. */
  take(frames: Frames): void {
    this.fill += frames
  }
}

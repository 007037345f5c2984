/**
 * Back ends with a buffer of their own between QEMU and the sound server or host device: what is
 * written goes into a ring of limited fill, and a real-time reader takes a quantum each cycle. An
 * empty ring is silence. Frames are those of the back end.
 *
 * Source: QEMU 10.0 audio/pwaudio.c, paaudio.c, alsaaudio.c; domain/host-device.md §2. Differs: the
 * reader's thread is not a thread but its effect on the ring, worked out when QEMU looks.
 */
import { type Frames, framesToNsCeil, type Ns, nsToFramesFloor } from '../../../base/units.ts'
import type { AudioClock } from '../audio-clock.ts'
import { type AudioBackend, RateControl } from './audio-backend.ts'

export interface RingAudioOptions {
  readonly name: string
  readonly rate: number
  /** hw.samples. */
  readonly samples: Frames
  /** Most frames that the ring may hold (the high-water mark). */
  readonly highWater: Frames
  /** What the reader takes in one cycle. */
  readonly quantum: Frames
  /** The audio core runs when the ring has room for a quantum, not by its timer. */
  readonly poll: boolean
}

const US = 1e6

/** QEMU's defaults for the back ends that have a ring. */
export function ringAudioOptions(
  name: 'pipewire' | 'pulse' | 'alsa',
  timerPeriodNs: Ns,
  rate = 44_100,
): RingAudioOptions {
  const frames = (us: number): Frames => Math.floor((us * rate) / US)
  const node = nsToFramesFloor(Math.floor((timerPeriodNs * 3) / 4), rate)
  const latency = frames(46_440)
  if (name === 'alsa') {
    const [samples, quantum] = [frames(92_880), frames(5805)]
    return { name, rate, samples, highWater: samples, quantum, poll: true }
  }
  const quantum = name === 'pulse' ? Math.min(Math.floor(latency / 4), node) : node
  return { name, rate, samples: latency, highWater: latency, quantum, poll: false }
}

export class RingAudio implements AudioBackend {
  readonly name: string
  readonly rate: number
  readonly samples: Frames
  private readonly options: RingAudioOptions
  private readonly clock: AudioClock
  private readonly in: RateControl
  private filled: Frames = 0
  /** Device time of the start, cycles since then, and frames that they did not find. */
  private startNs: Ns = 0
  private cycles = 0
  private short: Frames = 0

  constructor(clock: AudioClock, options: RingAudioOptions) {
    this.name = options.name
    this.rate = options.rate
    this.samples = options.samples
    this.options = options
    this.clock = clock
    this.in = new RateControl(options.rate, clock)
  }

  enableOut(nowNs: Ns): void {
    this.startNs = this.clock.deviceNs(nowNs)
    this.cycles = 0
    this.short = 0
  }

  enableIn(nowNs: Ns): void {
    this.in.start(nowNs)
  }

  free(nowNs: Ns): Frames {
    this.cycle(nowNs)
    return this.options.highWater - this.filled
  }

  write(frames: Frames, nowNs: Ns): Frames {
    this.cycle(nowNs)
    const room = this.options.highWater - this.filled
    const taken = frames < room ? frames : room
    this.filled += taken
    return taken
  }

  read(frames: Frames, nowNs: Ns): Frames {
    return this.in.take(frames, nowNs)
  }

  missing(nowNs: Ns): Frames {
    this.cycle(nowNs)
    return this.short
  }

  inFlight(nowNs: Ns): Frames {
    this.cycle(nowNs)
    return this.filled
  }

  /** In poll mode: when the next cycle ends. Else -1. */
  readyNs(nowNs: Ns): Ns {
    if (!this.options.poll) return -1
    this.cycle(nowNs)
    const frames = (this.cycles + 1) * this.options.quantum
    const atNs = this.clock.simNs(this.startNs + framesToNsCeil(frames, this.rate))
    return atNs > nowNs ? atNs : nowNs
  }

  /** The cycles that have passed since the last look, each with what it found. */
  private cycle(nowNs: Ns): void {
    const { quantum } = this.options
    const elapsed = this.clock.deviceNs(nowNs) - this.startNs
    const due = Math.floor(nsToFramesFloor(elapsed, this.rate) / quantum)
    if (due <= this.cycles) return
    const wanted = (due - this.cycles) * quantum
    const taken = wanted < this.filled ? wanted : this.filled
    this.cycles = due
    this.filled -= taken
    this.short += wanted - taken
  }
}

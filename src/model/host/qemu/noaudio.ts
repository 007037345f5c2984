/**
 * QEMU's `none` back end: takes and gives frames at the rate of its clock and forgets them; and
 * `wav`, which is paced alike but writes the frames into a file and cannot record.
 *
 * Source: QEMU 10.0 audio/noaudio.c, wavaudio.c. Frames left untaken stay due: after a gap the sink
 * catches up at once, until more than 65536 are due.
 */
import type { Frames, Ns } from '../../../base/units.ts'
import type { AudioClock } from '../audio-clock.ts'
import { type AudioBackend, RateControl } from './audio-backend.ts'

/** noaudio.c: samples of both voices. */
const NO_AUDIO_SAMPLES = 1024

export class NoAudio implements AudioBackend {
  readonly name: string
  readonly noCapture: boolean
  readonly rate: number
  readonly samples: Frames
  private readonly out: RateControl
  private readonly in: RateControl

  constructor(
    clock: AudioClock,
    rate = 44_100,
    samples: Frames = NO_AUDIO_SAMPLES,
    name: 'none' | 'wav' = 'none',
  ) {
    this.name = name
    this.noCapture = name === 'wav'
    this.rate = rate
    this.samples = samples
    this.out = new RateControl(rate, clock)
    this.in = new RateControl(rate, clock)
  }

  missing(nowNs: Ns): Frames {
    return Math.max(0, this.out.due(nowNs))
  }

  enableOut(nowNs: Ns): void {
    this.out.start(nowNs)
  }

  enableIn(nowNs: Ns): void {
    this.in.start(nowNs)
  }

  write(frames: Frames, nowNs: Ns): Frames {
    return this.out.take(frames, nowNs)
  }

  read(frames: Frames, nowNs: Ns): Frames {
    return this.in.take(frames, nowNs)
  }
}

/**
 * What QEMU's mixing engine asks of a back end, and the clock that back ends without hardware go
 * by. Frames are those of the back end's voice.
 *
 * Source: QEMU 10.0 audio/audio_int.h (struct audio_pcm_ops), audio/audio.c (audio_rate_*).
 */

import { type Frames, type Ns, nsToFramesFloor } from '../../../base/units.ts'
import type { AudioClock } from '../audio-clock.ts'

export interface AudioBackend {
  readonly name: string
  /** Rate of the voice; QEMU's fixed settings make it 44100 Hz whatever the guest asks for. */
  readonly rate: number
  /** hw.samples: size of the mix buffer and of the emulated device buffer. */
  readonly samples: Frames
  /** It cannot record: no capture voice is opened. */
  readonly noCapture?: boolean
  enableOut(nowNs: Ns): void
  enableIn(nowNs: Ns): void
  /** Frames out of at most `frames` that the sink takes at this moment. */
  write(frames: Frames, nowNs: Ns): Frames
  /** Frames, at most `frames`, that the source has for the caller at this moment. */
  read(frames: Frames, nowNs: Ns): Frames
  /** Room of the back end for M, where it is not that of the emulated buffer. */
  free?(nowNs: Ns): Frames
  /** Frames written that are not heard yet; none where the sink is the writing itself. */
  inFlight?(nowNs: Ns): Frames
  /** When to run next instead of by the timer (poll mode); -1: by the timer. */
  readyNs?(nowNs: Ns): Ns
  /** Frames that the sink should have had by now but did not get. */
  missing(nowNs: Ns): Frames
}

/** More frames than this owed at once: the clock starts anew. */
const OWED_MAX = 65_536

/** Frames due by elapsed time. QEMU: struct RateCtl. */
export class RateControl {
  private readonly rate: number
  private readonly clock: AudioClock
  /** Device time at which counting began. */
  private startNs: Ns = 0
  private sent: Frames = 0

  constructor(rate: number, clock: AudioClock) {
    this.rate = rate
    this.clock = clock
  }

  /** QEMU: audio_rate_start(). */
  start(nowNs: Ns): void {
    this.startNs = this.clock.deviceNs(nowNs)
    this.sent = 0
  }

  /** Takes what is due, at most `available`. QEMU: audio_rate_get_bytes(). */
  take(available: Frames, nowNs: Ns): Frames {
    const due = this.due(nowNs)
    const taken = due <= 0 ? 0 : due < available ? due : available
    if (due < 0 || due > OWED_MAX) this.start(nowNs)
    this.sent += taken
    return taken
  }

  /** Frames due by now and not taken. QEMU: audio_rate_peek_bytes(). */
  due(nowNs: Ns): Frames {
    const elapsed = this.clock.deviceNs(nowNs) - this.startNs
    return nsToFramesFloor(elapsed, this.rate) - this.sent
  }
}

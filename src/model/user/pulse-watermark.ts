/**
 * How much a timer-driven PulseAudio wants left in the ring when it wakes up: grows when that was
 * too little, shrinks when it has long been too much. Modelled on alsa-sink.c and alsa-source.c,
 * fix_tsched_watermark(), increase_watermark(), decrease_watermark() (domain/userspace.md §2.4).
 * Sizes are frames, times ns.
 */
import {
  type Frames,
  framesToNsFloor,
  NS_PER_MS,
  NS_PER_SEC,
  type Ns,
  nsToFramesFloor,
} from '../../base/units.ts'

/** DEFAULT_TSCHED_WATERMARK_USEC. */
export const WATERMARK_NS = 20 * NS_PER_MS
/** TSCHED_*_USEC. */
const INC_STEP_NS = 10 * NS_PER_MS
const DEC_STEP_NS = 5 * NS_PER_MS
const DEC_AFTER_NS = 20 * NS_PER_SEC
const DEC_THRESHOLD_NS = 100 * NS_PER_MS
const MIN_SLEEP_NS = 10 * NS_PER_MS
const MIN_WAKEUP_NS = 4 * NS_PER_MS

export class Watermark {
  frames: Frames
  private readonly rate: number
  private readonly buffer: Frames
  private readonly minSleep: Frames
  private readonly minWakeup: Frames
  /** Not lowered before; 0: the time has not begun. */
  private decreaseAtNs: Ns = 0

  constructor(rate: number, buffer: Frames, ns: Ns) {
    this.rate = rate
    this.buffer = buffer
    const most = Math.floor(buffer / 2)
    const clamp = (time: Ns) => Math.max(1, Math.min(nsToFramesFloor(time, rate), most))
    this.minSleep = clamp(MIN_SLEEP_NS)
    this.minWakeup = clamp(MIN_WAKEUP_NS)
    this.frames = this.fixed(nsToFramesFloor(ns, rate))
  }

  get ns(): Ns {
    return framesToNsFloor(this.frames, this.rate)
  }

  /** The longest sleep: from a full ring (a recording: an empty one) to the watermark. */
  get sleepFrames(): Frames {
    const used = this.frames > this.buffer ? Math.floor(this.buffer / 2) : this.frames
    return this.buffer - used
  }

  /**
   * Looks at what was left when it woke up: nothing in `dropout`. Lowered only after a wake-up by
   * the timer: other ones come too early to prove anything. Return: what it says, or ''.
   */
  check(left: Frames, dropout: boolean, onTimeout: boolean, nowNs: Ns): string {
    const before = this.frames
    const spare = !dropout && left > nsToFramesFloor(DEC_THRESHOLD_NS, this.rate)
    if (!spare) this.decreaseAtNs = 0
    if (dropout) this.increase()
    else if (spare && onTimeout) this.decrease(nowNs)
    if (this.frames === before) return ''
    const word = this.frames > before ? 'Increasing' : 'Decreasing'
    return `${word} wakeup watermark to ${(this.ns / NS_PER_MS).toFixed(2)} ms`
  }

  private increase(): void {
    const step = nsToFramesFloor(INC_STEP_NS, this.rate)
    this.frames = this.fixed(Math.min(2 * this.frames, this.frames + step))
  }

  private decrease(nowNs: Ns): void {
    if (this.decreaseAtNs > nowNs) return
    if (this.decreaseAtNs > 0) {
      const half = Math.floor(this.frames / 2)
      const less = this.frames - nsToFramesFloor(DEC_STEP_NS, this.rate)
      this.frames = this.fixed(Math.max(half, less))
    }
    this.decreaseAtNs = nowNs + DEC_AFTER_NS
  }

  private fixed(frames: Frames): Frames {
    return Math.max(this.minWakeup, Math.min(frames, this.buffer - this.minSleep))
  }
}

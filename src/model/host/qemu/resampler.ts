/**
 * The mixing engine's linear resampler, reduced to how many frames go in and come out. Exact: the
 * position is a 32.32 fixed point number as in QEMU, held in a double, which stays below 2^50.
 *
 * Source: QEMU 10.0 audio/mixeng.c (st_rate_start, st_rate_frames_in, st_rate_frames_out) and
 * audio/rate_template.h. Differs: closed form in place of the loop over frames.
 */
import type { Frames } from '../../../base/units.ts'

const ONE = 4_294_967_296
/** Positions are brought back long before they grow inexact. */
const WRAP = 0x10001

export class Resampler {
  /** Frames that the last `flow` took from its input and made. */
  taken: Frames = 0
  made: Frames = 0
  private readonly increment: number
  private opos = 0
  private ipos = 0

  constructor(inRate: number, outRate: number) {
    this.increment = Math.floor((inRate * ONE) / outRate)
  }

  /** Input frames needed to make `out` frames. */
  framesIn(out: Frames): Frames {
    const { increment } = this
    if (increment === ONE) return out
    let { opos, ipos } = this
    if (out === 0) {
      const whole = Math.ceil(increment / ONE)
      opos += whole * ONE
      ipos += whole
    }
    const end = Math.floor((opos + increment * (out - 1)) / ONE) + 2
    return end > ipos ? end - ipos : 0
  }

  /** Frames that `input` frames make. */
  framesOut(input: Frames): Frames {
    const { increment } = this
    if (increment === ONE) return input
    if (input === 0) return 0
    const end = (this.ipos - 1 + input) * ONE
    if (end + increment <= this.opos) return 0
    const span = end - this.opos + increment
    return Math.ceil(span / increment) - 1
  }

  /** Converts up to `input` frames into up to `room` frames: see `taken` and `made`. */
  flow(input: Frames, room: Frames): void {
    const { increment } = this
    if (increment === ONE) {
      this.made = this.taken = input < room ? input : room
      return
    }
    if (input === 0) {
      this.made = this.taken = 0
      return
    }
    // Output k needs its left neighbour read and its right one still there to be looked at.
    const span = (input - 1 + this.ipos) * ONE - this.opos
    const possible = span > 0 ? Math.ceil(span / increment) : 0
    const made = possible < room ? possible : room
    const opos = this.opos + made * increment
    const wanted = Math.floor(opos / ONE) + 1 - this.ipos
    const taken = wanted < 0 ? 0 : wanted < input ? wanted : input
    this.made = made
    this.taken = taken
    this.advance(opos, this.ipos + taken)
  }

  private advance(opos: number, ipos: number): void {
    if (ipos < WRAP) {
      this.opos = opos
      this.ipos = ipos
      return
    }
    const whole = Math.floor(opos / ONE)
    const back = whole < ipos - 1 ? whole : ipos - 1
    this.opos = opos - back * ONE
    this.ipos = ipos - back
  }
}

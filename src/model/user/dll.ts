/**
 * A second-order delay-locked loop: turns the error of a clock's reading into a correction of the
 * rate. After PipeWire's spa/utils/dll.h, in fixed arithmetic. Errors are frames.
 */
import { expFixed } from '../../base/fixed-math.ts'

/** Bandwidths in Hz between which it is narrowed. */
export const DLL_BW_MAX = 0.128
export const DLL_BW_MIN = 0.016

export class Dll {
  bandwidth = DLL_BW_MAX
  private z1 = 0
  private z2 = 0
  private z3 = 0
  private w0 = 0
  private w1 = 0
  private w2 = 0

  /** For a reading every `period` frames at `rate`. */
  setBandwidth(bandwidth: number, period: number, rate: number): void {
    this.bandwidth = bandwidth
    const w = (2 * Math.PI * bandwidth * period) / rate
    this.w0 = 1 - expFixed(-20 * w)
    this.w1 = (w * 1.5) / period
    this.w2 = w / 1.5
  }

  reset(): void {
    this.z1 = 0
    this.z2 = 0
    this.z3 = 0
  }

  /** The factor by which the other clock is faster, after one more reading. */
  update(error: number): number {
    this.z1 += this.w0 * (this.w1 * error - this.z1)
    this.z2 += this.w0 * (this.z1 - this.z2)
    this.z3 += this.w2 * this.z2
    return 1 - (this.z2 + this.z3)
  }
}

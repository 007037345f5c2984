/**
 * The clock of audio hardware: runs at its own rate, a constant number of parts per million off and
 * with a slow triangular wander on top (temperature). Maps simulation time to device time and back;
 * both are ns since the start of the run. Exact integer arithmetic at the corners of the triangle.
 */
import type { Ns } from '../../base/units.ts'

export interface AudioClockSpec {
  /** How much faster than the host's monotonic clock. */
  readonly ppm: number
  /** Peak of the wander, in ppm, and its period; 0 for none. */
  readonly wanderPpm: number
  readonly wanderPeriodNs: Ns
}

const MILLION = 1_000_000

export class AudioClock {
  private readonly spec: AudioClockSpec

  constructor(spec: AudioClockSpec) {
    this.spec = spec
  }

  /** Device time at a simulation time. */
  deviceNs(nowNs: Ns): Ns {
    const { ppm } = this.spec
    return nowNs + Math.floor((nowNs * ppm + this.wander(nowNs)) / MILLION)
  }

  /** Earliest simulation time at which device time has reached `deviceNs`; by bisection. */
  simNs(deviceNs: Ns): Ns {
    let low = 0
    let high = 2 * deviceNs + 2
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.deviceNs(middle) >= deviceNs) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Integral of the triangular wander from 0 to now, in ppm times ns. */
  private wander(nowNs: Ns): number {
    const { wanderPpm, wanderPeriodNs } = this.spec
    if (wanderPpm === 0 || wanderPeriodNs === 0) return 0
    const phase = (nowNs % wanderPeriodNs) / wanderPeriodNs
    // Rises over a quarter, falls over a half, rises again: the integral over a period is zero.
    const area =
      phase < 0.25
        ? 2 * phase * phase
        : phase < 0.75
          ? 0.25 - 2 * (0.5 - phase) * (0.5 - phase)
          : 2 * (1 - phase) * (1 - phase)
    return wanderPpm * wanderPeriodNs * area
  }
}

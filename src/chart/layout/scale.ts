/**
 * The one place where time meets pixels (and values do). Linear scales and round ticks. Times are
 * integer ns; a tick step is 1, 2 or 5 times a power of ten.
 */
import { NS_PER_MS, NS_PER_SEC, NS_PER_US, type Ns } from '../../base/units.ts'

export class TimeScale {
  readonly fromNs: Ns
  readonly toNs: Ns
  readonly x0: number
  readonly x1: number

  constructor(fromNs: Ns, toNs: Ns, x0: number, x1: number) {
    this.fromNs = fromNs
    this.toNs = toNs > fromNs ? toNs : fromNs + 1
    this.x0 = x0
    this.x1 = x1
  }

  /** Pixel of an instant, held within the scale's ends. */
  x(ns: Ns): number {
    const at = ns < this.fromNs ? this.fromNs : ns > this.toNs ? this.toNs : ns
    return this.x0 + ((at - this.fromNs) / (this.toNs - this.fromNs)) * (this.x1 - this.x0)
  }
}

export class ValueScale {
  readonly from: number
  readonly to: number
  readonly yBottom: number
  readonly yTop: number

  constructor(from: number, to: number, yBottom: number, yTop: number) {
    this.from = from
    this.to = to > from ? to : from + 1
    this.yBottom = yBottom
    this.yTop = yTop
  }

  y(value: number): number {
    return this.yBottom - ((value - this.from) / (this.to - this.from)) * (this.yBottom - this.yTop)
  }
}

export interface Ticks {
  readonly values: readonly number[]
  readonly step: number
}

/** Round values within [from, to], `origin` among them if it lies there, at most `most`. */
export function roundTicks(from: number, to: number, most: number, origin = 0): Ticks {
  const step = roundStep((to - from) / Math.max(1, most))
  const values: number[] = []
  for (let n = Math.ceil((from - origin) / step); origin + n * step <= to; n++) {
    values.push(origin + n * step)
  }
  return { values, step }
}

/** The least of 1, 2, 5 times a power of ten that is not below `least`, and at least 1. */
export function roundStep(least: number): number {
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) {
      if (digit * power >= least) return digit * power
    }
  }
}

export interface TimeUnit {
  readonly name: string
  readonly ns: Ns
}

/** Unit in which values up to `largestNs` read best; `tickText` adds the decimals of the step. */
export function unitOf(largestNs: Ns): TimeUnit {
  if (largestNs >= NS_PER_SEC) return { name: 's', ns: NS_PER_SEC }
  if (largestNs >= NS_PER_MS) return { name: 'ms', ns: NS_PER_MS }
  if (largestNs >= NS_PER_US) return { name: 'µs', ns: NS_PER_US }
  return { name: 'ns', ns: 1 }
}

/** A tick's number in its unit, with just the decimals that the step needs. */
export function tickText(ns: Ns, stepNs: Ns, unit: TimeUnit): string {
  let decimals = 0
  for (let step = unit.ns; step > stepNs; step /= 10) decimals++
  return (ns / unit.ns).toFixed(decimals)
}

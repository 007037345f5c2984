/** Numbers as people read them; never the locale's way, so that every machine prints the same. */
import { NS_PER_MS, NS_PER_SEC, NS_PER_US, type Ns } from '../base/units.ts'

/** A duration with three or four significant digits: `850 ns`, `12.4 µs`, `60.0 ms`, `2.013 s`. */
export function formatDuration(ns: Ns): string {
  const size = ns < 0 ? -ns : ns
  if (size < NS_PER_US) return `${ns} ns`
  if (size < NS_PER_MS) return `${digits(ns / NS_PER_US)} µs`
  if (size < NS_PER_SEC) return `${digits(ns / NS_PER_MS)} ms`
  return `${(ns / NS_PER_SEC).toFixed(3)} s`
}

/** A duration with four significant digits, for values that differ little: `10.02 ms`. */
export function formatFine(ns: Ns): string {
  const size = ns < 0 ? -ns : ns
  if (size < NS_PER_US) return `${ns} ns`
  if (size < NS_PER_MS) return `${fine(ns / NS_PER_US)} µs`
  if (size < NS_PER_SEC) return `${fine(ns / NS_PER_MS)} ms`
  return `${(ns / NS_PER_SEC).toFixed(3)} s`
}

function fine(value: number): string {
  const size = value < 0 ? -value : value
  return value.toFixed(size < 10 ? 3 : size < 100 ? 2 : 1)
}

function digits(value: number): string {
  return value > -100 && value < 100 ? value.toFixed(1) : value.toFixed(0)
}

/** An instant of the run in seconds, to the millisecond. */
export function formatInstant(ns: Ns): string {
  return `${(ns / NS_PER_SEC).toFixed(3)} s`
}

/** A stretch of the run in seconds, with the digits that tell its ends apart: `0.983–1.073 s`. */
export function formatSpan(fromNs: Ns, toNs: Ns): string {
  const length = toNs - fromNs
  const digits = length < 10 * NS_PER_US ? 9 : length < 10 * NS_PER_MS ? 6 : 3
  const write = (ns: Ns): string => (ns / NS_PER_SEC).toFixed(digits)
  return `${write(fromNs)}–${write(toNs)} s`
}

/** `1 xrun`, `3 xruns`. */
export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}

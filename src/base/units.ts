/**
 * Units of the simulation. Time is an integer number of nanoseconds in a JavaScript number: exact
 * to 104 days. Sizes are PCM frames or bytes. Only this file converts between frames and time,
 * because frames * 1e9 leaves the exact range at nine million frames (188 s at 48 kHz).
 */
export type Ns = number
export type Frames = number
export type Bytes = number

export const NS_PER_US = 1_000
export const NS_PER_MS = 1_000_000
export const NS_PER_SEC = 1_000_000_000

/** Time of `frames` at `rate` Hz, rounded down. Exact for every frame count below 2^53. */
export function framesToNsFloor(frames: Frames, rate: number): Ns {
  const seconds = Math.floor(frames / rate)
  const rest = frames - seconds * rate
  return seconds * NS_PER_SEC + Math.floor((rest * NS_PER_SEC) / rate)
}

/** Time of `frames` at `rate` Hz, rounded up: by then all of them have passed. */
export function framesToNsCeil(frames: Frames, rate: number): Ns {
  const seconds = Math.floor(frames / rate)
  const rest = frames - seconds * rate
  return seconds * NS_PER_SEC + Math.ceil((rest * NS_PER_SEC) / rate)
}

/** Whole frames that fit into `ns` at `rate` Hz. */
export function nsToFramesFloor(ns: Ns, rate: number): Frames {
  const seconds = Math.floor(ns / NS_PER_SEC)
  const rest = ns - seconds * NS_PER_SEC
  return seconds * rate + Math.floor((rest * rate) / NS_PER_SEC)
}

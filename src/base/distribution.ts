/**
 * Distributions over integer nanoseconds, drawn with plain IEEE arithmetic only: Math.log and its
 * kin are not fixed by the language, so they would make a seed mean different runs on different
 * engines. Every draw is capped, because an unbounded tail is not a cost model.
 */
import { assert } from './assert.ts'
import { expFixed, logFixed, normalQuantile } from './fixed-math.ts'
import type { Prng } from './prng.ts'
import type { Ns } from './units.ts'

/** A distribution as scenarios and presets state it; numbers are ns except shares and shapes. */
export type DistributionSpec =
  | { readonly kind: 'constant'; readonly ns: Ns }
  | { readonly kind: 'uniform'; readonly minNs: Ns; readonly maxNs: Ns }
  | {
      readonly kind: 'normal'
      readonly meanNs: Ns
      readonly stddevNs: Ns
      readonly minNs: Ns
      readonly maxNs: Ns
    }
  | {
      readonly kind: 'lognormal'
      readonly medianNs: Ns
      /** Standard deviation of the natural logarithm. */
      readonly sigma: number
      readonly minNs: Ns
      readonly maxNs: Ns
    }
  | { readonly kind: 'exponential'; readonly meanNs: Ns; readonly maxNs: Ns }
  | { readonly kind: 'pareto'; readonly minNs: Ns; readonly alpha: number; readonly maxNs: Ns }
  | {
      readonly kind: 'quantiles'
      /** (probability, ns) with both ascending, first probability 0, last 1. */
      readonly points: readonly (readonly [probability: number, ns: Ns])[]
    }
  | {
      readonly kind: 'mixture'
      readonly parts: readonly { readonly weight: number; readonly of: DistributionSpec }[]
    }

export interface Distribution {
  /** The value if it never varies, else -1. */
  readonly constantNs: Ns
  draw(stream: Prng): Ns
  /** The value at a share in [0, 1) of the probability; of a mixture, that of a part drawn. */
  at(share: number, stream: Prng): Ns
}

/** Compiled forms of specifications met before: presets are shared by every run of a process. */
const compiled = new WeakMap<DistributionSpec, Distribution>()

/** Compiles a specification; assumes that it was validated. */
export function distribution(spec: DistributionSpec): Distribution {
  let done = compiled.get(spec)
  if (done === undefined) {
    done = compile(spec)
    compiled.set(spec, done)
  }
  return done
}

function compile(spec: DistributionSpec): Distribution {
  switch (spec.kind) {
    case 'constant':
      return { constantNs: spec.ns, draw: () => spec.ns, at: () => spec.ns }
    case 'uniform':
      return varying((share) => spec.minNs + Math.floor(share * (spec.maxNs - spec.minNs + 1)))
    case 'normal':
      return tabled(spec.minNs, spec.maxNs, (p) => spec.meanNs + spec.stddevNs * normalQuantile(p))
    case 'lognormal':
      return tabled(
        spec.minNs,
        spec.maxNs,
        (p) => spec.medianNs * expFixed(spec.sigma * normalQuantile(p)),
      )
    case 'exponential':
      return tabled(0, spec.maxNs, (p) => -spec.meanNs * logFixed(1 - p))
    case 'pareto':
      return tabled(
        spec.minNs,
        spec.maxNs,
        (p) => spec.minNs * expFixed(-logFixed(1 - p) / spec.alpha),
      )
    case 'quantiles':
      return varying((share) => interpolate(spec.points, share))
    case 'mixture':
      return mixture(spec.parts)
  }
}

/** Intervals of a table; between its points the quantile function is taken as straight. */
const TABLE_SIZE = 512

/**
 * A distribution by its quantile function: one uniform number and a table, except in the outermost
 * intervals, where the function bends most and is evaluated exactly.
 */
function tabled(minNs: Ns, maxNs: Ns, quantile: (p: number) => number): Distribution {
  const table = new Float64Array(TABLE_SIZE + 1)
  for (let i = 1; i < TABLE_SIZE; i++) table[i] = quantile(i / TABLE_SIZE)
  return varying((share) => {
    const p = open(share)
    const at = p * TABLE_SIZE
    const i = at | 0
    if (i < 1 || i >= TABLE_SIZE - 1) return clamp(quantile(p), minNs, maxNs)
    const low = table[i] as number
    return clamp(low + ((table[i + 1] as number) - low) * (at - i), minNs, maxNs)
  })
}

/** One uniform number is one value. */
function varying(at: (share: number) => Ns): Distribution {
  return { constantNs: -1, draw: (stream) => at(stream.unit()), at }
}

/** In (0, 1): never 0, whose logarithm does not exist. */
function open(share: number): number {
  return share + 1 / 18_014_398_509_481_984
}

/** Rounds by floor: Math.round branches on the fraction, which for a random one costs 14 ns. */
function clamp(value: number, min: Ns, max: Ns): Ns {
  return Math.floor((value < min ? min : value > max ? max : value) + 0.5)
}

function interpolate(points: readonly (readonly [number, Ns])[], at: number): Ns {
  let i = 1
  while (i < points.length - 1 && (points[i] as readonly [number, Ns])[0] < at) i++
  const [p0, v0] = points[i - 1] as readonly [number, Ns]
  const [p1, v1] = points[i] as readonly [number, Ns]
  if (p1 === p0) return Math.round(v1)
  return Math.round(v0 + ((v1 - v0) * (at - p0)) / (p1 - p0))
}

function mixture(parts: readonly { weight: number; of: DistributionSpec }[]): Distribution {
  const total = parts.reduce((sum, part) => sum + part.weight, 0)
  assert(total > 0, 'a mixture needs a positive total weight')
  const compiled = parts.map((part) => ({ weight: part.weight, of: distribution(part.of) }))
  const drawn = (s: Prng): Distribution => {
    let left = s.unit() * total
    for (const part of compiled) {
      left -= part.weight
      if (left < 0) return part.of
    }
    return (compiled[compiled.length - 1] as (typeof compiled)[number]).of
  }
  return { constantNs: -1, draw: (s) => drawn(s).draw(s), at: (share, s) => drawn(s).at(share, s) }
}

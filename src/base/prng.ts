/**
 * Random streams: xoshiro128** (Blackman and Vigna) seeded through splitmix32. One stream for each
 * consumer, named after it and derived from the run's seed, so that a new consumer shifts nobody.
 * The algorithm is part of the meaning of a seed: changing it changes every fingerprint.
 */
import { hash32 } from './hash.ts'

const TWO_POW_32 = 4_294_967_296
const TWO_POW_53 = 9_007_199_254_740_992

export class Prng {
  private a: number
  private b: number
  private c: number
  private d: number
  private readonly streamName: string

  constructor(seed: number, streamName: string) {
    this.streamName = streamName
    this.a = 0
    this.b = 0
    this.c = 0
    this.d = 0
    this.begin(seed)
  }

  /** Goes on as the stream of this name that another seed has, from its first number. */
  begin(seed: number): void {
    const { streamName } = this
    const high = Math.floor(seed / TWO_POW_32) >>> 0
    let state = hash32(streamName, (seed >>> 0) ^ Math.imul(high, 0x9e3779b1))
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) >>> 0
    }
    // Kept as signed words: as fields of small integers they need no boxes.
    this.a = next() | 0
    this.b = next() | 0
    this.c = next() | 0
    this.d = next() | 1
  }

  /** Uniform integer in 0 .. 2^32 - 1. */
  uint32(): number {
    const product = Math.imul(this.b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** Uniform in [0, 1) with 53 random bits. */
  unit(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67_108_864 + low) / TWO_POW_53
  }

  /** Uniform integer in 0 .. bound - 1, for a bound up to 2^32; the bias is below 2^-21. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound)
  }
}

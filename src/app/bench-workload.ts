/**
 * What every bench shares: the stream of delays, the shape of a case and of its outcome.
 *
 * Not the core's own random streams: a bench must not move when the core does. Delays are in
 * ns. The C++ peers in cpp/ draw the same numbers, so all must end at the same check value.
 */

/** How many operations a case did, and a number that all cases of one workload must agree on. */
export interface Outcome {
  readonly ops: number
  readonly check: number
}

/** Runs a workload for about this many operations. It never looks at a clock. */
export type Case = (ops: number) => Outcome

export type Shape = 'uniform' | 'skewed'

/** Delays from xorshift32: uniform in 1..2^20, or 15 of 16 in 1..4096 and the rest in 1..2^24. */
export class Delays {
  private state = 2463534242 | 0
  private readonly skewed: boolean

  constructor(shape: Shape) {
    this.skewed = shape === 'skewed'
  }

  bits(): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return x >>> 0
  }

  next(): number {
    const x = this.bits()
    if (!this.skewed) return 1 + ((x >>> 8) & 0xfffff)
    return (x & 15) === 0 ? 1 + (x >>> 8) : 1 + ((x >>> 8) & 0xfff)
  }
}

/** An assertion of the benches: they say what differs, then stop. */
export function expectSame(what: string, got: number, want: number): void {
  if (got !== want) throw new Error(`bench: ${what}: got ${got}, want ${want}`)
}

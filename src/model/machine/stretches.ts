/**
 * Slow and fast stretches: a state of the host that several costs have in common, so that what is
 * slow is slow together and for a while. A cost that follows it keeps its distribution; only which
 * of its values come when is changed. In a slow stretch a value is from the slow end of the
 * distribution, in a fast one from the rest. Fitted to captured runs by calibrate
 * (import/stretches-fit.ts). Not a processor that is taken away: that is steal. Times are ns.
 */
import { type Distribution, distribution } from '../../base/distribution.ts'
import type { Prng } from '../../base/prng.ts'
import type { Ns } from '../../base/units.ts'

/** Of a stretch, in means: the longest. */
const LONGEST = 20

export class Stretches {
  /** Share of the time that is slow, and of a distribution that is slow values. */
  private readonly slow: number
  private readonly length: Distribution
  private readonly stream: Prng
  private readonly now: () => Ns
  private untilNs: Ns = 0
  private isSlow = false

  /** `meanNs`: of the exponential time after which it is drawn anew whether the host is slow. */
  constructor(slow: number, meanNs: Ns, stream: Prng, now: () => Ns) {
    this.slow = slow
    this.length = distribution({ kind: 'exponential', meanNs, maxNs: LONGEST * meanNs })
    this.stream = stream
    this.now = now
  }

  /** From a uniform share, the share of a distribution at which a value of this moment is. */
  shareOf(uniform: number): number {
    const now = this.now()
    // Every stretch is drawn, whoever asks when, so that a cost more shifts nobody.
    while (this.untilNs <= now) {
      this.untilNs += Math.max(1, this.length.draw(this.stream))
      this.isSlow = this.stream.unit() < this.slow
    }
    const fast = 1 - this.slow
    // The sum may round up to 1, which is no share.
    const share = this.isSlow ? fast + uniform * this.slow : uniform * fast
    return Math.min(share, 1 - 2 ** -53)
  }
}

/** `of`, which with the probability `weight` follows the stretches, and else is drawn as ever. */
export function following(of: Distribution, weight: number, stretches: Stretches): Distribution {
  if (of.constantNs >= 0) return of
  const draw = (stream: Prng): Ns =>
    stream.unit() < weight ? of.at(stretches.shareOf(stream.unit()), stream) : of.draw(stream)
  return { constantNs: -1, draw, at: of.at }
}

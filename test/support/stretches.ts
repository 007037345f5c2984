/** Costs that follow the host's slow stretches, drawn as in a run. Times are ns. */
import { type DistributionSpec, distribution } from '../../src/base/distribution.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Sample } from '../../src/import/stages.ts'
import { following, Stretches } from '../../src/model/machine/stretches.ts'

const MS = 1_000_000

export const uniform: DistributionSpec = { kind: 'uniform', minNs: 0, maxNs: 999_999 }

/** One value each `everyNs`, of costs that follow the same stretches with these weights. */
export function drawn(
  spec: DistributionSpec,
  weights: readonly number[],
  { slow = 0.3, meanNs = 50 * MS, everyNs = 10 * MS, count = 20_000 } = {},
): readonly (readonly Sample[])[] {
  let now = 0
  const state = new Stretches(slow, meanNs, new Prng(1, 'state'), () => now)
  const streams = weights.map((_, i) => new Prng(1, `actor${i}`))
  const costs = weights.map((weight) => following(distribution(spec), weight, state))
  const found = weights.map((): Sample[] => [])
  for (let i = 0; i < count; i++) {
    now += everyNs
    for (const [k, cost] of costs.entries()) {
      found[k]?.push({ atNs: now, ns: cost.draw(streams[k] as Prng) })
    }
  }
  return found
}

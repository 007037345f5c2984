/**
 * For how long each kind of holding back may last: delays that happen on real machines, so that
 * what a search finds can happen. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { type CostName, HOLDING_OF, type Holding } from '../model/machine/cost.ts'

/** What a hold of each kind stands for, its usual lengths, and the longest one. */
export const holdings: Readonly<
  Record<Holding, { readonly text: string; readonly delaysNs: readonly Ns[]; readonly maxNs: Ns }>
> = {
  vcpu: {
    text: 'the vCPU is stolen',
    delaysNs: [50_000, 1_000_000, 10_000_000],
    maxNs: 30_000_000,
  },
  worker: {
    text: 'the worker starts late',
    delaysNs: [1_000_000, 10_000_000, 50_000_000],
    maxNs: 100_000_000,
  },
  interrupt: {
    text: 'the interrupt comes late',
    delaysNs: [50_000, 1_000_000, 5_000_000],
    maxNs: 10_000_000,
  },
  device: {
    text: "the device's thread is late",
    delaysNs: [1_000_000, 10_000_000, 50_000_000],
    maxNs: 100_000_000,
  },
}

/** The kind of an operation that a policy was asked about. */
export function holdingOf(operation: string): Holding {
  return HOLDING_OF[operation as CostName] ?? 'vcpu'
}

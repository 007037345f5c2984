/**
 * What may go wrong between a device and its driver: an interrupt that is lost, late or doubled, a
 * doorbell that nobody hears, an answer that is kept back. The proxy and the devices ask; who
 * answers is a scenario's business. Times are ns.
 */
import type { Ns } from '../../base/units.ts'

/** Fate of one interrupt: delivered, lost, or delivered and raised again `againNs` later. */
export type InterruptFate =
  | { readonly kind: 'deliver' | 'drop' }
  | { readonly kind: 'delay' | 'again'; readonly byNs: Ns }

export const DELIVER: InterruptFate = { kind: 'deliver' }

/** Asked for every interrupt and every doorbell of a device. */
export interface TransportFaults {
  interrupt(queue: number): InterruptFate
  /** Whether the doorbell reaches the device. */
  kick(queue: number): boolean
}

/**
 * Where guest and host meet: what a guest's transport may do to a device, and what a device's
 * transport may do to the guest. Each side implements one interface and sees only the other.
 */
import type { Proc } from '../../sim/process.ts'
import type { RingFeatures, Vring } from './vring.ts'

/**
 * How many interrupt vectors the guest got: one a queue, one for all, or a level-triggered line.
 */
export type VectorMode = 'per-queue' | 'shared' | 'intx'

/** The device as the guest's transport sees it. Stars run in the guest's context. */
export interface VirtioHostPort {
  /** Names the device in the guest's interrupt list, e.g. `virtio0`. */
  readonly name: string
  /** What the hypervisor lets the guest allocate. */
  readonly vectors: VectorMode
  readonly features: RingFeatures
  readonly queueSizes: readonly number[]
  /** Number of each queue in the trace. */
  readonly queueIds: readonly number[]
  /** Feature bits of this sort of device (0 to 23) that it offers. */
  readonly deviceFeatures: number
  /** The device's configuration space. */
  readonly config: object
  /** Hands over a ring that the guest has allocated. */
  enableQueue(index: number, vring: Vring): void
  /** Vector that a queue signals; `source` is what the guest's interrupt code gave out. */
  connect(index: number, vector: InterruptSource): void
  /** The device has given up (NEEDS_RESET in its status); until the next reset. */
  readonly needsReset: boolean
  /** Doorbell of a queue: a VM exit. */
  ring(index: number): Proc<boolean>
  /** Read of the INTx status register, which clears it: 1 queue, 2 configuration. */
  readIsr(): Proc<number>
  /** Write of status 0. When it returns the device uses no ring any more. */
  reset(): Proc
}

/** The guest's interrupt line, opaque to the host except for its hypervisor. */
export type InterruptSource = object

/** The guest as a device sees it. Stars run in the device's host context. */
export interface VirtioGuestPort {
  /** Raises the interrupt of a queue. */
  interrupt(queue: number): Proc
  /** Raises the configuration change interrupt. */
  configChanged(): Proc
}

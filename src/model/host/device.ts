/**
 * What a virtio device model is to the rest: queues, kicks and a reset. A new device is one file
 * that implements this; how its kicks reach a thread and what that thread does is its own business.
 */
import type { Bytes } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { VirtioGuestPort } from '../virtio/seam.ts'
import type { DeviceVirtqueue } from '../virtio/virtqueue_device.ts'
import type { SoundControls } from './sound-controls.ts'

export interface VirtioDevice {
  readonly name: string
  readonly queues: readonly DeviceVirtqueue[]
  /** Feature bits of its sort; missing: none. */
  readonly features?: number
  /** A sound device's jacks, channel maps and control elements; missing: it has none. */
  readonly controls?: SoundControls
  /** What stands in the device's configuration space. */
  readonly config: object
  /** Gives the device its way to the guest, before anything else happens. */
  connect(guest: VirtioGuestPort): void
  /** The doorbell of a queue was rung. Plain: wakes whoever serves the queue. */
  onKick(queue: number): void
  /**
   * The same without an ioeventfd, for devices of the emulator's own process: the vCPU's thread
   * serves the queue itself. Where it is missing the thread only signals.
   */
  handleOutput?(queue: number): Proc
  /** Returns an element and interrupts the guest if it asked for that. */
  complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc
  /** The driver wrote status 0; queues are reset by the caller. Stars run in the guest's exit. */
  reset(): Proc
}

/**
 * A virtio device's PCI face in the hypervisor: ioeventfds for the doorbells, and the vectors that
 * the guest assigned to its queues. Implements both ends of the seam in model/virtio/seam.ts.
 *
 * Source: QEMU 10.0 hw/virtio/virtio-pci.c.
 */
import { present } from '../../base/assert.ts'
import type { Ns } from '../../base/units.ts'
import { DONE, DONE_TRUE, type Proc, Req } from '../../sim/process.ts'
import { Priority } from '../../sim/scheduler.ts'
import type { Machine } from '../machine/machine.ts'
import type {
  InterruptSource,
  VectorMode,
  VirtioGuestPort,
  VirtioHostPort,
} from '../virtio/seam.ts'
import {
  type DeviceVirtqueue,
  virtqueue_enable,
  virtqueue_reset,
} from '../virtio/virtqueue_device.ts'
import type { RingFeatures, Vring } from '../virtio/vring.ts'
import type { VirtioDevice } from './device.ts'
import { EventFd } from './eventfd.ts'
import {
  type GuestLine,
  type Hypervisor,
  type InjectRoute,
  inject_irq,
  ioeventfd_write,
  userspace_exit,
} from './hypervisor.ts'
import { DELIVER, type TransportFaults } from './transport-faults.ts'

/** Bits of the INTx status register. */
const ISR_QUEUE = 1
const ISR_CONFIG = 2
const CONFIG_VECTOR = -1

export interface VirtioPciOptions {
  /** Name of the device in the guest, e.g. `virtio0`. */
  readonly name: string
  /**
   * `shared` by default: with QEMU's virtio-sound-pci the guest gets two vectors, one for the
   * configuration and one that all queues share (observed in every captured run:
   * `virtio0-virtqueues`).
   */
  readonly vectors?: VectorMode
  readonly features?: RingFeatures
  /** `ioctl`: the device's thread makes the system call; `irqfd`: it only signals. */
  readonly route?: InjectRoute
  /** `userspace`: the doorbell is an emulated register, served by the vCPU's own thread. */
  readonly kick?: KickPath
}

export type KickPath = 'ioeventfd' | 'userspace'

export class VirtioPciProxy implements VirtioHostPort, VirtioGuestPort {
  readonly name: string
  readonly vectors: VectorMode
  readonly features: RingFeatures
  readonly queueSizes: readonly number[]
  readonly queueIds: readonly number[]
  readonly deviceFeatures: number
  readonly config: object
  needsReset = false
  /** What a scenario does to interrupts and doorbells; null: nothing. */
  faults: TransportFaults | null = null
  private readonly hv: Hypervisor
  private readonly device: VirtioDevice
  private readonly route: InjectRoute
  private readonly kick: KickPath
  private readonly doorbells: readonly EventFd[]
  private readonly lines: (GuestLine | null)[]
  private configLine: GuestLine | null = null
  private isr = 0

  constructor(hv: Hypervisor, device: VirtioDevice, options: VirtioPciOptions) {
    this.hv = hv
    this.device = device
    this.name = options.name
    this.vectors = options.vectors ?? 'shared'
    this.features = options.features ?? { event_idx: true, indirect: true }
    this.route = options.route ?? 'ioctl'
    this.kick = options.kick ?? 'ioeventfd'
    this.queueSizes = device.queues.map((vq) => vq.num)
    this.queueIds = device.queues.map((vq) => vq.id)
    this.deviceFeatures = device.features ?? 0
    this.config = device.config
    this.lines = device.queues.map(() => null)
    this.doorbells = device.queues.map((vq) => doorbell(hv.host, device, vq))
    device.connect(this)
  }

  // ---- the guest's side -----------------------------------------------------------------------

  enableQueue(index: number, vring: Vring): void {
    virtqueue_enable(present(this.device.queues[index], `no queue ${index}`), vring, this.features)
  }

  connect(index: number, vector: InterruptSource): void {
    if (index === CONFIG_VECTOR) this.configLine = vector as GuestLine
    else this.lines[index] = vector as GuestLine
  }

  ring(index: number): Proc<boolean> {
    if (this.faults?.kick(index) === false) return DONE_TRUE
    if (this.kick === 'userspace') {
      return userspace_exit(this.hv, () => serve(this.device, index))
    }
    return ioeventfd_write(this.hv, present(this.doorbells[index], `no queue ${index}`))
  }

  *readIsr(): Proc<number> {
    const { guest } = this.hv
    if (!guest.tryCharge(guest.costs.userspace_exit)) yield Req.CHARGE
    const isr = this.isr
    this.isr = 0
    return isr
  }

  *reset(): Proc {
    const { guest } = this.hv
    if (!guest.tryCharge(guest.costs.userspace_exit)) yield Req.CHARGE
    yield* this.device.reset()
    for (const vq of this.device.queues) virtqueue_reset(vq)
    this.lines.fill(null)
    this.configLine = null
    this.isr = 0
    this.needsReset = false
  }

  // ---- the device's side ----------------------------------------------------------------------

  interrupt(queue: number): Proc {
    const line = this.lines[queue] ?? null
    if (line === null) return DONE
    this.isr |= ISR_QUEUE
    const fate = this.faults?.interrupt(queue) ?? DELIVER
    if (fate.kind === 'delay' || fate.kind === 'again') this.raiseLater(line, fate.byNs)
    const raised = fate.kind === 'deliver' || fate.kind === 'again'
    return raised ? inject_irq(this.hv, line, this.route) : DONE
  }

  private raiseLater(line: GuestLine, byNs: Ns): void {
    const { sim } = this.hv.host
    sim.timer(() => line.raise(), Priority.device).arm(sim.now + byNs)
  }

  /** The device asks to be reset. */
  *requestReset(): Proc {
    this.needsReset = true
    yield* this.configChanged()
  }

  *configChanged(): Proc {
    if (this.configLine === null) return
    this.isr |= ISR_CONFIG
    yield* inject_irq(this.hv, this.configLine, this.route)
  }
}

function* serve(device: VirtioDevice, queue: number): Proc {
  if (device.handleOutput === undefined) device.onKick(queue)
  else yield* device.handleOutput(queue)
}

/** The device learns of a kick through its own loop, which merges kicks as the counter would. */
function doorbell(host: Machine, device: VirtioDevice, vq: DeviceVirtqueue): EventFd {
  const fd = new EventFd(host, `${device.name}-${vq.name}`)
  const onSignal = () => device.onKick(vq.index)
  fd.onSignal = onSignal
  return fd
}

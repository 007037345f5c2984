/**
 * Faults that hit single events as they happen: interrupts, doorbells, answers, allocations. Each
 * says in a record what it did. Times are ns.
 */
import type { VirtioDevice } from '../model/host/device.ts'
import type { HostMachine } from '../model/host/host-machine.ts'
import {
  DELIVER,
  type InterruptFate,
  type TransportFaults,
} from '../model/host/transport-faults.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import type { Gfp } from '../model/linux/slab.ts'
import type { Machine } from '../model/machine/machine.ts'
import {
  traceCode,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_S_IO_ERR,
  VIRTIO_SND_S_NOT_SUPP,
  VirtioSndControl,
} from '../model/virtio/virtio_snd.ts'
import type { DeviceVirtqueue } from '../model/virtio/virtqueue_device.ts'
import type { Proc } from '../sim/process.ts'
import { Priority } from '../sim/scheduler.ts'
import { T } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { queueNames } from './fault-spec.ts'
import type { Gate } from './fault-trigger.ts'
import { formatDuration } from './quantity.ts'

/** A doubled interrupt comes again after this, unless the scenario says. */
const AGAIN_NS = 20_000

export function sayFault(machine: Machine, text: string): void {
  machine.emit(T.fault, machine.sim.trace.symbols.text(text))
}

/** The gates of a scenario that concern interrupts and doorbells of its device. */
export class GatedTransport implements TransportFaults {
  private readonly host: HostMachine
  private readonly kernel: Kernel
  private readonly gates: readonly Gate[]

  constructor(host: HostMachine, kernel: Kernel, gates: readonly Gate[]) {
    this.host = host
    this.kernel = kernel
    this.gates = gates
  }

  interrupt(queue: number): InterruptFate {
    const gate = this.find('interrupt', queue)
    if (gate === undefined) return DELIVER
    const { kind, byNs } = gate.fault
    const name = queueNames[queue]
    const by = byNs ?? AGAIN_NS
    const how = kind === 'drop-interrupt' ? 'lost' : kind === 'delay-interrupt' ? 'late' : 'doubled'
    const after = how === 'lost' ? '' : `, ${formatDuration(by)}`
    sayFault(this.host, `interrupt of ${name} ${how}${after}`)
    if (how === 'lost') return { kind: 'drop' }
    return { kind: how === 'late' ? 'delay' : 'again', byNs: by }
  }

  kick(queue: number): boolean {
    if (this.find('kick', queue) === undefined) return true
    sayFault(this.kernel, `doorbell of ${queueNames[queue]} lost`)
    return false
  }

  private find(what: 'interrupt' | 'kick', queue: number): Gate | undefined {
    const name = queueNames[queue]
    return this.gates.find((gate) => {
      const { kind, queue: wanted } = gate.fault
      return kind.endsWith(what) && (wanted === null || wanted === name) && gate.hits()
    })
  }
}

/** An answer that had to wait for another comes this much after it. */
const REORDER_NS = 1000

const STATUS = {
  BAD_MSG: VIRTIO_SND_S_BAD_MSG,
  NOT_SUPP: VIRTIO_SND_S_NOT_SUPP,
  IO_ERR: VIRTIO_SND_S_IO_ERR,
} as const

/** An answer that the device has ready. */
interface HeldAnswer {
  readonly chain: VirtioSndControl
  readonly status: number
  readonly head: number
  readonly len: number
}

/** Keeps back or changes answers of a device's control queue. */
export class GatedAnswers {
  private readonly host: HostMachine
  private readonly device: VirtioDevice
  private readonly vq: DeviceVirtqueue
  private readonly gates: readonly Gate[]
  /** Answers that wait for the next one. */
  private readonly waiting: HeldAnswer[] = []
  private passing = false

  constructor(host: HostMachine, device: VirtioDevice, gates: readonly Gate[]) {
    this.host = host
    this.device = device
    this.vq = device.queues[0] as DeviceVirtqueue
    this.gates = gates
    const hold: DeviceVirtqueue['hold'] = (head, len) => this.holds(head, len)
    this.vq.hold = hold
  }

  private holds(head: number, len: number): boolean {
    const chain = this.vq.vring?.chains[head]
    if (this.passing || !(chain instanceof VirtioSndControl)) return false
    const request = CODES['virtsnd']?.[traceCode(chain.code)] ?? ''
    const hit = this.gates.find(
      (one) => (one.fault.request === null || one.fault.request === request) && one.hits(),
    )
    if (hit === undefined) {
      for (const earlier of this.waiting.splice(0)) this.release(earlier, REORDER_NS)
      return false
    }
    return this.apply(hit, chain, request, head, len)
  }

  private apply(
    gate: Gate,
    chain: VirtioSndControl,
    request: string,
    head: number,
    len: number,
  ): boolean {
    const { kind, byNs, status } = gate.fault
    if (kind === 'control-error') {
      chain.status = STATUS[status ?? 'IO_ERR']
      sayFault(this.host, `answer to ${request} is ${status ?? 'IO_ERR'}`)
      return false
    }
    // What is not answered yet is as the driver left it: so a cancelled message reads.
    const held = { chain, status: chain.status, head, len }
    chain.status = VIRTIO_SND_S_IO_ERR
    switch (kind) {
      case 'control-slow':
        sayFault(this.host, `answer to ${request} late, ${formatDuration(byNs ?? 0)}`)
        this.release(held, byNs ?? 0)
        return true
      case 'control-reorder':
        sayFault(this.host, `answer to ${request} waits for the next one`)
        this.waiting.push(held)
        return true
      default:
        sayFault(this.host, `${request} is not answered`)
        return true
    }
  }

  private release(held: HeldAnswer, afterNs: number): void {
    const { host } = this
    const give = () => host.spawn('fault-answer', 'host', () => this.give(held))
    host.sim.timer(give, Priority.clock).arm(host.sim.now + afterNs)
  }

  private *give({ chain, status, head, len }: HeldAnswer): Proc {
    this.passing = true
    chain.status = status
    yield* this.device.complete(this.vq, head, len)
    this.passing = false
  }
}

/** Allocations that fail. */
export function failAllocations(kernel: Kernel, gates: readonly Gate[]): void {
  const allocationFails = (gfp: Gfp): boolean => {
    const hit = gates.find((one) => (one.fault.gfp === null || one.fault.gfp === gfp) && one.hits())
    if (hit !== undefined) sayFault(kernel, `allocation with ${gfp} fails`)
    return hit !== undefined
  }
  kernel.allocationFails = allocationFails
}

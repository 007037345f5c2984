/**
 * The hypervisor: vCPU threads, doorbells that leave the guest, interrupts that enter it. KVM's
 * paths: ioeventfd for kicks; irqfd (from a vhost-user daemon) or an ioctl of the emulator for
 * interrupts, which reach a running, polling, blocked or preempted vCPU each in its own time.
 */
import { assert } from '../../base/assert.ts'
import type { Ns } from '../../base/units.ts'
import { DONE, type Proc, pause, pauseThen, Req } from '../../sim/process.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import { T } from '../../sim/trace.ts'
import type { Cpu } from '../machine/cpu.ts'
import type { Machine } from '../machine/machine.ts'
import type { TaskOptions } from '../machine/task.ts'
import type { EventFd } from './eventfd.ts'
import type { HostMachine } from './host-machine.ts'
import { Vcpu } from './vcpu.ts'

export interface HypervisorOptions {
  /** halt_poll_ns; 0 turns halt polling off. x86 default 200,000. */
  readonly haltPollNs?: Ns
  /** Scheduling of each vCPU thread, by vCPU number. */
  readonly vcpuTasks?: readonly TaskOptions[]
}

/** Told when the VM stops and when it goes on. QEMU: qemu_add_vm_change_state_handler(). */
export type VmStateHandler = (running: boolean) => void

/** An interrupt line of the guest, as far as the host can see it. */
export interface GuestLine {
  readonly id: number
  readonly cpu: Cpu
  raise(): void
}

export class Hypervisor {
  readonly host: HostMachine
  readonly guest: Machine
  readonly vcpus: readonly Vcpu[]
  private readonly posted = new Map<GuestLine, Timer>()
  private readonly stateHandlers: VmStateHandler[] = []

  constructor(host: HostMachine, guest: Machine, options: HypervisorOptions = {}) {
    this.host = host
    this.guest = guest
    const haltPollNs = options.haltPollNs ?? 200_000
    this.vcpus = guest.cpus.map((cpu, index) => {
      const task = options.vcpuTasks?.[index] ?? { cpu: index % host.cpus.length }
      return new Vcpu(host, cpu, haltPollNs, task)
    })
  }

  /** Stops every vCPU; what becomes due meanwhile arrives at once on `resume`. */
  pause(): void {
    for (const vcpu of this.vcpus) vcpu.pause()
    for (const handler of this.stateHandlers) handler(false)
  }

  resume(): void {
    for (const handler of this.stateHandlers) handler(true)
    for (const vcpu of this.vcpus) vcpu.resume()
  }

  onStateChange(handler: VmStateHandler): void {
    this.stateHandlers.push(handler)
  }

  /** Delivers after the hardware's latency: the vCPU is running and takes it without an exit. */
  postLater(line: GuestLine, atNs: Ns): void {
    let timer = this.posted.get(line)
    if (timer === undefined) {
      timer = this.host.sim.timer(() => line.raise(), Priority.device)
      this.posted.set(line, timer)
    }
    if (!timer.armed) timer.arm(atNs)
  }
}

/**
 * Guest code rings a doorbell: exit, signal, entry. Return: true, the device is there.
 * Kernel: ioeventfd_write() in virt/kvm.
 */
export function ioeventfd_write(hv: Hypervisor, fd: EventFd): Proc<boolean> {
  const { supply } = hv.guest.current.cpu
  assert(supply instanceof Vcpu, 'a doorbell is rung on a virtual processor')
  supply.exitToSignal(fd)
  return pauseThen(Req.POINT, true)
}

/** Guest code signals an event channel: a hypercall. Xen: EVTCHNOP_send, evtchn_send(). */
export function evtchn_send(hv: Hypervisor, fd: EventFd): Proc {
  const { supply } = hv.guest.current.cpu
  assert(supply instanceof Vcpu, 'a hypercall is made on a virtual processor')
  supply.exitToHypercall(fd)
  return pause(Req.POINT)
}

/**
 * Guest code touches an emulated register: its vCPU thread runs `body` in user space. Return: true,
 * the device is there.
 */
export function userspace_exit(hv: Hypervisor, body: () => Proc): Proc<boolean> {
  const { supply } = hv.guest.current.cpu
  assert(supply instanceof Vcpu, 'an emulated register is touched on a virtual processor')
  supply.exitToUser(body)
  return pauseThen(Req.POINT, true)
}

/**
 * How a host thread reaches the guest's interrupt: by a system call, through an eventfd, or through
 * a Xen event channel, whose upcall interrupts a running vCPU.
 */
export type InjectRoute = 'ioctl' | 'irqfd' | 'evtchn'

const SEND_COST = { ioctl: 'irq_inject', irqfd: 'irqfd_signal', evtchn: 'evtchn_send' } as const

/** Host code signals a guest interrupt line; how soon it is taken depends on the vCPU's state. */
export function inject_irq(hv: Hypervisor, line: GuestLine, route: InjectRoute): Proc {
  if (!hv.host.tryCharge(hv.host.costs[SEND_COST[route]])) return injectLater(hv, line, route)
  inject(hv, line, route)
  return DONE
}

function* injectLater(hv: Hypervisor, line: GuestLine, route: InjectRoute): Proc {
  yield Req.CHARGE
  inject(hv, line, route)
}

function inject(hv: Hypervisor, line: GuestLine, route: InjectRoute): void {
  const { host } = hv
  const { costs } = host
  host.emit(T.irq_raise, line.id)
  if (line.cpu.supplied) {
    const delivery = route === 'evtchn' ? costs.evtchn_upcall : costs.posted_interrupt
    hv.postLater(line, host.sim.now + host.priceNs(delivery))
  } else line.raise()
}

/**
 * The machines of a scenario: what its keys mean to the host, the guest kernel and the hypervisor,
 * the other tasks that run on them, and what is done to them while they run.
 */
import type { HostMachine, HostOptions } from '../model/host/host-machine.ts'
import type { HypervisorOptions } from '../model/host/hypervisor.ts'
import type { Kernel, KernelConfig } from '../model/linux/kernel.ts'
import type { CostTable } from '../model/machine/cost.ts'
import { addLoad } from '../model/machine/load.ts'
import type { GuestSpec, HostSpec, ScenarioSpec } from './spec.ts'

export function hostOptions(host: HostSpec, costs: CostTable): HostOptions {
  const { cpus, hz, fair, rtRuntimeNs } = host
  return { cpus, costs, fair, rtRuntimeNs, tickNs: Math.floor(1_000_000_000 / hz) }
}

export function kernelConfig(guest: GuestSpec, costs: CostTable): KernelConfig {
  const { preempt, cpus, fair, rtRuntimeNs, threadirqs, irqAffinity } = guest
  return {
    hz: guest.hz as KernelConfig['hz'],
    preempt,
    version: guest.kernel,
    reverted: guest.revert,
    cpus,
    costs,
    fair,
    rtRuntimeNs,
    threadirqs,
    irqAffinity,
  }
}

export function hypervisorOptions(host: HostSpec): HypervisorOptions {
  return { haltPollNs: host.haltPollNs, vcpuTasks: host.vcpus }
}

interface Machines {
  readonly host: HostMachine
  readonly kernel: Kernel
}

/** Starts the other tasks. */
export function startSurroundings(machines: Machines, spec: ScenarioSpec): void {
  for (const load of spec.host.tasks) addLoad(machines.host, load)
  for (const load of spec.guest.tasks) addLoad(machines.kernel, load)
}

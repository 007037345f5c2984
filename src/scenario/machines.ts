/**
 * The machines of a scenario: what its keys mean to the host, the guest kernel and the hypervisor,
 * the other tasks that run on them, and what is done to them while they run.
 */
import type { HostMachine, HostOptions } from '../model/host/host-machine.ts'
import type { Hypervisor, HypervisorOptions } from '../model/host/hypervisor.ts'
import type { Kernel, KernelConfig } from '../model/linux/kernel.ts'
import type { CostTable } from '../model/machine/cost.ts'
import { addLoad } from '../model/machine/load.ts'
import { Priority } from '../sim/scheduler.ts'
import { T } from '../sim/trace.ts'
import { formatDuration } from './quantity.ts'
import type { GuestSpec, HostSpec, InjectedFault, ScenarioSpec } from './spec.ts'

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
  readonly hypervisor: Hypervisor
}

/** Starts the other tasks and arms what is to happen. */
export function startSurroundings(machines: Machines, spec: ScenarioSpec): void {
  for (const load of spec.host.tasks) addLoad(machines.host, load)
  for (const load of spec.guest.tasks) addLoad(machines.kernel, load)
  for (const fault of spec.faults) inject(machines, fault)
}

function inject({ host, hypervisor }: Machines, { atNs, forNs }: InjectedFault): void {
  const { sim } = host
  const say = (text: string): void => host.emit(T.fault, sim.trace.symbols.text(text))
  const resume = (): void => {
    say('the VM goes on')
    hypervisor.resume()
  }
  const pause = (): void => {
    say(`the VM is paused for ${formatDuration(forNs)}`)
    hypervisor.pause()
  }
  sim.timer(pause, Priority.clock).arm(atNs)
  sim.timer(resume, Priority.clock).arm(atNs + forNs)
}

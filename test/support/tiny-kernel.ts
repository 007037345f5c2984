/** A small world for tests of the machine model: a kernel on physical processors, fixed prices. */
import { distribution } from '../../src/base/distribution.ts'
import { HostMachine } from '../../src/model/host/host-machine.ts'
import { Hypervisor } from '../../src/model/host/hypervisor.ts'
import { Kernel, type KernelConfig } from '../../src/model/linux/kernel.ts'
import { COST_NAMES, type CostName, costTable } from '../../src/model/machine/cost.ts'
import { Simulation, type SimulationOptions } from '../../src/sim/scheduler.ts'
import { TraceStore } from '../../src/sim/trace-store.ts'

export type Prices = Partial<Record<CostName, number>>

/** Every entry free but for the ones given. */
export function prices(given: Prices = {}) {
  const of = (name: CostName) => distribution({ kind: 'constant', ns: given[name] ?? 0 })
  return costTable(COST_NAMES.map(of))
}

export interface TinyOptions extends Partial<Omit<KernelConfig, 'costs'>> {
  readonly prices?: Prices
  readonly sim?: Partial<SimulationOptions>
}

/** A guest kernel whose processors are physical. */
export function tinyKernel(options: TinyOptions = {}) {
  const sim = new Simulation({ seed: 1, ...options.sim })
  const store = new TraceStore(sim.trace.symbols)
  sim.trace.setRecorder(store)
  const k = new Kernel(sim, 'guest', {
    hz: 250,
    preempt: 'voluntary',
    version: '6.12',
    cpus: 1,
    ...options,
    costs: prices(options.prices),
  })
  return { sim, store, k }
}

/** The same kernel on virtual processors of a host. */
export function tinyGuest(options: TinyOptions & { hostCpus?: number; haltPollNs?: number } = {}) {
  const world = tinyKernel(options)
  const costs = prices(options.prices)
  const host = new HostMachine(world.sim, { cpus: options.hostCpus ?? 1, costs })
  // Pinned, vCPU n on host processor n modulo their number: nothing is pulled away by balancing.
  const vcpuTasks = world.k.cpus.map((_, i) => ({ affinity: [i % host.cpus.length] }))
  const hv = new Hypervisor(host, world.k, { haltPollNs: options.haltPollNs ?? 0, vcpuTasks })
  return { ...world, host, hv }
}

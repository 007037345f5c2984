/**
 * From a scenario to a world: one simulation with a host, a hypervisor, a guest kernel, a device, a
 * driver and clients. Nothing has happened yet when it returns. New drivers and devices are entered
 * in drivers.ts and devices.ts.
 */
import { distribution } from '../base/distribution.ts'
import { HostMachine } from '../model/host/host-machine.ts'
import { Hypervisor } from '../model/host/hypervisor.ts'
import { Kernel } from '../model/linux/kernel.ts'
import { printk } from '../model/linux/printk.ts'
import { COST_NAMES, type CostTable, costTable } from '../model/machine/cost.ts'
import type { Policy } from '../sim/policy.ts'
import type { Proc } from '../sim/process.ts'
import { Simulation } from '../sim/scheduler.ts'
import { TraceStore } from '../sim/trace-store.ts'
import { startClient } from './clients.ts'
import { buildDevice } from './devices.ts'
import { probeDriver } from './drivers.ts'
import { hostOptions, hypervisorOptions, kernelConfig, startSurroundings } from './machines.ts'
import type { ScenarioSpec, StreamSpec } from './spec.ts'

export interface World {
  readonly sim: Simulation
  readonly store: TraceStore
  readonly host: HostMachine
  readonly hypervisor: Hypervisor
  readonly kernel: Kernel
  /** The scenario's name of each stream, by the name of its substream. */
  readonly streamNames: Record<string, string>
}

export interface BuildOptions {
  readonly policy?: Policy
  readonly stepsMax?: number
}

export function buildWorld(spec: ScenarioSpec, seed: number, options: BuildOptions = {}): World {
  const sim = new Simulation({ seed, ...options })
  const store = new TraceStore(sim.trace.symbols)
  sim.trace.setRecorder(store)
  const costs = costsOf(spec)
  const host = new HostMachine(sim, hostOptions(spec.host, costs))
  const kernel = new Kernel(sim, 'guest', kernelConfig(spec.guest, costs))
  const hypervisor = new Hypervisor(host, kernel, hypervisorOptions(spec.host))
  const world: World = { sim, store, host, hypervisor, kernel, streamNames: {} }
  startSurroundings(world, spec)
  populate(world, spec)
  return world
}

/** One table for both machines: their entries have different names. */
function costsOf(spec: ScenarioSpec): CostTable {
  const given = { ...spec.guest.costs, ...spec.host.costs }
  const entries = COST_NAMES.map((name) => [name, distribution(given[name])])
  return costTable(Object.fromEntries(entries) as never)
}

/** Device, driver and clients; the clients start when the driver has probed. */
function populate(world: World, spec: ScenarioSpec): void {
  const { kernel } = world
  const port = buildDevice(world, spec)
  kernel.spawn('modprobe', 'task', function* (): Proc {
    const pcm = yield* probeDriver(kernel, port, spec)
    if (typeof pcm === 'number') {
      yield* printk(kernel, `virtio_snd: probe failed with error ${pcm}`)
      return
    }
    spec.streams.forEach((stream, index) => {
      const direction = stream.direction === 'playback' ? 0 : 1
      const substream = pcm.streams(direction)[numberInDirection(spec, index)]
      if (substream !== undefined) {
        const symbol = world.sim.trace.symbols.name('stream', substream.id)
        world.streamNames[symbol] = stream.name
      }
      startClient(pcm, stream)
    })
  })
}

/** Position of a stream among those of its direction: the substream that its client gets. */
function numberInDirection(spec: ScenarioSpec, index: number): number {
  const { direction } = spec.streams[index] as StreamSpec
  let number = 0
  for (let i = 0; i < index; i++) if (spec.streams[i]?.direction === direction) number++
  return number
}

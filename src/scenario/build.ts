/**
 * From a scenario to a world: one simulation with a host, a hypervisor, a guest kernel, a device, a
 * driver and clients. Nothing has happened yet when it returns. New drivers and devices are entered
 * in drivers.ts and devices.ts.
 */
import { type Distribution, distribution } from '../base/distribution.ts'
import type { SndPcm, SndPcmSubstream } from '../model/alsa/pcm.ts'
import { SNDRV_PCM_STREAM_CAPTURE } from '../model/alsa/pcm_constants.ts'
import { HostMachine } from '../model/host/host-machine.ts'
import { Hypervisor } from '../model/host/hypervisor.ts'
import { Kernel } from '../model/linux/kernel.ts'
import { printk } from '../model/linux/printk.ts'
import {
  type CostTable,
  costTable,
  GUEST_COSTS,
  type GuestCost,
  HOST_COSTS,
  type HostCost,
} from '../model/machine/cost.ts'
import { following, Stretches } from '../model/machine/stretches.ts'
import type { Policy } from '../sim/policy.ts'
import type { Proc } from '../sim/process.ts'
import { Simulation } from '../sim/scheduler.ts'
import type { ChunkPool } from '../sim/trace-columns.ts'
import { TraceStore } from '../sim/trace-store.ts'
import { startClient } from './clients.ts'
import { makeDriver, type Probe } from './drivers.ts'
import type { FaultWorld } from './fault-actions.ts'
import { armFaults } from './faults.ts'
import { hostOptions, hypervisorOptions, kernelConfig, startSurroundings } from './machines.ts'
import type { ScenarioSpec, StreamSpec, StretchesSpec } from './spec.ts'

export interface World extends FaultWorld {
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
  /** Memory for the recording, when many runs follow each other. */
  readonly pool?: ChunkPool
  /** Accesses of shared variables are recorded, for the detector of data races. */
  readonly accesses?: boolean
  /** Called before anything is built on it. */
  readonly onSimulation?: (sim: Simulation) => void
  /** Called when the driver has registered its card, before the clients start. */
  readonly onCard?: (pcm: SndPcm, world: World) => void
}

export function buildWorld(spec: ScenarioSpec, seed: number, options: BuildOptions = {}): World {
  const sim = new Simulation({ seed, reseed: spec.reseed, ...options })
  options.onSimulation?.(sim)
  const store = new TraceStore(sim.trace.symbols, options.pool ?? null)
  sim.trace.setRecorder(store)
  sim.trace.accesses = options.accesses === true
  const costs = costsOf(spec, sim)
  const host = new HostMachine(sim, hostOptions(spec.host, costs))
  const kernel = new Kernel(sim, 'guest', kernelConfig(spec.guest, costs))
  const hypervisor = new Hypervisor(host, kernel, hypervisorOptions(spec.host))
  const devices = { sound: null, virtio: null, xen: null }
  const empty = { streamNames: {}, ...devices, clients: new Map() }
  const world: World = { sim, store, host, hypervisor, kernel, ...empty }
  startSurroundings(world, spec)
  populate(world, spec, options)
  return world
}

/** One table for both machines: their entries have different names. */
function costsOf({ guest, host }: ScenarioSpec, sim: Simulation): CostTable {
  const { stretches } = host
  const state = stretches === null ? null : stretchesOf(stretches, sim)
  const priced = (name: GuestCost | HostCost, own: Distribution): Distribution => {
    const weight = stretches?.follow[name]
    return state === null || weight === undefined ? own : following(own, weight, state)
  }
  const ofGuest = GUEST_COSTS.map((name) => priced(name, distribution(guest.costs[name])))
  const ofHost = HOST_COSTS.map((name) => priced(name, distribution(host.costs[name])))
  return costTable([...ofGuest, ...ofHost])
}

function stretchesOf({ slow, meanNs }: StretchesSpec, sim: Simulation): Stretches {
  return new Stretches(slow, meanNs, sim.stream('host/stretches'), () => sim.now)
}

/** Device, driver and clients; the clients start when the driver has probed. */
function populate(world: World, spec: ScenarioSpec, options: BuildOptions): void {
  const probe = makeDriver(world, spec)
  armFaults(world, spec.faults)
  world.kernel.spawn('modprobe', 'task', () => modprobe(world, spec, options, probe))
}

function* modprobe(world: World, spec: ScenarioSpec, options: BuildOptions, probe: Probe): Proc {
  const { kernel, clients } = world
  const pcm = yield* probe()
  if (typeof pcm === 'number') {
    yield* printk(kernel, `${spec.driver.kind}: probe failed with error ${pcm}`)
    return
  }
  const { pcms } = pcm.card
  for (const one of pcms) one.xrun_debug = spec.guest.xrunDebug
  options.onCard?.(pcm, world)
  for (const stream of spec.streams) {
    const device = pcms[stream.pcmDevice] as SndPcm
    const task = startClient(device, stream, (one) => nameStream(world, stream, one))
    clients.set(stream.name, task)
  }
}

/** A substream has the name of the stream whose client opened it. */
function nameStream(world: World, stream: StreamSpec, substream: SndPcmSubstream): void {
  if (stream.shares !== null) return
  const capture = substream.stream === SNDRV_PCM_STREAM_CAPTURE
  const name = capture && stream.bothDirections ? `${stream.name}-capture` : stream.name
  world.streamNames[substream.symbolName] = name
}

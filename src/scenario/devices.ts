/** The devices a scenario can name: each builds its host side and gives the guest's port to it. */
import { AudioClock } from '../model/host/audio-clock.ts'
import { AudioState } from '../model/host/qemu/audio.ts'
import { MainLoop } from '../model/host/qemu/main-loop.ts'
import { NoAudio } from '../model/host/qemu/noaudio.ts'
import { VirtioSound } from '../model/host/qemu/virtio-sound.ts'
import { VirtioPciProxy } from '../model/host/virtio-pci-proxy.ts'
import type { VirtioHostPort } from '../model/virtio/seam.ts'
import type { World } from './build.ts'
import type { ScenarioSpec, StreamDirection } from './spec.ts'

export function buildDevice(world: World, spec: ScenarioSpec): VirtioHostPort {
  return qemu(world, spec)
}

/** QEMU's virtio-sound-pci with its audio core in the main loop thread. */
function qemu(world: World, spec: ScenarioSpec): VirtioHostPort {
  const { host, hypervisor } = world
  const loop = new MainLoop(host, 'qemu-main', { cpu: host.cpus.length - 1 })
  const { vectors } = spec.device
  const audio = new AudioState(loop, new NoAudio(audioClock(spec)), spec.device.timerPeriodNs)
  const options = { streams: deviceStreams(spec), queueSize: spec.device.queue_size }
  const device = new VirtioSound(loop, audio, options)
  const { kick, irqRoute: route } = spec.host
  return new VirtioPciProxy(hypervisor, device, { name: 'virtio0', vectors, route, kick })
}

/** The clock of the sound hardware. */
export function audioClock({ device }: ScenarioSpec): AudioClock {
  const { clockPpm, wanderPpm, wanderPeriodNs } = device
  return new AudioClock({ ppm: clockPpm, wanderPpm, wanderPeriodNs })
}

/** How many substreams the clients need in each direction, at least one. */
export function substreamCounts(spec: ScenarioSpec): { playback: number; capture: number } {
  const owners = spec.streams.filter((one) => one.shares === null)
  const count = (direction: StreamDirection): number =>
    owners.filter((one) => one.direction === direction || one.bothDirections).length
  return { playback: Math.max(1, count('playback')), capture: Math.max(1, count('capture')) }
}

/** QEMU's `streams` property: the first half of them play, the others record. */
function deviceStreams(spec: ScenarioSpec): number {
  const { playback, capture } = substreamCounts(spec)
  return 2 * Math.max(playback, capture)
}

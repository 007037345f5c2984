/** The devices a scenario can name: each builds its host side and gives the guest's port to it. */
import { AudioClock } from '../model/host/audio-clock.ts'
import { AudioState } from '../model/host/qemu/audio.ts'
import { MainLoop } from '../model/host/qemu/main-loop.ts'
import { NoAudio } from '../model/host/qemu/noaudio.ts'
import { VirtioSound } from '../model/host/qemu/virtio-sound.ts'
import { VirtioPciProxy } from '../model/host/virtio-pci-proxy.ts'
import type { VirtioHostPort } from '../model/virtio/seam.ts'
import type { World } from './build.ts'
import type { ScenarioSpec } from './spec.ts'

export function buildDevice(world: World, spec: ScenarioSpec): VirtioHostPort {
  return qemu(world, spec)
}

/** QEMU's virtio-sound-pci with its audio core in the main loop thread. */
function qemu(world: World, spec: ScenarioSpec): VirtioHostPort {
  const { host, hypervisor } = world
  const loop = new MainLoop(host, 'qemu-main', { cpu: host.cpus.length - 1 })
  const { clockPpm, wanderPpm, wanderPeriodNs, vectors } = spec.device
  const clock = new AudioClock({ ppm: clockPpm, wanderPpm, wanderPeriodNs })
  const audio = new AudioState(loop, new NoAudio(clock), spec.device.timerPeriodNs)
  const options = { streams: deviceStreams(spec), queueSize: spec.device.queue_size }
  const device = new VirtioSound(loop, audio, options)
  const { kick, irqRoute: route } = spec.host
  return new VirtioPciProxy(hypervisor, device, { name: 'virtio0', vectors, route, kick })
}

/** QEMU's `streams` property: the first half of them play, the others record; 2 by default. */
function deviceStreams(spec: ScenarioSpec): number {
  const playback = spec.streams.filter((one) => one.direction === 'playback').length
  const capture = spec.streams.length - playback
  const half = playback > capture ? playback : capture
  return half < 1 ? 2 : 2 * half
}

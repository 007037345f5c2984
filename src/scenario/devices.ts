/** The devices a scenario can name: each builds its host side: threads, device, its PCI face. */
import { unreachable } from '../base/assert.ts'
import { distribution } from '../base/distribution.ts'
import { AudioClock } from '../model/host/audio-clock.ts'
import type { VirtioDevice } from '../model/host/device.ts'
import { EventLoop, type LoopOptions } from '../model/host/event-loop.ts'
import { GenericSound } from '../model/host/generic/generic-sound.ts'
import type { GenericOptions } from '../model/host/generic/options.ts'
import { DEVICE_PRESETS, type DevicePreset } from '../model/host/generic/presets.ts'
import { AudioState } from '../model/host/qemu/audio.ts'
import type { AudioBackend } from '../model/host/qemu/audio-backend.ts'
import { MainLoop } from '../model/host/qemu/main-loop.ts'
import { NoAudio } from '../model/host/qemu/noaudio.ts'
import { RingAudio, ringAudioOptions } from '../model/host/qemu/ring-audio.ts'
import { VirtioSound } from '../model/host/qemu/virtio-sound.ts'
import { VirtioPciProxy } from '../model/host/virtio-pci-proxy.ts'
import { XenSound } from '../model/host/xen/xen-sound.ts'
import { XenbusProxy } from '../model/host/xen/xenbus-proxy.ts'
import { SleepLock } from '../model/machine/sleep-lock.ts'
import type { Task, TaskOptions } from '../model/machine/task.ts'
import type { World } from './build.ts'
import type { VirtioParts, XenParts } from './fault-actions.ts'
import type { ScenarioSpec, StreamDirection } from './spec.ts'

type Built = Omit<VirtioParts, 'vdev'>

export function buildDevice(world: World, spec: ScenarioSpec): Built {
  const { device, loops } = buildSound(world, spec)
  const { kick, irqRoute: route } = spec.host
  const { vectors, indirect, eventIdx: event_idx } = spec.device
  const features = { indirect, event_idx }
  const options = { name: 'virtio0', vectors, features, route, kick }
  return { device, loops, proxy: new VirtioPciProxy(world.hypervisor, device, options) }
}

type Sound = { readonly device: VirtioDevice; readonly loops: readonly EventLoop[] }

function buildSound(world: World, spec: ScenarioSpec): Sound {
  const { kind, backend } = spec.device
  switch (kind) {
    case 'qemu':
      return qemu(world, spec)
    case 'vhost-user':
      return generic(world, spec, DEVICE_PRESETS[`vhost-user-${backend}` as DevicePreset])
    case 'crosvm':
      return generic(world, spec, DEVICE_PRESETS.crosvm)
    case 'semu':
      return semu(world, spec)
    case 'generic':
      return generic(world, spec, {})
    case 'xen':
      return unreachable('a Xen back end is on no virtio bus')
  }
}

/** The back end's program, in a domain whose processors are the host's. */
export function buildXen({ host, hypervisor }: World, spec: ScenarioSpec): XenParts {
  const { xen } = spec.device
  const loop = new EventLoop(host, {
    name: 'sndbe',
    task: { cpu: host.cpus.length - 1 },
    wakeCost: host.costs.vhost_worker_wake,
  })
  const options = { ...xen, name: 'vsnd-0', ...substreamCounts(spec) }
  const turnAround = distribution(xen.turnAround)
  const device = new XenSound(loop, audioClock(spec), { ...options, turnAround })
  return { device, proxy: new XenbusProxy(hypervisor, device) }
}

/** QEMU's virtio-sound-pci with its audio core in the main loop thread. */
function qemu({ host, hypervisor }: World, spec: ScenarioSpec): Sound {
  const { timerPeriodNs: periodNs, mixingEngine, fixedSettings } = spec.device
  const loop = new MainLoop(host, 'qemu-main', threadAt(spec, host.cpus.length - 1))
  const reopen = (rate: number): AudioBackend => backendOf(spec, rate)
  const audio = new AudioState(loop, reopen(FIXED_RATE), {
    periodNs,
    mixingEngine,
    ...(fixedSettings ? {} : { reopen }),
  })
  hypervisor.onStateChange((running) => audio.vmStateChanged(running))
  const { jacks, chmaps } = spec.device.controls
  const options = {
    streams: deviceStreams(spec),
    queueSize: spec.device.queue_size,
    jacks: jacks.length,
    chmaps: chmaps.length,
  }
  return { device: new VirtioSound(loop, audio, options), loops: [loop] }
}

/** QEMU's fixed settings of an audiodev. */
const FIXED_RATE = 44_100

function backendOf(spec: ScenarioSpec, rate: number): AudioBackend {
  const { backend, timerPeriodNs } = spec.device
  const clock = audioClock(spec)
  if (backend === 'alsa' || backend === 'pipewire' || backend === 'pulse') {
    return new RingAudio(clock, ringAudioOptions(backend, timerPeriodNs, rate))
  }
  return new NoAudio(clock, rate, undefined, backend === 'wav' ? 'wav' : 'none')
}

/** Where a thread of the device runs: it begins there unless it is pinned. */
function threadAt({ device: { pin } }: ScenarioSpec, cpu: number): TaskOptions {
  return pin === null ? { cpu } : { affinity: pin }
}

/** A daemon or an emulator with a thread of its own, or with one for each sort of queue. */
function generic({ host }: World, spec: ScenarioSpec, preset: Partial<GenericOptions>): Sound {
  const names = spec.device.threads === 3 ? ['-ctrl', '-tx', '-rx'] : ['']
  const loops = names.map((name, i) => {
    const cpu = (2 * host.cpus.length - 1 - i) % host.cpus.length
    const options = { name: `${spec.device.kind}${name}`, task: threadAt(spec, cpu) }
    return new EventLoop(host, { ...options, wakeCost: host.costs.vhost_worker_wake })
  })
  const [first, tx = first, rx = first] = loops as [EventLoop, EventLoop?, EventLoop?]
  const options = genericOptions(spec, preset)
  return { device: new GenericSound({ control: first, tx, rx }, audioClock(spec), options), loops }
}

function genericOptions(
  spec: ScenarioSpec,
  preset: Partial<GenericOptions>,
): Partial<GenericOptions> {
  const { device } = spec
  return {
    ...preset,
    ...device.properties,
    ...(device.controlLatency === null
      ? {}
      : { controlLatency: distribution(device.controlLatency) }),
    hostQueue: device.hostQueue,
    streams: deviceStreams(spec),
    queueSize: device.queue_size,
    controls: device.controls,
  }
}

/**
 * An emulator: its vCPUs' threads take the kicks. Its tx thread sleeps with the mutex released, its
 * audio callback until START. Differs: semu runs all harts in one thread; here each has its own,
 * and with several nobody in particular sends START.
 */
function semu({ host, hypervisor }: World, spec: ScenarioSpec): Sound {
  const thread = (name: string, i: number, more: Partial<LoopOptions> = {}): EventLoop => {
    const cpu = (2 * host.cpus.length - 1 - i) % host.cpus.length
    const wakeCost = host.costs.vhost_worker_wake
    return new EventLoop(host, { name, task: threadAt(spec, cpu), wakeCost, ...more })
  }
  const [vcpu, another] = hypervisor.vcpus
  const from = (): Task | null => {
    return another !== undefined || vcpu === undefined || device.playing ? null : vcpu.task
  }
  const control = thread('semu', 0)
  const tx = thread('semu-tx', 1, { lock: new SleepLock(host, 'virtio_snd_mutex') })
  const audio = thread('semu-audio', 2, { awaits: { name: 'START', from } })
  const loops = { control, tx, rx: control, audio }
  const device: GenericSound = new GenericSound(
    loops,
    audioClock(spec),
    genericOptions(spec, DEVICE_PRESETS.semu),
  )
  return { device, loops: [control, tx, audio] }
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

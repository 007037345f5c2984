/**
 * Faults that are done once: to the VM, the device, the driver or a client. Each says in a record
 * what it did. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import { takeCardNumber } from '../model/alsa/core.ts'
import type { SndPcm } from '../model/alsa/pcm.ts'
import { snd_pcm_suspend_all } from '../model/alsa/pcm_suspend.ts'
import type { VirtioSnd } from '../model/guest/virtio-snd/virtio_snd_device.ts'
import type { VirtioDevice } from '../model/host/device.ts'
import type { EventLoop } from '../model/host/event-loop.ts'
import type { HostMachine } from '../model/host/host-machine.ts'
import type { Hypervisor } from '../model/host/hypervisor.ts'
import { type SoundEvent, sendSoundEvent } from '../model/host/send-event.ts'
import type { VirtioPciProxy } from '../model/host/virtio-pci-proxy.ts'
import type { XenSound } from '../model/host/xen/xen-sound.ts'
import type { XenbusProxy } from '../model/host/xen/xenbus-proxy.ts'
import { sleepUntil } from '../model/linux/hrtimer.ts'
import type { Kernel } from '../model/linux/kernel.ts'
import { kill_task, send_sig } from '../model/linux/sched.ts'
import type { Task } from '../model/machine/task.ts'
import type { VirtioPciDevice } from '../model/virtio/virtio_pci.ts'
import {
  VIRTIO_SND_EVT_CTL_NOTIFY,
  VIRTIO_SND_EVT_JACK_CONNECTED,
  VIRTIO_SND_EVT_JACK_DISCONNECTED,
  VIRTIO_SND_EVT_PCM_XRUN,
  VIRTIO_SND_F_CTLS,
} from '../model/virtio/virtio_snd.ts'
import { VIRTIO_SND_CTL_EVT_MASKS } from '../model/virtio/virtio_snd_ctl.ts'
import { type DeviceVirtqueue, virtqueue_push } from '../model/virtio/virtqueue_device.ts'
import type { Proc } from '../sim/process.ts'
import { Priority } from '../sim/scheduler.ts'
import { T } from '../sim/trace.ts'
import { sayFault } from './fault-events.ts'
import { type FaultKind, type InjectedFault, queueNames } from './fault-spec.ts'
import { formatDuration } from './quantity.ts'

/** What stands behind a virtio device: its threads, its face to the guest, and that face there. */
export interface VirtioParts {
  readonly device: VirtioDevice
  readonly proxy: VirtioPciProxy
  readonly loops: readonly EventLoop[]
  readonly vdev: VirtioPciDevice
}

/** The same of Xen's back end. */
export interface XenParts {
  readonly device: XenSound
  readonly proxy: XenbusProxy
}

/** What every sound device has, whatever its bus. Stars run in a task of the guest. */
export interface SoundParts {
  /** The device's threads. */
  readonly loops: readonly EventLoop[]
  /** The driver is unbound. */
  remove(): Proc
  /** The driver's part of a system suspend, and of the resume. */
  freeze(): Proc
  restore(): Proc
  /** PCMs of the driver's card. */
  pcms(): readonly SndPcm[]
}

/** What faults reach. */
export interface FaultWorld {
  readonly host: HostMachine
  readonly kernel: Kernel
  readonly hypervisor: Hypervisor
  readonly streamNames: Readonly<Record<string, string>>
  /** Null: a card that has no device. */
  sound: SoundParts | null
  /** Null: a card that has no such device. */
  virtio: VirtioParts | null
  xen: XenParts | null
  /** The client of each stream, once it has been started. */
  readonly clients: Map<string, Task>
}

type Action = (world: FaultWorld, fault: InjectedFault) => void
type ActionKind = Extract<
  FaultKind,
  | 'vm-pause'
  | 'device-stall'
  | 'needs-reset'
  | 'hot-remove'
  | 'card-added'
  | 'signal'
  | 'kill'
  | 'suspend'
  | 'xrun-event'
  | 'jack-event'
  | 'control-event'
  | 'bad-used-id'
  | 'backend-close'
  | 'backend-restart'
>

export const faultActions: Readonly<Record<ActionKind, Action>> = {
  'vm-pause': pauseVm,
  'device-stall': stallDevice,
  'needs-reset': (world) => onHost(world, 'needs-reset', requestReset),
  'hot-remove': hotRemove,
  'card-added': ({ host, kernel }) => {
    sayFault(host, `another sound card is card ${takeCardNumber(kernel)}`)
  },
  signal: (world, fault) => signalClient(world, fault, 'signal', send_sig),
  kill: (world, fault) => signalClient(world, fault, 'SIGKILL', kill_task),
  suspend: suspendSystem,
  'xrun-event': (world, fault) => onHost(world, 'xrun-event', (it) => sendXrun(world, it, fault)),
  'jack-event': (world, fault) => onHost(world, 'jack-event', (it) => plug(world, it, fault)),
  'control-event': (world, fault) =>
    onHost(world, 'control-event', (it) => changeControl(world, it, fault)),
  'bad-used-id': (world, fault) => onHost(world, 'bad-used-id', (it) => badId(world, it, fault)),
  'backend-close': closeBackend,
  'backend-restart': restartBackend,
}

function pauseVm({ host, hypervisor }: FaultWorld, { forNs }: InjectedFault): void {
  sayFault(host, `the VM is paused for ${formatDuration(forNs ?? 0)}`)
  hypervisor.pause()
  resumeLater(host, hypervisor, forNs ?? 0)
}

function resumeLater(host: HostMachine, hypervisor: Hypervisor, forNs: number): void {
  const resume = (): void => {
    sayFault(host, 'the VM goes on')
    hypervisor.resume()
  }
  host.sim.timer(resume, Priority.clock).arm(host.sim.now + forNs)
}

function stallDevice({ host, sound }: FaultWorld, { forNs }: InjectedFault): void {
  sayFault(host, `the device does nothing for ${formatDuration(forNs ?? 0)}`)
  for (const loop of sound?.loops ?? []) loop.stall(host.sim.now + (forNs ?? 0))
}

function closeBackend({ host, xen }: FaultWorld, { forNs }: InjectedFault): void {
  if (xen === null) return
  const after = forNs === null ? '' : `, for ${formatDuration(forNs)}`
  sayFault(host, `the back end closes${after}`)
  host.spawn('fault-backend', 'host', () => xen.device.close())
  if (forNs === null) return
  const again = (): void => {
    sayFault(host, 'the back end is there again')
    host.spawn('fault-backend', 'host', () => xen.device.comeBack())
  }
  host.sim.timer(again, Priority.clock).arm(host.sim.now + forNs)
}

function restartBackend({ host, xen }: FaultWorld): void {
  sayFault(host, 'the back end has forgotten its streams')
  xen?.device.forget()
}

/** In a host thread of its own. */
function onHost(
  { host, virtio }: FaultWorld,
  name: string,
  body: (parts: VirtioParts) => Proc,
): void {
  if (virtio !== null) host.spawn(`fault-${name}`, 'host', () => body(virtio))
}

function* requestReset({ proxy, loops }: VirtioParts): Proc {
  const [loop] = loops
  if (loop !== undefined) sayFault(loop.host, 'the device asks to be reset')
  yield* proxy.requestReset()
}

function hotRemove({ kernel, sound }: FaultWorld): void {
  if (sound !== null) kernel.spawn('hot-remove', 'task', () => unbind(kernel, sound))
}

function* unbind(kernel: Kernel, sound: SoundParts): Proc {
  sayFault(kernel, 'the driver is unbound from the device')
  yield* sound.remove()
}

function signalClient(
  { host, kernel, clients }: FaultWorld,
  { stream }: InjectedFault,
  what: string,
  send: (k: Kernel, task: Task) => void,
): void {
  const [first] = clients.values()
  const task = stream === null ? first : clients.get(stream)
  if (task === undefined) return
  sayFault(host, `${what} to ${kernel.sim.trace.symbols.name('ctx', task.id)}`)
  send(kernel, task)
}

/** Kernel: kernel/power/suspend.c, enter_state(): freeze user space, streams, device, machine. */
function suspendSystem(world: FaultWorld, { forNs }: InjectedFault): void {
  const { kernel, sound } = world
  if (sound === null) return
  kernel.spawn('pm-suspend', 'task', () => suspendAndResume(world, sound, forNs ?? 0))
}

function* suspendAndResume(world: FaultWorld, sound: SoundParts, forNs: Ns): Proc {
  const { host, kernel, hypervisor } = world
  sayFault(kernel, `the system is suspended for ${formatDuration(forNs)}`)
  kernel.freezer.freeze()
  for (const pcm of sound.pcms()) yield* snd_pcm_suspend_all(pcm)
  yield* sound.freeze()
  const untilNs = host.sim.now + forNs
  host.sim.timer(() => hypervisor.pause(), Priority.clock).arm(host.sim.now)
  resumeLater(host, hypervisor, forNs)
  while (host.sim.now < untilNs) yield* sleepUntil(kernel, untilNs)
  yield* sound.restore()
  sayFault(kernel, 'the system has resumed')
  kernel.freezer.thaw()
}

function* sendXrun(world: FaultWorld, { device }: VirtioParts, fault: InjectedFault): Proc {
  const code = VIRTIO_SND_EVT_PCM_XRUN
  const { stream, trace } = streamNumbers(world, fault.stream)
  sayFault(world.host, `XRUN event of stream ${stream}`)
  yield* send(world, device, { code, data: stream, trace })
}

function* send({ host }: FaultWorld, device: VirtioDevice, event: SoundEvent): Proc {
  const sent = yield* sendSoundEvent(host, device, event)
  if (!sent) sayFault(host, 'no room for the event')
}

/** Something is plugged into a jack of the device, or out of it. */
function* plug(world: FaultWorld, { device }: VirtioParts, fault: InjectedFault): Proc {
  const { id, connected } = fault
  const data = id ?? 0
  sayFault(world.host, `jack ${data}: ${connected === true ? 'plugged in' : 'plugged out'}`)
  device.controls?.setJack(data, connected === true)
  const code = connected === true ? VIRTIO_SND_EVT_JACK_CONNECTED : VIRTIO_SND_EVT_JACK_DISCONNECTED
  yield* send(world, device, { code, data, trace: -1 })
}

/** A control element changes on the host; the driver is told if it has accepted controls. */
function* changeControl(world: FaultWorld, parts: VirtioParts, fault: InjectedFault): Proc {
  const { device, vdev } = parts
  const data = fault.id ?? 0
  const { value } = fault
  const masks = fault.mask ?? ['value']
  sayFault(world.host, `control ${data} changes${value === null ? '' : ` to ${value.join(', ')}`}`)
  if (value !== null) device.controls?.setValue(data, value)
  if ((vdev.features & VIRTIO_SND_F_CTLS) === 0) {
    sayFault(world.host, 'the driver has not accepted CTLS: no event')
    return
  }
  const bits = masks.map((name) => 1 << VIRTIO_SND_CTL_EVT_MASKS.indexOf(name))
  const mask = bits.reduce((all, bit) => all | bit, 0)
  yield* send(world, device, { code: VIRTIO_SND_EVT_CTL_NOTIFY, data, trace: -1, mask })
}

/** Numbers of a stream on the wire, playback streams first, and in the trace. */
function streamNumbers({ virtio, streamNames }: FaultWorld, name: string | null) {
  const card = (virtio?.vdev.priv as VirtioSnd | null | undefined)?.card
  const pcm = card?.pcms[0]
  if (pcm === undefined) return { stream: 0, trace: -1 }
  const all = [...pcm.streams(0), ...pcm.streams(1)]
  const { symbols } = pcm.k.sim.trace
  const at = all.findIndex((one) => streamNames[symbols.name('stream', one.id)] === name)
  const stream = at < 0 ? 0 : at
  return { stream, trace: all[stream]?.id ?? -1 }
}

/** An element that is not the device's: the driver finds no message behind it. */
function* badId({ host }: FaultWorld, parts: VirtioParts, fault: InjectedFault): Proc {
  const index = queueNames.indexOf(fault.queue ?? 'tx')
  const vq = parts.device.queues[index] as DeviceVirtqueue
  const chains = vq.vring?.chains ?? []
  const free = chains.lastIndexOf(null)
  const id = free < 0 ? vq.num : free
  sayFault(host, `used id ${id} on ${fault.queue ?? 'tx'}, which the device does not have`)
  virtqueue_push(vq, id, 8)
  host.emit(T.virtqueue_push, vq.id, id, 8)
  yield* parts.proxy.interrupt(index)
}

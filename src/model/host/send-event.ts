/**
 * How a sound device tells the guest of something that nobody asked for: in an element that the
 * driver has left in the event queue, without one not at all. Specification: virtio 1.2 §5.14.
 */
import type { Bytes } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Machine } from '../machine/machine.ts'
import { traceEvent, VIRTIO_SND_VQ_EVENT, type VirtioSndEvent } from '../virtio/virtio_snd.ts'
import { type DeviceVirtqueue, virtqueue_chain, virtqueue_pop } from '../virtio/virtqueue_device.ts'

/** What sending needs of a device. */
export interface EventSender {
  readonly queues: readonly DeviceVirtqueue[]
  complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc
}

/** What happened, and to which stream, jack or control. */
export interface SoundEvent {
  readonly code: number
  readonly data: number
  /** The stream's number in the trace; -1: it is not a stream's, or nobody has opened it. */
  readonly trace: number
  /** CTL_NOTIFY: bits by VIRTIO_SND_CTL_EVT_MASKS. */
  readonly mask?: number
}

/** Sends an event. Return: whether there was room for it. */
export function* sendSoundEvent(
  host: Machine,
  device: EventSender,
  { code, data, trace, mask = 0 }: SoundEvent,
): Proc<boolean> {
  const vq = device.queues[VIRTIO_SND_VQ_EVENT] as DeviceVirtqueue
  const head = virtqueue_pop(vq)
  host.emit(T.device_event, trace, traceEvent(code), head < 0 ? 0 : 1)
  if (head < 0) return false
  const event = virtqueue_chain(vq, head) as VirtioSndEvent
  event.code = code
  event.data = data
  event.mask = mask
  yield* device.complete(vq, head, event.in_bytes)
  return true
}

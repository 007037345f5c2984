/**
 * One PCM stream of QEMU's sound device: its FIFO of guest messages and the callbacks of its voice.
 * A message completes when its last frame has entered the mixer, up to 23 ms before it is heard.
 * Sizes are bytes.
 *
 * Source: QEMU 10.0 hw/audio/virtio-snd.c: virtio_snd_pcm_out_cb(), virtio_snd_pcm_in_cb(),
 * return_tx_buffer(), return_rx_buffer(), virtio_snd_pcm_flush().
 */
import type { Bytes, Frames, Ns } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { Machine } from '../../machine/machine.ts'
import { acquire, release, SleepLock, tryAcquire } from '../../machine/sleep-lock.ts'
import {
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_S_OK,
  VIRTIO_SND_STATUS_BYTES,
  type VirtioSndXfer,
} from '../../virtio/virtio_snd.ts'
import type { DeviceVirtqueue } from '../../virtio/virtqueue_device.ts'
import { ReadTracker } from '../read-tracker.ts'
import type { SwVoiceIn } from './audio-in.ts'
import type { SwVoiceOut } from './audio-out.ts'

/** What a stream needs of its device. */
export interface StreamOwner {
  readonly host: Machine
  /** Returns an element and interrupts the guest if it asked for that. */
  complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc
  /** Starts or stops a stream's voice. */
  setVoiceActive(stream: PcmStream, on: boolean): void
}

/** Parameters as SET_PARAMS stored them; PREPARE takes them over. */
export interface StreamParams {
  bufferBytes: Bytes
  periodBytes: Bytes
  channels: number
  format: number
  rate: number
}

/** A message in the device. QEMU: struct VirtIOSoundPCMBuffer. */
export interface PcmBuffer {
  readonly head: number
  readonly xfer: VirtioSndXfer
  readonly vq: DeviceVirtqueue
  /** Output: bytes still to be mixed. Input: bytes captured so far. */
  size: Bytes
  offset: Bytes
  populated: boolean
  /** What lies in it, filled when it is populated. */
  readonly contents: ReadTracker
}

export class PcmStream {
  readonly id: number
  readonly direction: number
  readonly queueMutex: SleepLock
  readonly queue: PcmBuffer[] = []
  active = false
  /** Parameters that PREPARE took over. */
  rate = 48_000
  frameBytes = 4
  periodBytes: Bytes = 2048
  voiceOut: SwVoiceOut | null = null
  voiceIn: SwVoiceIn | null = null
  /** Number of the stream in the trace, -1 until a message told it. */
  trace = -1
  /** Frame index that follows the one read last; -1: any. */
  expected = -1
  /** Frames captured since the beginning. */
  captured: Frames = 0
  private readonly owner: StreamOwner
  private readonly spare: ReadTracker[] = []

  constructor(owner: StreamOwner, id: number, direction: number) {
    this.owner = owner
    this.id = id
    this.direction = direction
    this.queueMutex = new SleepLock(owner.host, `stream${id}->queue_mutex`)
  }

  /** A message has come in; it is not looked at yet, whatever the state. Locks: queueMutex held. */
  enqueue(vq: DeviceVirtqueue, head: number, xfer: VirtioSndXfer): void {
    const size = this.direction === VIRTIO_SND_D_OUTPUT ? xfer.bytes : 0
    const contents = this.spare.pop() ?? new ReadTracker()
    this.queue.push({ head, xfer, vq, size, offset: 0, populated: false, contents })
  }

  *setActive(on: boolean): Proc {
    const { queueMutex } = this
    if (!tryAcquire(queueMutex)) yield* acquire(queueMutex)
    this.active = on
    release(queueMutex)
    this.owner.setVoiceActive(this, on)
  }

  /** Returns everything; each message with its own push and notification. */
  *flush(): Proc {
    const { queueMutex } = this
    if (!tryAcquire(queueMutex)) yield* acquire(queueMutex)
    while (this.queue.length > 0) yield* this.returnFront()
    release(queueMutex)
  }

  /** The voice has room. QEMU: virtio_snd_pcm_out_cb(). */
  *output(freeBytes: Bytes): Proc {
    const { queueMutex, queue } = this
    if (!tryAcquire(queueMutex)) yield* acquire(queueMutex)
    let available = freeBytes
    while (queue.length > 0) {
      const buffer = queue[0] as PcmBuffer
      if (buffer.vq.vring === null) break
      if (!this.active) {
        yield* this.returnFront()
        continue
      }
      if (!buffer.populated) {
        if (!this.owner.host.tryChargeNs(this.copyNs(buffer))) yield Req.CHARGE
        this.populate(buffer)
      }
      const size = this.mix(buffer, available)
      if (size === 0) break
      available -= size
      if (buffer.size === 0) yield* this.returnFront()
      if (available === 0) break
    }
    release(queueMutex)
  }

  /** The voice has data. QEMU: virtio_snd_pcm_in_cb(). */
  *input(availableBytes: Bytes): Proc {
    const { queueMutex, queue } = this
    if (!tryAcquire(queueMutex)) yield* acquire(queueMutex)
    let available = availableBytes
    while (queue.length > 0) {
      const buffer = queue[0] as PcmBuffer
      if (buffer.vq.vring === null) break
      if (!this.active) {
        yield* this.returnFront()
        continue
      }
      const full = Math.min(buffer.xfer.bytes, this.periodBytes)
      const size = this.capture(buffer, Math.min(available, full - buffer.size))
      if (size === 0) break
      available -= size
      if (buffer.size < full) break
      yield* this.returnFront()
      if (available === 0) break
    }
    release(queueMutex)
  }

  /** What copying a message's data costs. */
  private copyNs(buffer: PcmBuffer): Ns {
    const { host } = this.owner
    const kib = host.priceNs(host.costs.host_copy_per_kib)
    return host.priceNs(host.costs.host_copy_base) + Math.floor((kib * buffer.xfer.bytes) / 1024)
  }

  /** Takes the guest's data: the first time that the device looks at it. */
  private populate(buffer: PcmBuffer): void {
    const { host } = this.owner
    const frame = this.frameBytes
    const { contents, xfer } = buffer
    const { bytes, offset } = xfer
    const frames = Math.floor(bytes / frame)
    this.expected = contents.read(host, xfer, Math.floor(offset / frame), frames, this.expected)
    buffer.populated = true
  }

  /** Bytes that the mixer took. */
  private mix(buffer: PcmBuffer, available: Bytes): Bytes {
    const voice = this.voiceOut
    if (voice === null) return 0
    const { place } = voice
    const offered = Math.floor(Math.min(buffer.size, available) / this.frameBytes)
    const frames = voice.write(offered)
    if (frames === 0) return 0
    buffer.contents.enter(voice.log, place, voice.place - place, frames)
    const size = frames * this.frameBytes
    buffer.size -= size
    buffer.offset += size
    return size
  }

  private capture(buffer: PcmBuffer, bytes: Bytes): Bytes {
    const voice = this.voiceIn
    if (voice === null) return 0
    const frame = this.frameBytes
    const frames = voice.read(Math.floor(bytes / frame))
    if (frames === 0) return 0
    const { host } = this.owner
    const { xfer } = buffer
    const at = Math.floor((xfer.offset + buffer.size) / frame)
    if (xfer.buffer.freed) host.emit(T.audio_copy, this.trace, at, frames, this.captured, 5)
    else xfer.buffer.write(at, frames, this.captured, host.sim.now)
    this.captured += frames
    buffer.size += frames * frame
    return frames * frame
  }

  /**
   * Returns the message at the front, status OK. QEMU: return_tx_buffer(), return_rx_buffer().
   * latency_bytes is what is left of it: 0 for a played message, the rest for a flushed one.
   */
  private returnFront(): Proc {
    const { host } = this.owner
    const buffer = this.queue.shift() as PcmBuffer
    const paid = host.tryCharge(host.costs.audio_buffer_overhead)
    return paid ? this.giveBack(buffer) : this.giveBackLater(buffer)
  }

  private *giveBackLater(buffer: PcmBuffer): Proc {
    yield Req.CHARGE
    yield* this.giveBack(buffer)
  }

  private giveBack(buffer: PcmBuffer): Proc {
    const { xfer } = buffer
    const output = this.direction === VIRTIO_SND_D_OUTPUT
    xfer.status = VIRTIO_SND_S_OK
    xfer.latency_bytes = output ? buffer.size : 0
    const len = VIRTIO_SND_STATUS_BYTES + (output ? 0 : buffer.size)
    buffer.contents.clear()
    this.spare.push(buffer.contents)
    return this.owner.complete(buffer.vq, buffer.head, len)
  }
}

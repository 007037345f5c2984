/**
 * QEMU's virtio-sound device: four queues of 64 entries, all of it run by the main loop under the
 * BQL. The event queue is never used; a reset empties the control queue but not the streams.
 *
 * Source: QEMU 10.0 hw/audio/virtio-snd.c. Left out: jacks, channel maps, migration.
 */
import type { Bytes } from '../../../base/units.ts'
import { DONE, type Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { Machine } from '../../machine/machine.ts'
import { acquire, release, tryAcquire } from '../../machine/sleep-lock.ts'
import type { VirtioGuestPort } from '../../virtio/seam.ts'
import {
  VIRTIO_SND_D_INPUT,
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_STATUS_BYTES,
  VIRTIO_SND_VQ_CONTROL,
  VIRTIO_SND_VQ_RX,
  VIRTIO_SND_VQ_TX,
  type VirtioSndConfig,
  VirtioSndXfer,
} from '../../virtio/virtio_snd.ts'
import {
  DeviceVirtqueue,
  virtio_should_notify,
  virtqueue_chain,
  virtqueue_pop,
  virtqueue_push,
} from '../../virtio/virtqueue_device.ts'
import type { VirtioDevice } from '../device.ts'
import type { EventLoop, LoopHandler } from '../event-loop.ts'
import type { AudioState } from './audio.ts'
import { type ControlTarget, handleCtrl, prepareStream } from './virtio-sound-control.ts'
import { PcmStream, type StreamParams } from './virtio-sound-stream.ts'

/** virtio-snd.c: every queue has this many entries. */
const QUEUE_SIZE = 64
const QUEUE_NAMES = ['control', 'event', 'tx', 'rx']

export interface VirtioSoundOptions {
  readonly name?: string
  /** 1 to 10; the first half are outputs. */
  readonly streams?: number
  readonly queueSize?: number
  /** Its properties `jacks` and `chmaps`: counts in the configuration space, nothing else. */
  readonly jacks?: number
  readonly chmaps?: number
}

/** Format S16 (5), rate 48000 (7). */
const DEFAULT_PARAMS = { bufferBytes: 8192, periodBytes: 2048, channels: 2, format: 5, rate: 7 }

export class VirtioSound implements VirtioDevice, ControlTarget {
  readonly name: string
  readonly host: Machine
  readonly loop: EventLoop
  readonly audio: AudioState
  readonly queues: readonly DeviceVirtqueue[]
  readonly streams: readonly PcmStream[]
  readonly params: StreamParams[]
  readonly config: VirtioSndConfig
  private guest: VirtioGuestPort | null = null
  private readonly handlers: readonly number[]

  constructor(loop: EventLoop, audio: AudioState, options: VirtioSoundOptions = {}) {
    this.loop = loop
    this.host = loop.host
    this.audio = audio
    this.name = options.name ?? 'virtio-sound'
    const { symbols } = this.host.sim.trace
    this.queues = QUEUE_NAMES.map((name, i) => {
      const id = symbols.define('queue', { name: `${this.name}/${name}` })
      return new DeviceVirtqueue(i, name, options.queueSize ?? QUEUE_SIZE, id)
    })
    const count = options.streams ?? 2
    const outputs = Math.ceil(count / 2)
    const directions = Array.from({ length: count }, (_, i) =>
      i < outputs ? VIRTIO_SND_D_OUTPUT : VIRTIO_SND_D_INPUT,
    )
    this.streams = directions.map((direction, i) => new PcmStream(this, i, direction))
    this.params = directions.map(() => ({ ...DEFAULT_PARAMS }))
    const { jacks = 0, chmaps = 0 } = options
    this.config = { jacks, streams: count, chmaps }
    for (const stream of this.streams) prepareStream(this, stream)
    this.handlers = this.queues.map((vq) => loop.addHandler(this.handlerOf(vq)))
  }

  private handlerOf(vq: DeviceVirtqueue): LoopHandler {
    if (vq.index === VIRTIO_SND_VQ_CONTROL) return { handle: () => handleCtrl(this, vq) }
    if (vq.index === VIRTIO_SND_VQ_TX) {
      return { handle: () => this.handleXfer(vq, VIRTIO_SND_D_OUTPUT) }
    }
    if (vq.index === VIRTIO_SND_VQ_RX) {
      return { handle: () => this.handleXfer(vq, VIRTIO_SND_D_INPUT) }
    }
    return { handle: nothing }
  }

  connect(guest: VirtioGuestPort): void {
    this.guest = guest
  }

  onKick(queue: number): void {
    this.loop.signal(this.handlers[queue] as number)
  }

  handleOutput(queue: number): Proc {
    return this.loop.callNow(this.handlers[queue] as number)
  }

  /** QEMU: virtio_snd_reset(). Messages in the streams stay, with elements of rings long gone. */
  *reset(): Proc {}

  setVoiceActive(stream: PcmStream, on: boolean): void {
    if (stream.voiceOut !== null) this.audio.setActiveOut(stream.voiceOut, on)
    if (stream.voiceIn !== null) this.audio.setActiveIn(stream.voiceIn, on)
  }

  /** virtqueue_push() and virtio_notify() of one element. */
  complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc {
    // A ring that the driver has reset takes nothing any more.
    if (vq.vring === null || vq.hold?.(head, len) === true) return DONE
    virtqueue_push(vq, head, len)
    this.host.emit(T.virtqueue_push, vq.id, head, len)
    const notify = virtio_should_notify(vq)
    this.host.emit(T.virtio_notify, vq.id, notify ? 1 : 0)
    return notify && this.guest !== null ? this.guest.interrupt(vq.index) : DONE
  }

  /** QEMU: virtio_snd_handle_tx_xfer(), virtio_snd_handle_rx_xfer(): takes all there is. */
  private *handleXfer(vq: DeviceVirtqueue, direction: number): Proc {
    const bad: number[] = []
    for (let head = virtqueue_pop(vq); head >= 0; head = virtqueue_pop(vq)) {
      this.host.emit(T.virtqueue_pop, vq.id, head)
      const xfer = virtqueue_chain(vq, head)
      const stream = xfer instanceof VirtioSndXfer ? this.streams[xfer.stream_id] : undefined
      if (stream === undefined || stream.direction !== direction) bad.push(head)
      else {
        const { queueMutex } = stream
        if (!tryAcquire(queueMutex)) yield* acquire(queueMutex)
        stream.enqueue(vq, head, xfer as VirtioSndXfer)
        release(queueMutex)
      }
    }
    for (const head of bad) {
      const xfer = virtqueue_chain(vq, head)
      if (xfer instanceof VirtioSndXfer) xfer.status = VIRTIO_SND_S_BAD_MSG
      yield* this.complete(vq, head, VIRTIO_SND_STATUS_BYTES)
    }
  }
}

function* nothing(): Proc {}

/**
 * The generic sound device: queues, one worker thread or three, streams that behave as the options
 * say.
 * vhost-user daemons and emulator devices are presets of it.
 */
import type { Prng } from '../../../base/prng.ts'
import type { Bytes } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { Machine } from '../../machine/machine.ts'
import type { VirtioGuestPort } from '../../virtio/seam.ts'
import {
  VIRTIO_SND_D_INPUT,
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_STATUS_BYTES,
  VIRTIO_SND_VQ_CONTROL,
  VIRTIO_SND_VQ_EVENT,
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
import type { AudioClock } from '../audio-clock.ts'
import type { VirtioDevice } from '../device.ts'
import type { EventLoop, LoopHandler } from '../event-loop.ts'
import { SoundControls } from '../sound-controls.ts'
import { CaptureStream } from './capture-stream.ts'
import { type ControlOwner, ControlQueue } from './control.ts'
import { GENERIC_DEFAULTS, type GenericOptions } from './options.ts'
import { PlayStream } from './play-stream.ts'
import type { GenericStream } from './stream.ts'

const QUEUE_NAMES = ['control', 'event', 'tx', 'rx']

/** The threads that serve control and events, tx, and rx; one and the same, or each its own. */
export interface DeviceLoops {
  readonly control: EventLoop
  readonly tx: EventLoop
  readonly rx: EventLoop
}

export class GenericSound implements VirtioDevice, ControlOwner {
  readonly name: string
  readonly host: Machine
  readonly loop: EventLoop
  readonly options: GenericOptions
  readonly clock: AudioClock
  readonly queues: readonly DeviceVirtqueue[]
  readonly controls: SoundControls
  readonly features: number
  readonly config: VirtioSndConfig
  readonly streams: readonly GenericStream[]
  readonly rng: Prng
  /** Threads that have panicked: their queues are served no more. */
  private readonly dead = new Set<EventLoop>()
  private readonly control: ControlQueue
  private readonly loops: DeviceLoops
  private readonly handlers: readonly number[]
  private guest: VirtioGuestPort | null = null

  constructor(
    loops: EventLoop | DeviceLoops,
    clock: AudioClock,
    given: Partial<GenericOptions> = {},
  ) {
    const options = { ...GENERIC_DEFAULTS, ...given }
    this.loops = 'control' in loops ? loops : { control: loops, tx: loops, rx: loops }
    this.loop = this.loops.control
    this.host = this.loop.host
    this.clock = clock
    this.options = options
    this.name = options.name
    const { sim } = this.host
    this.rng = sim.stream(`device/${options.name}`)
    this.queues = QUEUE_NAMES.map((name, i) => {
      const id = sim.trace.symbols.define('queue', { name: `${options.name}/${name}` })
      return new DeviceVirtqueue(i, name, options.queueSize, id)
    })
    this.controls = new SoundControls(options.controls)
    this.features = this.controls.features
    this.config = { ...this.controls.counts, streams: options.streams }
    const outputs = Math.ceil(options.streams / 2)
    this.streams = Array.from({ length: options.streams }, (_, i) =>
      i < outputs ? new PlayStream(this, i) : new CaptureStream(this, i),
    )
    this.control = new ControlQueue(this, this.queues[0] as DeviceVirtqueue)
    this.handlers = this.queues.map((vq) => this.loopOf(vq.index).addHandler(this.handlerOf(vq)))
  }

  /** The thread of a queue. */
  loopOf(queue: number): EventLoop {
    if (queue === VIRTIO_SND_VQ_TX) return this.loops.tx
    return queue === VIRTIO_SND_VQ_RX ? this.loops.rx : this.loops.control
  }

  private handlerOf(vq: DeviceVirtqueue): LoopHandler {
    if (vq.index === VIRTIO_SND_VQ_TX) return { handle: () => this.take(vq, VIRTIO_SND_D_OUTPUT) }
    if (vq.index === VIRTIO_SND_VQ_RX) return { handle: () => this.take(vq, VIRTIO_SND_D_INPUT) }
    return vq.index === VIRTIO_SND_VQ_EVENT ? { handle: nothing } : this.control
  }

  connect(guest: VirtioGuestPort): void {
    this.guest = guest
  }

  onKick(queue: number): void {
    if (!this.isDead(queue)) this.loopOf(queue).signal(this.handlers[queue] as number)
  }

  /**
   * The thread of a queue panics; workers of back ends go on with what they have. A panic over
   * control poisons the lock of the back end (it is held for writing), so no thread gets past it.
   */
  crash(queue: number): void {
    const { control, tx, rx } = this.loops
    const gone = queue === VIRTIO_SND_VQ_CONTROL ? [control, tx, rx] : [this.loopOf(queue)]
    for (const loop of gone) this.dead.add(loop)
  }

  isDead(queue: number): boolean {
    return this.dead.has(this.loopOf(queue))
  }

  *reset(): Proc {
    this.control.forget()
    if (this.options.reset === 'keeps') return
    for (const stream of this.streams) stream.forget()
  }

  *complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc {
    if (this.push(vq, head, len)) yield* this.notify(vq)
  }

  push(vq: DeviceVirtqueue, head: number, len: Bytes): boolean {
    // A ring that the driver has reset takes nothing any more.
    if (vq.vring === null || vq.hold?.(head, len) === true) return false
    virtqueue_push(vq, head, len)
    this.host.emit(T.virtqueue_push, vq.id, head, len)
    return true
  }

  *notify(vq: DeviceVirtqueue): Proc {
    const notify = virtio_should_notify(vq)
    this.host.emit(T.virtio_notify, vq.id, notify ? 1 : 0)
    if (notify && this.guest !== null) yield* this.guest.interrupt(vq.index)
  }

  private *take(vq: DeviceVirtqueue, direction: number): Proc {
    while (!this.isDead(vq.index)) {
      const head = virtqueue_pop(vq)
      if (head < 0) return
      this.host.emit(T.virtqueue_pop, vq.id, head)
      const xfer = virtqueue_chain(vq, head)
      const stream = xfer instanceof VirtioSndXfer ? this.streams[xfer.stream_id] : undefined
      if (stream !== undefined && stream.direction === direction) {
        yield* stream.arrive(vq, head, xfer as VirtioSndXfer)
        continue
      }
      if (xfer instanceof VirtioSndXfer) xfer.status = VIRTIO_SND_S_BAD_MSG
      yield* this.complete(vq, head, VIRTIO_SND_STATUS_BYTES)
    }
  }
}

function* nothing(): Proc {}

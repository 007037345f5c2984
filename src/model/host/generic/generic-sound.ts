/**
 * The generic sound device: queues, one worker thread or three, streams that behave as the options
 * say.
 * vhost-user daemons and emulator devices are presets of it.
 */
import type { Prng } from '../../../base/prng.ts'
import type { Bytes } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
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
  /** The host's audio callback, where it is not the thread of tx that plays. */
  readonly audio?: EventLoop
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
  workerEnded = false
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

  workerOf(queue: number): EventLoop {
    const { audio } = this.loops
    return queue === VIRTIO_SND_VQ_TX && audio !== undefined ? audio : this.loopOf(queue)
  }

  /** Whether a stream plays. */
  get playing(): boolean {
    return this.streams.some(({ active, direction }) => active && direction === VIRTIO_SND_D_OUTPUT)
  }

  private handlerOf(vq: DeviceVirtqueue): LoopHandler {
    if (vq.index === VIRTIO_SND_VQ_TX && this.options.hostQueue !== null) {
      return { handle: () => this.handOver(vq) }
    }
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
   * A doorbell without an ioeventfd only signals. With a host queue, as an emulator's, the vCPU's
   * thread serves control requests itself, and counts kicks of tx under the mutex.
   */
  *handleOutput(queue: number): Proc {
    const emulator = this.options.hostQueue !== null
    if (emulator && queue === VIRTIO_SND_VQ_CONTROL && !this.isDead(queue)) {
      yield* this.loops.control.callNow(this.handlers[queue] as number)
      return
    }
    const { lock } = this.loopOf(queue)
    if (lock !== null && !tryAcquire(lock)) yield* acquire(lock)
    this.onKick(queue)
    if (lock !== null) release(lock)
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

  released(stream: GenericStream): void {
    stream.released()
    if (this.options.worker === 'ends-with-release') this.workerEnded = true
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

  /** The tx thread has the mutex when it finds that there were kicks. */
  private *handOver(vq: DeviceVirtqueue): Proc {
    const { lock } = this.loops.tx
    const lets = lock !== null && this.options.hostQueue?.mutex === 'released'
    if (lets) release(lock)
    yield* this.handAll(vq)
    if (lets && !tryAcquire(lock)) yield* acquire(lock)
  }

  /** Puts what there is into the host queue; when all of it lies there, it goes back together. */
  private *handAll(vq: DeviceVirtqueue): Proc {
    const { host } = this
    const heads: number[] = []
    for (let head = virtqueue_pop(vq); head >= 0; head = virtqueue_pop(vq)) {
      host.emit(T.virtqueue_pop, vq.id, head)
      heads.push(head)
    }
    const chains = heads.map((head) => virtqueue_chain(vq, head))
    for (const [i, xfer] of chains.entries()) {
      if (!(xfer instanceof VirtioSndXfer)) continue
      const stream = this.streams[xfer.stream_id]
      if (!host.tryCharge(host.costs.audio_buffer_overhead)) yield Req.CHARGE
      if (stream?.direction !== VIRTIO_SND_D_OUTPUT) {
        xfer.status = VIRTIO_SND_S_BAD_MSG
        continue
      }
      yield* stream.arrive(vq, heads[i] as number, xfer)
      stream.answer({ xfer, done: 0 })
    }
    for (const head of heads) this.push(vq, head, VIRTIO_SND_STATUS_BYTES)
    if (heads.length > 0) yield* this.notify(vq)
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

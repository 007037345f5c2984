/**
 * One stream of the generic device: the messages that the guest has queued, and what both
 * directions do with them. Sizes are bytes, places frames.
 */
import type { Bytes, Ns } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import type { Machine } from '../../machine/machine.ts'
import { acquire, release, SleepLock, tryAcquire } from '../../machine/sleep-lock.ts'
import {
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_EVT_PCM_XRUN,
  VIRTIO_SND_S_OK,
  VIRTIO_SND_STATUS_BYTES,
  VIRTIO_SND_VQ_CONTROL,
  VIRTIO_SND_VQ_RX,
  VIRTIO_SND_VQ_TX,
  type VirtioSndXfer,
} from '../../virtio/virtio_snd.ts'
import type { DeviceVirtqueue } from '../../virtio/virtqueue_device.ts'
import type { AudioClock } from '../audio-clock.ts'
import type { EventLoop, LoopHandler, LoopTimer } from '../event-loop.ts'
import { ReadTracker } from '../read-tracker.ts'
import { sendSoundEvent } from '../send-event.ts'
import { mayTransfer } from './lifecycle.ts'
import type { GenericOptions } from './options.ts'
import { Pacer } from './pacer.ts'
import { QueueRoom } from './queue-room.ts'

/** What a stream needs of its device. */
export interface GenericOwner {
  readonly host: Machine
  loopOf(queue: number): EventLoop
  /** The thread that plays and records: that of the queue, or an audio callback's. */
  workerOf(queue: number): EventLoop
  readonly options: GenericOptions
  readonly clock: AudioClock
  /** Whether the thread of a queue is gone for good. */
  isDead(queue: number): boolean
  /** The thread of a queue is gone for good. */
  crash(queue: number): void
  /** The back end's thread is gone for good: what is queued stays so until RELEASE. */
  readonly workerEnded: boolean
  /** Returns an element and interrupts the guest if it asked for that. */
  complete(vq: DeviceVirtqueue, head: number, len: Bytes): Proc
  readonly queues: readonly DeviceVirtqueue[]
}

/** A message in the device. */
export interface QueuedMessage {
  readonly head: number
  readonly xfer: VirtioSndXfer
  readonly vq: DeviceVirtqueue
  readonly arrivedNs: Ns
  /** Output: bytes taken. Input: bytes captured. */
  done: Bytes
  populated: boolean
  readonly contents: ReadTracker
}

type Progress = Pick<QueuedMessage, 'xfer' | 'done'>

export abstract class GenericStream implements LoopHandler {
  readonly id: number
  readonly direction: number
  readonly owner: GenericOwner
  readonly pacer: Pacer
  readonly queue: QueuedMessage[] = []
  /** Last PCM request that was accepted. */
  state = 0
  active = false
  rate = 48_000
  frameBytes = 4
  trace = -1
  readonly timer: LoopTimer
  protected started = false
  /** Held by the thread that works on the stream; null: there is only one thread. */
  private readonly lock: SleepLock | null
  /** Of the queue to an audio callback; null: there is no such queue. */
  private readonly room: QueueRoom | null

  constructor(owner: GenericOwner, id: number, direction: number) {
    this.owner = owner
    this.id = id
    this.direction = direction
    this.pacer = new Pacer(owner.options.pacing, owner.clock)
    const queue = direction === VIRTIO_SND_D_OUTPUT ? VIRTIO_SND_VQ_TX : VIRTIO_SND_VQ_RX
    const loop = owner.workerOf(queue)
    this.timer = loop.addTimer(this)
    const several = loop !== owner.loopOf(VIRTIO_SND_VQ_CONTROL)
    this.lock = several ? new SleepLock(owner.host, `stream ${id}`) : null
    const { hostQueue } = owner.options
    const queued = hostQueue !== null && direction === VIRTIO_SND_D_OUTPUT
    this.room = queued ? new QueueRoom(owner.host, hostQueue.depth, loop.task) : null
  }

  protected get nowNs(): Ns {
    return this.owner.host.sim.now
  }

  /** Runs `body` with the stream's lock, which a device of one thread does not need. */
  *locked<T>(body: () => Proc<T>): Proc<T> {
    const { lock } = this
    if (lock === null) return yield* body()
    if (!tryAcquire(lock)) yield* acquire(lock)
    const result = yield* body()
    release(lock)
    return result
  }

  /** A message has come in; where it goes into a queue, it waits for room there. */
  *arrive(vq: DeviceVirtqueue, head: number, xfer: VirtioSndXfer): Proc {
    if (this.room !== null && !(yield* this.room.wait(this.queue))) return
    yield* this.locked(() => this.enqueue(vq, head, xfer))
  }

  private *enqueue(vq: DeviceVirtqueue, head: number, xfer: VirtioSndXfer): Proc {
    const contents = new ReadTracker()
    const arrivedNs = this.nowNs
    const message = { head, xfer, vq, arrivedNs, done: 0, populated: false, contents }
    this.queue.push(message)
    const { lifecycle, takes } = this.owner.options
    if (lifecycle === 'crash' && !mayTransfer(this.state)) {
      this.owner.crash(vq.index)
      return
    }
    yield* this.onArrival(message)
    if (this.owner.workerEnded) return
    if (this.room !== null) {
      // The callback's own thread acts.
      if (this.active && this.timer.atNs < 0) this.timer.anticipate(this.nowNs)
    } else if (takes === 'on-arrival') yield* this.act()
    else if (this.active && (this.timer.atNs < 0 || this.waitsForMessage())) yield* this.turn()
  }

  /**
   * The worker of a host PCM sleeps on its channel while it has no message, and takes the first one
   * that comes at once if the host has room.
   */
  private waitsForMessage(): boolean {
    const { kind } = this.owner.options.pacing
    return kind === 'host-period' && this.queue.length === 1
  }

  /** PREPARE: a stream from the beginning. */
  prepare(): void {
    this.started = false
    this.room?.open()
  }

  /** RELEASE, or a reset: ends the wait for room if the device has thought of that. */
  released(): void {
    if (this.owner.options.hostQueue?.mutex === 'released') this.room?.close()
  }

  /** START. */
  start(): void {
    this.active = true
    this.pacer.start(this.rate, this.nowNs, this.started)
    this.started = true
    const firstNs = this.pacer.firstNs(this.nowNs)
    // A device that acts when something comes looks at what is there already.
    this.timer.anticipate(firstNs < 0 ? this.nowNs : firstNs)
  }

  /** STOP. */
  *stop(): Proc {
    this.active = false
    this.timer.cancel()
    if (this.owner.options.stop === 'return') yield* this.flush()
  }

  /** Returns everything, played or not. */
  *flush(): Proc {
    while (this.queue.length > 0) yield* this.giveBack(this.queue.shift() as QueuedMessage)
  }

  /** The sink found nothing to play, or no room for what it captured. */
  protected *sendXrun(): Proc {
    const { owner, id, trace } = this
    const event = { code: VIRTIO_SND_EVT_PCM_XRUN, data: id, trace }
    yield* sendSoundEvent(owner.host, owner, event)
  }

  forget(): void {
    this.queue.length = 0
    this.active = false
    this.state = 0
    this.timer.cancel()
    this.released()
  }

  handle(): Proc {
    return this.locked(() => this.turn())
  }

  /** The worker's turn. */
  private *turn(): Proc {
    if (this.owner.workerEnded) return
    if (!this.active) {
      this.rest()
      return
    }
    const resumeNs = this.stalledUntilNs()
    if (resumeNs > 0) {
      this.timer.anticipate(resumeNs)
      return
    }
    yield* this.act()
    this.room?.wake()
  }

  /** End of the stall that is on now, 0 if none is. */
  private stalledUntilNs(): Ns {
    const now = this.nowNs
    for (const { atNs, forNs } of this.owner.options.stalls) {
      if (now >= atNs && now < atNs + forNs) return atNs + forNs
    }
    return 0
  }

  protected *giveBack(message: QueuedMessage): Proc {
    // What came through a queue went back when it lay there.
    if (this.room !== null) return
    const { host } = this.owner
    if (!host.tryCharge(host.costs.audio_buffer_overhead)) yield Req.CHARGE
    const { xfer } = message
    this.answer(message)
    const len = VIRTIO_SND_STATUS_BYTES + (xfer.output ? 0 : capturedOf(message))
    yield* this.owner.complete(message.vq, message.head, len)
  }

  /** Fills in the status of a message that is done. */
  answer(message: Progress): void {
    message.xfer.status = VIRTIO_SND_S_OK
    message.xfer.latency_bytes = this.latencyOf(message)
  }

  private latencyOf(message: Progress): Bytes {
    const { xfer, done } = message
    switch (this.owner.options.latency) {
      case 'zero':
        return 0
      case 'remaining':
        return xfer.output ? xfer.bytes - done : 0
      case 'period':
        return xfer.output ? xfer.bytes : capturedOf(message)
      case 'true':
        return this.pacer.fill * this.frameBytes
    }
  }

  /** The sink goes on although the stream is stopped. */
  protected rest(): void {}

  protected abstract onArrival(message: QueuedMessage): Proc
  protected abstract act(): Proc
}

/** Bytes of a capture message that count as captured: the position may lie behind its end. */
function capturedOf({ xfer, done }: Progress): Bytes {
  return done < xfer.bytes ? done : xfer.bytes
}

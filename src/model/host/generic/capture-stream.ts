/**
 * A capture stream of the generic device: the source gives frames at the rate; what finds no
 * message is lost once the device's own room is full.
 */
import type { Frames } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { Fresh } from '../../machine/freshness.ts'
import { VIRTIO_SND_D_INPUT } from '../../virtio/virtio_snd.ts'
import { type GenericOwner, GenericStream, type QueuedMessage } from './stream.ts'

export class CaptureStream extends GenericStream {
  /** Index of the next frame of the source, lost ones included. */
  private index: Frames = 0
  /** Frames that wait in the device. */
  private available: Frames = 0
  private produced: Frames = 0

  constructor(owner: GenericOwner, id: number) {
    super(owner, id, VIRTIO_SND_D_INPUT)
  }

  override start(): void {
    super.start()
    this.produced = 0
    this.available = 0
  }

  protected *onArrival(_message: QueuedMessage): Proc {}

  protected *act(): Proc {
    const { kind } = this.owner.options.pacing
    // A back end that forgets what it is given has nothing to give.
    if (kind === 'free-run') return
    this.pacer.drain(this.nowNs)
    // Nothing lies in the pacer's bucket, so all that has passed counts as missed by it.
    this.available += this.pacer.missed - this.produced
    this.produced = this.pacer.missed
    while (this.available > 0 && this.queue.length > 0) {
      const full = this.fillFront()
      if (full) yield* this.giveBack(this.queue.shift() as QueuedMessage)
    }
    if (this.lose(kind === 'pull' ? 0 : this.pacer.room())) {
      if (this.owner.options.events === 'xrun') {
        yield* this.sendXrun()
      }
    }
    this.schedule()
  }

  /** Moves frames into the front message; true when it is full. */
  private fillFront(): boolean {
    const message = this.queue[0] as QueuedMessage
    const { xfer } = message
    const left = Math.floor((xfer.bytes - message.done) / this.frameBytes)
    const frames = left < this.available ? left : this.available
    const at = Math.floor((xfer.offset + message.done) / this.frameBytes)
    if (xfer.buffer.freed) {
      this.owner.host.emit(T.audio_copy, this.trace, at, frames, this.index, Fresh.freed)
    } else xfer.buffer.write(at, frames, this.index, this.nowNs)
    this.index += frames
    this.available -= frames
    const times = this.owner.options.advance === 'twice' ? 2 : 1
    message.done += times * frames * this.frameBytes
    return times * frames >= left
  }

  /** Drops what does not fit into `room`; true if there was anything. */
  private lose(room: Frames): boolean {
    if (this.available <= room) return false
    this.index += this.available - room
    this.available = room
    return true
  }

  private schedule(): void {
    const nextNs = this.pacer.nextNs(this.nowNs)
    if (nextNs >= 0) {
      this.timer.anticipate(nextNs)
      return
    }
    const [front] = this.queue
    if (front === undefined) return
    const left = Math.floor((front.xfer.bytes - front.done) / this.frameBytes)
    this.timer.anticipate(this.pacer.afterFrames(left - this.available))
  }
}

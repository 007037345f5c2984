/**
 * A playback stream of the generic device. Frames taken from messages lie in the device until the
 * sink has had them; a message goes back when it was taken or when it was heard.
 */
import type { Frames } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import { VIRTIO_SND_D_OUTPUT } from '../../virtio/virtio_snd.ts'
import { PlayLog } from '../play-log.ts'
import { type GenericOwner, GenericStream, type QueuedMessage } from './stream.ts'

export class PlayStream extends GenericStream {
  private readonly log = new PlayLog()
  /** Messages taken whole, that the sink has not had yet, with the places of their ends. */
  private readonly sounding: QueuedMessage[] = []
  private readonly ends: Frames[] = []
  /** Frames taken, and frames heard, since the beginning. */
  private taken: Frames = 0
  private heard: Frames = 0
  private missed: Frames = 0
  private expected = -1

  constructor(owner: GenericOwner, id: number) {
    super(owner, id, VIRTIO_SND_D_OUTPUT)
  }

  override prepare(): void {
    super.prepare()
    // The host PCM is opened anew; what it still had is gone.
    this.timer.cancel()
    this.pacer.fill = 0
    this.expected = -1
    this.log.clear()
    this.taken = this.heard
  }

  override start(): void {
    this.rest()
    super.start()
    this.missed = 0
  }

  override *stop(): Proc {
    yield* super.stop()
    if (!this.restless || this.pacer.fill === 0) return
    this.timer.anticipate(this.pacer.afterFrames(this.pacer.fill))
  }

  /** STOP does not stop a host PCM: it plays what it has and runs dry by itself. */
  protected override rest(): void {
    if (this.restless && this.started) this.advance(this.nowNs)
  }

  private get restless(): boolean {
    return this.owner.options.pacing.kind === 'host-period'
  }

  override *flush(): Proc {
    for (const message of this.sounding.splice(0)) yield* this.giveBack(message)
    this.ends.length = 0
    yield* super.flush()
  }

  override forget(): void {
    super.forget()
    this.sounding.length = 0
    this.ends.length = 0
  }

  protected *onArrival(message: QueuedMessage): Proc {
    if (this.owner.options.copy === 'on-arrival') yield* this.populate(message)
  }

  protected *act(): Proc {
    const { pacer } = this
    const { options } = this.owner
    const now = this.nowNs
    const { kind } = options.pacing
    if (kind === 'exact') {
      yield* this.playOn()
      return
    }
    // The mixer of a timer-paced device is filled first and drained afterwards.
    if (kind !== 'timer-bucket') this.advance(now)
    if (kind === 'host-period' && pacer.fill === 0 && this.queue.length > 0) {
      yield* this.reportGap()
      this.timer.cancel()
      pacer.restart(now)
    }
    yield* this.takeFrames(kind === 'pull')
    if (kind === 'timer-bucket') this.advance(now)
    yield* this.returnHeard()
    yield* this.reportGap()
    this.schedule(pacer.nextNs(now))
  }

  /**
   * The sample clock goes from message to message by itself: the next one begins where the last
   * one ended, although the worker wakes up later. The sink starves if the message had not come by
   * then, or if the worker was so late that it could not have read it before its end was due.
   */
  private *playOn(): Proc {
    this.advance(this.nowNs)
    yield* this.returnHeard()
    const [next] = this.queue
    if (this.sounding.length === 0 && next !== undefined) {
      const lost = this.pacer.due(this.nowNs) >= next.xfer.bytes / this.frameBytes
      this.pacer.starve(lost ? this.nowNs : next.arrivedNs)
      yield* this.reportGap()
      yield* this.takeFrames(true)
    }
    this.schedule(-1)
  }

  private advance(now: number): void {
    const { kind } = this.owner.options.pacing
    const before = this.pacer.fill
    if (kind === 'exact') this.pacer.drainTaken(now)
    else this.pacer.drain(now)
    if (kind === 'free-run') this.pacer.fill = 0
    this.heard += before - this.pacer.fill
    this.log.heard(this.owner.host, this.trace, this.heard)
  }

  /** Takes what there is room for; with `one`, from the front message only. */
  private *takeFrames(one: boolean): Proc {
    let room = this.pacer.room()
    while (room > 0 && this.queue.length > 0) {
      const message = this.queue[0] as QueuedMessage
      if (!message.populated) yield* this.populate(message)
      // The driver may have reset the device meanwhile.
      if (this.queue[0] !== message) return
      const left = Math.floor((message.xfer.bytes - message.done) / this.frameBytes)
      const frames = left < room ? left : room
      message.contents.enter(this.log, this.taken, frames, frames)
      message.done += frames * this.frameBytes
      this.taken += frames
      this.pacer.take(frames)
      room -= frames
      if (frames === left) yield* this.tookWhole(this.queue.shift() as QueuedMessage)
      if (one) break
    }
    if (this.owner.options.pacing.kind === 'free-run') this.advance(this.nowNs)
  }

  private *tookWhole(message: QueuedMessage): Proc {
    const { completion, pacing } = this.owner.options
    if (completion === 'at-copy' && pacing.kind !== 'exact') yield* this.giveBack(message)
    else {
      this.sounding.push(message)
      this.ends.push(this.taken)
    }
  }

  private *returnHeard(): Proc {
    while (this.sounding.length > 0 && (this.ends[0] as Frames) <= this.heard) {
      this.ends.shift()
      yield* this.giveBack(this.sounding.shift() as QueuedMessage)
    }
  }

  private *reportGap(): Proc {
    const { missed } = this.pacer
    // What runs free has no sink that could miss anything.
    if (this.owner.options.pacing.kind === 'free-run') return
    if (missed <= this.missed) return
    const { host, options } = this.owner
    const first = this.missed === 0 || this.pacer.fill > 0
    host.emit(T.audio_silence, this.trace, missed - this.missed)
    this.missed = missed
    if (first && options.events === 'xrun') {
      yield* this.sendXrun()
    }
  }

  private schedule(nextNs: number): void {
    if (nextNs >= 0) this.timer.anticipate(nextNs)
    const [end] = this.ends
    if (end === undefined) return
    this.timer.anticipate(this.pacer.whenTaken(end - this.heard))
  }

  private *populate(message: QueuedMessage): Proc {
    const { host } = this.owner
    const { bytes, offset } = message.xfer
    const kib = host.priceNs(host.costs.host_copy_per_kib)
    const ns = host.priceNs(host.costs.host_copy_base) + Math.floor((kib * bytes) / 1024)
    if (!host.tryChargeNs(ns)) yield Req.CHARGE
    const at = Math.floor(offset / this.frameBytes)
    const frames = Math.floor(bytes / this.frameBytes)
    this.expected = message.contents.read(host, message.xfer, at, frames, this.expected)
    message.populated = true
  }
}

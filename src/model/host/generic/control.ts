/**
 * Control requests of the generic device: the order of requests is checked as the options say, and
 * the answer may take its time.
 */
import type { Prng } from '../../../base/prng.ts'
import type { Bytes, Ns } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import {
  maskOfIndices,
  VIRTIO_SND_PCM_F_EVT_XRUNS,
  VIRTIO_SND_PCM_FORMATS,
  VIRTIO_SND_PCM_RATES,
  VIRTIO_SND_PCM_WIDTHS,
  VIRTIO_SND_R_PCM_INFO,
  VIRTIO_SND_R_PCM_PREPARE,
  VIRTIO_SND_R_PCM_RELEASE,
  VIRTIO_SND_R_PCM_SET_PARAMS,
  VIRTIO_SND_R_PCM_START,
  VIRTIO_SND_R_PCM_STOP,
  VIRTIO_SND_S_BAD_MSG,
  VIRTIO_SND_S_NOT_SUPP,
  VIRTIO_SND_S_OK,
  VIRTIO_SND_VQ_CONTROL,
  type VirtioSndControl,
  type VirtioSndPcmInfo,
} from '../../virtio/virtio_snd.ts'
import {
  type DeviceVirtqueue,
  virtqueue_chain,
  virtqueue_pop,
} from '../../virtio/virtqueue_device.ts'
import type { LoopHandler, LoopTimer } from '../event-loop.ts'
import type { SoundControls } from '../sound-controls.ts'
import { mayFollow } from './lifecycle.ts'
import type { GenericOptions } from './options.ts'
import type { GenericOwner, GenericStream } from './stream.ts'

export interface ControlOwner extends GenericOwner {
  readonly streams: readonly GenericStream[]
  readonly controls: SoundControls
  readonly rng: Prng
  /** RELEASE was done. */
  released(stream: GenericStream): void
  /** Returns an element without a word; false if it is kept back. */
  push(vq: DeviceVirtqueue, head: number, len: Bytes): boolean
  /** Interrupts the guest if it asked for that. */
  notify(vq: DeviceVirtqueue): Proc
}

interface Taken {
  readonly head: number
  readonly request: VirtioSndControl
}

interface Answer {
  readonly head: number
  readonly request: VirtioSndControl
  readonly status: number
  readonly len: number
  readonly atNs: Ns
  readonly then: GenericStream | null
}

export class ControlQueue implements LoopHandler {
  private readonly owner: ControlOwner
  private readonly vq: DeviceVirtqueue
  private readonly answers: Answer[] = []
  private readonly timer: LoopTimer

  constructor(owner: ControlOwner, vq: DeviceVirtqueue) {
    this.owner = owner
    this.vq = vq
    this.timer = owner.loopOf(VIRTIO_SND_VQ_CONTROL).addTimer({ handle: () => this.sendAnswers() })
  }

  forget(): void {
    this.answers.length = 0
    this.timer.cancel()
  }

  /** Kicked: takes every request there is, answers them, and looks again. */
  *handle(): Proc {
    const { owner } = this
    const { host } = owner
    for (let batch = this.popAll(); batch.length > 0; batch = this.popAll()) {
      for (const { head, request } of batch) {
        if (!host.tryCharge(host.costs.audio_buffer_overhead)) yield Req.CHARGE
        const status = yield* this.process(request)
        if (owner.isDead(VIRTIO_SND_VQ_CONTROL)) {
          // What was answered before the panic lies in the ring, and nobody says so.
          for (const done of this.answers.splice(0)) {
            done.request.status = done.status
            owner.push(this.vq, done.head, done.len)
          }
          return
        }
        this.queueAnswer(head, request, status)
      }
      yield* this.sendAnswers()
    }
  }

  private popAll(): Taken[] {
    const { owner, vq } = this
    const batch: Taken[] = []
    for (let head = virtqueue_pop(vq); head >= 0; head = virtqueue_pop(vq)) {
      owner.host.emit(T.virtqueue_pop, vq.id, head)
      // Mapped with the pop: the driver may reset the queue while this thread works.
      batch.push({ head, request: virtqueue_chain(vq, head) as VirtioSndControl })
    }
    return batch
  }

  private queueAnswer(head: number, request: VirtioSndControl, status: number): void {
    const { controlLatency, release } = this.owner.options
    const now = this.owner.host.sim.now
    const latency = controlLatency === null ? 0 : controlLatency.draw(this.owner.rng)
    const last = this.answers[this.answers.length - 1]
    const ready = now + latency
    const atNs = last !== undefined && last.atNs > ready ? last.atNs : ready
    const ok = status === VIRTIO_SND_S_OK
    const late = ok && request.code === VIRTIO_SND_R_PCM_RELEASE && release === 'answer-then-flush'
    const then = late ? (this.owner.streams[request.stream_id] ?? null) : null
    this.answers.push({ head, request, status, len: ok ? request.in_bytes : 4, atNs, then })
  }

  private *sendAnswers(): Proc {
    const { owner, vq } = this
    const batch = owner.options.controlSignal === 'batch'
    let pushed = false
    while (this.answers.length > 0) {
      const answer = this.answers[0] as Answer
      if (answer.atNs > owner.host.sim.now) {
        this.timer.anticipate(answer.atNs)
        break
      }
      this.answers.shift()
      answer.request.status = answer.status
      if (!batch) yield* owner.complete(vq, answer.head, answer.len)
      else if (owner.push(vq, answer.head, answer.len)) pushed = true
      const { then } = answer
      if (then !== null) yield* then.locked(() => then.flush())
    }
    if (pushed) yield* owner.notify(vq)
  }

  private *process(request: VirtioSndControl): Proc<number> {
    const { owner } = this
    const { code } = request
    if (code === VIRTIO_SND_R_PCM_INFO) return pcmInfo(owner, request)
    if (code < VIRTIO_SND_R_PCM_SET_PARAMS || code > VIRTIO_SND_R_PCM_STOP) {
      return owner.controls.answer(request)
    }
    const stream = owner.streams[request.stream_id]
    if (stream === undefined) return VIRTIO_SND_S_BAD_MSG
    stream.trace = request.traceStream
    const { lifecycle } = owner.options
    if (!mayFollow(stream.state, code, lifecycle) && this.refuses(code)) return VIRTIO_SND_S_BAD_MSG
    return yield* stream.locked(() => this.obey(stream, request))
  }

  private *obey(stream: GenericStream, request: VirtioSndControl): Proc<number> {
    const status = yield* this.apply(stream, request)
    if (status === VIRTIO_SND_S_OK) stream.state = request.code
    return status
  }

  /** The driver broke the order (analysis/protocol.ts says so): does what the options say. */
  private refuses(code: number): boolean {
    const { options } = this.owner
    const strict = code === VIRTIO_SND_R_PCM_SET_PARAMS || code === VIRTIO_SND_R_PCM_RELEASE
    if (options.lifecycle === 'crash' && !strict) this.owner.crash(VIRTIO_SND_VQ_CONTROL)
    return options.lifecycle !== 'none'
  }

  private *apply(stream: GenericStream, request: VirtioSndControl): Proc<number> {
    switch (request.code) {
      case VIRTIO_SND_R_PCM_SET_PARAMS:
        return setParams(this.owner.options, stream, request)
      case VIRTIO_SND_R_PCM_PREPARE:
        stream.prepare()
        break
      case VIRTIO_SND_R_PCM_START:
        stream.start()
        break
      case VIRTIO_SND_R_PCM_STOP:
        yield* stream.stop()
        break
      case VIRTIO_SND_R_PCM_RELEASE:
        if (this.owner.options.release === 'flush-then-answer') yield* stream.flush()
        this.owner.released(stream)
        break
    }
    return VIRTIO_SND_S_OK
  }
}

function setParams(
  options: GenericOptions,
  stream: GenericStream,
  request: VirtioSndControl,
): number {
  const format = VIRTIO_SND_PCM_FORMATS[request.format] ?? ''
  const rate = VIRTIO_SND_PCM_RATES[request.rate] ?? 0
  const { channels } = request
  if (!options.formats.includes(format) || !options.rates.includes(rate)) {
    return VIRTIO_SND_S_NOT_SUPP
  }
  if (channels < 1 || channels > options.channelsMax) return VIRTIO_SND_S_NOT_SUPP
  stream.rate = rate
  stream.frameBytes = ((VIRTIO_SND_PCM_WIDTHS[request.format] as number) / 8) * channels
  return VIRTIO_SND_S_OK
}

function pcmInfo(owner: ControlOwner, request: VirtioSndControl): number {
  const { stream_id: start, count } = request
  if (start + count > owner.streams.length) return VIRTIO_SND_S_BAD_MSG
  const { options } = owner
  request.info = owner.streams.slice(start, start + count).map(
    (stream): VirtioSndPcmInfo => ({
      hda_fn_nid: 0,
      features: options.events === 'xrun' ? VIRTIO_SND_PCM_F_EVT_XRUNS : 0,
      formats: maskOfIndices(VIRTIO_SND_PCM_FORMATS, options.formats),
      rates: maskOfIndices(VIRTIO_SND_PCM_RATES, options.rates),
      direction: stream.direction,
      channels_min: 1,
      channels_max: options.channelsMax,
    }),
  )
  return VIRTIO_SND_S_OK
}

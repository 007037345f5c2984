/**
 * QEMU's audio core: one timer, re-armed after its work and therefore drifting, that runs the
 * voices under the BQL. Times are ns.
 *
 * Source: QEMU 10.0 audio/audio.c: audio_timer(), audio_run(), audio_reset_timer(). The timer is
 * armed while a voice is enabled; for a back end in poll mode it stands for its file's readiness.
 * Left out: capture of the mix.
 */
import type { Ns } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { EventLoop, LoopHandler, LoopTimer } from '../event-loop.ts'
import type { AudioBackend } from './audio-backend.ts'
import { HwVoiceIn, type InputClient, SwVoiceIn } from './audio-in.ts'
import { HwVoiceOut, type OutputClient, SwVoiceOut } from './audio-out.ts'

/** timer-period of an audiodev, unless given. */
export const TIMER_PERIOD_NS = 10_000_000

export class AudioState implements LoopHandler {
  readonly loop: EventLoop
  readonly out: HwVoiceOut
  readonly in: HwVoiceIn
  readonly periodNs: Ns
  private readonly timer: LoopTimer
  private timerRunning = false
  private runs = 0

  constructor(loop: EventLoop, backend: AudioBackend, periodNs: Ns = TIMER_PERIOD_NS) {
    this.loop = loop
    this.periodNs = periodNs
    this.out = new HwVoiceOut(loop.host, backend)
    this.in = new HwVoiceIn(loop.host, backend)
    this.timer = loop.addTimer(this)
  }

  /** Opens a playback voice, or replaces one whose format differs. QEMU: AUD_open_out(). */
  openOut(
    old: SwVoiceOut | null,
    client: OutputClient,
    rate: number,
    frameBytes: number,
    stream: number,
  ): SwVoiceOut {
    if (old !== null && old.rate === rate && old.frameBytes === frameBytes) {
      old.stream = stream
      return old
    }
    const voice = new SwVoiceOut(this.out, client, rate, frameBytes, stream)
    replace(this.out.clients, old, voice)
    return voice
  }

  openIn(
    old: SwVoiceIn | null,
    client: InputClient,
    rate: number,
    frameBytes: number,
    stream: number,
  ): SwVoiceIn {
    if (old !== null && old.rate === rate && old.frameBytes === frameBytes) {
      old.stream = stream
      return old
    }
    const voice = new SwVoiceIn(this.in, client, rate, frameBytes, stream)
    replace(this.in.clients, old, voice)
    return voice
  }

  setActiveOut(voice: SwVoiceOut, on: boolean): void {
    if (this.out.setActive(voice, on)) this.resetTimer()
  }

  setActiveIn(voice: SwVoiceIn, on: boolean): void {
    if (this.in.setActive(voice, on)) this.resetTimer()
  }

  /** The timer has expired. QEMU: audio_timer(). */
  *handle(): Proc {
    this.loop.host.emit(T.audio_run, this.runs++)
    if (this.out.enabled) yield* this.out.run()
    if (this.in.enabled) yield* this.in.run()
    this.resetTimer()
  }

  /** QEMU: audio_reset_timer(). Armed relative to now, not to a schedule. */
  private resetTimer(): void {
    if (this.out.enabled || this.in.enabled) {
      this.timer.anticipate(this.nextNs())
      this.timerRunning = true
      return
    }
    if (this.timerRunning) this.timer.cancel()
    this.timerRunning = false
  }

  /** A period from now, or when the back end's file will be ready. */
  private nextNs(): Ns {
    const { now } = this.loop.host.sim
    const { backend } = this.out
    const readyNs = backend.readyNs === undefined ? -1 : backend.readyNs(now)
    return readyNs < 0 ? now + this.periodNs : readyNs
  }
}

function replace<V>(voices: V[], old: V | null, voice: V): void {
  const at = old === null ? -1 : voices.indexOf(old)
  if (at < 0) voices.push(voice)
  else voices[at] = voice
}

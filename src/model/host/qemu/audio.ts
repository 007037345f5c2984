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

export interface AudioOptions {
  /** timer-period. */
  readonly periodNs?: Ns
  /** out.mixing-engine and in.mixing-engine; without it a direction has one voice, no prefetch. */
  readonly mixingEngine?: boolean
  /** fixed-settings=off: the back end for a voice of this rate. Else it keeps its own rate. */
  readonly reopen?: (rate: number) => AudioBackend
}

export class AudioState implements LoopHandler {
  readonly loop: EventLoop
  readonly out: HwVoiceOut
  readonly in: HwVoiceIn
  readonly periodNs: Ns
  private readonly options: AudioOptions
  private readonly timer: LoopTimer
  private timerRunning = false
  private runs = 0

  constructor(loop: EventLoop, backend: AudioBackend, options: AudioOptions = {}) {
    this.loop = loop
    this.periodNs = options.periodNs ?? TIMER_PERIOD_NS
    this.options = options
    const engine = options.mixingEngine ?? true
    this.out = new HwVoiceOut(loop.host, backend, engine)
    this.in = new HwVoiceIn(loop.host, backend, engine)
    this.timer = loop.addTimer(this)
  }

  /** Opens a playback voice, or replaces one whose format differs. QEMU: AUD_open_out(). */
  openOut(
    old: SwVoiceOut | null,
    client: OutputClient,
    rate: number,
    frameBytes: number,
    stream: number,
  ): SwVoiceOut | null {
    if (old !== null && old.rate === rate && old.frameBytes === frameBytes) {
      old.stream = stream
      return old
    }
    if (!this.mayOpen(this.out, old, rate)) return null
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
  ): SwVoiceIn | null {
    if (old !== null && old.rate === rate && old.frameBytes === frameBytes) {
      old.stream = stream
      return old
    }
    if (!this.mayOpen(this.in, old, rate)) return null
    const voice = new SwVoiceIn(this.in, client, rate, frameBytes, stream)
    replace(this.in.clients, old, voice)
    return voice
  }

  /**
   * Whether there is a hardware voice for one more client. With settings that are not fixed the
   * first client's are the voice's. QEMU: audio_pcm_hw_add_out(), with one voice a direction.
   */
  private mayOpen(hw: HwVoiceOut | HwVoiceIn, old: object | null, rate: number): boolean {
    if (hw === this.in && hw.backend.noCapture === true) return false
    const others = hw.clients.length - (old === null ? 0 : 1)
    if (others > 0) return hw.mixingEngine
    const { reopen } = this.options
    if (reopen !== undefined && hw.backend.rate !== rate) hw.reopen(reopen(rate))
    return true
  }

  setActiveOut(voice: SwVoiceOut, on: boolean): void {
    if (this.out.setActive(voice, on)) this.resetTimer()
  }

  setActiveIn(voice: SwVoiceIn, on: boolean): void {
    if (this.in.setActive(voice, on)) this.resetTimer()
  }

  /**
   * The VM stops or goes on: the timer's clock is the VM's, and the back ends of enabled voices
   * begin to count anew. QEMU: audio_vm_change_state_handler().
   */
  vmStateChanged(running: boolean): void {
    const { now } = this.loop.host.sim
    if (!running) {
      this.timer.freeze()
      return
    }
    if (this.out.enabled) this.out.backend.enableOut(now)
    if (this.in.enabled) this.in.backend.enableIn(now)
    this.timer.thaw()
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

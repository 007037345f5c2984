/**
 * Capture in QEMU's mixing engine: what the source has goes into a conversion buffer of hw.samples
 * frames, and each client is called with what it has not taken yet. No prefetch.
 *
 * Source: QEMU 10.0 audio/audio.c: audio_run_in(), audio_pcm_sw_read().
 */
import type { Bytes, Frames } from '../../../base/units.ts'
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { Machine } from '../../machine/machine.ts'
import type { AudioBackend } from './audio-backend.ts'
import { Resampler } from './resampler.ts'

/** What a capture voice calls when it has data. */
export interface InputClient {
  input(availableBytes: Bytes): Proc
}

export class SwVoiceIn {
  readonly hw: HwVoiceIn
  readonly client: InputClient
  readonly rate: number
  readonly frameBytes: number
  stream: number
  active = false
  /** Frames of the conversion buffer that it has taken. */
  totalAcquired: Frames = 0
  private readonly resampler: Resampler
  private readonly resampleSize: Frames

  constructor(
    hw: HwVoiceIn,
    client: InputClient,
    rate: number,
    frameBytes: number,
    stream: number,
  ) {
    this.hw = hw
    this.client = client
    this.rate = rate
    this.frameBytes = frameBytes
    this.stream = stream
    this.resampler = new Resampler(hw.backend.rate, rate)
    this.resampleSize = Math.floor((hw.samples * rate) / hw.backend.rate)
  }

  /** Frames that the client may read now. */
  available(): Frames {
    const live = this.hw.totalCaptured - this.totalAcquired
    return Math.min(this.resampler.framesOut(live), this.resampleSize)
  }

  /** Frames given of `frames` wanted. QEMU: AUD_read(), audio_pcm_sw_read(). */
  read(frames: Frames): Frames {
    const { hw, resampler } = this
    if (!hw.mixingEngine) return hw.backend.read(frames, hw.host.sim.now)
    const live = hw.totalCaptured - this.totalAcquired
    if (live === 0) return 0
    const inMax = Math.min(live, resampler.framesIn(Math.min(frames, this.resampleSize)))
    resampler.flow(inMax, Math.min(frames, this.resampleSize))
    this.totalAcquired += resampler.taken
    return resampler.made
  }
}

export class HwVoiceIn {
  readonly host: Machine
  readonly mixingEngine: boolean
  backend: AudioBackend
  samples: Frames
  readonly clients: SwVoiceIn[] = []
  enabled = false
  /** Frames captured that some client has not taken. */
  totalCaptured: Frames = 0

  constructor(host: Machine, backend: AudioBackend, mixingEngine: boolean) {
    this.host = host
    this.backend = backend
    this.samples = backend.samples
    this.mixingEngine = mixingEngine
  }

  /** The voice is opened anew with other settings. QEMU: audio_pcm_hw_add_new_in(). */
  reopen(backend: AudioBackend): void {
    this.backend = backend
    this.samples = backend.samples
    this.totalCaptured = 0
    this.enabled = false
  }

  /** QEMU: AUD_set_active_in(). True when the voice was switched on. */
  setActive(sw: SwVoiceIn, on: boolean): boolean {
    if (sw.active === on) return false
    let switchedOn = false
    if (on) {
      if (!this.enabled) {
        this.enabled = true
        this.backend.enableIn(this.host.sim.now)
        switchedOn = true
      }
      sw.totalAcquired = this.totalCaptured
    } else if (this.enabled) {
      let active = 0
      for (const client of this.clients) if (client.active) active++
      if (active === 1) this.enabled = false
    }
    sw.active = on
    return switchedOn
  }

  /** One round for this voice. QEMU: the body of audio_run_in(). */
  *run(): Proc {
    const { host } = this
    if (!this.mixingEngine) {
      yield* this.runDirect()
      return
    }
    const room = this.samples - this.live()
    if (room > 0) this.totalCaptured += this.backend.read(room, host.sim.now)
    this.forgetTaken()
    for (let i = 0; i < this.clients.length; i++) {
      const sw = this.clients[i] as SwVoiceIn
      if (!sw.active) continue
      const available = sw.available()
      if (available === 0) continue
      host.emit(T.audio_callback, sw.stream, available * sw.frameBytes)
      yield* sw.client.input(available * sw.frameBytes)
    }
  }

  /** Without the mixing engine the one client reads the source itself, as much as it likes. */
  private *runDirect(): Proc {
    const sw = this.clients[0] as SwVoiceIn
    if (!sw.active) return
    const bytes = this.samples * sw.frameBytes
    this.host.emit(T.audio_callback, sw.stream, bytes)
    yield* sw.client.input(bytes)
  }

  private leastAcquired(): Frames {
    let least = this.totalCaptured
    for (const sw of this.clients) {
      if (sw.active && sw.totalAcquired < least) least = sw.totalAcquired
    }
    return least
  }

  private live(): Frames {
    return this.totalCaptured - this.leastAcquired()
  }

  private forgetTaken(): void {
    const least = this.leastAcquired()
    this.totalCaptured -= least
    for (const sw of this.clients) if (sw.active) sw.totalAcquired -= least
  }
}

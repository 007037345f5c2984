/**
 * Playback in QEMU's mixing engine: clients (`SwVoiceOut`) resample into a mix buffer M, which is
 * copied into an emulated device buffer E, which the sink drains. Both hold hw.samples frames, so
 * the first run swallows a whole buffer at once. Frames of M and E are the back end's.
 *
 * Source: QEMU 10.0 audio/audio.c: audio_run_out(), audio_pcm_sw_write(), audio_pcm_hw_run_out(),
 * audio_generic_*_buffer_out().
 */
import type { Bytes, Frames } from '../../../base/units.ts'
import { type Proc, Req } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { Machine } from '../../machine/machine.ts'
import { PlayLog } from '../play-log.ts'
import type { AudioBackend } from './audio-backend.ts'
import { Resampler } from './resampler.ts'

/** What a playback voice calls when it has room. */
export interface OutputClient {
  output(freeBytes: Bytes): Proc
}

/** One client of the hardware voice. */
export class SwVoiceOut {
  readonly hw: HwVoiceOut
  readonly client: OutputClient
  readonly rate: number
  readonly frameBytes: number
  /** Number of the stream in the trace. */
  stream: number
  readonly log = new PlayLog()
  active = false
  /** Nothing of it is in M. */
  empty = true
  /** Its frames in M. */
  totalMixed: Frames = 0
  private readonly resampler: Resampler
  private readonly resampleSize: Frames
  /** One input frame may be left over from the last write. */
  private resamplePos: Frames = 0

  constructor(
    hw: HwVoiceOut,
    client: OutputClient,
    rate: number,
    frameBytes: number,
    stream: number,
  ) {
    this.hw = hw
    this.client = client
    this.rate = rate
    this.frameBytes = frameBytes
    this.stream = stream
    this.resampler = new Resampler(rate, hw.backend.rate)
    this.resampleSize = Math.floor((hw.samples * rate) / hw.backend.rate)
  }

  /** Frames that the client may write now; 0 when nobody is to be called. */
  free(): Frames {
    const { hw } = this
    const hwFree = hw.free()
    if (hwFree <= this.totalMixed) return 0
    const room = Math.min(hw.samples - this.totalMixed, hwFree - this.totalMixed)
    const free = this.resampler.framesIn(room)
    if (free <= this.resamplePos) return 0
    return Math.min(free, this.resampleSize) - this.resamplePos
  }

  /** Frames taken of `frames` offered. QEMU: AUD_write(), audio_pcm_sw_write(). */
  write(frames: Frames): Frames {
    const { hw, resampler } = this
    if (!hw.mixingEngine) return hw.writeDirect(frames)
    const live = this.totalMixed
    const hwFree = hw.free()
    const outMax = Math.min(hw.samples - live, hwFree > live ? hwFree - live : 0)
    const offered = Math.min(frames + this.resamplePos, this.resampleSize)
    const inMax = Math.min(resampler.framesIn(outMax), offered)
    if (inMax === 0) return 0
    resampler.flow(inMax, outMax)
    this.totalMixed += resampler.made
    this.empty = this.totalMixed === 0
    return this.consumed(inMax, resampler.taken)
  }

  /** Accounts for the frame that upsampling may leave behind: it was taken all the same. */
  private consumed(inMax: Frames, taken: Frames): Frames {
    if (inMax - taken === 1) {
      const total = taken + 1 - this.resamplePos
      this.resamplePos = 1
      return total
    }
    if (taken < this.resamplePos) return taken
    const total = taken - this.resamplePos
    this.resamplePos = 0
    return total
  }

  /** Where in the mix the next frame written will be. */
  get place(): Frames {
    return this.hw.mixed + this.totalMixed
  }
}

/** The back end's voice. */
export class HwVoiceOut {
  readonly host: Machine
  readonly mixingEngine: boolean
  backend: AudioBackend
  samples: Frames
  readonly clients: SwVoiceOut[] = []
  enabled = false
  pendingDisable = false
  /** Frames in E. */
  pendingEmul: Frames = 0
  /** Frames that went from M to E, and from E into the back end, since the beginning. */
  mixed: Frames = 0
  heard: Frames = 0
  private missing: Frames = 0

  constructor(host: Machine, backend: AudioBackend, mixingEngine: boolean) {
    this.host = host
    this.backend = backend
    this.samples = backend.samples
    this.mixingEngine = mixingEngine
  }

  /** The voice is opened anew with other settings. QEMU: audio_pcm_hw_add_new_out(). */
  reopen(backend: AudioBackend): void {
    this.backend = backend
    this.samples = backend.samples
    this.pendingEmul = 0
    this.heard = this.mixed
    this.enabled = false
    this.pendingDisable = false
  }

  /** Past the mixing engine, straight into the back end. QEMU: AUD_write(), no_write(). */
  writeDirect(frames: Frames): Frames {
    const taken = this.backend.write(frames, this.host.sim.now)
    this.mixed += taken
    this.heard += taken
    return taken
  }

  /** Frames that the back end has room for. QEMU: audio_pcm_hw_get_free(). */
  free(): Frames {
    const { backend } = this
    if (backend.free === undefined) return this.samples - this.pendingEmul
    return backend.free(this.host.sim.now)
  }

  /** QEMU: AUD_set_active_out(). True when the voice was switched on. */
  setActive(sw: SwVoiceOut, on: boolean): boolean {
    if (sw.active === on) return false
    let switchedOn = false
    if (on) {
      this.pendingDisable = false
      if (!this.enabled) {
        this.enabled = true
        this.missing = 0
        this.backend.enableOut(this.host.sim.now)
        switchedOn = true
      }
    } else if (this.enabled) {
      let active = 0
      for (const client of this.clients) if (client.active) active++
      this.pendingDisable = active === 1
    }
    sw.active = on
    return switchedOn
  }

  /** One round for this voice. QEMU: the body of audio_run_out(). */
  *run(): Proc {
    const { clients, host } = this
    if (!this.mixingEngine) {
      yield* this.runDirect()
      return
    }
    for (let i = 0; i < clients.length; i++) {
      const sw = clients[i] as SwVoiceOut
      if (!sw.active) continue
      const free = sw.free()
      if (free === 0) continue
      host.emit(T.audio_callback, sw.stream, free * sw.frameBytes)
      yield* sw.client.output(free * sw.frameBytes)
    }
    const live = this.live()
    if (this.pendingDisable && live < 0) {
      this.enabled = false
      this.pendingDisable = false
      return
    }
    if (live > 0) {
      const ns = host.priceNs(host.costs.mix_per_frame) * live
      if (!host.tryChargeNs(ns)) yield Req.CHARGE
      this.mixToEmul(live)
    }
    this.drain()
  }

  /** Without the mixing engine there is one client, and nothing is put by for it. */
  private *runDirect(): Proc {
    const { host } = this
    if (this.pendingDisable) {
      this.enabled = false
      this.pendingDisable = false
    }
    const sw = this.clients[0] as SwVoiceOut
    if (sw.active) {
      const free = this.free()
      host.emit(T.audio_callback, sw.stream, free * sw.frameBytes)
      yield* sw.client.output(free * sw.frameBytes)
    }
    this.noteHeard()
    this.noteMissing()
  }

  /** Frames that every client has mixed; -1 when no client has any or is active. */
  private live(): Frames {
    let least = -1
    for (let i = 0; i < this.clients.length; i++) {
      const sw = this.clients[i] as SwVoiceOut
      if (!sw.active && sw.empty) continue
      if (least < 0 || sw.totalMixed < least) least = sw.totalMixed
    }
    return least
  }

  private mixToEmul(live: Frames): void {
    const room = this.samples - this.pendingEmul
    const played = live < room ? live : room
    this.pendingEmul += played
    this.mixed += played
    for (let i = 0; i < this.clients.length; i++) {
      const sw = this.clients[i] as SwVoiceOut
      if (!sw.active && sw.empty) continue
      sw.totalMixed -= played
      if (sw.totalMixed === 0) sw.empty = true
    }
  }

  /** E into the sink. QEMU: audio_generic_run_buffer_out(), which asks nothing if E is empty. */
  private drain(): void {
    if (this.pendingEmul > 0) {
      const taken = this.backend.write(this.pendingEmul, this.host.sim.now)
      this.pendingEmul -= taken
      this.heard += taken
    }
    this.noteHeard()
    this.noteMissing()
  }

  private noteHeard(): void {
    const { backend, host, clients } = this
    const below = backend.inFlight === undefined ? 0 : backend.inFlight(host.sim.now)
    for (let i = 0; i < clients.length; i++) {
      const sw = clients[i] as SwVoiceOut
      sw.log.heard(host, sw.stream, this.heard - below)
    }
  }

  /** What the sink did not get since the last round is a gap that a listener hears. */
  private noteMissing(): void {
    const missing = this.backend.missing(this.host.sim.now)
    if (missing > this.missing) {
      const sw = this.clients.find((client) => client.active)
      if (sw !== undefined) this.gap(sw, missing - this.missing)
    }
    this.missing = missing
  }

  private gap(sw: SwVoiceOut, frames: Frames): void {
    const scaled = Math.floor((frames * sw.rate) / this.backend.rate)
    if (scaled > 0) this.host.emit(T.audio_silence, sw.stream, scaled)
  }
}

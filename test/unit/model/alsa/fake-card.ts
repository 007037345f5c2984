/**
 * A sound card for tests of the core: its position is what the test says, or what its own clock
 * says; its ops return what the test says; every call is noted.
 */
import { framesToNsCeil, nsToFramesFloor } from '../../../../src/base/units.ts'
import { type SndCard, snd_card_new } from '../../../../src/model/alsa/core.ts'
import {
  type SndPcm,
  type SndPcmHardware,
  type SndPcmOps,
  type SndPcmSubstream,
  snd_pcm_new,
} from '../../../../src/model/alsa/pcm.ts'
import * as C from '../../../../src/model/alsa/pcm_constants.ts'
import { SNDRV_PCM_FORMATS } from '../../../../src/model/alsa/pcm_format.ts'
import { snd_pcm_period_elapsed } from '../../../../src/model/alsa/pcm_lib.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import type { Proc } from '../../../../src/sim/process.ts'

export const HARDWARE: SndPcmHardware = {
  info:
    C.SNDRV_PCM_INFO_MMAP |
    C.SNDRV_PCM_INFO_MMAP_VALID |
    C.SNDRV_PCM_INFO_INTERLEAVED |
    C.SNDRV_PCM_INFO_PAUSE,
  formats: [SNDRV_PCM_FORMATS.S16_LE, SNDRV_PCM_FORMATS.S32_LE],
  rates: [44_100, 48_000],
  rate_min: 44_100,
  rate_max: 48_000,
  channels_min: 1,
  channels_max: 2,
  buffer_bytes_max: 1 << 20,
  period_bytes_min: 64,
  period_bytes_max: 1 << 19,
  periods_min: 2,
  periods_max: 32,
}

export interface FakeOptions {
  readonly hardware?: Partial<SndPcmHardware>
  readonly nonatomic?: boolean
  readonly capture?: boolean
  readonly substreams?: number
  readonly xrun_debug?: number
  readonly withAck?: boolean
  readonly withSyncStop?: boolean
  readonly fill_silence?: boolean
}

export class FakeCard {
  readonly k: Kernel
  readonly card: SndCard
  readonly pcm: SndPcm
  /** Names of the ops called, triggers with their command: `trigger 1`. */
  readonly calls: string[] = []
  /** What an op returns, by name as in `calls`; 0 when absent. */
  readonly returns = new Map<string, number>()
  /** What the pointer op returns while no clock runs. */
  pos = 0
  /** Time of the START that the clock counts from; -1 while stopped. */
  private startNs = -1
  /** Frames the clock counted before. */
  private carried = 0
  clocked = false
  private rate = 48_000

  constructor(k: Kernel, options: FakeOptions = {}) {
    this.k = k
    this.card = snd_card_new(k)
    const hardware = { ...HARDWARE, ...options.hardware }
    const setup = { ops: this.ops(options), hardware, count: options.substreams ?? 1 }
    this.pcm = snd_pcm_new(this.card, 0, {
      xrun_debug: 1,
      nonatomic: options.nonatomic ?? false,
      playback: setup,
      ...(options.capture === true ? { capture: setup } : {}),
      ...(options.xrun_debug === undefined ? {} : { xrun_debug: options.xrun_debug }),
    })
  }

  get stream(): SndPcmSubstream {
    return this.pcm.playback[0] as SndPcmSubstream
  }

  /** Forgets the calls noted so far and returns them. */
  take(): string[] {
    return this.calls.splice(0)
  }

  private *note(name: string): Proc<number> {
    this.calls.push(name)
    return this.returns.get(name) ?? 0
  }

  private ops(options: FakeOptions): SndPcmOps {
    return {
      open: () => this.note('open'),
      close: () => this.note('close'),
      hw_params: () => this.note('hw_params'),
      hw_free: () => this.note('hw_free'),
      prepare: (substream) => this.prepare(substream),
      trigger: (_substream, cmd) => this.trigger(cmd),
      pointer: (substream) => this.pointer(substream),
      ...(options.withAck === true ? { ack: () => this.note('ack') } : {}),
      ...(options.withSyncStop === true ? { sync_stop: () => this.note('sync_stop') } : {}),
      ...(options.fill_silence === true ? { fill_silence: () => this.note('fill_silence') } : {}),
    }
  }

  private *prepare(substream: SndPcmSubstream): Proc<number> {
    this.pos = 0
    this.carried = 0
    this.rate = substream.runtime.rate
    return yield* this.note('prepare')
  }

  private *trigger(cmd: number): Proc<number> {
    const err = yield* this.note(`trigger ${cmd}`)
    if (err < 0) return err
    const starts =
      cmd === C.SNDRV_PCM_TRIGGER_START ||
      cmd === C.SNDRV_PCM_TRIGGER_PAUSE_RELEASE ||
      cmd === C.SNDRV_PCM_TRIGGER_RESUME
    if (starts) this.startNs = this.k.sim.now
    else if (this.startNs >= 0) {
      this.carried = this.moved()
      this.startNs = -1
    }
    return err
  }

  /** Frames the device has moved since prepare. */
  moved(): number {
    if (this.startNs < 0) return this.carried
    return this.carried + nsToFramesFloor(this.k.sim.now - this.startNs, this.rate)
  }

  private *pointer(substream: SndPcmSubstream): Proc<number> {
    return this.clocked ? this.moved() % substream.runtime.buffer_size : this.pos
  }

  /** Lets a task call period_elapsed at every period boundary of a clocked device. */
  runClock(substream: SndPcmSubstream): void {
    this.clocked = true
    this.k.spawn('kworker/0:1', 'kworker', () => this.clock(substream))
  }

  private *clock(substream: SndPcmSubstream): Proc {
    const POLL_NS = 1_000_000
    let seen = 0
    for (;;) {
      const { k } = this
      if (this.startNs < 0 || !substream.isOpen || substream.runtime.period_size === 0) {
        seen = 0
        yield* sleepUntil(k, k.sim.now + POLL_NS)
        continue
      }
      const { period_size } = substream.runtime
      const next = (seen + 1) * period_size
      const atNs = this.startNs + framesToNsCeil(next - this.carried, this.rate)
      if (k.sim.now < atNs) {
        yield* sleepUntil(k, atNs)
        continue
      }
      seen = Math.floor(this.moved() / period_size)
      if (substream.isOpen) yield* snd_pcm_period_elapsed(substream)
    }
  }
}

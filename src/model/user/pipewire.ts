/**
 * A PipeWire node that drives its graph: every quantum it looks how full the ring is, lets a
 * delay-locked loop correct the time of its next wake-up, and writes a quantum. Its own timer wakes
 * it, or the device's interrupt. Modelled on spa/plugins/alsa/alsa-pcm.c
 * (domain/userspace.md §2.5). Sizes are frames, times ns.
 */
import { type Frames, framesToNsFloor, NS_PER_SEC, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import {
  SNDRV_PCM_INFO_BATCH,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { work } from './client.ts'
import { DLL_BW_MAX, DLL_BW_MIN, Dll } from './dll.ts'
import { mmapTransfer, snd_pcm_avail } from './library.ts'
import { PcmClient, type PcmClientOptions } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import { setSwParams } from './sw-params.ts'
import * as S from './syscall.ts'

const QUANTUM = 1024
/** WirePlumber's rule for PCI cards in a virtual machine. */
const HEADROOM_VM = 2048
const MAX_ERROR_MIN = 256
const RESUMES_MAX = 5
const BANDWIDTH_EVERY_NS = 3 * NS_PER_SEC
const FOREVER = -1

export interface PipewireOptions extends PcmClientOptions {
  readonly quantum?: Frames
  readonly headroom?: Frames
  /** Woken by the device's interrupts instead of a timer (api.alsa.disable-tsched). */
  readonly irqMode?: boolean
  /** Silence written ahead of the first quantum, beside threshold and headroom. */
  readonly startDelay?: Frames
}

export class Pipewire extends PcmClient<PipewireOptions> {
  private readonly user: UserFrames
  private readonly dll = new Dll()
  private readonly quantum: Frames
  private headroom: Frames
  private nextNs: Ns = 0
  private maxError: Frames = 0
  private maxResync: Frames = 0
  private narrowAtNs: Ns = 0

  constructor(pcm: SndPcm, options: PipewireOptions) {
    super(pcm, options)
    this.user = new UserFrames(pcm.k, this.stream)
    this.quantum = options.quantum ?? QUANTUM
    this.headroom = options.headroom ?? HEADROOM_VM
  }

  protected *main(): Proc {
    const how = { direction: SNDRV_PCM_STREAM_PLAYBACK, mmap: true }
    const file = yield* this.open(how)
    if (file === null) return
    const thresholds = { start_threshold: 'boundary', ...this.options } as const
    if ((yield* this.configure(file, how, thresholds)) >= 0 && (yield* this.setUp(file)) >= 0) {
      if ((yield* this.restart(file)) >= 0) yield* this.run(file)
      yield* S.sys_drop(file)
    }
    yield* S.sys_close(file)
    this.result.done = true
  }

  /** What depends on the card: a batch card's pointer lags by up to a period. */
  private *setUp(file: SndPcmFile): Proc<number> {
    const { runtime } = file.substream
    const { quantum, options } = this
    if ((runtime.hw.info & SNDRV_PCM_INFO_BATCH) !== 0) this.headroom += runtime.period_size
    this.headroom = Math.min(this.headroom, runtime.buffer_size)
    this.maxError = Math.max(MAX_ERROR_MIN, Math.floor((quantum + this.headroom) / 2))
    this.maxResync = Math.min(quantum + this.headroom, this.maxError)
    if (options.irqMode !== true) return 0
    return yield* setSwParams(file, { avail_min: Math.max(1, runtime.buffer_size - quantum) })
  }

  /** Fill that it aims at when it wakes up. */
  private target({ substream }: SndPcmFile): Frames {
    const half = Math.floor(substream.runtime.buffer_size / 2)
    return Math.min(this.quantum + this.headroom, Math.max(half, this.quantum))
  }

  /** alsa-pcm.c: spa_alsa_prepare() and do_start(). Return: 0 or -errno. */
  private *restart(file: SndPcmFile): Proc<number> {
    const { k, options, quantum } = this
    const { buffer_size, rate } = file.substream.runtime
    yield* S.sys_drop(file)
    let err = yield* S.sys_prepare(file)
    if (err >= 0) {
      const extra = options.irqMode === true ? quantum : 0
      const silence = (options.startDelay ?? 0) + quantum + this.headroom + extra
      this.user.data_frames = 0
      err = yield* mmapTransfer(file, this.user, Math.min(silence, buffer_size))
      this.user.data_frames = Number.POSITIVE_INFINITY
    }
    if (err >= 0) err = yield* S.sys_start(file)
    if (err < 0) this.fail('snd_pcm_start', err)
    this.dll.reset()
    this.dll.setBandwidth(DLL_BW_MAX, quantum, rate)
    this.nextNs = k.sim.now
    this.narrowAtNs = k.sim.now + BANDWIDTH_EVERY_NS
    return err < 0 ? err : 0
  }

  private *run(file: SndPcmFile): Proc {
    const set = new PollSet([file])
    while (this.result.framesWritten < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      if (this.options.irqMode === true) yield* sys_poll(set, FOREVER)
      else yield* S.sys_sleep_until(this.k, this.stream, this.nextNs)
      const avail = yield* snd_pcm_avail(file)
      const err = avail < 0 ? yield* this.recover(file) : yield* this.cycle(file, avail)
      if (err < 0) return
    }
  }

  /** alsa-pcm.c: playback_ready() and what the graph then writes. Return: 0 or -errno. */
  private *cycle(file: SndPcmFile, avail: Frames): Proc<number> {
    const { buffer_size } = file.substream.runtime
    const delay = buffer_size - avail
    if (this.options.irqMode !== true) yield* this.updateTime(file, delay)
    yield* work(this.k)
    const room = buffer_size - delay
    const frames = Math.min(this.quantum, room)
    this.user.first_index = this.result.framesWritten
    const err = yield* mmapTransfer(file, this.user, frames)
    if (err < 0) return yield* this.recover(file)
    this.result.framesWritten += frames
    return 0
  }

  /** alsa-pcm.c: update_time(): from the fill now to the time of the next wake-up. */
  private *updateTime(file: SndPcmFile, delay: Frames): Proc {
    const { k, quantum, dll, maxError } = this
    const { rate } = file.substream.runtime
    let err = delay - this.target(file)
    if (Math.abs(err) > this.maxResync) {
      yield* this.resync(file, err, file.substream.runtime.buffer_size - delay)
      err = 0
    }
    const corr = dll.update(Math.max(-maxError, Math.min(maxError, err)))
    if (k.sim.now >= this.narrowAtNs) {
      this.narrowAtNs = k.sim.now + BANDWIDTH_EVERY_NS
      dll.setBandwidth(Math.max(DLL_BW_MIN, dll.bandwidth / 2), quantum, rate)
    }
    this.nextNs += Math.round(framesToNsFloor(quantum, rate) / corr)
    // After a long absence it goes on from here instead of catching up.
    if (this.nextNs < k.sim.now) this.nextNs = k.sim.now
  }

  /** Too far off for the loop: drops what is too much, or fills the gap with silence. */
  private *resync(file: SndPcmFile, err: number, room: Frames): Proc {
    this.log(`resync: ${err} frames off`)
    this.dll.reset()
    if (err > 0) {
      yield* S.sys_rewind(file, err)
      return
    }
    this.user.data_frames = 0
    // snd_pcm_mmap_begin() gives no more than there is.
    yield* mmapTransfer(file, this.user, Math.min(-err, room))
    this.user.data_frames = Number.POSITIVE_INFINITY
  }

  /** alsa-pcm.c: alsa_recover(). Return: 0, or -errno to give up. */
  private *recover(file: SndPcmFile): Proc<number> {
    const status = new SndPcmStatus()
    const err = yield* S.sys_status(file, status)
    if (err < 0) return err
    if (status.state === SNDRV_PCM_STATE_SUSPENDED && (yield* this.resume(file))) return 0
    if (status.state === SNDRV_PCM_STATE_XRUN) {
      const us = Math.floor((this.k.sim.now - status.trigger_tstamp) / 1000)
      this.result.xruns++
      this.log(`xrun of ${us} usec`)
    }
    if (this.options.onXrun !== 'stop') return yield* this.restart(file)
    this.fail('snd_pcm_avail', -1)
    return -1
  }

  private *resume(file: SndPcmFile): Proc<boolean> {
    for (let i = 0; i < RESUMES_MAX; i++) {
      if ((yield* S.sys_resume(file)) >= 0) return true
      yield* S.sys_sleep_until(this.k, this.stream, this.k.sim.now + NS_PER_SEC)
    }
    return false
  }
}

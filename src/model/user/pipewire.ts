/**
 * A PipeWire node: every quantum it looks how full the ring is, lets a delay-locked loop correct
 * the time of its next wake-up, or its resampler where another clock drives the graph, and moves a
 * quantum. Its own timer wakes it, or the device's interrupt. Both directions. Modelled on
 * spa/plugins/alsa/alsa-pcm.c (domain/userspace.md §2.5). Sizes are frames, times ns.
 */
import { type Frames, framesToNsFloor, NS_PER_SEC } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import {
  SNDRV_PCM_INFO_BATCH,
  SNDRV_PCM_STATE_SUSPENDED,
  SNDRV_PCM_STATE_XRUN,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { work } from './client.ts'
import { FillClock } from './fill-clock.ts'
import { mmapTransfer, snd_pcm_avail, snd_pcm_avail_update } from './library.ts'
import { type OpenHow, PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import { setAvailMin } from './sw-params.ts'
import * as S from './syscall.ts'

const QUANTUM = 1024
/** WirePlumber's rule for PCI cards in a virtual machine. */
const HEADROOM_VM = 2048
const RESUMES_MAX = 5
const FOREVER = -1

export interface PipewireOptions extends PcmClientOptions {
  readonly direction?: 'playback' | 'capture'
  readonly quantum?: Frames
  readonly headroom?: Frames
  /** Woken by the device's interrupts instead of a timer (api.alsa.disable-tsched). */
  readonly irqMode?: boolean
  /** Silence written ahead of the first quantum, beside threshold and headroom. */
  readonly startDelay?: Frames
  /** Another clock drives the graph; the resampler keeps the fill. */
  readonly follower?: boolean
}

export class Pipewire extends PcmClient<PipewireOptions> {
  private readonly user: UserFrames
  private readonly quantum: Frames
  private readonly playback: boolean
  private headroom: Frames
  private clock: FillClock | null = null

  constructor(pcm: SndPcm, options: PipewireOptions) {
    super(pcm, options, streamOf(options.direction ?? 'playback'))
    this.user = new UserFrames(pcm.k, this.stream)
    this.quantum = options.quantum ?? QUANTUM
    this.headroom = options.headroom ?? HEADROOM_VM
    this.playback = options.direction !== 'capture'
  }

  protected *main(): Proc {
    const how = { direction: streamOf(this.options.direction ?? 'playback'), mmap: true }
    const file = yield* this.open(how)
    if (file === null) return
    if ((yield* this.setParams(file, how)) >= 0) {
      const clock = this.setUp(file)
      this.clock = clock
      const err = yield* this.wakeByInterrupt(file)
      if (err >= 0 && (yield* this.restart(file, clock)) >= 0) yield* this.run(file, clock)
      yield* S.sys_drop(file)
    }
    yield* S.sys_close(file)
    this.result.done = true
  }

  /** alsa-pcm.c: spa_alsa_set_format(): its own timer needs no interrupt of the card. */
  private *setParams(file: SndPcmFile, how: OpenHow): Proc<number> {
    const { options } = this
    const request = { ...options, noPeriodWakeup: options.irqMode !== true }
    const err = yield* this.configureHardware(file, how, request)
    if (err < 0) return err
    return yield* this.configureSoftware(file, { start_threshold: 'boundary', ...options })
  }

  /** What depends on the card: a batch card's pointer lags by up to a period. */
  private setUp({ substream }: SndPcmFile): FillClock {
    const { runtime } = substream
    const { quantum, options } = this
    if ((runtime.hw.info & SNDRV_PCM_INFO_BATCH) !== 0) this.headroom += runtime.period_size
    this.headroom = Math.min(this.headroom, runtime.buffer_size)
    const half = Math.floor(runtime.buffer_size / 2)
    const target = Math.min(quantum + this.headroom, Math.max(half, quantum))
    return new FillClock(quantum, target, this.headroom, runtime.rate, options.follower ?? false)
  }

  /** Without a timer a period's interrupt has to come when a quantum can be moved. */
  private *wakeByInterrupt(file: SndPcmFile): Proc<number> {
    if (this.options.irqMode !== true) return 0
    const { quantum, playback } = this
    const { buffer_size } = file.substream.runtime
    const avail_min = playback ? Math.max(1, buffer_size - quantum) : quantum
    return yield* setAvailMin(file, avail_min)
  }

  /** alsa-pcm.c: spa_alsa_prepare() and do_start(). Return: 0 or -errno. */
  private *restart(file: SndPcmFile, clock: FillClock): Proc<number> {
    const { k, options, quantum, playback } = this
    const { buffer_size, rate } = file.substream.runtime
    yield* S.sys_drop(file)
    let err = yield* S.sys_prepare(file)
    if (err >= 0 && playback) {
      const extra = options.irqMode === true ? quantum : 0
      const silence = (options.startDelay ?? 0) + quantum + this.headroom + extra
      err = yield* this.insertSilence(file, Math.min(silence, buffer_size))
    }
    if (err >= 0) err = yield* S.sys_start(file)
    if (err < 0) this.fail('snd_pcm_start', err)
    // A recording is looked at first when it should have come to its target.
    const firstNs = playback ? 0 : framesToNsFloor(clock.target, rate)
    clock.restart(k.sim.now, k.sim.now + firstNs)
    return err < 0 ? err : 0
  }

  private *insertSilence(file: SndPcmFile, frames: Frames): Proc<number> {
    this.user.data_frames = 0
    const err = yield* mmapTransfer(file, this.user, frames)
    this.user.data_frames = Number.POSITIVE_INFINITY
    return err
  }

  private *run(file: SndPcmFile, clock: FillClock): Proc {
    const set = new PollSet([file])
    const { result } = this
    while (result.framesWritten + result.framesRead < this.total) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      if (this.options.irqMode === true) yield* sys_poll(set, FOREVER)
      else yield* S.sys_sleep_until(this.k, this.stream, clock.nextNs)
      const avail = yield* snd_pcm_avail(file)
      const err = avail < 0 ? yield* this.recover(file) : yield* this.cycle(file, clock, avail)
      if (err < 0) return
    }
  }

  /** alsa-pcm.c: playback_ready(), capture_ready(), and the graph's share. Return: 0 or -errno. */
  private *cycle(file: SndPcmFile, clock: FillClock, avail: Frames): Proc<number> {
    const { user, result, playback } = this
    if (this.options.irqMode !== true) yield* this.updateTime(file, clock, avail)
    yield* work(this.k)
    // The library gives no more than there is room for, or than has been recorded.
    const there = snd_pcm_avail_update(file)
    const frames = Math.min(clock.cycleFrames(), there)
    if (frames <= 0) return there < 0 ? yield* this.recover(file) : 0
    user.first_index = result.framesWritten
    const err = yield* mmapTransfer(file, user, frames)
    if (err < 0) return yield* this.recover(file)
    if (playback) result.framesWritten += frames
    else result.framesRead += frames
    return 0
  }

  /** alsa-pcm.c: update_time(): from the fill now to the time of the next wake-up. */
  private *updateTime(file: SndPcmFile, clock: FillClock, avail: Frames): Proc {
    const { buffer_size } = file.substream.runtime
    let err = this.playback ? buffer_size - avail - clock.target : clock.target - avail
    if (Math.abs(err) > clock.maxResync) {
      yield* this.resync(file, clock, err, avail)
      err = 0
    }
    clock.update(err, this.k.sim.now)
  }

  /**
   * Too far off for the loop. Playback drops what is too much or fills the gap with silence; a
   * recording drops what is too much, and waits for what is missing.
   */
  private *resync(file: SndPcmFile, clock: FillClock, err: number, avail: Frames): Proc {
    this.log(`resync: ${err} frames off`)
    clock.resync()
    if (!this.playback) {
      if (err < 0) yield* S.sys_forward(file, -err)
    } else if (err > 0) yield* S.sys_rewind(file, err)
    else yield* this.insertSilence(file, Math.min(-err, avail))
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
    if (this.options.onXrun !== 'stop') return yield* this.restart(file, this.clock as FillClock)
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

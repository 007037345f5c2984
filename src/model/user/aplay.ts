/**
 * The blocking writer: opens, configures, writes chunk by chunk, drains, closes, and recovers from
 * xruns by writing the same chunk again. Modelled on alsa-utils aplay.c (domain/userspace.md §2.1).
 * Sizes are frames, times ns.
 */
import { type Frames, NS_PER_MS, type Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { SndPcm } from '../alsa/pcm.ts'
import {
  LONG_MAX,
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_XRUN,
  SNDRV_PCM_STREAM_PLAYBACK,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { currentSwParams, type SndPcmSwParams } from '../alsa/pcm_sw_params.ts'
import { EAGAIN, EPIPE, ESTRPIPE } from '../linux/errno.ts'
import type { Kernel } from '../linux/kernel.ts'
import type { Task, TaskOptions } from '../machine/task.ts'
import { ClientResult, clientLog, fail, type Stall, Stalls, spawnClient } from './client.ts'
import { chooseHwParams, type HwRequest } from './hw-params.ts'
import { PollSet, snd_pcm_wait } from './poll.ts'
import {
  sys_close,
  sys_drain,
  sys_open,
  sys_prepare,
  sys_resume,
  sys_sleep_until,
  sys_status,
  sys_sw_params,
  sys_writei,
} from './syscall.ts'

/** How long aplay waits for room after a write that came back early. */
const WAIT_NS = 100 * NS_PER_MS
/** And between two attempts to resume. */
const RESUME_RETRY_NS = 1000 * NS_PER_MS

export interface AplayOptions extends HwRequest {
  readonly name: string
  /** Thresholds in frames; absent ones as aplay chooses them. */
  readonly start_threshold?: Frames
  readonly stop_threshold?: Frames
  readonly avail_min?: Frames
  readonly silence_threshold?: Frames
  readonly silence_size?: Frames
  /** Frames to play, null: for ever. */
  readonly frames: Frames | null
  /** Write the last chunk in full, its rest silent, as aplay does; on when absent. */
  readonly padLastChunk?: boolean
  readonly startAtNs?: Ns
  readonly stalls?: readonly Stall[]
  /** `recover` as aplay does, or `stop` with the error. */
  readonly onXrun?: 'recover' | 'stop'
  readonly task?: TaskOptions
}

export class Aplay {
  readonly k: Kernel
  readonly pcm: SndPcm
  readonly options: AplayOptions
  readonly result = new ClientResult()
  readonly stream: number
  private readonly stalls: Stalls
  private readonly user: UserFrames
  private readonly status = new SndPcmStatus()
  private poll: PollSet | null = null

  constructor(pcm: SndPcm, options: AplayOptions) {
    this.k = pcm.k
    this.pcm = pcm
    this.options = options
    this.stream = pcm.streams(SNDRV_PCM_STREAM_PLAYBACK)[0]?.id ?? 0
    this.stalls = new Stalls(options.stalls ?? [])
    this.user = new UserFrames(pcm.k, this.stream)
  }

  /** Creates the process. */
  start(): Task {
    const { k, options, stream } = this
    const at = { stream, atNs: options.startAtNs ?? 0 }
    return spawnClient(k, options.name, () => this.main(), at, options.task ?? {})
  }

  private *main(): Proc {
    const { k, stream, result } = this
    const file = yield* sys_open(this.pcm, SNDRV_PCM_STREAM_PLAYBACK, 0)
    if (typeof file === 'number') {
      fail(k, stream, result, 'audio open error', file)
      return
    }
    this.poll = new PollSet([file])
    const chunk = yield* this.set_params(file)
    if (chunk > 0) yield* this.play(file, chunk)
    yield* sys_close(file)
    result.done = true
  }

  /** aplay: set_params(). Return: the chunk, or 0 after an error. */
  private *set_params(file: SndPcmFile): Proc<Frames> {
    const { k, stream, result } = this
    const access = SNDRV_PCM_ACCESS_RW_INTERLEAVED
    const err = yield* chooseHwParams(file, this.options, access)
    if (err < 0) {
      fail(k, stream, result, 'Unable to install hw params', err)
      return 0
    }
    const failed = yield* sys_sw_params(file, this.swParams(file))
    if (failed < 0) {
      fail(k, stream, result, 'unable to install sw params', failed)
      return 0
    }
    // alsa-lib's snd_pcm_hw_params() prepares the stream after setting it up.
    const { period_size } = file.substream.runtime
    return period_size
  }

  private swParams(file: SndPcmFile): SndPcmSwParams {
    const { runtime } = file.substream
    const { options } = this
    const params = currentSwParams(runtime)
    params.avail_min = options.avail_min ?? runtime.period_size
    params.start_threshold = options.start_threshold ?? runtime.buffer_size
    params.stop_threshold = options.stop_threshold ?? runtime.buffer_size
    params.silence_threshold = options.silence_threshold ?? 0
    params.silence_size = options.silence_size ?? 0
    return params
  }

  /** aplay: playback_go(). Frames are numbered from 0 as they come out of the source. */
  private *play(file: SndPcmFile, chunk: Frames): Proc {
    const { k, user, options } = this
    const total = options.frames ?? LONG_MAX * LONG_MAX
    const pad = options.padLastChunk ?? true
    for (let at = 0; at < total; at += chunk) {
      const data = total - at < chunk ? total - at : chunk
      user.first_index = at
      user.data_frames = data
      if (!k.tryCharge(k.costs.client_work)) yield Req.CHARGE
      const err = yield* this.pcm_write(file, pad ? chunk : data)
      if (err < 0) return
    }
    const err = yield* sys_drain(file)
    if (err < 0) fail(k, this.stream, this.result, 'drain error', err)
  }

  /** aplay: pcm_write(). Writes all of a chunk. Return: 0, or the error that ends the program. */
  private *pcm_write(file: SndPcmFile, size: Frames): Proc<number> {
    const { k, user, result, stalls } = this
    let left = size
    const { first_index, data_frames } = user
    while (left > 0) {
      if (stalls.due(k.sim.now)) yield* stalls.pass(k, this.stream)
      const r = yield* sys_writei(file, user, left)
      if (r < 0 && r !== -EAGAIN) {
        const err = yield* this.recover(file, r)
        if (err < 0) return err
      }
      if (r > 0) {
        left -= r
        const data = r < user.data_frames ? r : user.data_frames
        result.framesWritten += data
        user.first_index += data
        user.data_frames -= data
      }
      if (r === -EAGAIN || (r >= 0 && left > 0)) {
        yield* snd_pcm_wait(this.poll as PollSet, WAIT_NS)
      }
    }
    user.first_index = first_index
    user.data_frames = data_frames
    return 0
  }

  /** What aplay does about an error of a write. Return: 0 to write again, or -errno to end. */
  private *recover(file: SndPcmFile, r: number): Proc<number> {
    if (this.options.onXrun !== 'stop') {
      if (r === -EPIPE) return yield* this.xrun(file)
      if (r === -ESTRPIPE) return yield* this.suspend(file)
    }
    fail(this.k, this.stream, this.result, 'write error', r)
    return r
  }

  /** aplay: xrun(). Reports how long it lasted at least, and prepares. */
  private *xrun(file: SndPcmFile): Proc<number> {
    const { k, stream, status, result } = this
    let err = yield* sys_status(file, status)
    if (err >= 0 && status.state === SNDRV_PCM_STATE_XRUN) {
      result.xruns++
      const ms = ((k.sim.now - status.trigger_tstamp) / NS_PER_MS).toFixed(3)
      clientLog(k, stream, `underrun!!! (at least ${ms} ms long)`)
      err = yield* sys_prepare(file)
      if (err >= 0) return 0
      fail(k, stream, result, 'xrun: prepare error', err)
      return err
    }
    if (err >= 0 && status.state === SNDRV_PCM_STATE_DRAINING) err = yield* sys_prepare(file)
    if (err >= 0) err = -EPIPE
    fail(k, stream, result, 'read/write error', err)
    return err
  }

  /** aplay: suspend(). Resumes, or else prepares. */
  private *suspend(file: SndPcmFile): Proc<number> {
    const { k, stream, result } = this
    clientLog(k, stream, 'Suspended. Trying resume.')
    let err = yield* sys_resume(file)
    while (err === -EAGAIN) {
      yield* sys_sleep_until(k, stream, k.sim.now + RESUME_RETRY_NS)
      err = yield* sys_resume(file)
    }
    if (err >= 0) return 0
    clientLog(k, stream, 'Failed. Restarting stream.')
    err = yield* sys_prepare(file)
    if (err < 0) fail(k, stream, result, 'suspend: prepare error', err)
    return err < 0 ? err : 0
  }
}

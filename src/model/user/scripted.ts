/**
 * A program that is a list of calls with times: any order of calls can be written down. It reports
 * what each call returned and goes on. Sizes are frames, times ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { type Proc, pauseThen, Req } from '../../sim/process.ts'
import {
  O_APPEND,
  O_NONBLOCK,
  SNDRV_PCM_ACCESS_MMAP_INTERLEAVED,
  SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED,
  SNDRV_PCM_ACCESS_RW_INTERLEAVED,
  SNDRV_PCM_ACCESS_RW_NONINTERLEAVED,
  SNDRV_PCM_SYNC_PTR_APPL,
  SNDRV_PCM_SYNC_PTR_AVAIL_MIN,
  SNDRV_PCM_SYNC_PTR_HWSYNC,
} from '../alsa/pcm_constants.ts'
import { UserFrames } from '../alsa/pcm_copy.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import { SndPcmStatus } from '../alsa/pcm_status.ts'
import { SndPcmSyncPtr } from '../alsa/pcm_sync_ptr.ts'
import { EBADFD, errnoName } from '../linux/errno.ts'
import { installHwParams, refineHwParams } from './hw-params.ts'
import { mmapTransfer, snd_pcm_avail_update } from './library.ts'
import { PcmClient, type PcmClientOptions, streamOf } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import type { ScriptCall, TimerEvent } from './script-calls.ts'
import { setSwParams, type Thresholds } from './sw-params.ts'
import * as S from './syscall.ts'
import { TimerFile } from './timer-calls.ts'

type Direction = 'playback' | 'capture'

export interface ScriptStep extends Thresholds {
  readonly call: ScriptCall
  /** Not before this time; absent: as soon as the call before it has returned. */
  readonly atNs?: Ns
  /** This long after the call before it has returned. */
  readonly afterNs?: Ns
  /** The program computes for so long before the call, after any wait. */
  readonly workNs?: Ns
  /** Frames to move; time-out or length of a wait. */
  readonly frames?: Frames
  readonly forNs?: Ns
  /** Which of the program's handles; absent: the stream's own direction. */
  readonly on?: Direction
  /** Flags of an open. */
  readonly nonblock?: boolean
  readonly append?: boolean
  /** Access of hw_params: mapped, and each channel by itself. */
  readonly mmap?: boolean
  readonly noninterleaved?: boolean
  /** Sizes of hw_params where they are not the stream's. */
  readonly period_size?: Frames
  readonly buffer_size?: Frames
  /** sw_params: time stamps with each pointer. */
  readonly tstamp?: boolean
  /** sync_ptr: ask the hardware first. */
  readonly hwsync?: boolean
  /** fasync: SIGIO on (when absent) or off. */
  readonly enable?: boolean
  /** Periods of a timer's tick. */
  readonly ticks?: number
  /** timer_open: time-stamped events; of timer_start: which, and the entries of their queue. */
  readonly tread?: boolean
  readonly filter?: readonly TimerEvent[]
  readonly queue_size?: number
}

export interface ScriptedOptions extends PcmClientOptions {
  readonly direction: Direction
  readonly script: readonly ScriptStep[]
}

/** One open handle. */
class Handle {
  readonly file: SndPcmFile
  readonly user: UserFrames
  readonly status = new SndPcmStatus()
  readonly set: PollSet
  readonly timer: TimerFile
  /** What the call in progress answered beside its return value. */
  readonly told: string[] = []

  constructor(file: SndPcmFile) {
    this.file = file
    this.user = new UserFrames(file.substream.k, file.substream.id)
    this.set = new PollSet([file])
    this.timer = new TimerFile(file)
  }
}

/** Calls that need no open handle. */
type OtherCall = 'open' | 'close' | 'sleep' | 'avail_update'

type Call = (handle: Handle, step: ScriptStep, program: Scripted) => Proc<number>

/** Calls on an open handle, by the names that a script uses. */
const CALLS = {
  hw_refine: (handle, step, program) => {
    const { format, rate, channels } = program.options
    const { period_size, buffer_size } = step
    const sizes = {
      ...(period_size === undefined ? {} : { period_size }),
      ...(buffer_size === undefined ? {} : { buffer_size }),
    }
    const request = { format, rate, channels, ...sizes }
    return refineHwParams(handle.file, request, accessOf(step), handle.told)
  },
  hw_params: ({ file }, step, program) => {
    const { options } = program
    const request = {
      ...options,
      period_size: step.period_size ?? (options.period_size as Frames),
      buffer_size: step.buffer_size ?? (options.buffer_size as Frames),
    }
    return installHwParams(file, request, accessOf(step))
  },
  hw_free: ({ file }) => S.sys_hw_free(file),
  sw_params: ({ file }, { tstamp, ...step }) => setSwParams(file, step, tstamp),
  prepare: ({ file }) => S.sys_prepare(file),
  reset: ({ file }) => S.sys_reset(file),
  start: ({ file }) => S.sys_start(file),
  drop: ({ file }) => S.sys_drop(file),
  drain: ({ file }) => S.sys_drain(file),
  pause: ({ file }) => S.sys_pause(file, true),
  release: ({ file }) => S.sys_pause(file, false),
  suspend: ({ file }) => S.sys_suspend(file),
  resume: ({ file }) => S.sys_resume(file),
  xrun: ({ file }) => S.sys_xrun(file),
  status: ({ file, status }) => S.sys_status(file, status),
  hwsync: ({ file }) => S.sys_hwsync(file),
  delay: ({ file }) => delay(file),
  forward: ({ file }, { frames }) => S.sys_forward(file, frames ?? 0),
  rewind: ({ file }, { frames }) => S.sys_rewind(file, frames ?? 0),
  writei: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_writei),
  readi: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_readi),
  writen: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_writen),
  readn: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_readn),
  sync_ptr: ({ file }, step) => syncPtr(file, step),
  mmap: ({ file }) => S.sys_mmap(file),
  munmap: ({ file }) => S.sys_munmap(file),
  mmap_commit: (handle, { frames }, program) => program.move(handle, frames ?? 0, mmapTransfer),
  poll: ({ set }, { forNs }) => sys_poll(set, forNs ?? -1),
  link: ({ file }, step, program) => program.link(file, step),
  unlink: ({ file }) => S.sys_unlink(file),
  fasync: ({ file }, { enable }) => S.sys_fasync(file, enable ?? true),
  timer_open: ({ timer }, { tread }) => timer.open(tread ?? false),
  timer_start: ({ timer }, { ticks, filter, queue_size }) =>
    timer.start({ ticks: ticks ?? 1, filter: filter ?? ['tick'], queue_size: queue_size ?? 0 }),
  timer_stop: ({ timer }) => timer.stop(),
  timer_poll: ({ timer }, { forNs }) => timer.poll(forNs ?? -1),
  timer_read: ({ timer, told }, { nonblock }) => timer.read(nonblock ?? false, told),
  timer_close: ({ timer }) => timer.close(),
} as const satisfies Record<Exclude<ScriptCall, OtherCall>, Call>

function accessOf({ mmap, noninterleaved }: ScriptStep): number {
  if (mmap === true) {
    return noninterleaved === true
      ? SNDRV_PCM_ACCESS_MMAP_NONINTERLEAVED
      : SNDRV_PCM_ACCESS_MMAP_INTERLEAVED
  }
  return noninterleaved === true
    ? SNDRV_PCM_ACCESS_RW_NONINTERLEAVED
    : SNDRV_PCM_ACCESS_RW_INTERLEAVED
}

/** SYNC_PTR: what the step says is set, the rest asked for. Return: 0 or -errno. */
function* syncPtr(file: SndPcmFile, step: ScriptStep): Proc<number> {
  const { control, boundary } = file.substream.runtime
  const sync = new SndPcmSyncPtr()
  if (step.hwsync === true) sync.flags |= SNDRV_PCM_SYNC_PTR_HWSYNC
  if (step.frames === undefined) sync.flags |= SNDRV_PCM_SYNC_PTR_APPL
  else sync.appl_ptr = (control.appl_ptr + step.frames) % boundary
  if (step.avail_min === undefined) sync.flags |= SNDRV_PCM_SYNC_PTR_AVAIL_MIN
  else sync.avail_min = step.avail_min
  return yield* S.sys_sync_ptr(file, sync)
}

function* delay(file: SndPcmFile): Proc<number> {
  const answer = { delay: 0 }
  const err = yield* S.sys_delay(file, answer)
  return err < 0 ? err : answer.delay
}

export class Scripted extends PcmClient<ScriptedOptions> {
  private readonly handles = new Map<Direction, Handle>()
  private written: Frames = 0

  protected *main(): Proc {
    const { k, options } = this
    for (const step of options.script) {
      if (this.stalls.due(this.k.sim.now)) yield* this.stall()
      const atNs = step.atNs ?? k.sim.now + (step.afterNs ?? 0)
      if (atNs > k.sim.now) yield* S.sys_sleep_until(k, this.stream, atNs)
      const { workNs } = step
      if (workNs !== undefined && !k.tryChargeNs(workNs)) yield Req.CHARGE
      yield* this.step(step)
    }
    for (const direction of [...this.handles.keys()]) yield* this.close(direction)
    this.result.done = true
  }

  private *step(step: ScriptStep): Proc {
    const { k, stream } = this
    const direction = step.on ?? this.options.direction
    let ret: number
    if (step.call === 'open') ret = yield* this.openHandle(direction, step)
    else if (step.call === 'close') ret = yield* this.close(direction)
    else if (step.call === 'sleep') {
      ret = yield* S.sys_sleep_until(k, stream, k.sim.now + (step.forNs ?? 0))
    } else ret = yield* this.onHandle(step.call, direction, step)
    const arg = step.frames === undefined ? '' : String(step.frames)
    const told = this.handles.get(direction)?.told.splice(0).join(', ') ?? ''
    this.log(`${step.call}(${arg}) = ${errnoName(ret)}${told === '' ? '' : `: ${told}`}`)
    if (ret < 0) this.result.error = ret
  }

  private onHandle(
    call: Exclude<ScriptCall, 'open' | 'close' | 'sleep'>,
    direction: Direction,
    step: ScriptStep,
  ): Proc<number> {
    const handle = this.handles.get(direction)
    if (handle === undefined) return pauseThen(Req.POINT, -EBADFD)
    this.stream = handle.file.substream.id
    if (call === 'avail_update') return pauseThen(Req.POINT, snd_pcm_avail_update(handle.file))
    const run: Call = CALLS[call]
    return run(handle, step, this)
  }

  private *openHandle(direction: Direction, step: ScriptStep): Proc<number> {
    const append = step.append === true ? O_APPEND : 0
    const flags = append | (step.nonblock === true ? O_NONBLOCK : 0)
    const file = yield* this.open({ direction: streamOf(direction), flags })
    if (file === null) return this.result.error
    this.handles.set(direction, new Handle(file))
    return 0
  }

  private *close(direction: Direction): Proc<number> {
    const handle = this.handles.get(direction)
    if (handle === undefined) return -EBADFD
    this.handles.delete(direction)
    if (handle.timer.isOpen) yield* handle.timer.close()
    return yield* S.sys_close(handle.file)
  }

  /** Moves frames, numbered on from the ones before. Return: frames or -errno. */
  *move(
    handle: Handle,
    frames: Frames,
    transfer: (file: SndPcmFile, user: UserFrames, frames: Frames) => Proc<number>,
  ): Proc<number> {
    handle.user.first_index = this.written
    const r = yield* transfer(handle.file, handle.user, frames)
    if (r > 0) this.written += r
    return r
  }

  /** Links the handle with the program's other one. */
  *link(file: SndPcmFile, step: ScriptStep): Proc<number> {
    const direction = step.on ?? this.options.direction
    const other = this.handles.get(direction === 'playback' ? 'capture' : 'playback')
    return other === undefined ? -EBADFD : yield* S.sys_link(file, other.file)
  }
}

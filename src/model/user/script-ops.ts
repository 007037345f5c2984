/**
 * The calls of a script, each on one open handle (scripted.ts). Sizes are frames, times ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import {
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
import type { ControlCall, ControlStep } from './control-calls.ts'
import { installHwParams, refineHwParams } from './hw-params.ts'
import { mmapTransfer } from './library.ts'
import type { PcmClientOptions } from './pcm-client.ts'
import { PollSet, sys_poll } from './poll.ts'
import type { AudioTstamp, ScriptCall, TimerEvent } from './script-calls.ts'
import { audioTstamps } from './script-calls.ts'
import { setSwParams, type Thresholds } from './sw-params.ts'
import * as S from './syscall.ts'
import { TimerFile } from './timer-calls.ts'

export type Direction = 'playback' | 'capture'

export interface ScriptStep extends Thresholds, ControlStep {
  readonly call: ScriptCall
  /** The thread that makes it; absent: the main one. */
  readonly thread?: string
  /** Not before this time; absent: as soon as the call before it has returned. */
  readonly atNs?: Ns
  /** This long after the call before it has returned. */
  readonly afterNs?: Ns
  /** The program computes for so long before the call, after any wait. */
  readonly workNs?: Ns
  /** Frames to move; with forNs of ControlStep, the time-out or length of a wait. */
  readonly frames?: Frames
  /** Which of the program's handles; absent: the stream's own direction. */
  readonly on?: Direction
  /** Flag of an open, beside nonblock of ControlStep. */
  readonly append?: boolean
  /** Access of hw_params: mapped, and each channel by itself. */
  readonly mmap?: boolean
  readonly noninterleaved?: boolean
  /** hw_params: no interrupt at each period. */
  readonly no_period_wakeup?: boolean
  /** Sizes of hw_params where they are not the stream's. */
  readonly period_size?: Frames
  readonly buffer_size?: Frames
  /** sw_params: time stamps with each pointer. */
  readonly tstamp?: boolean
  /** writei: a NULL buffer, so that the core silences the ring. */
  readonly silence?: boolean
  /** status: STATUS_EXT, asking for an audio time stamp of this type, less the delay. */
  readonly audio_tstamp?: AudioTstamp
  readonly report_delay?: boolean
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
  /** timer_params: goes on after a tick (when absent), tells at once that it is there. */
  readonly auto?: boolean
  readonly early?: boolean
}

/** An open file of the program, and the calls that its threads have in it. */
export class OpenPcm {
  readonly file: SndPcmFile
  readonly timer: TimerFile
  calls = 0
  /** No longer in the program's file table. */
  closed = false

  constructor(file: SndPcmFile) {
    this.file = file
    this.timer = new TimerFile(file)
  }
}

/** An open file as one thread uses it. */
export class Handle {
  readonly pcm: OpenPcm
  readonly file: SndPcmFile
  readonly user: UserFrames
  readonly set: PollSet
  readonly timer: TimerFile
  /** What the call in progress answered beside its return value. */
  readonly told: string[] = []

  constructor(pcm: OpenPcm) {
    const { file, timer } = pcm
    this.pcm = pcm
    this.file = file
    this.user = new UserFrames(file.substream.k, file.substream.id)
    this.set = new PollSet([file])
    this.timer = timer
  }
}

/** What the calls need of the program. */
export interface Program {
  readonly options: PcmClientOptions
  move(
    handle: Handle,
    frames: Frames,
    transfer: (file: SndPcmFile, user: UserFrames, frames: Frames) => Proc<number>,
  ): Proc<number>
  link(file: SndPcmFile, step: ScriptStep): Proc<number>
}

/** Calls that are not made on an open handle. */
type OtherCall = 'open' | 'close' | 'sleep' | 'avail_update' | ControlCall

export type Call = (handle: Handle, step: ScriptStep, program: Program) => Proc<number>

/** Calls on an open handle, by the names that a script uses. */
export const CALLS = {
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
      noPeriodWakeup: step.no_period_wakeup ?? false,
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
  status: (handle, step) => status(handle, step),
  hwsync: ({ file }) => S.sys_hwsync(file),
  delay: ({ file }) => delay(file),
  forward: ({ file }, { frames }) => S.sys_forward(file, frames ?? 0),
  rewind: ({ file }, { frames }) => S.sys_rewind(file, frames ?? 0),
  writei: (handle, { frames, silence }, program) => {
    handle.user.isNull = silence ?? false
    return program.move(handle, frames ?? 0, S.sys_writei)
  },
  readi: (handle, { frames }, program) => {
    handle.user.isNull = false
    return program.move(handle, frames ?? 0, S.sys_readi)
  },
  writen: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_writen),
  readn: (handle, { frames }, program) => program.move(handle, frames ?? 0, S.sys_readn),
  sync_ptr: (handle, step) => syncPtr(handle, step),
  mmap: ({ file }) => S.sys_mmap(file),
  munmap: ({ file }) => S.sys_munmap(file),
  mmap_commit: (handle, { frames }, program) => program.move(handle, frames ?? 0, mmapTransfer),
  poll: ({ set }, { forNs }) => sys_poll(set, forNs ?? -1),
  link: ({ file }, step, program) => program.link(file, step),
  unlink: ({ file }) => S.sys_unlink(file),
  fasync: ({ file }, { enable }) => S.sys_fasync(file, enable ?? true),
  fcntl: ({ file }, { nonblock }) => S.sys_fcntl(file, nonblock ?? false),
  timer_open: ({ timer }, { tread }) => timer.open(tread ?? false),
  timer_params: ({ timer }, step) => timer.params(step),
  timer_start: ({ timer }, step) => startTimer(timer, step),
  timer_stop: ({ timer }) => timer.stop(),
  timer_pause: ({ timer }) => timer.pause(),
  timer_continue: ({ timer }) => timer.continue(),
  timer_status: ({ timer, told }) => timer.status(told),
  timer_fasync: ({ timer }, { enable }) => timer.fasync(enable ?? true),
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

const stateName = (state: number): string => CODES.state?.[state] ?? String(state)

/** SYNC_PTR: what the step says is set, the rest asked for. Return: 0 or -errno. */
function* syncPtr({ file, told }: Handle, step: ScriptStep): Proc<number> {
  const { control, boundary } = file.substream.runtime
  const sync = new SndPcmSyncPtr()
  if (step.hwsync === true) sync.flags |= SNDRV_PCM_SYNC_PTR_HWSYNC
  if (step.frames === undefined) sync.flags |= SNDRV_PCM_SYNC_PTR_APPL
  else sync.appl_ptr = (control.appl_ptr + step.frames) % boundary
  if (step.avail_min === undefined) sync.flags |= SNDRV_PCM_SYNC_PTR_AVAIL_MIN
  else sync.avail_min = step.avail_min
  const err = yield* S.sys_sync_ptr(file, sync)
  const { state, hw_ptr, appl_ptr, avail_min } = sync
  if (err >= 0) {
    told.push(stateName(state), `hw_ptr ${hw_ptr}`, `appl_ptr ${appl_ptr}`)
    told.push(`avail_min ${avail_min}`)
  }
  return err
}

/** STATUS, or STATUS_EXT where the step asks for a kind of audio time stamp. Return: 0. */
function* status({ file, told }: Handle, step: ScriptStep): Proc<number> {
  const is = new SndPcmStatus()
  is.type_requested = audioTstamps.indexOf(step.audio_tstamp ?? 'compat')
  is.report_delay = step.report_delay ?? false
  const err = yield* S.sys_status(file, is)
  if (err < 0) return err
  told.push(stateName(is.state), `hw_ptr ${is.hw_ptr}`, `appl_ptr ${is.appl_ptr}`)
  told.push(`avail ${is.avail}`, `delay ${is.delay}`, `avail_max ${is.avail_max}`)
  if (is.tstamp > 0) told.push(`tstamp ${is.tstamp}`, `audio_tstamp ${is.audio_tstamp}`)
  return 0
}

/** START, after a PARAMS if the step says anything of them. Return: 0 or -errno. */
function* startTimer(timer: TimerFile, step: ScriptStep): Proc<number> {
  const { ticks, filter, queue_size, auto, early } = step
  const says = ticks ?? filter ?? queue_size ?? auto ?? early
  const err = says === undefined ? 0 : yield* timer.params(step)
  return err < 0 ? err : yield* timer.start()
}

function* delay(file: SndPcmFile): Proc<number> {
  const answer = { delay: 0 }
  const err = yield* S.sys_delay(file, answer)
  return err < 0 ? err : answer.delay
}

/**
 * System calls as a client makes them: out of user mode, the kernel's work, back, with the prices
 * of the way in and out and one record on each side. Numbers of calls are those of CODES.call in
 * the trace. Error numbers are the kernel's, negated; time-outs here are ns.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { SndPcm, SndPcmSubstream } from '../alsa/pcm.ts'
import { O_NONBLOCK } from '../alsa/pcm_constants.ts'
import type { UserFrames } from '../alsa/pcm_copy.ts'
import { snd_pcm_drain, snd_pcm_drop } from '../alsa/pcm_drain.ts'
import { snd_pcm_hw_free, snd_pcm_hw_params } from '../alsa/pcm_hw_params.ts'
import {
  ioctlMayPass,
  snd_pcm_common_ioctl,
  snd_pcm_lib_read,
  snd_pcm_lib_readv,
  snd_pcm_lib_write,
  snd_pcm_lib_writev,
} from '../alsa/pcm_ioctl.ts'
import { snd_pcm_link, snd_pcm_unlink } from '../alsa/pcm_link.ts'
import { snd_pcm_mmap_data, snd_pcm_munmap_data } from '../alsa/pcm_mmap.ts'
import { type SndPcmFile, snd_pcm_fasync, snd_pcm_open } from '../alsa/pcm_native.ts'
import type { SndPcmHwParams } from '../alsa/pcm_params.ts'
import { snd_pcm_pause_lock_irq } from '../alsa/pcm_pause.ts'
import { snd_pcm_prepare, snd_pcm_reset } from '../alsa/pcm_prepare.ts'
import { snd_pcm_hw_refine } from '../alsa/pcm_refine.ts'
import { snd_pcm_start_lock_irq } from '../alsa/pcm_start_stop.ts'
import {
  type DelayAnswer,
  type SndPcmStatus,
  snd_pcm_delay,
  snd_pcm_hwsync,
  snd_pcm_status64,
} from '../alsa/pcm_status.ts'
import { snd_pcm_resume, snd_pcm_suspend_all } from '../alsa/pcm_suspend.ts'
import { type SndPcmSwParams, snd_pcm_sw_params } from '../alsa/pcm_sw_params.ts'
import {
  type SndPcmSyncPtr,
  snd_pcm_forward,
  snd_pcm_rewind,
  snd_pcm_sync_ptr,
  snd_pcm_xrun,
} from '../alsa/pcm_sync_ptr.ts'
import { lockdep_sys_exit } from '../linux/bug-locks.ts'
import { EINTR, EINVAL, ERESTARTSYS } from '../linux/errno.ts'
import { sleepUntil } from '../linux/hrtimer.ts'
import type { Kernel } from '../linux/kernel.ts'
import { currentTask } from '../linux/preempt.ts'
import { clear_signal } from '../linux/sched.ts'
import { closeFile, do_exit, fileOpened } from './exit.ts'

const ENTER = T.syscall_enter
const EXIT = T.syscall_exit

/** Numbers of CODES.call. */
export const Call = {
  open: 0,
  close: 1,
  hw_params: 2,
  sw_params: 3,
  prepare: 4,
  start: 5,
  writei: 6,
  readi: 7,
  drain: 8,
  drop: 9,
  pause: 10,
  resume: 11,
  status: 12,
  delay: 13,
  hwsync: 14,
  poll: 15,
  sleep: 16,
  hw_free: 17,
  reset: 18,
  forward: 19,
  rewind: 20,
  xrun: 21,
  link: 22,
  unlink: 23,
  sync_ptr: 24,
  mmap: 25,
  mmap_commit: 26,
  suspend: 27,
  writen: 28,
  readn: 29,
  fasync: 30,
  timer_open: 31,
  timer_start: 32,
  timer_stop: 33,
  timer_read: 34,
  timer_close: 35,
  munmap: 36,
  hw_refine: 37,
  timer_params: 38,
  timer_pause: 39,
  timer_continue: 40,
  timer_status: 41,
  timer_fasync: 42,
  fcntl: 43,
  ctl_open: 44,
  ctl_close: 45,
  ctl_info: 46,
  ctl_read: 47,
  ctl_write: 48,
  ctl_tlv_read: 49,
  ctl_tlv_write: 50,
  ctl_tlv_command: 51,
  ctl_subscribe: 52,
  ctl_events: 53,
} as const

/**
 * One system call: `work` is the kernel function's call, not yet started. For an ioctl, `substream`
 * is what it works on. An interrupted call comes back as -EINTR.
 */
export function* syscall<R extends number | SndPcmFile>(
  k: Kernel,
  stream: number,
  call: number,
  arg: number,
  work: Proc<R>,
  substream: SndPcmSubstream | null = null,
): Proc<R | number> {
  const task = currentTask(k)
  task.userMode = false
  if (task.killed) yield* do_exit(task)
  k.emit(ENTER, stream, call, arg)
  if (!k.tryCharge(k.costs.syscall_entry)) yield Req.CHARGE
  let ret: R | number = 0
  if (substream !== null && !ioctlMayPass(substream)) ret = yield* snd_pcm_common_ioctl(substream)
  if (ret === 0) ret = yield* work
  // Whatever the call returns, a signal is delivered on the way back to user mode.
  if (task.signalPending) clear_signal(task)
  if (ret === -ERESTARTSYS) ret = -EINTR
  if (!k.tryCharge(k.costs.syscall_exit)) yield Req.CHARGE
  lockdep_sys_exit(k)
  if (k.freezer.frozen) yield* k.freezer.enter()
  k.emit(EXIT, stream, call, typeof ret === 'number' ? ret : 0)
  if (task.killed) yield* do_exit(task)
  task.userMode = true
  // On the way back to user mode a waiting task gets the processor under every preemption model.
  if (task.cpu.attention) yield Req.POINT
  return ret
}

function ioctl(file: SndPcmFile, call: number, arg: number, work: Proc<number>): Proc<number> {
  const { substream } = file
  return syscall(substream.k, substream.id, call, arg, work, substream)
}

/** Opens the device; the record names its first substream. */
export function sys_open(pcm: SndPcm, stream: number, f_flags: number): Proc<SndPcmFile | number> {
  const id = pcm.streams(stream)[0]?.id ?? 0
  return syscall(pcm.k, id, Call.open, f_flags, openFile(pcm, stream, f_flags))
}

function* openFile(pcm: SndPcm, stream: number, f_flags: number): Proc<SndPcmFile | number> {
  const file = yield* snd_pcm_open(pcm, stream, f_flags)
  if (typeof file !== 'number') fileOpened(currentTask(pcm.k), file)
  return file
}

/** Closes a file and drops what is mapped of it. */
export function sys_close(file: SndPcmFile): Proc<number> {
  const { k, id } = file.substream
  return syscall(k, id, Call.close, 0, closeFile(currentTask(k), file))
}

/** mmap() of the ring; the status and control pages come with the file. */
export function sys_mmap(file: SndPcmFile): Proc<number> {
  const { k, id } = file.substream
  return syscall(k, id, Call.mmap, 0, mapData(file))
}

function* mapData(file: SndPcmFile): Proc<number> {
  return snd_pcm_mmap_data(file.substream)
}

/** munmap() of what is mapped of the ring. Return: 0, or -EINVAL if nothing is. */
export function sys_munmap(file: SndPcmFile): Proc<number> {
  const { k, id } = file.substream
  return syscall(k, id, Call.munmap, 0, unmapData(file))
}

function* unmapData({ substream }: SndPcmFile): Proc<number> {
  if (substream.mmap_count === 0) return -EINVAL
  snd_pcm_munmap_data(substream)
  return 0
}

/** Suspends all streams of the device, as a write to /sys/power/state does. */
export function sys_suspend(file: SndPcmFile): Proc<number> {
  const { k, id, pcm } = file.substream
  return syscall(k, id, Call.suspend, 0, snd_pcm_suspend_all(pcm))
}

/** Kernel: snd_pcm_hw_refine_user(). */
export function sys_hw_refine(file: SndPcmFile, params: SndPcmHwParams): Proc<number> {
  return ioctl(file, Call.hw_refine, 0, snd_pcm_hw_refine(file.substream, params))
}

export function sys_hw_params(file: SndPcmFile, params: SndPcmHwParams): Proc<number> {
  return ioctl(file, Call.hw_params, 0, snd_pcm_hw_params(file.substream, params))
}

export function sys_hw_free(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.hw_free, 0, snd_pcm_hw_free(file.substream))
}

export function sys_sw_params(file: SndPcmFile, params: SndPcmSwParams): Proc<number> {
  const work = snd_pcm_sw_params(file.substream, params)
  return ioctl(file, Call.sw_params, params.start_threshold, work)
}

export function sys_prepare(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.prepare, 0, snd_pcm_prepare(file.substream, file.f_flags))
}

export function sys_reset(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.reset, 0, snd_pcm_reset(file.substream))
}

export function sys_start(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.start, 0, snd_pcm_start_lock_irq(file.substream))
}

export function sys_pause(file: SndPcmFile, push: boolean): Proc<number> {
  const arg = push ? 1 : 0
  return ioctl(file, Call.pause, arg, snd_pcm_pause_lock_irq(file.substream, push))
}

export function sys_resume(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.resume, 0, snd_pcm_resume(file.substream))
}

export function sys_drain(file: SndPcmFile): Proc<number> {
  const nonblock = (file.f_flags & O_NONBLOCK) !== 0
  return ioctl(file, Call.drain, 0, snd_pcm_drain(file.substream, nonblock))
}

export function sys_forward(file: SndPcmFile, frames: number): Proc<number> {
  return ioctl(file, Call.forward, frames, snd_pcm_forward(file.substream, frames))
}

export function sys_rewind(file: SndPcmFile, frames: number): Proc<number> {
  return ioctl(file, Call.rewind, frames, snd_pcm_rewind(file.substream, frames))
}

export function sys_sync_ptr(file: SndPcmFile, sync: SndPcmSyncPtr): Proc<number> {
  return ioctl(file, Call.sync_ptr, sync.flags, snd_pcm_sync_ptr(file.substream, sync))
}

export function sys_xrun(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.xrun, 0, snd_pcm_xrun(file.substream))
}

export function sys_link(file: SndPcmFile, other: SndPcmFile): Proc<number> {
  const work = snd_pcm_link(file.substream, other.substream)
  return ioctl(file, Call.link, other.substream.id, work)
}

export function sys_unlink(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.unlink, 0, snd_pcm_unlink(file.substream))
}

export function sys_drop(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.drop, 0, snd_pcm_drop(file.substream))
}

export function sys_status(file: SndPcmFile, status: SndPcmStatus): Proc<number> {
  return ioctl(file, Call.status, 0, snd_pcm_status64(file.substream, status))
}

export function sys_hwsync(file: SndPcmFile): Proc<number> {
  return ioctl(file, Call.hwsync, 0, snd_pcm_hwsync(file.substream))
}

export function sys_delay(file: SndPcmFile, answer: DelayAnswer): Proc<number> {
  return ioctl(file, Call.delay, 0, snd_pcm_delay(file.substream, answer))
}

export function sys_writei(file: SndPcmFile, data: UserFrames, frames: number): Proc<number> {
  return ioctl(file, Call.writei, frames, snd_pcm_lib_write(file.substream, data, frames))
}

export function sys_readi(file: SndPcmFile, data: UserFrames, frames: number): Proc<number> {
  return ioctl(file, Call.readi, frames, snd_pcm_lib_read(file.substream, data, frames))
}

/** Each channel from a buffer of its own; the stream has to be set up for that. */
export function sys_writen(file: SndPcmFile, data: UserFrames, frames: number): Proc<number> {
  return ioctl(file, Call.writen, frames, snd_pcm_lib_writev(file.substream, data, frames))
}

export function sys_readn(file: SndPcmFile, data: UserFrames, frames: number): Proc<number> {
  return ioctl(file, Call.readn, frames, snd_pcm_lib_readv(file.substream, data, frames))
}

/** fcntl() with or without O_ASYNC: SIGIO for the caller at every period. */
export function sys_fasync(file: SndPcmFile, on: boolean): Proc<number> {
  const { k, id } = file.substream
  return syscall(k, id, Call.fasync, on ? 1 : 0, snd_pcm_fasync(file, on))
}

/**
 * fcntl(F_SETFL): O_NONBLOCK or not. A drain looks at the file, but reads and writes at the
 * substream, which takes the flags over with the next PREPARE.
 */
export function sys_fcntl(file: SndPcmFile, nonblock: boolean): Proc<number> {
  const { k, id } = file.substream
  return syscall(k, id, Call.fcntl, nonblock ? 1 : 0, setfl(file, nonblock))
}

/** Kernel: setfl(), fs/fcntl.c. */
function* setfl(file: SndPcmFile, nonblock: boolean): Proc<number> {
  file.f_flags = nonblock ? file.f_flags | O_NONBLOCK : file.f_flags & ~O_NONBLOCK
  return 0
}

/** nanosleep() to an absolute time. Return: 0, or -EINTR. */
export function sys_sleep_until(k: Kernel, stream: number, atNs: Ns): Proc<number> {
  const ns = atNs > k.sim.now ? atNs - k.sim.now : 0
  return syscall(k, stream, Call.sleep, ns, sleepThrough(k, atNs))
}

function* sleepThrough(k: Kernel, atNs: Ns): Proc<number> {
  while (k.sim.now < atNs) {
    if (currentTask(k).signalPending) return -ERESTARTSYS
    yield* sleepUntil(k, atNs)
  }
  return 0
}

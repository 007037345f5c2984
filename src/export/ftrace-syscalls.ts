/**
 * System calls of clients as the kernel's syscall tracer prints them: `sys_ioctl(fd: 4, cmd: 4140,
 * arg: 0)` and `sys_ioctl -> 0x0`. Kernel: kernel/trace/trace_syscalls.c, v6.12; numbers of the
 * commands: include/uapi/sound/asound.h on a 64-bit machine. Addresses are 0. Calls that are no
 * system call of their own (a suspend of the machine, ...) have no entry.
 */
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'

const IOCTLS: Readonly<Record<string, string>> = {
  hw_refine: 'c2604110',
  hw_params: 'c2604111',
  hw_free: '4112',
  sw_params: 'c0884113',
  status: '80984120',
  delay: '80084121',
  hwsync: '4122',
  sync_ptr: 'c0884123',
  mmap_commit: 'c0884123',
  prepare: '4140',
  reset: '4141',
  start: '4142',
  drop: '4143',
  drain: '4144',
  pause: '40044145',
  rewind: '40084146',
  resume: '4147',
  xrun: '4148',
  forward: '40084149',
  writei: '40184150',
  readi: '80184151',
  writen: '40184152',
  readn: '80184153',
  link: '40044160',
  unlink: '4161',
  timer_open: '40345410',
  timer_start: '54a0',
  timer_stop: '54a1',
  timer_params: '40505412',
  timer_status: '80605414',
  timer_continue: '54a2',
  timer_pause: '54a3',
}

interface Call {
  readonly name: string
  readonly args: (fd: string) => string
}

const CALLS: Readonly<Record<string, Call>> = {
  open: { name: 'sys_openat', args: () => 'dfd: ffffff9c, filename: 0, flags: 2, mode: 0' },
  close: { name: 'sys_close', args: (fd) => `fd: ${fd}` },
  poll: { name: 'sys_poll', args: () => 'ufds: 0, nfds: 1, timeout_msecs: ffffffff' },
  sleep: { name: 'sys_clock_nanosleep', args: () => 'which_clock: 1, flags: 0, rqtp: 0, rmtp: 0' },
  mmap: {
    name: 'sys_mmap',
    args: (fd) => `addr: 0, len: 0, prot: 3, flags: 1, fd: ${fd}, off: 0`,
  },
  munmap: { name: 'sys_munmap', args: () => 'addr: 0, len: 0' },
  fasync: { name: 'sys_fcntl', args: (fd) => `fd: ${fd}, cmd: 4, arg: 2000` },
  timer_fasync: { name: 'sys_fcntl', args: (fd) => `fd: ${fd}, cmd: 4, arg: 2000` },
  fcntl: { name: 'sys_fcntl', args: (fd) => `fd: ${fd}, cmd: 4, arg: 802` },
  timer_read: { name: 'sys_read', args: (fd) => `fd: ${fd}, buf: 0, count: 20` },
  timer_close: { name: 'sys_close', args: (fd) => `fd: ${fd}` },
}

/** The three that every process has come first. */
const FIRST_FD = 3

function callOf(r: TraceRecord): Call | null {
  const word = CODES.call?.[r.b] ?? ''
  const cmd = IOCTLS[word]
  if (cmd === undefined) return CALLS[word] ?? null
  return { name: 'sys_ioctl', args: (fd) => `fd: ${fd}, cmd: ${cmd}, arg: 0` }
}

/** Null: not a system call that a tracer would see. */
export function syscallEnter(r: TraceRecord): string | null {
  const call = callOf(r)
  return call === null ? null : `${call.name}(${call.args((FIRST_FD + r.a).toString(16))})`
}

/** A transfer's ioctl returns 0: the frames stand in its argument. */
export function syscallExit(r: TraceRecord): string | null {
  const call = callOf(r)
  if (call === null || r.kind !== T.syscall_exit) return null
  const isTransfer = call.name === 'sys_ioctl' && r.c > 0
  const ret = BigInt.asUintN(64, BigInt(isTransfer ? 0 : r.c))
  return `${call.name} -> 0x${ret.toString(16)}`
}

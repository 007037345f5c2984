/**
 * Lines of ftrace into events: tracepoints by name, probes and traced functions by the function.
 * Print formats: sound/core/pcm_trace.h, include/trace/events/{irq,sched,workqueue}.h, Linux 6.12;
 * `trace-cmd report` has its own for sched_switch and sched_wakeup (libtraceevent's plugin).
 */
import { type FtraceLine, field } from './ftrace-line.ts'
import type { GuestEvent, GuestKind, Side } from './guest-event.ts'

/** An event without what is 0 or empty. */
type Some = Partial<GuestEvent> & { readonly kind: GuestKind }

export class FtraceEvents {
  readonly events: GuestEvent[] = []
  readonly tasks = new Map<number, string>()
  private readonly tasksMax = 65_536

  /** False: an event that is not measured. */
  push(line: FtraceLine): boolean {
    const found = eventOf(line)
    if (found === null) return false
    const task = taskOf(line.pid, line.cpu)
    this.events.push({
      timeNs: line.timeNs,
      task,
      arg: 0,
      side: '',
      period: 0,
      buffer: 0,
      old: 0,
      traced: false,
      text: '',
      ...found,
    })
    this.name(task, line.task)
    if (found.kind === 'switch' || found.kind === 'waking') {
      const name = /(?:next_comm|^comm)=(.{1,32}?) (?:next_)?pid=|==> (.{1,32}?):\d/.exec(
        line.rest.slice(0, 300),
      )
      if (name !== null) this.name(found.arg as number, name[1] ?? name[2] ?? '')
    }
    return true
  }

  private name(task: number, name: string): void {
    if (this.tasks.size < this.tasksMax && !this.tasks.has(task)) this.tasks.set(task, name)
  }
}

/** Every processor has an idle thread, and all have pid 0. */
function taskOf(pid: number, cpu: number): number {
  return pid === 0 ? -1 - cpu : pid
}

const DEVICE = /pcmC\d{1,5}D\d{1,5}([pc])/

function sideIn(rest: string): Side {
  return (DEVICE.exec(rest.slice(0, 200))?.[1] ?? '') as Side
}

function eventOf(line: FtraceLine): Some | null {
  const { event, rest } = line
  switch (event) {
    case 'irq_handler_entry':
      return { kind: 'irq_entry', arg: orZero(field(rest, 'irq')) }
    case 'irq_handler_exit':
      return { kind: 'irq_exit' }
    case 'workqueue_queue_work':
      return { kind: 'queue_work', text: workIn(rest) }
    case 'workqueue_execute_start':
      return { kind: 'work_start', text: workIn(rest) }
    case 'workqueue_execute_end':
      return { kind: 'work_end', text: workIn(rest) }
    case 'sched_waking':
      return woken(rest)
    case 'sched_switch':
      return switched(line)
    case 'hwptr':
    case 'applptr':
    case 'xrun':
      return pointer(event, rest)
    case 'tracing_mark_write':
    case 'print':
      return { kind: 'mark', text: rest.slice(0, 500) }
    case 'syscall':
      return syscall(rest)
    default:
      return /^sys_(enter|exit)/.test(event) ? tracedSyscall(event, rest) : called(line)
  }
}

function orZero(value: number): number {
  return Number.isFinite(value) ? value : 0
}

function workIn(rest: string): string {
  const head = rest.slice(0, 300)
  const name = /function[= ]\s?([\w.]{1,128})/.exec(head)?.[1] ?? ''
  // Two streams have a work item each, of one function.
  const struct = /work struct[= ]\s?([0-9a-fx]{1,18})/.exec(head)?.[1] ?? ''
  return `${name} ${struct}`
}

function woken(rest: string): Some | null {
  const pid = field(rest, 'pid')
  if (Number.isFinite(pid)) return { kind: 'waking', arg: pid }
  const short = /^(.{1,32}?):(\d{1,10}) \[/.exec(rest.slice(0, 80))
  return short === null ? null : { kind: 'waking', arg: Number(short[2]) }
}

function switched({ rest, cpu }: FtraceLine): Some | null {
  const pid = field(rest, 'next_pid')
  if (Number.isFinite(pid)) return { kind: 'switch', arg: taskOf(pid, cpu) }
  const short = /==> .{1,32}?:(\d{1,10}) \[/.exec(rest.slice(0, 200))
  return short === null ? null : { kind: 'switch', arg: taskOf(Number(short[1]), cpu) }
}

function pointer(kind: 'hwptr' | 'applptr' | 'xrun', rest: string): Some | null {
  const side = sideIn(rest)
  const [period, buffer] = [field(rest, 'period'), field(rest, 'buf')]
  const old = field(rest, kind === 'applptr' ? 'prev' : 'old')
  const arg = field(rest, kind === 'hwptr' ? 'pos' : kind === 'applptr' ? 'curr' : 'old')
  if (side === '' || ![period, buffer, old, arg].every(Number.isSafeInteger)) return null
  const text = kind !== 'hwptr' ? '' : / IRQ:/.test(rest.slice(0, 80)) ? 'IRQ' : 'POS'
  return { kind, side, period, buffer, old, arg, text }
}

const TRIGGER_CALLERS: Readonly<Record<string, number>> = {
  snd_pcm_do_stop: 0,
  snd_pcm_do_start: 1,
  snd_pcm_do_suspend: 5,
  snd_pcm_do_resume: 6,
}

/** `sys_ioctl(fd: 4, cmd: 40184150, ...)`, `sys_ioctl -> 0x0`: the call with its command. */
function syscall(rest: string): Some {
  const [, name = '', next] = /^sys_(\w{1,40}?)(\(| -> )/.exec(rest.slice(0, 80)) ?? []
  if (next !== '(') return { kind: 'return', text: name }
  const cmd = /\bcmd: (?:0x)?([0-9a-f]{1,8})/.exec(rest.slice(0, 200))?.[1]
  return { kind: 'call', text: cmd === undefined ? name : `${name} ${cmd}` }
}

/** `sys_enter_ioctl: fd: ...`, `sys_exit: NR 16 = 0`. */
function tracedSyscall(event: string, rest: string): Some {
  const [, way, name = ''] = /^sys_(enter|exit)_?(\w{0,40})/.exec(event) ?? []
  if (way === 'exit') return { kind: 'return', text: name }
  const cmd = /\bcmd: (?:0x)?([0-9a-f]{1,8})/.exec(rest.slice(0, 200))?.[1]
  return { kind: 'call', text: cmd === undefined ? name : `${name} ${cmd}` }
}

/** A probe `(func+0x4/0x40) args`, a traced function `func <-caller`. */
function called({ event, rest }: FtraceLine): Some | null {
  const head = rest.slice(0, 400)
  const traced = /^\s{0,40}([\w.]{1,256}) <--?\s?([\w.]{1,256})/.exec(head)
  if (event === 'function' && traced !== null) {
    return functionEvent(traced[1] as string, rest, true, traced[2] as string)
  }
  const probed = /^\(([A-Za-z_][\w.]{0,255})\+0x[0-9a-f]+\/0x[0-9a-f]+\)/.exec(head)
  if (probed !== null) return functionEvent(probed[1] as string, rest, false, '')
  // Our own text and probes whose symbols trace-cmd does not know have the event's name only.
  const name = /^(?:p_)?(?:snd_pcm_)?(period_elapsed|trigger)(?:_0)?$/.exec(event)?.[1]
  if (name === undefined || /<- /.test(head)) return null
  const side = sideIn(rest)
  const found = functionEvent(name === 'trigger' ? 'x_trigger' : `snd_pcm_${name}`, rest, false, '')
  return found === null ? null : { ...found, side }
}

function functionEvent(name: string, rest: string, traced: boolean, caller: string): Some | null {
  if (name === 'snd_pcm_period_elapsed') return { kind: 'elapsed', traced }
  if (name === 'virtsnd_pcm_msg_send') return { kind: 'msg_send', traced }
  if (name === 'virtsnd_ctl_notify_cb') return { kind: 'ctl_irq', traced }
  if (name === 'virtsnd_pcm_ctl_msg_alloc' && !traced) {
    const code = /code=0x([0-9a-f]{1,4})\b/.exec(rest.slice(0, 200))
    return code === null ? null : { kind: 'ctl_send', arg: Number.parseInt(code[1] as string, 16) }
  }
  if (!/_trigger$/.test(name)) return null
  const cmd = traced ? TRIGGER_CALLERS[caller] : field(rest, 'cmd')
  return cmd === undefined || !Number.isFinite(cmd) ? null : { kind: 'trigger', traced, arg: cmd }
}

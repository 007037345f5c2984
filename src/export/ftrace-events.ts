/**
 * Events of ftrace text: the name of the tracepoint and its print format, letter by letter, of
 * Linux 6.12: sound/core/pcm_trace.h, include/trace/events/{sched,irq,timer,workqueue,lock,
 * printk}.h, arch/x86/kvm/trace.h, kernel/trace/trace_syscalls.c. Calls of functions that have no
 * tracepoint look like kprobes at offset 0 of a function of size 0, named `elapsed`, `msg_send`,
 * `msg_complete`, `tx_cb`, `rx_cb`, `ctl_cb`, `trigger`, and kretprobes with `_ret`. All else is a
 * line of trace_marker: `system:event: key=value`.
 */
import type { StreamTable } from '../analysis/streams.ts'
import { LOCK_READ_MASK, LOCK_TRYLOCK } from '../sim/lock-flags.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { ARGUMENT_FIELDS, ARGUMENTS, EVENT_NAMES, isSymbolTable } from '../sim/trace-labels.ts'
import { CallStacks } from './call-stacks.ts'
import { syscallEnter, syscallExit } from './ftrace-syscalls.ts'

export interface Task {
  readonly comm: string
  readonly pid: number
}

/** Kernel: TASK_COMM_LEN - 1. */
const COMM_MAX = 15
/** Below it are the kernel's own threads of a real machine. */
const FIRST_PID = 100
const PRIO = 120
const SOFTIRQS = [
  'HI',
  'TIMER',
  'NET_TX',
  'NET_RX',
  'BLOCK',
  'IRQ_POLL',
  'TASKLET',
  'SCHED',
  'HRTIMER',
  'RCU',
]
const TICK_FUNCTION = 'tick_nohz_handler'

type Print = (r: TraceRecord) => string

export class EventPrinter {
  private readonly symbols: Symbols
  private readonly streams: StreamTable
  private readonly states: readonly string[]
  private nextState = 0
  /** The driver's function. */
  private readonly trigger: string
  private readonly prints: ReadonlyMap<number, Print>

  /** `states`: how the previous task of each switch left, in order. */
  constructor(symbols: Symbols, streams: StreamTable, states: readonly string[]) {
    this.symbols = symbols
    this.streams = streams
    this.states = states
    this.trigger = new CallStacks(symbols).triggerName()
    this.prints = new Map([...this.scheduling(), ...this.deferral(), ...this.sound()])
  }

  /** The event with its fields; asked for in the order of the records. */
  text(r: TraceRecord): string {
    return this.prints.get(r.kind)?.(r) ?? this.marker(r)
  }

  /** -1: nothing is known to run. */
  task(context: number): Task {
    const entry = this.symbols.entries('ctx')[context]
    if (entry === undefined || entry.kind === 'idle') return { comm: '<idle>', pid: 0 }
    const comm = entry.name.replaceAll(/\s/g, '_').slice(0, COMM_MAX)
    return { comm, pid: FIRST_PID + context }
  }

  /** In fields the idle task has its own name. */
  private field(context: number): Task {
    const { kind, name } = this.symbols.entry('ctx', context)
    return kind === 'idle' ? { comm: name, pid: 0 } : this.task(context)
  }

  private scheduling(): readonly [number, Print][] {
    return [
      [T.sched_switch, (r) => this.switched(r)],
      [
        T.sched_waking,
        (r) => {
          const { comm, pid } = this.field(r.a)
          const cpu = String(r.b).padStart(3, '0')
          return `sched_waking: comm=${comm} pid=${pid} prio=${PRIO} target_cpu=${cpu}`
        },
      ],
      [T.irq_handler_entry, (r) => `irq_handler_entry: irq=${r.a} name=${this.name('irq', r.a)}`],
      [
        T.irq_handler_exit,
        (r) => `irq_handler_exit: irq=${r.a} ret=${r.b === 1 ? 'handled' : 'unhandled'}`,
      ],
      [T.softirq_entry, (r) => `softirq_entry: vec=${r.a} [action=${SOFTIRQS[r.a] ?? ''}]`],
      [T.softirq_exit, (r) => `softirq_exit: vec=${r.a} [action=${SOFTIRQS[r.a] ?? ''}]`],
      [T.tick, (r) => expired(r)],
      [T.kvm_entry, (r) => `kvm_entry: vcpu ${this.vcpuOf(r)}, rip 0x0`],
      [T.kvm_exit, (r) => this.exit(r)],
    ]
  }

  private deferral(): readonly [number, Print][] {
    const executed = (r: TraceRecord) =>
      `work struct ${address('work', r.a)}: function ${this.functionOf(r.a)}`
    const lock = (r: TraceRecord) => `${address('lock', r.a)} ${this.classOf(r.a)}`
    return [
      [
        T.workqueue_queue_work,
        (r) =>
          `workqueue_queue_work: work struct=${address('work', r.a)} ` +
          `function=${this.functionOf(r.a)} workqueue=events req_cpu=${r.b} cpu=${r.b}`,
      ],
      [T.workqueue_execute_start, (r) => `workqueue_execute_start: ${executed(r)}`],
      [T.workqueue_execute_end, (r) => `workqueue_execute_end: ${executed(r)}`],
      [
        T.lock_acquire,
        (r) => {
          const tried = (r.b & LOCK_TRYLOCK) === 0 ? '' : 'try '
          const read = (r.b & LOCK_READ_MASK) === 0 ? '' : 'read '
          return `lock_acquire: ${address('lock', r.a)} ${tried}${read}${this.classOf(r.a)}`
        },
      ],
      [T.lock_contended, (r) => `lock_contended: ${lock(r)}`],
      [T.lock_acquired, (r) => `lock_acquired: ${lock(r)}`],
      [T.lock_release, (r) => `lock_release: ${lock(r)}`],
      [T.printk, (r) => `console: ${this.name('text', r.a)}`],
    ]
  }

  private sound(): readonly [number, Print][] {
    return [
      [T.syscall_enter, (r) => syscallEnter(r) ?? this.marker(r)],
      [T.syscall_exit, (r) => syscallExit(r) ?? this.marker(r)],
      [
        T.snd_pcm_hwptr,
        (r) =>
          `hwptr: ${this.substream(r.a)}: ${r.b === 1 ? 'IRQ' : 'POS'}: ` +
          `pos=${unsigned(r.c)}, old=${r.d}, base=${r.e}, ${this.sizes(r.a)}`,
      ],
      [
        T.snd_pcm_xrun,
        (r) => `xrun: ${this.substream(r.a)}: XRUN: old=${r.b}, base=${r.c}, ${this.sizes(r.a)}`,
      ],
      [
        T.snd_pcm_hw_ptr_error,
        (r) => `hw_ptr_error: ${this.substream(r.a)}: ERROR: ${this.name('text', r.b)}`,
      ],
      [
        T.snd_pcm_applptr,
        (r) =>
          `applptr: ${this.substream(r.a)}: prev=${r.b}, curr=${r.c}, ` +
          `avail=${unsigned(r.d)}, ${this.sizes(r.a)}`,
      ],
      [T.snd_pcm_period_elapsed, () => `elapsed: ${probe('snd_pcm_period_elapsed')}`],
      [T.virtsnd_msg_send, (r) => this.sent(r)],
      [
        T.virtsnd_msg_complete,
        (r) =>
          `msg_complete: ${probe('virtsnd_pcm_msg_complete')} msg=0x${address('msg', r.b)} ` +
          `written=${r.c}`,
      ],
      [T.vring_interrupt, (r) => this.called(r) ?? this.marker(r)],
      [T.snd_pcm_trigger, (r) => `trigger: ${probe(this.trigger)} cmd=${r.b}`],
      [
        T.snd_pcm_trigger_done,
        (r) => `trigger_ret: ${returned(DOERS[r.b] ?? '', this.trigger)} ret=${r.c}`,
      ],
      [T.snd_pcm_op_done, (r) => this.opDone(r) ?? this.marker(r)],
    ]
  }

  private switched(r: TraceRecord): string {
    const prev = this.field(r.a)
    const next = this.field(r.b)
    const state = this.states[this.nextState++] ?? 'S'
    return (
      `sched_switch: prev_comm=${prev.comm} prev_pid=${prev.pid} prev_prio=${PRIO} ` +
      `prev_state=${state} ==> next_comm=${next.comm} next_pid=${next.pid} next_prio=${PRIO}`
    )
  }

  private exit(r: TraceRecord): string {
    const word = CODES.exit?.[r.a] ?? ''
    const zeros = '0x0000000000000000'
    return (
      `kvm_exit: vcpu ${this.vcpuOf(r)} reason ${EXITS[word] ?? word} rip 0x0 info1 ${zeros} ` +
      `info2 ${zeros} intr_info 0x00000000 error_code 0x00000000`
    )
  }

  private vcpuOf(r: TraceRecord): number {
    const vcpus = this.symbols.entries('ctx').flatMap(({ kind }, id) => (kind === 'vcpu' ? id : []))
    return Math.max(0, vcpus.indexOf(r.context))
  }

  private sent(r: TraceRecord): string {
    const { period_size, frame_bytes } = this.streams.get(r.a)
    const offset = r.b * period_size * frame_bytes
    return `msg_send: ${probe('virtsnd_pcm_msg_send')} offset=${offset} bytes=${r.c}`
  }

  private opDone(r: TraceRecord): string | null {
    const op = CODES.op?.[r.b] ?? ''
    const caller = CALLERS[op]
    if (caller === undefined) return null
    return `${op}_ret: ${returned(caller, this.trigger.replace('trigger', op))} ret=${r.c}`
  }

  private called(r: TraceRecord): string | null {
    const side = this.name('queue', r.a).split('/').at(-1)
    if (side === 'control') return `ctl_cb: ${probe('virtsnd_ctl_notify_cb')}`
    if (side !== 'tx' && side !== 'rx') return null
    return `${side}_cb: ${probe(`virtsnd_pcm_${side}_notify_cb`)}`
  }

  private name(table: 'irq' | 'text' | 'queue' | 'stream', id: number): string {
    return this.symbols.entries(table)[id]?.name ?? `${id}`
  }

  private functionOf(work: number): string {
    const { name, group } = this.symbols.entry('work', work)
    return group ?? name
  }

  private classOf(lock: number): string {
    const { name, group } = this.symbols.entry('lock', lock)
    return group ?? name
  }

  /** `pcmC0D0p/sub0`: a stream's name lacks only its substream, where that is the first. */
  private substream(stream: number): string {
    const [device, number] = this.name('stream', stream).split(':')
    return `${device}/sub${number ?? 0}`
  }

  private sizes(stream: number): string {
    const { period_size, buffer_size } = this.streams.get(stream)
    return `period=${period_size}, buf=${buffer_size}`
  }

  /** Text for trace_marker; a value with a space or quote is a JSON string. */
  private marker(r: TraceRecord): string {
    const args = (ARGUMENTS[r.kind] ?? []).map(({ name, type }, i) => {
      const value = r[ARGUMENT_FIELDS[i] as 'a']
      const word = isSymbolTable(type)
        ? (this.symbols.entries(type)[value]?.name ?? `${value}`)
        : (CODES[type]?.[value] ?? `${value}`)
      return ` ${name}=${/[\s"=]/.test(word) ? JSON.stringify(word) : word}`
    })
    const colon = args.length > 0 ? ':' : ''
    return `tracing_mark_write: ${EVENT_NAMES[r.kind]}${colon}${args.join('')}`
  }
}

/** Kernel: kvm_exit prints the reason's name of arch/x86/include/uapi/asm/vmx.h. */
const EXITS: Readonly<Record<string, string>> = {
  hlt: 'HLT',
  ioeventfd: 'EPT_MISCONFIG',
  mmio: 'EPT_MISCONFIG',
  interrupt: 'EXTERNAL_INTERRUPT',
  ipi: 'MSR_WRITE',
  preempted: 'EXTERNAL_INTERRUPT',
  pause: 'PAUSE_INSTRUCTION',
  hypercall: 'VMCALL',
}

function expired(r: TraceRecord): string {
  const timer = address('tick', r.cpu)
  return `hrtimer_expire_entry: hrtimer=${timer} function=${TICK_FUNCTION} now=${r.timeNs}`
}

/** Kernel: the snd_pcm_do_*() that call the driver's trigger, by its command. */
const DOERS = [
  'snd_pcm_do_stop',
  'snd_pcm_do_start',
  '',
  'snd_pcm_do_pause',
  'snd_pcm_do_pause',
  'snd_pcm_do_suspend',
  'snd_pcm_do_resume',
  'snd_pcm_do_drain_init',
]
const CALLERS: Readonly<Record<string, string>> = {
  prepare: 'snd_pcm_do_prepare',
  hw_params: 'snd_pcm_hw_params',
  sync_stop: 'snd_pcm_sync_stop',
}

/** As a kretprobe prints where the function returns to. */
function returned(caller: string, name: string): string {
  return `(${caller}+0x0/0x0 <- ${name})`
}

function probe(name: string): string {
  return `(${name}+0x0/0x0)`
}

/** As the kernel prints an unsigned long: an error number of a driver is a large number. */
function unsigned(value: number): string {
  return value >= 0 ? `${value}` : `${BigInt.asUintN(64, BigInt(value))}`
}

const SALTS: Readonly<Record<string, number>> = { work: 1, lock: 2, msg: 3, tick: 4 }

/** What `%p` prints: a hash that names the object and tells nothing else. */
function address(table: string, id: number): string {
  const hash = Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(SALTS[table] ?? 0, 0x85ebca6b)
  return (hash >>> 0).toString(16).padStart(16, '0')
}

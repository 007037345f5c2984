/**
 * A reader of ftrace text that knows only the kernel's print formats (v6.12), as regular
 * expressions. It reads lines captured from a real kernel as well (test/data/captured-ftrace.txt).
 */
export interface FtraceLine {
  readonly comm: string
  readonly pid: number
  readonly cpu: number
  readonly flags: string
  readonly timeUs: number
  readonly event: string
  readonly fields: readonly string[]
}

/** kernel/trace/trace_output.c: trace_print_context(), "%16s-%-7d [%03d] %s %5lu.%06lu: ". */
const LAYOUT = /^ *(.{1,16}?)-(\d+) +\[(\d{3,})\] ([.dDbXnNpzZHhs0-9a-f]{5}) +(\d+)\.(\d{6}): (.*)$/

const PCM = 'pcmC\\d+D\\d+[pc]/sub\\d+'
const SIZES = 'period=(\\d+), buf=(\\d+)'
const PLACE = '\\([\\w.]+\\+0x[0-9a-f]+/0x[0-9a-f]+\\)'
const RETURN = '\\([\\w.]+\\+0x[0-9a-f]+/0x[0-9a-f]+ <- [\\w.]+\\)'
const NUMBER = '-?\\d+'
const POINTER = '[0-9a-f]{16}'

const FORMATS: Readonly<Record<string, string>> = {
  hwptr: `(${PCM}): (IRQ|POS): pos=(\\d+), old=(\\d+), base=(\\d+), ${SIZES}`,
  xrun: `(${PCM}): XRUN: old=(\\d+), base=(\\d+), ${SIZES}`,
  hw_ptr_error: `(${PCM}): ERROR: (.+)`,
  applptr: `(${PCM}): prev=(\\d+), curr=(\\d+), avail=(\\d+), ${SIZES}`,
  sched_switch:
    'prev_comm=(\\S+) prev_pid=(\\d+) prev_prio=(\\d+) prev_state=([RSDTtXZPI]\\+?) ==> ' +
    'next_comm=(\\S+) next_pid=(\\d+) next_prio=(\\d+)',
  sched_waking: 'comm=(\\S+) pid=(\\d+) prio=(\\d+) target_cpu=(\\d{3,})',
  sched_wakeup: 'comm=(\\S+) pid=(\\d+) prio=(\\d+) target_cpu=(\\d{3,})',
  irq_handler_entry: 'irq=(\\d+) name=(\\S+)',
  irq_handler_exit: 'irq=(\\d+) ret=(handled|unhandled)',
  softirq_entry: 'vec=(\\d+) \\[action=(\\w+)\\]',
  softirq_exit: 'vec=(\\d+) \\[action=(\\w+)\\]',
  hrtimer_expire_entry: `hrtimer=(${POINTER}) function=(\\w+) now=(\\d+)`,
  workqueue_queue_work:
    `work struct=(${POINTER}) function=(\\w+) workqueue=(\\S+) ` + `req_cpu=(${NUMBER}) cpu=(\\d+)`,
  workqueue_activate_work: `work struct (${POINTER}) function=(\\w+) ?`,
  workqueue_execute_start: `work struct (${POINTER}): function (\\w+)`,
  workqueue_execute_end: `work struct (${POINTER}): function (\\w+)`,
  lock_acquire: `(${POINTER}) (try )?(read )?(\\S.*)`,
  lock_release: `(${POINTER}) (\\S.*)`,
  lock_contended: `(${POINTER}) (\\S.*)`,
  lock_acquired: `(${POINTER}) (\\S.*)`,
  console: '(.*)',
  kvm_entry: 'vcpu (\\d+), rip 0x([0-9a-f]+)',
  kvm_exit:
    'vcpu (\\d+) reason ([A-Z_]+) rip 0x([0-9a-f]+) info1 0x[0-9a-f]{16} info2 0x[0-9a-f]{16} ' +
    'intr_info 0x[0-9a-f]{8} error_code 0x[0-9a-f]{8}',
  tracing_mark_write: '(.*)',
  elapsed: PLACE,
  work: PLACE,
  tx_cb: PLACE,
  rx_cb: PLACE,
  ctl_cb: PLACE,
  elapsed_ret: RETURN,
  msg_send: `${PLACE} offset=(\\d+) bytes=(\\d+)`,
  msg_complete: `${PLACE} msg=0x([0-9a-f]{16}) written=(\\d+)`,
  trigger: `${PLACE} cmd=(\\d+)`,
  trigger_ret: `${RETURN} ret=(-?\\d+)`,
  prepare_ret: `${RETURN} ret=(-?\\d+)`,
  hw_params_ret: `${RETURN} ret=(-?\\d+)`,
  sync_stop_ret: `${RETURN} ret=(-?\\d+)`,
}

/** kernel/trace/trace_syscalls.c. */
const CALL = /^(sys_\w+)\(((?:\w+: [0-9a-f]+(?:, )?)*)\)$/
const RETURNED = /^(sys_\w+) -> 0x([0-9a-f]+)$/

/** Every line that is no comment; throws at the first that no format fits. */
export function readFtrace(text: string): readonly FtraceLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(readLine)
}

function readLine(line: string): FtraceLine {
  const found = LAYOUT.exec(line)
  if (found === null) throw new Error(`no ftrace line: ${line}`)
  const [, comm = '', pid, cpu, flags = '', seconds, microseconds, rest = ''] = found
  const head = { comm, pid: Number(pid), cpu: Number(cpu), flags }
  const timeUs = Number(seconds) * 1_000_000 + Number(microseconds)
  const call = CALL.exec(rest) ?? RETURNED.exec(rest)
  if (call !== null) {
    const event = `${call[1]} ${rest.includes('->') ? 'exit' : 'enter'}`
    return { ...head, timeUs, event, fields: (call[2] ?? '').split(', ') }
  }
  const [, event = '', body = ''] = /^(\w+): (.*)$/.exec(rest) ?? []
  const format = FORMATS[event]
  const fields = format === undefined ? null : new RegExp(`^${format}$`).exec(body)
  if (fields === null) throw new Error(`not the kernel's format: ${line}`)
  return { ...head, timeUs, event, fields: fields.slice(1) }
}

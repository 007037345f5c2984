/**
 * The records of one machine as ftrace text, the layout of tracefs' `trace`, in the print formats
 * of the kernel (ftrace-events.ts). What the kernel has no event for is a line of trace_marker.
 * Kernel: trace_print_context() in kernel/trace/trace_output.c, v6.12. Times are microseconds,
 * rounded as the kernel does; lines of one microsecond keep their order.
 */
import { StreamTable } from '../analysis/streams.ts'
import type { Ns } from '../base/units.ts'
import type { SymbolEntry } from '../sim/symbols.ts'
import { NO_CPU, T, TraceRecord } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { EventPrinter } from './ftrace-events.ts'

export type Machine = 'guest' | 'host'

const PIECE_LINES = 512

/** The text in pieces, each ending with a whole line. */
export function* ftraceText(
  store: TraceStore,
  machine: Machine,
): Generator<string, void, undefined> {
  const survey = surveyOf(store, machine)
  const writer = new LineWriter(store, machine, survey.states)
  const record = new TraceRecord()
  let lines = [headerOf(survey)]
  for (let index = 0; index < store.length; index++) {
    const line = writer.line(store.at(index, record))
    if (line !== null) lines.push(line)
    if (lines.length < PIECE_LINES) continue
    yield lines.join('')
    lines = []
  }
  yield lines.join('')
}

/** What the lines need to know before they come. */
interface Survey {
  readonly lines: number
  readonly cpus: number
  /** How the previous task of each switch left, in order: `S` asleep, `I` an idle kworker, `R`. */
  readonly states: readonly string[]
}

function surveyOf(store: TraceStore, machine: Machine): Survey {
  const contexts = store.symbols.entries('ctx')
  const record = new TraceRecord()
  const states: string[] = []
  /** By context: the switch that it left by, until it is woken or runs again. */
  const left: number[] = []
  let lines = 0
  let cpus = 1
  for (let index = 0; index < store.length; index++) {
    const r = store.at(index, record)
    if (contexts[r.context]?.group !== machine || isHidden(r)) continue
    lines++
    if (r.cpu !== NO_CPU && r.cpu >= cpus) cpus = r.cpu + 1
    if (r.kind === T.sched_waking) left[r.a] = -1
    else if (r.kind === T.sched_switch) {
      const at = left[r.b] ?? -1
      if (at >= 0) states[at] = 'R'
      left[r.a] = states.length
      states.push(asleep(contexts[r.a]))
    }
  }
  return { lines, cpus, states }
}

function asleep(entry: SymbolEntry | undefined): string {
  if (entry?.kind === 'idle') return 'R'
  return entry?.kind === 'kworker' ? 'I' : 'S'
}

function isHidden(r: TraceRecord): boolean {
  return r.kind === T.access
}

function headerOf({ lines, cpus }: Survey): string {
  return `# tracer: nop
#
# entries-in-buffer/entries-written: ${lines}/${lines}   #P:${cpus}
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`
}

class LineWriter {
  private readonly contexts: readonly SymbolEntry[]
  private readonly machine: Machine
  private readonly events: EventPrinter
  private readonly streams: StreamTable
  /** By processor: the context that a handler interrupts. */
  private readonly current: number[] = []

  constructor(store: TraceStore, machine: Machine, states: readonly string[]) {
    this.contexts = store.symbols.entries('ctx')
    this.machine = machine
    this.streams = new StreamTable(store.symbols)
    this.events = new EventPrinter(store.symbols, this.streams, states)
  }

  line(r: TraceRecord): string | null {
    const own = this.contexts[r.context]
    const wanted = own?.group === this.machine && !isHidden(r)
    // The tracepoint of a pointer update comes before the pointer is changed.
    const text = wanted ? this.events.text(r) : ''
    if (this.streams.kinds.includes(r.kind)) this.streams.record(r)
    if (!wanted) return null
    const cpu = r.cpu === NO_CPU ? 0 : r.cpu
    const task = this.taskOf(r, own, cpu)
    const head = `${task} [${String(cpu).padStart(3, '0')}] ${flagsOf(r, own)}`
    if (r.kind === T.sched_switch) this.current[cpu] = r.b
    return `${head} ${seconds(r.timeNs)}: ${text}\n`
  }

  /** A handler runs in the name of the task that it interrupts. */
  private taskOf(r: TraceRecord, own: SymbolEntry, cpu: number): string {
    const borrows = isHandler(own) || r.cpu === NO_CPU
    const id = borrows ? (this.current[cpu] ?? -1) : r.context
    const { comm, pid } = this.events.task(id)
    return `${comm.padStart(16)}-${String(pid).padEnd(7)}`
  }
}

function isHandler({ kind }: SymbolEntry): boolean {
  return kind === 'hardirq' || kind === 'softirq'
}

/** Interrupts off and handler; need-resched and the preemption count are not modelled. */
function flagsOf(r: TraceRecord, { kind }: SymbolEntry): string {
  if (kind === 'hardirq') return 'd.h..'
  if (kind === 'softirq') return '..s..'
  return r.kind === T.sched_switch ? 'd..2.' : '.....'
}

function seconds(timeNs: Ns): string {
  const us = Math.floor((timeNs + 500) / 1000)
  const whole = String(Math.floor(us / 1_000_000)).padStart(5)
  return `${whole}.${String(us % 1_000_000).padStart(6, '0')}`
}

/**
 * Value Change Dump (IEEE 1364-2005, clause 18): wires for interrupts, locks and processors,
 * strings for states and calls, integers for pointers and queues. For GTKWave and Surfer. A wire is
 * 1 while its handler runs or its lock is held. Times are ns.
 */
import { availOf, StreamTable } from '../analysis/streams.ts'
import type { Ns } from '../base/units.ts'
import { SYMBOL_TABLES, type Symbols, type SymbolTable } from '../sim/symbols.ts'
import { T, TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { uniqueLabels } from '../sim/trace-labels.ts'
import type { TraceStore } from '../sim/trace-store.ts'

type Kind = 'wire' | 'integer' | 'string'

interface Variable {
  readonly scope: string
  readonly name: string
  readonly kind: Kind
  readonly code: string
  value: string
}

const PIECE_LINES = 1024

export function* vcdText(
  store: TraceStore,
  endNs: Ns,
  comment: string,
): Generator<string, void, undefined> {
  const writer = new VcdWriter(store.symbols)
  const record = new TraceRecord()
  // Variables are declared first: one pass finds those that change.
  for (let index = 0; index < store.length; index++) writer.record(store.at(index, record))
  yield writer.header(comment)
  for (let index = 0; index < store.length; index++) {
    writer.record(store.at(index, record))
    if (writer.lines.length < PIECE_LINES) continue
    yield writer.take()
  }
  writer.finish(endNs)
  yield writer.take()
}

class VcdWriter {
  lines: string[] = []
  private readonly variables = new Map<string, Variable>()
  private streams: StreamTable
  private readonly symbols: Symbols
  private readonly labels: Readonly<Record<string, readonly string[]>>
  private holders: number[] = []
  private inFlight: number[] = []
  private lastNs = -1
  private declared = false

  constructor(symbols: Symbols) {
    this.symbols = symbols
    this.streams = new StreamTable(symbols)
    this.labels = Object.fromEntries(
      SYMBOL_TABLES.map((table) => [table, uniqueLabels(symbols.entries(table))]),
    )
  }

  /** Declarations and the values at time 0; recording begins anew. */
  header(comment: string): string {
    const lines = [`$comment ${comment} $end`, '$timescale 1 ns $end']
    const all = [...this.variables.values()]
    for (const scope of SCOPES) {
      const members = all.filter((one) => one.scope === scope)
      if (members.length === 0) continue
      lines.push(`$scope module ${scope} $end`)
      for (const { kind, code, name } of members) {
        lines.push(`$var ${kind} ${WIDTHS[kind]} ${code} ${name} $end`)
      }
      lines.push('$upscope $end')
    }
    lines.push('$enddefinitions $end', '#0', '$dumpvars')
    for (const one of all) {
      one.value = START[one.kind]
      lines.push(change(one))
    }
    lines.push('$end')
    this.declared = true
    this.streams = new StreamTable(this.symbols)
    this.holders = []
    this.inFlight = []
    this.lastNs = 0
    return `${lines.join('\n')}\n`
  }

  take(): string {
    const text = this.lines.map((line) => `${line}\n`).join('')
    this.lines = []
    return text
  }

  finish(endNs: Ns): void {
    if (endNs > this.lastNs) this.lines.push(`#${endNs}`)
  }

  record(r: TraceRecord): void {
    if (this.streams.kinds.includes(r.kind)) {
      this.streams.record(r)
      this.stream(r)
    } else if (r.kind <= T.supply_off) this.processor(r)
    else if (r.kind >= T.lock_acquire && r.kind <= T.lock_release) this.lock(r)
    else this.handler(r)
  }

  private processor(r: TraceRecord): void {
    const { timeNs } = r
    if (r.kind === T.sched_switch) {
      const machine = this.symbols.entry('ctx', r.context).group === 'host' ? 'host' : 'guest'
      this.set(timeNs, machine, `cpu${r.cpu}`, 'string', this.label('ctx', r.b))
    } else if (r.kind === T.supply_on || r.kind === T.supply_off) {
      const value = r.kind === T.supply_on ? '1' : '0'
      this.set(timeNs, 'guest', `cpu${r.cpu}_supply`, 'wire', value)
    }
  }

  private lock(r: TraceRecord): void {
    const { kind } = this.symbols.entry('lock', r.a)
    if (kind === 'map') return
    const taken = r.kind === T.lock_acquire || r.kind === T.lock_acquired
    const held = Math.max(0, (this.holders[r.a] ?? 0) + (taken ? 1 : -1))
    this.holders[r.a] = held
    const scope = kind === 'pthread' ? 'host' : 'guest'
    const name = `lock_${this.label('lock', r.a)}`
    this.set(r.timeNs, scope, name, 'wire', held > 0 ? '1' : '0')
  }

  private handler(r: TraceRecord): void {
    const { kind, timeNs } = r
    if (kind === T.irq_handler_entry || kind === T.irq_handler_exit) {
      const value = kind === T.irq_handler_entry ? '1' : '0'
      this.set(timeNs, 'guest', `irq_${this.label('irq', r.a)}`, 'wire', value)
    } else if (kind === T.workqueue_execute_start || kind === T.workqueue_execute_end) {
      const value = kind === T.workqueue_execute_start ? '1' : '0'
      this.set(timeNs, 'guest', `work_${this.label('work', r.a)}`, 'wire', value)
    } else if (kind === T.syscall_enter || kind === T.syscall_exit) {
      const value = kind === T.syscall_enter ? (CODES.call?.[r.b] ?? `${r.b}`) : '-'
      this.set(timeNs, 'guest', `call_${this.label('ctx', r.context)}`, 'string', value)
    } else if (kind === T.virtqueue_add || kind === T.virtqueue_get_buf) {
      const level = (this.inFlight[r.a] ?? 0) + (kind === T.virtqueue_add ? 1 : -1)
      this.inFlight[r.a] = level
      const name = `${this.label('queue', r.a)}_in_flight`
      this.set(timeNs, 'device', name, 'integer', binary(level))
    } else if (kind === T.audio_run) {
      this.set(timeNs, 'host', 'audio_run', 'integer', binary(r.a))
    }
  }

  private stream(r: TraceRecord): void {
    const stream = this.streams.get(r.a)
    const scope = 'pcm'
    const { name } = stream
    if (r.kind === T.snd_pcm_state) {
      this.set(r.timeNs, scope, `${name}_state`, 'string', CODES.state?.[r.c] ?? `${r.c}`)
    }
    if (stream.buffer_size === 0) return
    this.set(r.timeNs, scope, `${name}_hw_ptr`, 'integer', binary(stream.hw_ptr))
    this.set(r.timeNs, scope, `${name}_appl_ptr`, 'integer', binary(stream.appl_ptr))
    this.set(r.timeNs, scope, `${name}_avail`, 'integer', binary(availOf(stream)))
  }

  private label(table: SymbolTable, id: number): string {
    return this.labels[table]?.[id] ?? `${id}`
  }

  private set(timeNs: Ns, scope: string, label: string, kind: Kind, value: string): void {
    const key = `${scope}.${label}`
    const known = this.variables.get(key)
    if (known === undefined) {
      const code = codeOf(this.variables.size)
      this.variables.set(key, { scope, name: identifier(label), kind, code, value: '' })
      return
    }
    if (!this.declared || known.value === value) return
    known.value = value
    if (timeNs > this.lastNs) {
      this.lines.push(`#${timeNs}`)
      this.lastNs = timeNs
    }
    this.lines.push(change(known))
  }
}

const SCOPES = ['guest', 'pcm', 'device', 'host']
const WIDTHS: Readonly<Record<Kind, number>> = { wire: 1, integer: 64, string: 1 }
const START: Readonly<Record<Kind, string>> = { wire: '0', integer: '0', string: '-' }

function change({ kind, value, code }: Variable): string {
  if (kind === 'wire') return `${value}${code}`
  if (kind === 'integer') return `b${value} ${code}`
  return `s${value.replaceAll(/\s/g, '_')} ${code}`
}

/** Two's complement of 64 bits without leading zeros. */
function binary(value: number): string {
  return BigInt.asUintN(64, BigInt(value)).toString(2)
}

/** Identifier codes are of the printable characters `!` to `~`. */
function codeOf(nth: number): string {
  const first = 33
  const count = 94
  let rest = nth
  let code = ''
  do {
    code += String.fromCharCode(first + (rest % count))
    rest = Math.floor(rest / count) - 1
  } while (rest >= 0)
  return code
}

/** No white space; brackets would read as a bit select. */
function identifier(label: string): string {
  return label.replaceAll(/[\s[\]]+/g, '_').replaceAll(/[^\w.&>/@:#-]/g, '_')
}

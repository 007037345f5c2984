/**
 * The tracks of a trace viewer: a process for each domain, a thread for each processor, context,
 * lock or state, made when the first event needs it, and counters. Numbers are given in the order
 * of first use, so they are the same in every run.
 */
import { PerSymbol } from '../analysis/fold.ts'
import { SYMBOL_TABLES, type Symbols, type SymbolTable } from '../sim/symbols.ts'
import { uniqueLabels } from '../sim/trace-labels.ts'

export const GUEST = 'guest'
const HOST = 'host'

export interface Process {
  /** From 1, in the order in which viewers show them. */
  readonly pid: number
  readonly name: string
  readonly machine: typeof GUEST | typeof HOST | ''
}

export interface Track {
  /** From 1; in a process file's terms the thread's number. */
  readonly tid: number
  readonly name: string
  readonly process: Process
  readonly counter: boolean
}

const GUEST_USER: Process = { pid: 1, name: 'guest user', machine: GUEST }
const GUEST_KERNEL: Process = { pid: 2, name: 'guest kernel', machine: GUEST }
const GUEST_LOCKS: Process = { pid: 3, name: 'guest locks', machine: GUEST }
export const STREAMS: Process = { pid: 4, name: 'PCM streams', machine: GUEST }
export const DEVICE: Process = { pid: 5, name: 'device queues', machine: '' }
const HOST_THREADS: Process = { pid: 6, name: 'host', machine: HOST }
const HOST_LOCKS: Process = { pid: 7, name: 'host locks', machine: HOST }

export class Tracks {
  private readonly symbols: Symbols
  private readonly labels: Readonly<Record<string, readonly string[]>>
  private readonly contexts: PerSymbol<Track>
  private readonly locks: PerSymbol<Track>
  private readonly named = new Map<string, Track>()
  private count = 0

  constructor(symbols: Symbols) {
    this.symbols = symbols
    this.labels = Object.fromEntries(
      SYMBOL_TABLES.map((table) => [table, uniqueLabels(symbols.entries(table))]),
    )
    this.contexts = new PerSymbol((id) => this.make(this.label('ctx', id), this.processOf(id)))
    this.locks = new PerSymbol((id) => this.make(this.label('lock', id), this.lockProcess(id)))
  }

  /** The name of a symbol, unique in its table; a number that has none stays one. */
  label(table: SymbolTable, id: number): string {
    return this.labels[table]?.[id] ?? `${id}`
  }

  context(id: number): Track {
    return this.contexts.get(id)
  }

  lock(id: number): Track {
    return this.locks.get(id)
  }

  /** The processor of the context's machine. */
  processor(context: number, cpu: number): Track {
    const process = this.isHost(context) ? HOST_THREADS : GUEST_KERNEL
    return this.track(process, `CPU ${cpu}`, false)
  }

  /** When a virtual processor has no time. */
  supply(cpu: number): Track {
    return this.track(GUEST_KERNEL, `CPU ${cpu} supply`, false)
  }

  state(stream: string): Track {
    return this.track(STREAMS, `${stream} state`, false)
  }

  counter(process: Process, name: string): Track {
    return this.track(process, name, true)
  }

  private track(process: Process, name: string, counter: boolean): Track {
    const key = `${process.pid}/${name}`
    const known = this.named.get(key)
    if (known !== undefined) return known
    const made = this.make(name, process, counter)
    this.named.set(key, made)
    return made
  }

  private make(name: string, process: Process, counter = false): Track {
    return { tid: ++this.count, name, process, counter }
  }

  private isHost(context: number): boolean {
    return this.symbols.entry('ctx', context).group === 'host'
  }

  private processOf(context: number): Process {
    if (this.isHost(context)) return HOST_THREADS
    return this.symbols.entry('ctx', context).kind === 'client' ? GUEST_USER : GUEST_KERNEL
  }

  /** Locks of user space are the device's. */
  private lockProcess(lock: number): Process {
    return this.symbols.entry('lock', lock).kind === 'pthread' ? HOST_LOCKS : GUEST_LOCKS
  }
}

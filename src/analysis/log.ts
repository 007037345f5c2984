/**
 * What the run said in words: kernel log lines, the reports of its own checks and of the deadlock
 * detector, lines of the clients, and calls that failed. Times are ns.
 */
import type { Ns } from '../base/units.ts'
import type { Symbols } from '../sim/symbols.ts'
import { T, type TraceRecord } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import type { Fold } from './fold.ts'
import { LINES_MAX } from './full-lists.ts'

export interface LogLine {
  readonly timeNs: Ns
  readonly text: string
  readonly source: 'kernel' | 'client'
}

export interface Incident {
  readonly timeNs: Ns
  readonly kind: string
  readonly text: string
}

export interface FailedCall {
  readonly timeNs: Ns
  readonly stream: number
  readonly call: string
  /** As the call returned it: negative. */
  readonly errno: number
}

export interface RunLog {
  readonly lines: readonly LogLine[]
  /** Deadlocks and reports of the kernel's checks. */
  readonly incidents: readonly Incident[]
  readonly failedCalls: readonly FailedCall[]
  /** Index of the record of each incident. */
  readonly records: ReadonlyMap<Incident, number>
}

export class LogFold implements Fold<RunLog> {
  readonly kinds = [T.printk, T.deadlock, T.bug, T.client_log, T.syscall_exit]
  private readonly lines: LogLine[] = []
  private readonly incidents: Incident[] = []
  private readonly failedCalls: FailedCall[] = []
  private readonly records = new Map<Incident, number>()
  private readonly symbols: Symbols

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    const { timeNs } = r
    if (r.kind === T.syscall_exit) {
      const call = CODES.call?.[r.b] ?? `${r.b}`
      if (r.c < 0) keep(this.failedCalls, { timeNs, stream: r.a, call, errno: r.c })
    } else if (r.kind === T.printk) {
      keep(this.lines, { timeNs, text: this.symbols.name('text', r.a), source: 'kernel' })
    } else if (r.kind === T.client_log) {
      keep(this.lines, { timeNs, text: this.symbols.name('text', r.b), source: 'client' })
    } else if (r.kind === T.deadlock) {
      this.incident(r, 'deadlock', r.a)
    } else {
      this.incident(r, CODES.bug?.[r.a] ?? 'warning', r.b)
    }
  }

  finish(): RunLog {
    const { lines, incidents, failedCalls, records } = this
    return { lines, incidents, failedCalls, records }
  }

  private incident({ timeNs, index }: TraceRecord, kind: string, text: number): void {
    const incident = { timeNs, kind, text: this.symbols.name('text', text) }
    keep(this.incidents, incident)
    this.records.set(incident, index)
  }
}

/** Whether a BUG is of taking a lock: the context's next operation on locks is on that one. */
export function isOfLock(text: string): boolean {
  return text.includes(' at kernel/locking/')
}

function keep<V>(list: V[], entry: V): void {
  if (list.length < LINES_MAX) list.push(entry)
}

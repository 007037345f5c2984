/**
 * Who gave memory back while another context was on its way to use it, from the report of the use,
 * which names the function that frees, and the record of that function's kfree().
 */
import type { Ns } from '../../base/units.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { type Fold, foldStore } from '../fold.ts'
import { formatDuration, formatInstant } from '../format.ts'
import type { MemoryFault } from '../memory.ts'
import { stolenFrom } from './doing.ts'
import type { History } from './history.ts'

interface Freed {
  readonly timeNs: Ns
  readonly context: number
  readonly record: number
}

interface Used {
  readonly freed: Freed
  readonly cpu: number
  readonly context: number
}

class FreedFold implements Fold<Used | null> {
  readonly kinds = [T.kfree, T.bug]
  private readonly store: TraceStore
  private readonly fault: MemoryFault
  private freed: Freed | null = null
  private used: Used | null = null

  constructor(store: TraceStore, fault: MemoryFault) {
    this.store = store
    this.fault = fault
  }

  record(r: TraceRecord): void {
    const { fault } = this
    const { timeNs, context, index: record, cpu } = r
    if (timeNs > fault.timeNs || this.used !== null) return
    const text = this.store.symbols.name('text', r.b)
    if (r.kind === T.kfree) {
      const isOurs = fault.what.endsWith(` that ${text}() has freed`)
      if (isOurs) this.freed = { timeNs, context, record }
    } else if (text === fault.what && this.freed !== null && this.freed.context !== context) {
      this.used = { freed: this.freed, cpu, context }
    }
  }

  finish(): Used | null {
    return this.used
  }
}

/** How it came to that, as a clause; empty: it was another thing. */
export function freedMeanwhile(store: TraceStore, then: History, fault: MemoryFault): string {
  const used = foldStore(store, new FreedFold(store, fault), fault.timeNs)
  if (used === null) return ''
  const { freed, cpu, context } = used
  const away = stolenFrom(then, cpu, freed.timeNs, fault.timeNs)
  const stolen = away.find((one) => one.fromNs <= freed.timeNs)
  const gone =
    stolen === undefined
      ? ''
      : `, whose vCPU was taken away for ${formatDuration(stolen.toNs - stolen.fromNs)} meanwhile`
  return (
    `; ${then.nameOf(freed.context)} did that at ${formatInstant(freed.timeNs)} (record ` +
    `${freed.record}) without waiting for ${then.nameOf(context)}${gone}`
  )
}

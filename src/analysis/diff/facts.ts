/**
 * What two runs are compared by, beside their results: from where the driver calls period elapsed
 * and with which locks held, and what the run cost: wake-ups, exits, interrupts. Counts.
 */
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { TraceStore } from '../../sim/trace-store.ts'
import { type Fold, foldStore } from '../fold.ts'
import { collectLatency } from '../period-latency.ts'
import type { RunResult } from '../result.ts'
import { type Stats, statsOf } from '../stats.ts'

export const COSTS = ['wake-ups', 'context switches', 'interrupts', 'work items', 'exits'] as const
export type CostName = (typeof COSTS)[number]

/** A place from which period elapsed is called, with the lock classes held there. */
export interface ElapsedPlace {
  readonly where: string
  readonly held: readonly string[]
  readonly count: number
}

export interface RunFacts {
  readonly result: RunResult
  /** The most frequent first. */
  readonly elapsed: readonly ElapsedPlace[]
  readonly costs: Readonly<Record<CostName, number>>
  /** By stream: from raising the interrupt to the client running, of periods that woke it; ns. */
  readonly reaction: Readonly<Record<string, Stats>>
}

const HLT = (CODES.exit as readonly string[]).indexOf('hlt')

export function collectRunFacts(store: TraceStore, result: RunResult): RunFacts {
  const endNs = result.virtualTimeNs
  const reaction = Object.entries(result.streams).map(([name, { id }]) => {
    const periods = collectLatency(store, id, { fromNs: 0, toNs: endNs })
    const awake = periods.filter((one) => one.awake)
    return [name, statsOf(Float64Array.from(awake, ({ totalNs }) => totalNs))] as const
  })
  const folded = foldStore(store, new CostFold(store.symbols), endNs)
  return { result, ...folded, reaction: Object.fromEntries(reaction) }
}

type Folded = Omit<RunFacts, 'result' | 'reaction'>

class CostFold implements Fold<Folded> {
  readonly kinds = [
    T.sched_waking,
    T.sched_switch,
    T.irq_handler_entry,
    T.workqueue_execute_start,
    T.workqueue_execute_end,
    T.kvm_exit,
    T.lock_acquire,
    T.lock_contended,
    T.lock_acquired,
    T.lock_release,
    T.snd_pcm_period_elapsed,
  ]
  private readonly costs: Record<CostName, number> = {
    'wake-ups': 0,
    'context switches': 0,
    interrupts: 0,
    'work items': 0,
    exits: 0,
  }
  private readonly places = new Map<string, { where: string; held: string[]; count: number }>()
  private readonly held: number[][] = []
  private readonly works: number[] = []
  private readonly symbols: Symbols

  constructor(symbols: Symbols) {
    this.symbols = symbols
  }

  record(r: TraceRecord): void {
    if (r.kind >= T.lock_acquire && r.kind <= T.lock_release) this.locked(r)
    else if (r.kind === T.snd_pcm_period_elapsed) this.called(r)
    else if (r.kind === T.sched_waking) this.count('wake-ups', this.isGuest(r.a))
    else if (r.kind === T.sched_switch) this.count('context switches', this.isGuest(r.b))
    else if (r.kind === T.irq_handler_entry) this.count('interrupts', this.isGuest(r.context))
    else if (r.kind === T.kvm_exit) this.count('exits', r.a !== HLT)
    else if (r.kind === T.workqueue_execute_start) {
      this.count('work items', true)
      this.works[r.context] = r.a
    } else this.works[r.context] = -1
  }

  finish(): Folded {
    const elapsed = [...this.places].map(([key, place]) => ({ key, ...place }))
    elapsed.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
    return { elapsed: elapsed.map(({ key: _, ...place }) => place), costs: this.costs }
  }

  private count(name: CostName, counts: boolean): void {
    if (counts) this.costs[name]++
  }

  private isGuest(context: number): boolean {
    return this.symbols.entries('ctx')[context]?.group === 'guest'
  }

  /** Maps of work items are lockdep's, not locks that anybody holds. */
  private locked(r: TraceRecord): void {
    if (this.symbols.entries('lock')[r.a]?.kind === 'map') return
    const own = this.held[r.context] ?? []
    this.held[r.context] = own
    if (r.kind === T.lock_acquire || r.kind === T.lock_acquired) own.push(r.a)
    else {
      const index = own.lastIndexOf(r.a)
      if (index >= 0) own.splice(index, 1)
    }
  }

  private called(r: TraceRecord): void {
    const entry = this.symbols.entries('ctx')[r.context]
    const work = this.works[r.context] ?? -1
    const kind = entry?.kind ?? ''
    const where =
      work >= 0
        ? `work item ${this.symbols.name('work', work)}`
        : kind === 'hardirq'
          ? 'hardirq'
          : kind === 'irq-thread'
            ? 'threaded interrupt handler'
            : kind || 'nobody'
    const own = this.held[r.context] ?? []
    const held = own.map((lock) => this.symbols.entry('lock', lock).group ?? '')
    const key = `${where} ${held.join(' ')}`
    const place = this.places.get(key)
    if (place === undefined) this.places.set(key, { where, held, count: 1 })
    else place.count++
  }
}

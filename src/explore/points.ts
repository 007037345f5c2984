/**
 * The visible operations of a run, where a search may hold a context back: which context, before
 * what, and how long it has to be held so that something that conflicts moves in between. A hold
 * that ends before anybody else touches what the context touches next changes times, not orders.
 *
 * Rare operations (an open, a trigger) drown among frequent ones, so a search picks a group first,
 * then a member. Times are integer ns.
 */
import type { Ns } from '../base/units.ts'
import type { Decider } from '../sim/schedule.ts'
import type { Simulation } from '../sim/scheduler.ts'
import type { Symbols } from '../sim/symbols.ts'
import type { TraceRecord, TraceSink } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { objectOf } from './objects.ts'

/** Operations of one kind of context before one kind of operation, as `kworker/#:#: spin_lock`. */
export interface PointGroup {
  readonly name: string
  readonly operation: string
  /** Numbers of the operations, ascending. */
  readonly members: readonly number[]
}

export interface Points {
  /** Visible operations of the run. */
  readonly count: number
  readonly groups: readonly PointGroup[]
  /** Time of each operation. */
  readonly timesNs: Float64Array
  /** From each operation until another context touches what it touches next; Infinity: never. */
  readonly meetsNs: Float64Array
}

/** More operations than this are not listed: the search holds back among the first ones. */
const POINTS_MAX = 2_000_000

/** Writes down every visible operation of a run; answers as another decider, or never. */
export class PointRecorder implements Decider {
  private readonly contexts: number[] = []
  private readonly operations: string[] = []
  private readonly times: Ns[] = []
  /** Records before each operation. */
  private readonly records: number[] = []
  private sim: Simulation | null = null
  private readonly inner: Decider

  constructor(inner: Decider) {
    this.inner = inner
  }

  attach(sim: Simulation): void {
    this.sim = sim
  }

  hold(at: number, context: number, operation: string): Ns {
    if (this.sim !== null && this.times.length < POINTS_MAX) {
      this.contexts.push(context)
      this.operations.push(operation)
      this.times.push(this.sim.now)
      this.records.push(this.sim.trace.count)
    }
    return this.inner.hold?.(at, context, operation) ?? 0
  }

  /** The points, once the run is recorded. */
  points(store: TraceStore): Points {
    const touches = new Touches(this.contexts, this.records)
    store.replay(touches)
    return {
      count: this.times.length,
      groups: this.groups(store.symbols),
      timesNs: Float64Array.from(this.times),
      meetsNs: touches.meets(this.times),
    }
  }

  private groups(symbols: Symbols): readonly PointGroup[] {
    const groups = new Map<string, { operation: string; members: number[] }>()
    for (const [at, operation] of this.operations.entries()) {
      const context = generalName(symbols.name('ctx', this.contexts[at] as number))
      const name = `${context}: ${operation}`
      const known = groups.get(name)
      if (known === undefined) groups.set(name, { operation, members: [at] })
      else known.members.push(at)
    }
    return [...groups].map(([name, one]) => ({ name, ...one }))
  }
}

/** Contexts that differ only in a number do the same things. */
export function generalName(context: string): string {
  return context.replace(/\d+/g, '#')
}

interface Touch {
  readonly timeNs: Ns
  readonly context: number
}

/** Who touched which object when; and what each operation's context touched after it. */
class Touches implements TraceSink {
  private readonly byObject = new Map<number, Touch[]>()
  /** Objects that each operation leads to. */
  private readonly ofOperation: number[][]
  /** The operation that each context did last. */
  private readonly lastOf = new Map<number, number>()
  private readonly contexts: readonly number[]
  private readonly records: readonly number[]
  private next = 0

  constructor(contexts: readonly number[], records: readonly number[]) {
    this.contexts = contexts
    this.records = records
    this.ofOperation = contexts.map(() => [])
  }

  record(r: TraceRecord): void {
    while (this.next < this.records.length && (this.records[this.next] as number) <= r.index) {
      this.lastOf.set(this.contexts[this.next] as number, this.next)
      this.next++
    }
    const object = objectOf(r)
    if (object < 0) return
    const touch = { timeNs: r.timeNs, context: r.context }
    const touches = this.byObject.get(object)
    if (touches === undefined) this.byObject.set(object, [touch])
    else touches.push(touch)
    const operation = this.lastOf.get(r.context)
    if (operation !== undefined) this.ofOperation[operation]?.push(object)
  }

  /** A hold moves everything that its context does afterwards: the nearest conflict counts. */
  meets(times: readonly Ns[]): Float64Array {
    const meets = new Float64Array(times.length)
    const next = new Map<number, number>()
    for (let at = times.length - 1; at >= 0; at--) {
      const context = this.contexts[at] as number
      const timeNs = times[at] as Ns
      const later = next.get(context)
      let least = Number.POSITIVE_INFINITY
      if (later !== undefined) {
        least = (meets[later] as number) + (times[later] as Ns) - timeNs
      }
      for (const object of this.ofOperation[at] ?? []) {
        least = Math.min(least, this.untilOther(object, timeNs, context))
      }
      meets[at] = least
      next.set(context, at)
    }
    return meets
  }

  private untilOther(object: number, timeNs: Ns, context: number): Ns {
    const touches = this.byObject.get(object) ?? []
    for (let i = firstAfter(touches, timeNs); i < touches.length; i++) {
      const touch = touches[i] as Touch
      if (touch.context !== context) return touch.timeNs - timeNs
    }
    return Number.POSITIVE_INFINITY
  }
}

/** Index of the first touch later than `timeNs`. */
function firstAfter(touches: readonly Touch[], timeNs: Ns): number {
  let low = 0
  let high = touches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((touches[middle] as Touch).timeNs > timeNs) high = middle
    else low = middle + 1
  }
  return low
}

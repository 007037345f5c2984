/**
 * Data races: two accesses of one shared variable, at least one a write and at least one not
 * marked, that nothing puts in order. The order is that of vector clocks (happens-before.ts), so a
 * race is found in any run that has both accesses, however far apart. Times are ns.
 * Memory model: tools/memory-model, 6.1: a plain write races with a marked read too. Which of these
 * KCSAN reports, kcsan-rules.ts tells.
 */
import {
  ACCESS_DATA_RACE,
  ACCESS_MARKED,
  ACCESS_SAME,
  ACCESS_WRITE,
} from '../../sim/access-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import type { Fold } from '../fold.ts'
import { followFrames, frameKinds, frameName } from '../lockdep/frames.ts'
import type { Frame } from '../lockdep/site.ts'
import { HappensBefore, orderingKinds } from './happens-before.ts'
import { type KcsanAccess, type KcsanVerdict, kcsanVerdict, strongest } from './kcsan-rules.ts'

export interface Access extends KcsanAccess {
  readonly context: string
  /** What the context is: task, client, kworker, hardirq, ... */
  readonly kind: string
  readonly timeNs: number
  readonly record: number
  /** What it was doing, innermost first. */
  readonly functions: readonly string[]
  /** Names of the locks that it held, outermost first. */
  readonly held: readonly string[]
}

export interface DataRace {
  readonly cell: string
  /** The earlier and the later of the first such pair. */
  readonly first: Access
  readonly second: Access
  /** Pairs alike: same variable, same functions, same sorts of access. */
  readonly count: number
  /** Whether KCSAN would report any of them, and under which options. */
  readonly kcsan: KcsanVerdict
}

export interface RaceResult {
  /** Accesses that were recorded; without any, nothing can be said. */
  readonly accesses: number
  readonly races: readonly DataRace[]
}

/** The last access of its sort by one context. */
interface Last {
  readonly context: number
  readonly step: number
  readonly access: Access
}

/** Ours, in place of the bit of data_race(): by a program. */
const USER = ACCESS_DATA_RACE
/** Sorts of access of one context: numbers below this. */
const SORTS = 16
/** Different races kept of one run. */
const RACES_MAX = 1_000

export class RaceFold implements Fold<RaceResult> {
  readonly kinds = [T.access, ...orderingKinds, ...frameKinds]
  private readonly symbols: Symbols
  private readonly order: HappensBefore
  private readonly frames: (Frame | null)[] = []
  private readonly cells = new Map<number, Map<number, Last>>()
  private readonly found = new Map<string, DataRace>()
  private accesses = 0

  constructor(symbols: Symbols) {
    this.symbols = symbols
    this.order = new HappensBefore(symbols)
  }

  record(r: TraceRecord): void {
    if (r.kind === T.access) {
      this.access(r)
      return
    }
    this.order.record(r)
    if (frameKinds.includes(r.kind)) {
      this.frames[r.context] = followFrames(this.frames[r.context] ?? null, r)
    }
  }

  finish(): RaceResult {
    return { accesses: this.accesses, races: [...this.found.values()] }
  }

  private access(r: TraceRecord): void {
    this.accesses++
    const { clocks } = this.order
    if ((r.b & ACCESS_DATA_RACE) !== 0) return
    // A program's library reads and writes mapped pages through volatile pointers.
    const flags = r.b | (this.isUser(r.context) ? ACCESS_MARKED | USER : 0)
    let last = this.cells.get(r.a)
    if (last === undefined) {
      last = new Map()
      this.cells.set(r.a, last)
    }
    let made: Access | null = null
    for (const [key, other] of last) {
      const otherFlags = key % SORTS
      if (((otherFlags | flags) & ACCESS_WRITE) === 0) continue
      if ((otherFlags & flags & ACCESS_MARKED) !== 0) continue
      if (clocks.isBefore(other.context, other.step, r.context)) continue
      made ??= this.accessOf(r)
      this.report(this.symbols.name('text', r.a), other.access, made)
    }
    const access = made ?? this.accessOf(r)
    const step = clocks.step(r.context)
    last.set(r.context * SORTS + flags, { context: r.context, step, access })
  }

  /** A client outside of system calls. */
  private isUser(context: number): boolean {
    const isClient = this.symbols.entry('ctx', context).kind === 'client'
    return isClient && (this.frames[context] ?? null) === null
  }

  private report(cell: string, first: Access, second: Access): void {
    const [one, other] = [sortOf(first), sortOf(second)]
    const key = [cell, ...(one < other ? [one, other] : [other, one])].join('\n')
    const known = this.found.get(key)
    const verdict = kcsanVerdict(first, second)
    if (known === undefined) {
      if (this.found.size < RACES_MAX) {
        this.found.set(key, { cell, first, second, count: 1, kcsan: verdict })
      }
      return
    }
    // The pair that KCSAN reports most easily stands for all.
    const kcsan = strongest(known.kcsan, verdict)
    const pair = kcsan === known.kcsan ? known : { cell, first, second }
    this.found.set(key, { ...pair, count: known.count + 1, kcsan })
  }

  private accessOf(r: TraceRecord): Access {
    const { symbols } = this
    const user = this.isUser(r.context)
    const { name, kind = 'task' } = symbols.entry('ctx', r.context)
    const functions: string[] = []
    for (let at = this.frames[r.context] ?? null; at !== null; at = at.parent) {
      functions.push(frameName(symbols, at))
    }
    const held = this.order.held.get(r.context).map(({ lock }) => symbols.name('lock', lock))
    return {
      context: `${name}/${r.context}`,
      kind,
      cpu: r.cpu,
      write: (r.b & ACCESS_WRITE) !== 0,
      marked: (r.b & ACCESS_MARKED) !== 0 || user,
      same: (r.b & ACCESS_SAME) !== 0,
      user,
      timeNs: r.timeNs,
      record: r.index,
      functions,
      held,
    }
  }
}

function sortOf({ functions, kind, user, write, marked }: Access): string {
  return `${functions[0] ?? kind} ${user} ${write} ${marked}`
}

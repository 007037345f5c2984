/**
 * What an analysis is: a sink for the kinds of record that it names, with a result at the end. The
 * same fold runs on a live run, on a recording and on a trace read from disk.
 */
import { unreachable } from '../base/assert.ts'
import type { Ns } from '../base/units.ts'
import { KIND_NAMES, type TraceRecord, type TraceSink } from '../sim/trace.ts'
import type { TraceStore } from '../sim/trace-store.ts'

export interface Fold<R> extends TraceSink {
  /** The kinds that it wants to see. */
  readonly kinds: readonly number[]
  /** The result, once the run has ended at `endNs`. */
  finish(endNs: Ns): R
}

/** Offers each record to the folds that want its kind, in the order in which they were added. */
export class FoldSet implements TraceSink {
  private readonly byKind: TraceSink[][] = KIND_NAMES.map(() => [])

  add<F extends Fold<unknown>>(fold: F): F {
    for (const kind of new Set(fold.kinds)) this.byKind[kind]?.push(fold)
    return fold
  }

  record(r: TraceRecord): void {
    const sinks = this.byKind[r.kind] as TraceSink[]
    for (let i = 0; i < sinks.length; i++) (sinks[i] as TraceSink).record(r)
  }
}

/** Runs one fold over a recording. */
export function foldStore<R>(store: TraceStore, fold: Fold<R>, endNs: Ns): R {
  const set = new FoldSet()
  set.add(fold)
  store.replay(set)
  return fold.finish(endNs)
}

/** One value for each symbol number, made when first asked for. */
export class PerSymbol<V> {
  private readonly values: (V | undefined)[] = []
  private readonly make: (id: number) => V
  private readonly what: string

  constructor(make: (id: number) => V, what = 'stream') {
    this.make = make
    this.what = what
  }

  get(id: number): V {
    if (!(id >= 0)) unreachable(`a record names no ${this.what}`)
    const known = this.values[id]
    if (known !== undefined) return known
    const made = this.make(id)
    this.values[id] = made
    return made
  }

  /** Numbers that were asked for, ascending, with their values. */
  entries(): [id: number, value: V][] {
    return this.values.flatMap((value, id) => (value === undefined ? [] : [[id, value]]))
  }
}

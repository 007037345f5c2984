/**
 * The causal edges of a run as pairs of record indexes: used buffer → interrupt → work item →
 * client → kick → device. Only edges that lead from one context to another; within a context the
 * nesting of calls shows the order. Sorted both ways, to be walked along with the records.
 */
import { CausesFold, type Step } from '../analysis/causes.ts'
import { isShown, shownCause } from '../analysis/chain.ts'
import { foldStore } from '../analysis/fold.ts'
import type { TraceStore } from '../sim/trace-store.ts'

export class CausalEdges {
  private readonly causes: number[] = []
  private readonly effects: number[] = []
  /** Numbers of the edges by cause. */
  private readonly byCause: readonly number[]
  private nextOut = 0
  private nextIn = 0

  constructor(store: TraceStore) {
    const fold = new CausesFold(store.symbols, { step: (step) => this.keep(step) })
    foldStore(store, fold, 0)
    const { causes } = this
    this.byCause = causes
      .map((_, edge) => edge)
      .sort((a, b) => (causes[a] as number) - (causes[b] as number) || a - b)
  }

  get count(): number {
    return this.effects.length
  }

  /**
   * Numbers of the edges that leave and that reach a record, from 1. To be asked for ascending
   * indexes only.
   */
  at(record: number): { readonly out: readonly number[]; readonly into: readonly number[] } {
    const { byCause, causes, effects } = this
    const out: number[] = []
    for (;;) {
      const edge = byCause[this.nextOut]
      if (edge === undefined || (causes[edge] as number) > record) break
      if (causes[edge] === record) out.push(edge + 1)
      this.nextOut++
    }
    const into: number[] = []
    while (this.nextIn < effects.length && (effects[this.nextIn] as number) <= record) {
      if (effects[this.nextIn] === record) into.push(this.nextIn + 1)
      this.nextIn++
    }
    return { out, into }
  }

  private keep(step: Step): void {
    if (!isShown(step.kind)) return
    const cause = shownCause(step)
    if (cause === null || placeOf(cause) === placeOf(step)) return
    this.causes.push(cause.record)
    this.effects.push(step.record)
  }
}

/** The context whose track shows the step: of a switch, the one that runs now. */
function placeOf({ kind, context, subject }: Step): number {
  return kind === 'runs' || kind === 'thread' || kind === 'worker' ? subject : context
}

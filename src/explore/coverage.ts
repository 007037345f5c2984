/**
 * What a run did that others need not do: orders of conflicting accesses (who touched a lock, a
 * queue, a work item after whom), who contended for what, and states of streams as seen by each
 * kind of context. A schedule that shows something new is worth varying.
 */
import { T, type TraceRecord, type TraceSink } from '../sim/trace.ts'
import { CODES } from '../sim/trace-kinds.ts'
import { ARGUMENTS } from '../sim/trace-labels.ts'
import type { TraceStore } from '../sim/trace-store.ts'
import { objectOf } from './objects.ts'
import { generalName } from './points.ts'

/** Contexts in one run; more share numbers. */
const CONTEXTS = 4096

class CoverageSink implements TraceSink {
  /** Last context at each object. */
  private readonly last = new Map<number, number>()
  /** (object kind, context, next context), as a number. */
  readonly orders = new Set<number>()
  readonly states = new Set<number>()

  record(r: TraceRecord): void {
    if (r.kind === T.snd_pcm_state) this.states.add((r.b * 16 + r.c) * CONTEXTS + r.context)
    const object = objectOf(r)
    if (object < 0) return
    const before = this.last.get(object)
    this.last.set(object, r.context)
    if (before === undefined || before === r.context) return
    this.orders.add((r.kind * CONTEXTS + before) * CONTEXTS + r.context)
  }
}

export function featuresOf(store: TraceStore): readonly string[] {
  const sink = new CoverageSink()
  store.replay(sink)
  const name = (context: number): string =>
    generalName(store.symbols.entries('ctx')[context]?.name ?? '')
  const orders = [...sink.orders].map((code) => {
    const next = code % CONTEXTS
    const rest = (code - next) / CONTEXTS
    const before = rest % CONTEXTS
    const kind = (rest - before) / CONTEXTS
    return `${ARGUMENTS[kind]?.[0]?.name} ${kind}: ${name(before)} then ${name(next)}`
  })
  const states = [...sink.states].map((code) => {
    const context = code % CONTEXTS
    const pair = (code - context) / CONTEXTS
    const words = CODES.state as readonly string[]
    return `${words[Math.floor(pair / 16)]} to ${words[pair % 16]} by ${name(context)}`
  })
  return [...new Set([...orders, ...states])]
}

/**
 * How late each period was, and why. A period is one call of snd_pcm_period_elapsed(). It is due a
 * period's nominal length after the interrupt of the call before (or the start); it is over when
 * the client has moved appl_ptr because of it, or if that did not come, with the call's own update.
 * What lies between is the slack that it lost. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { covering, type History, lastBefore } from './history.ts'
import type { Segment } from './parts.ts'
import { criticalPath } from './path.ts'
import type { PeriodCall, StreamFacts } from './stream-facts.ts'

export interface LatePeriod {
  readonly call: PeriodCall
  readonly dueNs: Ns
  readonly endNs: Ns
  /** The context with which the path ends, and its record. */
  readonly context: number
  readonly record: number
  /** Whether the client's transfer ends it. */
  readonly refilled: boolean
}

/** The periods that lost slack, in order of time. */
export function latePeriods(h: History, facts: StreamFacts): readonly LatePeriod[] {
  return facts.calls.flatMap((_, i) => {
    const one = periodOf(h, facts, i)
    return one === null || one.endNs <= one.dueNs ? [] : [one]
  })
}

export function periodOf(h: History, facts: StreamFacts, index: number): LatePeriod | null {
  const call = facts.calls[index]
  if (call === undefined || facts.period_size === 0) return null
  const before = facts.calls[index - 1]
  const sameRun = before !== undefined && before.fromNs >= call.startedNs
  const sinceNs = sameRun ? originNs(h, before) : call.startedNs
  if (sinceNs < 0) return null
  const nextNs = facts.calls[index + 1]?.fromNs ?? Number.POSITIVE_INFINITY
  const transfer = facts.transfers[lastBefore(facts.transfers, call.updatedNs) + 1]
  const refill = transfer !== undefined && transfer.fromNs <= nextNs ? transfer : null
  const dueNs = sinceNs + facts.periodNs
  const about = { call, dueNs, refilled: refill !== null }
  if (refill !== null) {
    return { ...about, endNs: refill.fromNs, context: refill.context, record: refill.record }
  }
  return { ...about, endNs: call.updatedNs, context: call.context, record: call.updateRecord }
}

/** When the interrupt that led to the call was raised; of a call without one, its own time. */
function originNs(h: History, call: PeriodCall): Ns {
  const actor = h.actor(call.context)
  const item = covering(actor.executions, call.fromNs + 1)
  const by = item?.queued?.by ?? call.context
  const handlers = h.actor(by).handlers
  const entered = handlers[lastBefore(handlers, (item?.queued?.fromNs ?? call.fromNs) + 1)]
  return entered?.raise?.fromNs ?? call.fromNs
}

/**
 * Its parts. Of the time before the device's timer, a period's length for each further period that
 * the call reported is batching.
 */
export function segmentsOf(h: History, facts: StreamFacts, one: LatePeriod): readonly Segment[] {
  const path = criticalPath(h, one.context, one.dueNs, one.endNs)
  const periods = Math.max(one.call.completed, Math.floor(one.call.frames / facts.period_size))
  return batched(path, one.dueNs + (periods - 1) * facts.periodNs, `${periods} periods at once`)
}

function batched(path: readonly Segment[], untilNs: Ns, what: string): readonly Segment[] {
  return path.flatMap((one) => {
    if (one.part !== 'tick' || one.fromNs >= untilNs) return [one]
    const edge = Math.min(one.toNs, untilNs)
    const batch: Segment = { ...one, part: 'batching', toNs: edge, what }
    return edge < one.toNs ? [batch, { ...one, fromNs: edge }] : [batch]
  })
}

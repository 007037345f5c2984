/**
 * The window of an xrun or of stale data: from the instant at which the ring had room again after
 * the client's last transfer, to the failure. The slack is what the ring still held then, in time
 * at the nominal rate. It was lost by the time that passed, and by what the device took faster than
 * the rate. Times are ns.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { covering, type History, lastBefore } from './history.ts'
import type { Segment } from './parts.ts'
import { criticalPath } from './path.ts'
import type { StreamFacts } from './stream-facts.ts'

export interface Loss {
  readonly fromNs: Ns
  readonly toNs: Ns
  /** What was lost: the parts add up to it. */
  readonly lostNs: Ns
  readonly segments: readonly Segment[]
  /** Slack that the device took at once, beyond the time that passed. */
  readonly aheadNs: Ns
}

/** `context` and `record` are of the record that found the failure. */
export function lossBefore(
  h: History,
  facts: StreamFacts,
  timeNs: Ns,
  context: number,
  needed: Frames,
): Loss {
  const index = lastBefore(facts.transfers, timeNs)
  const start = facts.starts[lastBefore(facts.starts, timeNs)]
  const transfer = facts.transfers[index]
  const since = pick(transfer, start)
  if (since === undefined)
    return { fromNs: timeNs, toNs: timeNs, lostNs: 0, segments: [], aheadNs: 0 }
  const missing = Math.max(0, needed - since.avail)
  const fromNs = Math.min(timeNs, since.fromNs + facts.nsOf(missing))
  const room = facts.buffer_size - Math.max(since.avail, needed)
  const slackNs = facts.nsOf(Math.max(0, room))
  const segments = pathTo(h, facts, fromNs, timeNs, context)
  const aheadNs = Math.max(0, slackNs - (timeNs - fromNs))
  return { fromNs, toNs: timeNs, lostNs: timeNs - fromNs + aheadNs, segments, aheadNs }
}

/** Found by the device: why the refill that came later had not come yet. */
function pathTo(
  h: History,
  facts: StreamFacts,
  fromNs: Ns,
  toNs: Ns,
  context: number,
): readonly Segment[] {
  const refill = facts.transfers[lastBefore(facts.transfers, toNs) + 1]
  if (h.isGuest(context) || refill === undefined) {
    return criticalPath(h, clientOf(h, facts, toNs, context), fromNs, toNs)
  }
  return criticalPath(h, refill.context, fromNs, refill.fromNs).flatMap((one) => {
    if (one.fromNs >= toNs) return []
    return [one.toNs > toNs ? { ...one, toNs } : one]
  })
}

type Since = { readonly fromNs: Ns; readonly avail: Frames } | undefined

function pick(transfer: Since, start: Since): Since {
  if (transfer === undefined || start === undefined) return transfer ?? start
  return start.fromNs > transfer.fromNs ? start : transfer
}

/** Where the path ends: with the client if it is at work, away or runnable; else who found it. */
function clientOf(h: History, facts: StreamFacts, timeNs: Ns, context: number): number {
  const client = facts.transfers.at(-1)?.context ?? context
  const actor = h.actor(client)
  const call = covering(actor.calls, timeNs)
  if (call?.name === 'sleep') return client
  const index = lastBefore(actor.runs, timeNs)
  const run = actor.runs[index]
  if (run === undefined) return context
  if (run.toNs >= timeNs) return client
  const wake = actor.wakes[lastBefore(actor.wakes, run.toNs) + 1]
  const preempted = wake === undefined || wake.fromNs > (actor.runs[index + 1]?.fromNs ?? 0)
  const waits = covering(actor.waits, timeNs) ?? covering(actor.requests, timeNs)
  if (waits !== null) return client
  if (preempted && actor.runs[index + 1] !== undefined) return client
  return wake !== undefined && wake.fromNs <= timeNs ? client : context
}

/**
 * The critical path between two records: backwards from the second, always to what it had to wait
 * for last (the holder that let a lock go, who woke it, who queued its work, who raised its
 * interrupt, who kicked its queue), down to the time of the first. The steps follow each other
 * without a gap, so they add up to the distance. Times are ns.
 */
import type { Ns } from '../../base/units.ts'
import { TraceRecord } from '../../sim/trace.ts'
import { formatDuration, plural } from '../format.ts'
import { recordAt } from '../record-at.ts'
import type { Window } from '../windows.ts'
import { type Facts, rankedPeriods } from './explain.ts'
import { lastBefore } from './history.ts'
import { PART_WORDS, type PartShare, type Segment, sharesOf } from './parts.ts'
import { criticalSteps, type Link } from './path.ts'
import { causesOf } from './sentence.ts'

export interface PathEnd {
  /** Index in the trace. */
  readonly record: number
  readonly timeNs: Ns
  readonly context: number
  readonly name: string
}

type Via = Link & { readonly by: string }

export interface Step extends Segment {
  /** From 1, in order of time. */
  readonly number: number
  readonly ns: Ns
  /** Name of its context. */
  readonly name: string
  /** How the path came here from the step before, the last one last; empty: the same context. */
  readonly via: readonly Via[]
}

export interface CriticalPath {
  readonly from: PathEnd
  readonly to: PathEnd
  /** From the one to the other: the steps add up to it. */
  readonly distanceNs: Ns
  readonly sentence: string
  readonly parts: readonly PartShare[]
  readonly steps: readonly Step[]
  /** The same of the second record, if the path comes to its context at that very instant. */
  readonly arrival: readonly Via[]
  /** Whether the path begins in the context of the first record. */
  readonly begins: boolean
}

export function pathEnd({ store, history }: Facts, record: number): PathEnd {
  const { timeNs, context } = store.at(record, new TraceRecord())
  return { record, timeNs, context, name: history.nameOf(context) }
}

/** `from` is not later than `to`. */
export function pathBetween(facts: Facts, from: PathEnd, to: PathEnd): CriticalPath {
  const { history } = facts
  const walk = criticalSteps(history, to.context, from.timeNs, to.timeNs)
  const { segments } = walk
  const links = new Map<Ns, Via[]>()
  for (const link of walk.links) {
    const via = { ...link, by: history.nameOf(link.context) }
    links.set(link.timeNs, [via, ...(links.get(link.timeNs) ?? [])])
  }
  const steps = segments.map((one, i): Step => {
    const name = history.nameOf(one.context)
    const via = links.get(one.fromNs) ?? []
    return { ...one, number: i + 1, ns: one.toNs - one.fromNs, name, via }
  })
  const arrival = links.get(to.timeNs) ?? []
  const distanceNs = to.timeNs - from.timeNs
  const begins = segments[0]?.context === from.context || segments.length === 0
  const parts = sharesOf(segments)
  const most = mostOf(parts, distanceNs)
  const sentence =
    `from record ${from.record} (${from.name}) to record ${to.record} (${to.name}): ` +
    `${formatDuration(distanceNs)} in ${plural(steps.length, 'step')}, ${most}` +
    `${causesOf(history, segments)}${begins ? '' : `; it does not begin with ${from.name}`}.`
  return { from, to, distanceNs, sentence, parts, steps, arrival, begins }
}

function mostOf(parts: readonly PartShare[], distanceNs: Ns): string {
  const [most] = parts.toSorted((a, b) => b.ns - a.ns)
  if (most === undefined || distanceNs === 0) return ''
  return `${Math.round((100 * most.ns) / distanceNs)} % ${PART_WORDS[most.part]}: `
}

/**
 * Without a window the way of the stream's latest period. In a window: to the stream's last refill
 * in it, else its last report, else the last record, from the window's begin on. Null: no records.
 */
export function pathWithin(
  facts: Facts,
  name: string | undefined,
  window: Window | undefined,
): CriticalPath | null {
  const { store } = facts
  if (store.length === 0) return null
  if (window === undefined) {
    const ranked = rankedPeriods(facts).find((one) => one.name === name)
    if (ranked === undefined) return null
    const { dueNs, record } = ranked.late
    return pathBetween(facts, pathEnd(facts, recordAt(store, dueNs)), pathEnd(facts, record))
  }
  const { fromNs, toNs } = window
  const first = pathEnd(facts, Math.min(store.length - 1, recordAt(store, fromNs)))
  const stream = facts.streams.get(name ?? '')
  const last = stream?.transfers[lastBefore(stream.transfers, toNs + 1)]
  const update = stream?.updates[lastBefore(stream.updates, toNs + 1)]
  const inside = [last, update].find((one) => one !== undefined && one.fromNs > first.timeNs)
  const record = inside?.record ?? Math.max(0, recordAt(store, toNs + 1) - 1)
  const end = pathEnd(facts, record)
  return end.timeNs > first.timeNs ? pathBetween(facts, first, end) : null
}

/** How a step came about, in words: `woken by kworker/0:1`. */
export function viaText({ via }: { readonly via: readonly Via[] }): string {
  return via.map(({ kind, by }) => `${LINK_WORDS[kind]} ${by}`).join(', ')
}

/** What a step was beside its part, and how it came about. */
export function detailText(step: Step): string {
  const what = step.what === step.name ? '' : step.what
  return [what, viaText(step)].filter((one) => one !== '').join('; ')
}

const LINK_WORDS: Readonly<Record<Link['kind'], string>> = {
  'wake-up': 'woken by',
  'lock handover': 'lock from',
  interrupt: 'interrupt from',
  'work item': 'queued by',
  kick: 'kicked by',
}

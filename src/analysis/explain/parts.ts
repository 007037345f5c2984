/**
 * What a stretch of waiting was spent on. The parts of an explanation are disjoint stretches that
 * cover its window without a gap, so they add up to it. Times are ns.
 */
import type { Ns } from '../../base/units.ts'

/** In the order of the way from the device to the client. */
export const PARTS = [
  'tick',
  'batching',
  'device-cpu',
  'device',
  'answer',
  'delivery',
  'irqs-off',
  'stolen',
  'handler',
  'work-queue',
  'lock',
  'report',
  'wake-up',
  'client-run',
  'client-work',
  'other',
] as const
export type Part = (typeof PARTS)[number]

/** As tables name them. */
export const PART_WORDS: Readonly<Record<Part, string>> = {
  tick: 'device tick quantisation',
  batching: 'completion batching',
  'device-cpu': 'device thread waits for a CPU',
  device: 'device thread works',
  answer: 'answer of the device',
  delivery: 'used to interrupt',
  'irqs-off': 'interrupts disabled',
  stolen: 'vCPU stolen',
  handler: 'interrupt handler',
  'work-queue': 'work queue wait',
  lock: 'lock wait',
  report: 'period_elapsed()',
  'wake-up': 'wake-up',
  'client-run': 'client run',
  'client-work': 'client work',
  other: 'not known',
}

/** One stretch of the critical path. */
export interface Segment {
  readonly part: Part
  readonly fromNs: Ns
  readonly toNs: Ns
  /** Context whose time it is. */
  readonly context: number
  /** Record that began it, or the one that it is about. */
  readonly record: number
  /** What it was, in a few words; empty: the part says it all. */
  readonly what: string
}

export interface PartShare {
  readonly part: Part
  readonly ns: Ns
  /** Its causes, the longest first; their times add up to `ns`. */
  readonly causes: readonly { readonly what: string; readonly ns: Ns; readonly record: number }[]
}

/** Adds segments up by part and cause. */
export function sharesOf(segments: readonly Segment[]): readonly PartShare[] {
  return PARTS.flatMap((part) => {
    const own = segments.filter((one) => one.part === part && one.toNs > one.fromNs)
    if (own.length === 0) return []
    const causes = new Map<string, { ns: Ns; record: number }>()
    for (const { what, fromNs, toNs, record } of own) {
      const known = causes.get(what)
      if (known === undefined) causes.set(what, { ns: toNs - fromNs, record })
      else {
        known.ns += toNs - fromNs
        if (record < known.record) known.record = record
      }
    }
    const list = [...causes].map(([what, { ns, record }]) => ({ what, ns, record }))
    list.sort((a, b) => b.ns - a.ns || a.record - b.record)
    return [{ part, ns: own.reduce((sum, one) => sum + one.toNs - one.fromNs, 0), causes: list }]
  })
}

/**
 * What we add to a kernel report: the records whose overlap would be the deadlock, and whether the
 * instances seen in this run can form the cycle at all, or only their classes. Times are ns.
 */
import type { Finding } from './findings.ts'
import { pairLocks } from './graph.ts'
import { type Held, instanceUsage } from './held.ts'
import type { Site } from './site.ts'
import type { Dep, Lock, LockClass, Range } from './types.ts'
import { USAGE_READ } from './usage.ts'

/** A range of records of one context; an interrupt is a range of one record. */
export type Witness = Range

/** `seen`: the instances of this run can form it; `not-seen`: only their classes can. */
export type InstanceCycle = 'seen' | 'not-seen' | 'none'

export function witnessOf(finding: Finding): Witness[] {
  switch (finding.kind) {
    case 'circular':
      return [finding.closing.sample, ...finding.found.path.map((dep) => dep.sample)]
    case 'recursive':
      return [finding.sample]
    case 'irq-order': {
      const { safe, unsafe, safeBit, unsafeBit, closing } = finding
      const path = [...safe.path].reverse().map((dep) => dep.sample)
      return [
        ...usageRange(unsafe.target, unsafeBit),
        ...path,
        closing.sample,
        ...unsafe.path.map((dep) => dep.sample),
        ...usageRange(safe.target, safeBit),
      ]
    }
    case 'irq-inversion': {
      const { taken, other, newBit, otherBit } = finding
      const path = other.path.map((dep) => dep.sample)
      return [...usageRange(other.target, otherBit), ...path, ...usageRange(taken.class, newBit)]
    }
    case 'inconsistent':
      return [
        ...usageRange(finding.taken.class, finding.oldBit),
        ...usageRange(finding.taken.class, finding.newBit),
      ]
    default:
      return []
  }
}

/** Where a class got a mark, as a range of one record. */
function usageRange(at: LockClass, bit: number): Range[] {
  const site = at.usageSites[bit]
  return site === undefined ? [] : [pointRange(at.name, site)]
}

function pointRange(name: string, site: Site): Range {
  const { context, record, timeNs } = site
  return {
    context,
    held: name,
    fromRecord: record,
    fromTimeNs: timeNs,
    wanted: name,
    toRecord: record,
    toTimeNs: timeNs,
  }
}

/** Judged when the run is over, because later records may show the missing instance. */
export function instanceCycle(finding: Finding): InstanceCycle {
  switch (finding.kind) {
    case 'recursive':
      return seen(finding.held.lock === finding.wanted.lock || isSelfTaken(finding.closing))
    case 'circular':
      return seen(closes([finding.closing, ...finding.found.path]))
    case 'inconsistent': {
      const { taken, oldBit, newBit } = finding
      const both = (1 << oldBit) | (1 << newBit)
      return seen(taken.class.locks.some((lock) => (instanceUsage(lock) & both) === both))
    }
    case 'irq-order': {
      const { safe, unsafe, safeBit, unsafeBit, closing } = finding
      const path = [...[...safe.path].reverse(), closing, ...unsafe.path]
      return seen(connects(safe.target, safeBit, path, unsafe.target, unsafeBit))
    }
    case 'irq-inversion': {
      const { taken, other, forwards, newBit, otherBit } = finding
      const here = taken.class
      return seen(
        forwards
          ? connects(here, newBit, other.path, other.target, otherBit)
          : connects(other.target, otherBit, [...other.path].reverse(), here, newBit),
      )
    }
    default:
      return 'none'
  }
}

function seen(yes: boolean): InstanceCycle {
  return yes ? 'seen' : 'not-seen'
}

function isSelfTaken(closing: Dep | null): boolean {
  if (closing === null) return false
  return [...closing.pairs].some((key) => {
    const [held, wanted] = pairLocks(key)
    return held === wanted
  })
}

/** Whether a chain of pairs of instances comes back to where it began. */
function closes(cycle: readonly Dep[]): boolean {
  const [first] = cycle
  if (first === undefined) return false
  const starts = new Set([...first.pairs].map((key) => pairLocks(key)[0]))
  return [...starts].some((start) => follow(new Set([start]), cycle).has(start))
}

/** Whether an instance with the one mark leads, by instances, to one with the other. */
function connects(
  from: LockClass,
  fromBit: number,
  path: readonly Dep[],
  to: LockClass,
  toBit: number,
): boolean {
  const starts = from.locks.filter((lock) => hasMark(lock, fromBit)).map((lock) => lock.id)
  const ends = follow(new Set(starts), path)
  return to.locks.some((lock) => ends.has(lock.id) && hasMark(lock, toBit))
}

function hasMark(lock: Lock, bit: number): boolean {
  return (instanceUsage(lock) & ((1 << bit) | (1 << (bit ^ USAGE_READ)))) !== 0
}

function follow(from: ReadonlySet<number>, path: readonly Dep[]): Set<number> {
  let at = new Set(from)
  for (const dep of path) {
    const next = new Set<number>()
    for (const key of dep.pairs) {
      const [held, wanted] = pairLocks(key)
      if (at.has(held)) next.add(wanted)
    }
    at = next
  }
  return at
}

/** Names of the instances that a finding speaks of: for the match with an actual deadlock. */
export function instancesOf(finding: Finding): string[] {
  const names = witnessOf(finding).flatMap((range) => [range.held, range.wanted])
  const held: Held[] = []
  if ('wanted' in finding) held.push(finding.wanted)
  if ('held' in finding) held.push(finding.held)
  return [...new Set([...names, ...held.map((one) => one.lock.name)])]
}

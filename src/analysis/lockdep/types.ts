/** The objects of the validator: locks, their classes, dependencies between classes. */
import type { LockType } from './lock-types.ts'
import type { Site } from './site.ts'

/** An instance: one lock of the run, or of a case. */
export interface Lock {
  readonly id: number
  readonly name: string
  readonly kind: string
  /** Text of the init call; with the kind it makes the class. */
  key: string
  /** By subclass, once used. */
  readonly classes: (LockClass | undefined)[]
  /** In which interrupt states writers and readers took it: a bit for each (held.ts, modeOf). */
  writeModes: number
  readModes: number
}

export function makeLock(id: number, name: string, kind: string, key: string): Lock {
  return { id, name, kind, key, classes: [], writeModes: 0, readModes: 0 }
}

export interface LockClass {
  /** Position in the registry, in order of first use. */
  readonly index: number
  /** As reports print it: with `#2` for a second class of one name, `/1` for a subclass. */
  readonly name: string
  /** The same on every run: kind, init text and subclass, without blanks. */
  readonly key: string
  readonly subclass: number
  readonly type: LockType
  /** Marks that searches look at; see usage.ts. */
  usage: number
  /** Marks that were reported as wrong: shown, but they spread no further reports. */
  badUsage: number
  /** Where each mark was first set, and behind these where it was used first. */
  readonly usageSites: (Site | undefined)[]
  /** Acquisitions. */
  ops: number
  /** Dependencies to locks taken while one of this class was held, and the reverse. */
  readonly after: Dep[]
  readonly before: Dep[]
  readonly locks: Lock[]
}

/** A dependency between two classes; kinds are added as they are seen. */
export interface Dep {
  readonly from: LockClass
  readonly to: LockClass
  /** DEP_ bits of graph.ts. */
  kinds: number
  /** 1: seen with nothing held in between. Kernel: lock_list.distance. */
  distance: number
  /** Where it was first seen. */
  readonly site: Site
  readonly sample: Range
  /** Pairs of instances that formed it; see pairKey() of graph.ts. */
  readonly pairs: Set<number>
  /** It was reported: a fact, but searches leave it out, so that one mistake gives one report. */
  readonly reported: boolean
}

/** Records of one context, from taking a lock to asking for the next. Times are ns. */
export interface Range {
  readonly context: string
  readonly held: string
  readonly fromRecord: number
  readonly fromTimeNs: number
  readonly wanted: string
  readonly toRecord: number
  readonly toTimeNs: number
}

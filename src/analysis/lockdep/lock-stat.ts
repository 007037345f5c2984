/**
 * How long each class was waited for and held, and where. Times are ns. A bounce is an operation on
 * another processor than where the lock was acquired last. The text is lock-stat-text.ts.
 * Kernel: kernel/locking/lockdep.c (__lock_contended, __lock_acquired, lock_release_holdtime), 6.1.
 * Differs: a point is what the context was doing, not an address; what is held at the end of the
 * run is not counted, as there.
 */
import { LOCK_READ_MASK, LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { type Fold, PerSymbol } from '../fold.ts'
import { ClassRegistry } from './classes.ts'
import { followFrames, frameKinds, frameName } from './frames.ts'
import { waitLevels } from './lock-types.ts'
import type { Frame } from './site.ts'
import { type Lock, type LockClass, makeLock } from './types.ts'

/** Kernel: struct lock_time; the buckets are ours. */
export interface LockTime {
  count: number
  minNs: number
  maxNs: number
  totalNs: number
  /** How many lasted how long: four buckets for each power of two, see bucketOf(). */
  readonly buckets: number[]
}

const LONGEST_NS = 2 ** 31 - 1

/** The bucket of a duration: a quarter of its power of two; 0 counts as 1, 2.1 s is the last. */
export function bucketOf(ns: number): number {
  const held = Math.min(LONGEST_NS, Math.max(1, ns))
  const octave = 31 - Math.clz32(held)
  return octave * 4 + Math.floor((held / 2 ** octave - 1) * 4)
}

/** Where a bucket begins, ns. */
export function bucketFromNs(bucket: number): number {
  return 2 ** Math.floor(bucket / 4) * (1 + (bucket % 4) / 4)
}

/** A place, and how often. Kernel: lock_class.contention_point. */
export interface LockPoint {
  readonly where: string
  count: number
}

/** Kernel: LOCKSTAT_POINTS. */
const POINTS_MAX = 4

/** Where a class was waited for, and where the holder had acquired it; the first four of each. */
export interface ClassPoints {
  readonly contention: LockPoint[]
  readonly contending: LockPoint[]
}

/** Of the readers or the writers of a class. */
export interface LockTimes {
  readonly name: string
  readonly read: boolean
  conBounces: number
  acqBounces: number
  readonly wait: LockTime
  readonly hold: LockTime
}

export interface LockStat extends LockTimes {
  readonly class: LockClass
  /** One object for the readers and the writers of a class. */
  readonly points: ClassPoints
}

interface Taken {
  readonly lock: Lock
  readonly stat: LockStat
  readonly where: string
  sinceNs: number
  waitedFromNs: number
  /** What the lock knew before, in case that it has to be waited for. */
  readonly before: LastAcquired
}

/** Kernel: lockdep_map.cpu and .ip. */
interface LastAcquired {
  readonly cpu: number
  readonly where: string
}

interface Instance {
  readonly lock: Lock
  last: LastAcquired
}

interface Holder {
  readonly ofGuest: boolean
  readonly name: string
  readonly list: Taken[]
  frames: Frame | null
}

/** Work item maps and RCU readers: they are held, but nothing acquires them. */
const NO_LOCKS: readonly string[] = ['map', 'rcu', 'rcu_bh', 'rcu_sched']

export class LockStatFold implements Fold<readonly LockStat[]> {
  readonly kinds = [
    T.lock_acquire,
    T.lock_contended,
    T.lock_acquired,
    T.lock_release,
    ...frameKinds,
  ]
  private readonly registry = new ClassRegistry(waitLevels(false))
  private readonly symbols: Symbols
  private readonly locks: PerSymbol<Instance>
  private readonly holders: PerSymbol<Holder>
  private readonly stats = new Map<string, LockStat>()

  constructor(symbols: Symbols) {
    this.symbols = symbols
    this.locks = new PerSymbol((id) => {
      const { name, kind, group } = symbols.entry('lock', id)
      const lock = makeLock(id, name, kind ?? 'map', group ?? name)
      return { lock, last: { cpu: -1, where: '' } }
    }, 'lock')
    this.holders = new PerSymbol((id) => {
      const { name, group } = symbols.entry('ctx', id)
      return { ofGuest: group !== 'host', name, list: [], frames: null }
    }, 'context')
  }

  record(r: TraceRecord): void {
    const holder = this.holders.get(r.context)
    if (!holder.ofGuest) return
    if (r.kind === T.lock_acquire) this.acquire(r, holder)
    else if (r.kind === T.lock_contended) this.contended(r, holder)
    else if (r.kind === T.lock_acquired) this.acquired(r, holder)
    else if (r.kind === T.lock_release) this.release(r, holder)
    else holder.frames = followFrames(holder.frames, r)
  }

  /** By contentions of the class, then in order of first use; writers before readers. */
  finish(): readonly LockStat[] {
    const waits = new Map<LockClass, number>()
    for (const stat of this.stats.values()) {
      waits.set(stat.class, (waits.get(stat.class) ?? 0) + stat.wait.count)
    }
    const waited = (stat: LockStat): number => waits.get(stat.class) ?? 0
    return [...this.stats.values()].sort((a, b) => {
      if (a.class === b.class) return Number(a.read) - Number(b.read)
      return waited(b) - waited(a) || a.class.index - b.class.index
    })
  }

  /** A lock that is free is acquired at once; nothing tells so but that no wait follows. */
  private acquire(r: TraceRecord, { list, frames, name }: Holder): void {
    const instance = this.locks.get(r.a)
    const { lock, last: before } = instance
    const stat = this.statOf(lock, r.b, r.c)
    const where = frames === null ? name : frameName(this.symbols, frames)
    list.push({ lock, stat, where, sinceNs: r.timeNs, waitedFromNs: -1, before })
    const isAcquired = (r.b & LOCK_TRYLOCK) === 0 && !NO_LOCKS.includes(lock.kind)
    if (isAcquired) moveTo(instance, stat, r.cpu, where)
  }

  private contended(r: TraceRecord, { list }: Holder): void {
    const instance = this.locks.get(r.a)
    const one = list.findLast((other) => other.lock === instance.lock)
    if (one === undefined) return
    const { stat, before } = one
    one.waitedFromNs = r.timeNs
    if (before.cpu !== r.cpu) {
      stat.acqBounces--
      stat.conBounces++
    }
    instance.last = before
    note(stat.points.contention, one.where)
    note(stat.points.contending, before.where)
  }

  private acquired(r: TraceRecord, { list }: Holder): void {
    const instance = this.locks.get(r.a)
    const one = list.findLast((other) => other.lock === instance.lock)
    if (one === undefined) return
    if (one.waitedFromNs >= 0) add(one.stat.wait, r.timeNs - one.waitedFromNs)
    one.sinceNs = r.timeNs
    moveTo(instance, one.stat, r.cpu, one.where)
  }

  private release(r: TraceRecord, { list }: Holder): void {
    const { lock } = this.locks.get(r.a)
    const at = list.findLastIndex((other) => other.lock === lock)
    const one = list[at]
    if (one === undefined) return
    add(one.stat.hold, r.timeNs - one.sinceNs)
    list.splice(at, 1)
  }

  private statOf(lock: Lock, flags: number, subclass: number): LockStat {
    const of = this.registry.of(lock, subclass)
    const read = (flags & LOCK_READ_MASK) !== 0
    const keyOf = (reads: boolean): string => `${of.index} ${reads}`
    const known = this.stats.get(keyOf(read))
    if (known !== undefined) return known
    const none = (): LockTime => ({ count: 0, minNs: 0, maxNs: 0, totalNs: 0, buckets: [] })
    const points = this.stats.get(keyOf(!read))?.points ?? { contention: [], contending: [] }
    const counts = { conBounces: 0, acqBounces: 0, wait: none(), hold: none() }
    const made: LockStat = { name: of.name, class: of, read, points, ...counts }
    this.stats.set(keyOf(read), made)
    return made
  }
}

function moveTo(instance: Instance, stat: LockStat, cpu: number, where: string): void {
  if (instance.last.cpu !== cpu) stat.acqBounces++
  instance.last = { cpu, where }
}

function note(points: LockPoint[], where: string): void {
  // Nobody is known to have acquired it: the records begin later.
  if (where === '') return
  const known = points.find((one) => one.where === where)
  if (known !== undefined) known.count++
  else if (points.length < POINTS_MAX) points.push({ where, count: 1 })
}

function add(time: LockTime, ns: number): void {
  if (time.count === 0 || ns < time.minNs) time.minNs = ns
  if (ns > time.maxNs) time.maxNs = ns
  time.count++
  time.totalNs += ns
  const bucket = bucketOf(ns)
  while (time.buckets.length <= bucket) time.buckets.push(0)
  time.buckets[bucket] = (time.buckets[bucket] as number) + 1
}

/**
 * How long each class was waited for and held, in the shape of /proc/lock_stat version 0.4. Times
 * are ns in, microseconds with two decimals out. A bounce is an operation on another processor than
 * the last one of that lock. Kernel: kernel/locking/lockdep_proc.c (seq_stats).
 * Differs: no list of contention points; what is held at the end of the run is not counted.
 */
import { LOCK_READ_MASK } from '../../sim/lock-flags.ts'
import type { Symbols } from '../../sim/symbols.ts'
import { T, type TraceRecord } from '../../sim/trace.ts'
import { type Fold, PerSymbol } from '../fold.ts'
import { ClassRegistry } from './classes.ts'
import { waitLevels } from './lock-types.ts'
import { type Lock, makeLock } from './types.ts'

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

export interface LockStat {
  readonly name: string
  readonly read: boolean
  conBounces: number
  acqBounces: number
  readonly wait: LockTime
  readonly hold: LockTime
}

interface Taken {
  readonly lock: Lock
  readonly stat: LockStat
  sinceNs: number
  waitedFromNs: number
  /** The lock was last with another processor. */
  readonly bounced: boolean
}

interface Instance {
  readonly lock: Lock
  cpu: number
}

export class LockStatFold implements Fold<readonly LockStat[]> {
  readonly kinds = [T.lock_acquire, T.lock_contended, T.lock_acquired, T.lock_release]
  private readonly registry = new ClassRegistry(waitLevels(false))
  private readonly locks: PerSymbol<Instance>
  private readonly taken: PerSymbol<{ readonly ofGuest: boolean; readonly list: Taken[] }>
  private readonly stats = new Map<string, LockStat>()

  constructor(symbols: Symbols) {
    this.locks = new PerSymbol((id) => {
      const { name, kind, group } = symbols.entry('lock', id)
      return { lock: makeLock(id, name, kind ?? 'map', group ?? name), cpu: -1 }
    }, 'lock')
    this.taken = new PerSymbol((id) => {
      return { ofGuest: symbols.entry('ctx', id).group !== 'host', list: [] }
    }, 'context')
  }

  record(r: TraceRecord): void {
    const { ofGuest, list } = this.taken.get(r.context)
    if (!ofGuest) return
    const instance = this.locks.get(r.a)
    if (r.kind === T.lock_acquire) {
      const stat = this.statOf(instance.lock, r.b, r.c)
      const bounced = instance.cpu !== r.cpu
      list.push({ lock: instance.lock, stat, sinceNs: r.timeNs, waitedFromNs: -1, bounced })
      if (bounced) stat.acqBounces++
      instance.cpu = r.cpu
      return
    }
    const at = list.findLastIndex((one) => one.lock === instance.lock)
    const one = list[at]
    if (one === undefined) return
    if (r.kind === T.lock_contended) {
      one.waitedFromNs = r.timeNs
      if (one.bounced) one.stat.conBounces++
    } else if (r.kind === T.lock_acquired) {
      if (one.waitedFromNs >= 0) add(one.stat.wait, r.timeNs - one.waitedFromNs)
      one.sinceNs = r.timeNs
    } else {
      add(one.stat.hold, r.timeNs - one.sinceNs)
      list.splice(at, 1)
    }
  }

  /** By contentions, most first; then in order of first use. */
  finish(): readonly LockStat[] {
    return [...this.stats.values()]
      .map((stat, at) => ({ stat, at }))
      .sort((a, b) => b.stat.wait.count - a.stat.wait.count || a.at - b.at)
      .map(({ stat }) => stat)
  }

  private statOf(lock: Lock, flags: number, subclass: number): LockStat {
    const { name } = this.registry.of(lock, subclass)
    const read = (flags & LOCK_READ_MASK) !== 0
    const key = read ? `${name}-R` : name
    const known = this.stats.get(key)
    if (known !== undefined) return known
    const none = (): LockTime => ({ count: 0, minNs: 0, maxNs: 0, totalNs: 0, buckets: [] })
    const made = { name, read, conBounces: 0, acqBounces: 0, wait: none(), hold: none() }
    this.stats.set(key, made)
    return made
  }
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

const NAME_WIDTH = 40
const COLUMN_WIDTH = 14
const COLUMNS = [
  'con-bounces',
  'contentions',
  'waittime-min',
  'waittime-max',
  'waittime-total',
  'waittime-avg',
  'acq-bounces',
  'acquisitions',
  'holdtime-min',
  'holdtime-max',
  'holdtime-total',
  'holdtime-avg',
]

export function procLockStat(stats: readonly LockStat[]): string {
  const ruler = '-'.repeat(NAME_WIDTH + 1 + COLUMNS.length * (COLUMN_WIDTH + 1))
  const heads = ['class name'.padStart(NAME_WIDTH), ...COLUMNS.map(column)]
  const lines = stats.filter((one) => one.hold.count > 0).map((one) => statLine(one, stats))
  return ['lock_stat version 0.4', ruler, heads.join(' '), ruler, '', ...lines, ''].join('\n')
}

/** With `-R` and `-W` where a class has readers, as the kernel prints both. */
function statLine(one: LockStat, all: readonly LockStat[]): string {
  const hasReaders = all.some((other) => other.read && other.name === one.name)
  const suffix = one.read ? '-R' : hasReaders ? '-W' : ''
  const width = NAME_WIDTH - suffix.length
  const cells = [
    String(one.conBounces),
    ...timeCells(one.wait),
    String(one.acqBounces),
    ...timeCells(one.hold),
  ]
  return `${one.name.slice(0, width).padStart(width)}${suffix}:${cells.map(column).join(' ')}`
}

function timeCells({ count, minNs, maxNs, totalNs }: LockTime): string[] {
  const avg = count === 0 ? 0 : Math.floor(totalNs / count)
  return [String(count), micro(minNs), micro(maxNs), micro(totalNs), micro(avg)]
}

/** Microseconds with two decimals, rounded as the kernel does. */
function micro(ns: number): string {
  const hundredths = Math.floor((ns + 5) / 10)
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
}

function column(text: string): string {
  return text.padStart(COLUMN_WIDTH)
}

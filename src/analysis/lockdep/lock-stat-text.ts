/**
 * The shape of /proc/lock_stat, version 0.4. Times are ns in, microseconds with two decimals out.
 * Kernel: lockdep_proc.c (seq_header, seq_stats), Documentation/locking/lockstat.rst.
 * Differs: in place of an address stands a hash of the place, as a kernel prints %p.
 */
import { hash32 } from '../../base/hash.ts'
import type { LockPoint, LockStat, LockTime } from './lock-stat.ts'
import type { LockClass } from './types.ts'

const NAME_WIDTH = 40
const COLUMN_WIDTH = 14
const POINT_WIDTH = 29
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
const WIDTH = NAME_WIDTH + 1 + COLUMNS.length * (COLUMN_WIDTH + 1)

/** `disabled`: the validator stopped at a report (debug_locks). */
export function procLockStat(stats: readonly LockStat[], disabled = false): string {
  const ruler = '-'.repeat(WIDTH)
  const heads = ['class name'.padStart(NAME_WIDTH), ...COLUMNS.map(column)]
  const warning = disabled ? [WARNING] : []
  const classes = [...new Set(stats.map((one) => one.class))]
  const lines = classes.flatMap((of) => classLines(stats.filter((one) => one.class === of)))
  const head = ['lock_stat version 0.4', ...warning, ruler, heads.join(' '), ruler, '']
  return [...head, ...lines, ''].join('\n')
}

const WARNING = '*WARNING* lock debugging disabled!! - possibly due to a lockdep warning'

/** Writers and readers of one class, then where it was waited for, then what it waited for. */
function classLines(stats: readonly LockStat[]): string[] {
  const used = stats.filter((one) => one.hold.count > 0)
  const [first] = stats
  if (first === undefined) return []
  const hasReaders = used.some((one) => one.read)
  const lines = used.map((one) => statLine(one, hasReaders))
  if (stats.every((one) => one.wait.count === 0)) return lines
  const name = shownName(first.class)
  const { contention, contending } = first.points
  const points = [contention, contending].flatMap((list) => pointLines(name, hasReaders, list))
  return [...lines, ...points, '', '.'.repeat(WIDTH), '']
}

/** With `-R` and `-W` where a class has readers. */
function statLine(one: LockStat, hasReaders: boolean): string {
  const suffix = one.read ? '-R' : hasReaders ? '-W' : ''
  const name = shownName(one.class).padStart(NAME_WIDTH - suffix.length)
  const cells = [
    String(one.conBounces),
    ...timeCells(one.wait),
    String(one.acqBounces),
    ...timeCells(one.hold),
  ]
  return `${name}${suffix}:${cells.map(column).join(' ')}`
}

/** The name leaves room for `#2`, `/1` and `-R`; longer ones are cut before these. */
function shownName({ name }: LockClass): string {
  const [, text = name, tail = ''] = /^(.*?)((?:#\d+)?(?:\/\d)?)$/.exec(name) ?? []
  return text.slice(0, NAME_MAX - tail.length) + tail
}

const NAME_MAX = 37

function pointLines(name: string, hasReaders: boolean, points: readonly LockPoint[]): string[] {
  if (points.length === 0) return []
  const length = name.length + (hasReaders ? 2 : 0)
  const ruler = ' '.repeat(NAME_WIDTH - length) + '-'.repeat(length)
  return [ruler, ...points.map((one) => pointLine(name, one))]
}

function pointLine(name: string, { where, count }: LockPoint): string {
  const address = `[<${hash32(where).toString(16).padStart(16, '0')}>]`
  const cells = [name.padStart(NAME_WIDTH), column(String(count)), address.padStart(POINT_WIDTH)]
  return `${cells.join(' ')} ${where}`
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

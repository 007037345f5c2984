/**
 * /proc/lock_stat 0.4, read back by a decoder written from Documentation/locking/lockstat.rst: what
 * each column means, the header, `-W` and `-R`, contention points behind short rulers.
 */
import { describe, expect, it } from 'vitest'
import { foldStore } from '../../../../src/analysis/fold.ts'
import { LockStatFold } from '../../../../src/analysis/lockdep/lock-stat.ts'
import { procLockStat } from '../../../../src/analysis/lockdep/lock-stat-text.ts'
import { LOCK_READ, LOCK_TRYLOCK } from '../../../../src/sim/lock-flags.ts'
import type { RecordName } from '../../../../src/sim/trace-kinds.ts'
import { type ContextName, RecordScript } from '../../../support/record-script.ts'

interface Row {
  readonly name: string
  readonly numbers: Record<string, number>
  /** Lists behind short rulers: places that waited, places of the holders. */
  readonly points: [count: number, symbol: string][][]
}

/** Names of the columns, as the page lists them. */
const COLUMNS = [
  'con-bounces',
  'contentions',
  ...['waittime-min', 'waittime-max', 'waittime-total', 'waittime-avg'],
  'acq-bounces',
  'acquisitions',
  ...['holdtime-min', 'holdtime-max', 'holdtime-total', 'holdtime-avg'],
]

function decode(text: string): Row[] {
  const [version, ruler = '', heads = '', second, blank, ...lines] = text.split('\n')
  expect([version, blank]).toEqual(['lock_stat version 0.4', ''])
  expect(ruler).toMatch(/^-{221}$/)
  expect(second).toBe(ruler)
  expect(heads.trim().split(/ {2,}| (?=\S+-)/)).toEqual(['class name', ...COLUMNS])
  const rows: Row[] = []
  for (const line of lines) {
    const last = rows.at(-1)
    if (line === '' || /^\.{221}$/.test(line)) continue
    if (/^ +-+$/.test(line)) {
      expect(line).toHaveLength(40)
      last?.points.push([])
    } else if (line.includes('[<')) {
      expect(line.slice(40)).toMatch(/^ .{14} .{29} \S/)
      const [, count, symbol = ''] = /^ *\S.*? +(\d+) +\[<[0-9a-f]{16}>\] (.*)$/.exec(line) ?? []
      last?.points.at(-1)?.push([Number(count), symbol])
    } else {
      expect(line[40]).toBe(':')
      // Every column ends where its heading does.
      const cells = COLUMNS.map((_, at) => line.slice(41 + at * 15, 41 + at * 15 + 14))
      const numbers = COLUMNS.map((name, at) => [name, Number(cells[at])] as const)
      rows.push({
        name: line.slice(0, 40).trim(),
        numbers: Object.fromEntries(numbers),
        points: [],
      })
    }
  }
  return rows
}

type Step = readonly [timeNs: number, cpu: number, ContextName, RecordName, ...number[]]

function statOf(...steps: Step[]): Row[] {
  const script = new RecordScript()
  script.symbols.define('lock', { name: 'a', kind: 'rwlock', group: '&a->lock' })
  script.symbols.define('lock', { name: 'b', kind: 'mutex', group: '&b->mutex' })
  script.symbols.define('lock', { name: 'w', kind: 'map', group: '(work_completion)(&w)' })
  const long = 'x'.repeat(60)
  script.symbols.define('lock', { name: 'l', kind: 'mutex', group: long })
  script.symbols.define('lock', { name: 'm', kind: 'spinlock', group: long })
  for (const [timeNs, cpu, context, what, ...args] of steps) {
    script.cpu = cpu
    script.add(timeNs, context, what, ...args)
  }
  return decode(procLockStat(foldStore(script.store, new LockStatFold(script.symbols), 0)))
}

describe('/proc/lock_stat', () => {
  it('counts and times of a lock that was waited for', () => {
    const rows = statOf(
      [0, 0, 'aplay', 'syscall_enter', 0, 12, 0],
      [1_000, 0, 'aplay', 'lock_acquire', 1, 0, 0],
      [1_500, 1, 'kworker', 'lock_acquire', 1, 0, 0],
      [1_500, 1, 'kworker', 'lock_contended', 1],
      [3_000, 0, 'aplay', 'lock_release', 1],
      [4_004, 1, 'kworker', 'lock_acquired', 1],
      [5_000, 1, 'kworker', 'lock_release', 1],
      [6_000, 1, 'kworker', 'lock_acquire', 1, 0, 0],
      [6_100, 1, 'kworker', 'lock_release', 1],
    )
    expect(rows).toEqual([
      {
        name: '&b->mutex',
        numbers: {
          'con-bounces': 1,
          contentions: 1,
          'waittime-min': 2.5,
          'waittime-max': 2.5,
          'waittime-total': 2.5,
          'waittime-avg': 2.5,
          'acq-bounces': 2,
          acquisitions: 3,
          'holdtime-min': 0.1,
          'holdtime-max': 2,
          'holdtime-total': 3.1,
          'holdtime-avg': 1.03,
        },
        points: [[[1, 'kworker']], [[1, 'status()']]],
      },
    ])
  })
  it('readers and writers of a class on lines of their own, side by side', () => {
    const pair = (at: number, how: number): Step[] => [
      [at, 0, 'aplay', 'lock_acquire', 0, how, 0],
      [at + 10, 0, 'aplay', 'lock_release', 0],
    ]
    const other: Step[] = [
      [50, 0, 'aplay', 'lock_acquire', 1, 0, 0],
      [60, 0, 'aplay', 'lock_release', 1],
    ]
    const names = (...steps: Step[]) => statOf(...steps).map((row) => row.name)
    expect(names(...pair(0, LOCK_READ), ...other, ...pair(100, 0))).toEqual([
      '&a->lock-W',
      '&a->lock-R',
      '&b->mutex',
    ])
    expect(names(...pair(0, 0))).toEqual(['&a->lock'])
  })
  it('most contentions first; subclasses; what is no lock bounces nowhere', () => {
    const [first, ...rest] = statOf(
      [0, 0, 'aplay', 'lock_acquire', 2, 0, 0],
      [1, 0, 'aplay', 'lock_acquire', 0, 0, 0],
      [2, 0, 'aplay', 'lock_release', 0],
      [3, 0, 'aplay', 'lock_release', 2],
      [4, 0, 'aplay', 'lock_acquire', 1, LOCK_TRYLOCK, 0],
      [5, 0, 'aplay', 'lock_release', 1],
      [6, 0, 'aplay', 'lock_acquire', 1, 0, 1],
      [6, 0, 'aplay', 'lock_contended', 1],
      [7, 0, 'aplay', 'lock_acquired', 1],
      [8, 0, 'aplay', 'lock_release', 1],
    )
    expect(first).toMatchObject({ name: '&b->mutex/1', numbers: { contentions: 1 } })
    const bounces = Object.fromEntries(rest.map((row) => [row.name, row.numbers['acq-bounces']]))
    expect(bounces).toEqual({ '(work_completion)(&w)': 0, '&a->lock': 1, '&b->mutex': 0 })
  })
  it('cuts long names before what tells classes apart', () => {
    const use = (lock: number, sub: number): Step[] => [
      [lock * 10, 0, 'aplay', 'lock_acquire', lock, 0, sub],
      [lock * 10 + 1, 0, 'aplay', 'lock_release', lock],
    ]
    const names = statOf(...use(3, 0), ...use(4, 0), ...use(4, 1)).map((row) => row.name)
    expect(names).toEqual(['x'.repeat(37), `${'x'.repeat(35)}#2`, `${'x'.repeat(33)}#2/1`])
  })
  it('says when the validator is off', () => {
    const [, warning] = procLockStat([], true).split('\n')
    expect(warning).toMatch(/^\*WARNING\* lock debugging disabled!!/)
  })
})

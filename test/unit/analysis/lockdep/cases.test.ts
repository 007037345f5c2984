/**
 * The cases of test/data/lockdep-cases.jsonl: operation lists of the kernel's own locking self-test
 * (lib/locking-selftest.c) with its verdicts, a copy of the project's data/lockdep-cases.jsonl.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { judgeCase, type LockCase } from '../../../../src/analysis/lockdep/cases.ts'
import { expectGolden } from '../../../support/golden.ts'

interface Expected extends LockCase {
  readonly expect: 'clean' | 'report'
}

const file = new URL('../../../data/lockdep-cases.jsonl', import.meta.url)
const cases = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Expected)

/** Written from the rules of domain/lockdep.md, each with the kind of its first report or clean. */
const rules = readFileSync(new URL('../../../data/lockdep-rules.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as LockCase & { expect: string; title: string })

const judge = (...ops: LockCase['ops']) => judgeCase({ name: 'test', classes: {}, ops })

describe("the kernel's self-test", () => {
  it('has 213 cases', () => {
    expect(cases).toHaveLength(213)
  })
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect(judgeCase(one).verdict).toBe(one.expect)
  })
  it('texts of the first report of each kind', () => {
    const texts = new Map<string, string>()
    for (const one of cases) {
      const { report } = judgeCase(one)
      if (report === null || texts.has(report.kind)) continue
      texts.set(report.kind, `### ${report.kind}: ${one.name}\n${report.text}\n`)
    }
    expectGolden('../data/lockdep-reports.txt', [...texts.values()].join('\n'))
  })
})

describe('the rules, one by one', () => {
  it.each(rules.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const { verdict, kind } = judgeCase(one)
    expect(kind ?? verdict, one.title).toBe(one.expect)
  })
})

describe('rules that the file does not reach', () => {
  it('a trylock depends on nothing, others depend on it', () => {
    const ab = [
      ['spin_lock', 'A'],
      ['spin_trylock', 'B'],
      ['spin_unlock', 'B'],
    ] as const
    const ba = [
      ['spin_unlock', 'A'],
      ['spin_lock', 'B'],
      ['spin_lock', 'A'],
    ] as const
    expect(judge(...ab, ...ba).verdict).toBe('clean')
    const after = [
      ['spin_unlock', 'A'],
      ['spin_unlock', 'B'],
    ] as const
    const tried = [['spin_trylock', 'B'], ['spin_lock', 'A'], ...after] as const
    expect(judge(...tried, ['spin_lock', 'A'], ['spin_lock', 'B']).kind).toBe('circular')
  })
  it('a subclass is a class; eight of them are too many', () => {
    const op = (sub: number) => ['spin_lock_nested', 'A', sub] as const
    expect(judge(op(0), op(1)).verdict).toBe('clean')
    expect(judge(op(0), op(1), ['spin_unlock', 'A'], ['spin_unlock', 'A'], op(1), op(0)).kind).toBe(
      'circular',
    )
    expect(judge(op(8)).kind).toBe('subclass')
  })
  it('a nest lock puts locks of one class in order, if it is held', () => {
    const classes = { A1: 'A', A2: 'A' }
    const ops = [
      ['mutex_lock_nest_lock', 'A1', 'N'],
      ['mutex_lock_nest_lock', 'A2', 'N'],
    ] as const
    const give = [
      ['mutex_unlock', 'A2'],
      ['mutex_unlock', 'A1'],
      ['mutex_unlock', 'N'],
    ] as const
    const held = [['mutex_lock', 'N'], ...ops, ...give] as const
    expect(judgeCase({ name: 'nest', classes, ops: held }).verdict).toBe('clean')
    const early = [['mutex_lock', 'N'], ['mutex_unlock', 'N'], ...ops] as const
    expect(judgeCase({ name: 'nest', classes, ops: early }).kind).toBe('nest-lock')
  })
  it('48 locks are too many', () => {
    const ops = Array.from({ length: 48 }, (_, at) => ['spin_lock', `L${at}`] as const)
    expect(judge(...ops.slice(1)).verdict).toBe('clean')
    expect(judge(...ops).kind).toBe('depth')
  })
  it('a release in the middle leaves the dependency of its neighbours', () => {
    const ops = [
      ['spin_lock', 'A'],
      ['spin_lock', 'B'],
      ['spin_lock', 'C'],
    ] as const
    const rest = [
      ['spin_unlock', 'C'],
      ['spin_unlock', 'A'],
    ] as const
    const wrong = [
      ['spin_lock', 'C'],
      ['spin_lock', 'A'],
    ] as const
    expect(judge(...ops, ['spin_unlock', 'B'], ...rest, ...wrong).kind).toBe('circular')
  })
  it('a strong path behind a weak one to the same class counts', () => {
    const pair = (a: string, b: string, ...forms: [string, string]): LockCase['ops'] => [
      [forms[0], a],
      [forms[1], b],
      [forms[1] === 'write_lock' ? 'write_unlock' : 'read_unlock', b],
      [forms[0] === 'write_lock' ? 'write_unlock' : 'read_unlock', a],
    ]
    const verdict = judge(
      ...pair('N', 'X', 'write_lock', 'read_lock_recursive'),
      ...pair('N', 'Y', 'write_lock', 'write_lock'),
      ...pair('Y', 'X', 'write_lock', 'write_lock'),
      ...pair('X', 'P', 'read_lock_recursive', 'write_lock'),
      ...pair('P', 'N', 'write_lock', 'write_lock'),
    )
    expect(verdict.kind).toBe('circular')
  })
  it('the forms that change interrupts do so around the lock', () => {
    const inIrq = [['local_irq_disable'], ['hardirq_enter'], ['hardirq_threaded']] as const
    const take = [
      ['spin_lock', 'A'],
      ['spin_unlock', 'A'],
    ] as const
    const out = [['hardirq_exit'], ['local_irq_enable']] as const
    const safe = [
      ['spin_lock_irqsave', 'A'],
      ['spin_unlock_irqrestore', 'A'],
    ] as const
    expect(judge(...inIrq, ...take, ...out, ...safe).verdict).toBe('clean')
    expect(judge(...inIrq, ...take, ...out, ...take).kind).toBe('inconsistent')
    const bh = [
      ['spin_lock_bh', 'A'],
      ['spin_unlock_bh', 'A'],
    ] as const
    expect(judge(...inIrq, ...take, ...out, ...bh).kind).toBe('inconsistent')
  })
  it('flushing a work item under a lock that the item takes', () => {
    const run = [
      ['lock_map_acquire', 'W'],
      ['mutex_lock', 'L'],
      ['mutex_unlock', 'L'],
    ] as const
    const flush = [
      ['lock_map_release', 'W'],
      ['mutex_lock', 'L'],
      ['flush_work', 'W'],
    ] as const
    expect(judge(...run, ...flush).kind).toBe('circular')
    expect(judge(['lock_map_acquire', 'W'], ['flush_work', 'W']).kind).toBe('recursive')
  })
  it('memory of a held lock', () => {
    expect(judge(['mutex_lock', 'A'], ['kfree', 'A']).kind).toBe('held-freed')
    expect(judge(['mutex_lock', 'A'], ['mutex_unlock', 'A'], ['kfree', 'A']).verdict).toBe('clean')
  })
})

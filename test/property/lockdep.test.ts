/**
 * The validator against the brute-force reference on random lock programs: the same first verdict
 * at the same operation. `npm run lock-programs` is 100,000; LOCKDEP_SEED chooses others. A
 * shrunk failure goes to test/data/lockdep-shrunk.jsonl.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CASE_OPTIONS, judgeCase, type LockCase } from '../../src/analysis/lockdep/cases.ts'
import { lockProgram } from '../support/lock-programs.ts'
import { Reference, type Verdict } from '../support/lock-reference.ts'

const runs = Number(process.env.LOCKDEP_RUNS ?? 20_000)
const seed = Number(process.env.LOCKDEP_SEED ?? 7)

const groups: Record<string, Verdict> = {
  inconsistent: 'irq',
  'irq-order': 'irq',
  'irq-inversion': 'irq',
}

function found(one: LockCase, small = false) {
  const { kind, op } = judgeCase(one, { ...CASE_OPTIONS, small })
  return kind === null ? null : { verdict: groups[kind] ?? kind, at: op }
}

function programText(one: LockCase): string {
  return JSON.stringify({ name: one.name, classes: one.classes, ops: one.ops })
}

describe('random lock programs', () => {
  it(`agree with the brute-force reference, ${runs} of them`, { timeout: 3_600_000 }, () => {
    const reached = new Map<string, number>()
    fc.assert(
      fc.property(lockProgram, (one) => {
        const expected = Reference.judge(one.classes, one.ops)
        const verdict = expected?.verdict ?? 'clean'
        reached.set(verdict, (reached.get(verdict) ?? 0) + 1)
        expect(found(one), programText(one)).toEqual(expected)
      }),
      { numRuns: runs, seed },
    )
    // The programs did reach every verdict.
    const verdicts = ['bad-unlock', 'circular', 'clean', 'irq', 'recursive', 'wait-context']
    expect([...reached.keys()].sort()).toEqual(verdicts)
  })

  it('agree without the dependencies that follow from others', () => {
    fc.assert(
      fc.property(lockProgram, (one) => {
        expect(found(one, true) === null, programText(one)).toBe(found(one) === null)
      }),
      { numRuns: Math.min(runs, 2_000), seed },
    )
  })

  it('that once disagreed', () => {
    const file = new URL('../data/lockdep-shrunk.jsonl', import.meta.url)
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    for (const line of lines) {
      const one = JSON.parse(line) as LockCase
      expect(found(one), line).toEqual(Reference.judge(one.classes, one.ops))
    }
  })
})

/**
 * The whole of the kernel's locking self-test (6.12), and that the given sample of it is
 * written as we write it: then the rest of the kernel's cases are too.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CASE_OPS } from '../../../../src/analysis/lockdep/case-ops.ts'
import { judgeCase } from '../../../../src/analysis/lockdep/cases.ts'
import { lockingSelfTest, type SelfTest } from '../../../support/locking-selftest.ts'

const all = lockingSelfTest()
const byName = new Map(all.map((one) => [one.name, one]))
const file = new URL('../../../data/lockdep-cases.jsonl', import.meta.url)
const given = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as SelfTest)

describe('the whole self-test', () => {
  it('knows each operation', () => {
    const names = new Set(all.flatMap(({ ops }) => ops.map(([op]) => op)))
    expect([...names].filter((name) => !CASE_OPS.has(name))).toEqual([])
  })
  it.each(given.map((one) => [one.name, one] as const))(
    'writes %s as the sample does',
    (_, one) => {
      const { name, classes, ops, expect: verdict } = one
      expect(byName.get(name)).toEqual({ name, classes, ops, expect: verdict })
    },
  )
  it.each(all.map((one) => [one.name, one] as const))('%s', (_, one) => {
    expect(judgeCase(one).verdict).toBe(one.expect)
  })
})

/**
 * The ladder of checks: the bracket holds the first differing record of any two runs, exactly
 * within the first 512 records, and within a 512th of its place beyond.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bracketOf, CheckLadder } from '../../../../src/analysis/bench/checks.ts'
import { Symbols } from '../../../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../../../src/sim/trace.ts'

interface Plain {
  readonly timeNs: number
  readonly kind: number
  readonly context: number
  readonly a: number
}

function ladderOf(records: readonly Plain[], names: readonly string[] = ['x', 'y', 'z']) {
  const symbols = new Symbols()
  for (const name of names) symbols.define('ctx', { name })
  for (const name of names) symbols.define('lock', { name: `${name}-lock` })
  const ladder = new CheckLadder(symbols)
  const r = new TraceRecord()
  records.forEach((one, index) => {
    Object.assign(r, one, { index, cpu: 0 })
    ladder.record(r)
  })
  return ladder
}

const kinds = [T.lock_acquire, T.lock_release, T.kvm_entry, T.sched_waking]

function run(length: number): Plain[] {
  return Array.from({ length }, (_, i) => ({
    timeNs: i * 1_000_003,
    kind: kinds[(i * 7) % kinds.length] as number,
    context: i % 3,
    a: (i >> 2) % 3,
  }))
}

describe('the ladder', () => {
  it('is equal for equal runs, whatever the numbers of their symbols', () => {
    const plain = run(2_000)
    const turned = plain.map((one) => {
      const a = one.kind === T.kvm_entry ? one.a : 2 - one.a
      return { ...one, context: 2 - one.context, a }
    })
    const ladder = ladderOf(plain)
    expect(bracketOf(ladder.text(), ladderOf(turned, ['z', 'y', 'x']))).toBeNull()
  })

  it('finds the first difference, wherever it is and whatever differs', () => {
    const plain = run(12_000)
    const before = ladderOf(plain).text()
    fc.assert(
      fc.property(fc.nat(11_999), fc.constantFrom('timeNs', 'kind', 'context', 'a'), (at, key) => {
        const old = plain[at] as Plain
        // An argument of a kind without any is not part of a record.
        fc.pre(!(key === 'a' && old.kind === T.kvm_entry))
        const changed = [...plain]
        const value = key === 'kind' ? T.irq_handler_exit : key === 'timeNs' ? old.timeNs + 1 : 0
        const other = key === 'context' || key === 'a' ? (old[key] + 1) % 3 : value
        changed[at] = { ...old, [key]: other }
        const found = bracketOf(before, ladderOf(changed))
        expect(found).not.toBeNull()
        const after = found?.after ?? 0
        const upTo = found?.upTo ?? 11_999
        expect(after).toBeLessThan(at)
        expect(upTo).toBeGreaterThanOrEqual(at)
        expect(upTo - after).toBeLessThanOrEqual(Math.max(1, 1 + at / 512))
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  it('says of a run that is only shorter or longer where it leaves', () => {
    const plain = run(300)
    const ladder = ladderOf(plain)
    expect(bracketOf(ladder.text(), ladderOf(plain.slice(0, 200)))).toEqual({
      after: 199,
      upTo: null,
    })
    const shorter = ladderOf(plain.slice(0, 200)).text()
    expect(bracketOf(shorter, ladder)).toEqual({ after: 199, upTo: 200 })
  })

  it('is small', () => {
    // 512 + 512 ln(100,000 / 512) places, two characters each, and the new shapes.
    expect(ladderOf(run(100_000)).text().length).toBeLessThan(2 * 3_300)
  })
})

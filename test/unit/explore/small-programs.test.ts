/**
 * Exploration of small programs against closed forms and brute force, and the small concurrency
 * bugs of the literature: each found, shrunk and replayed.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exploreTraces } from '../../../src/explore/dpor.ts'
import { exploreAll } from '../../../src/explore/exhaustive.ts'
import { pct } from '../../../src/explore/pct.ts'
import { shrinkSchedule } from '../../../src/explore/shrink-schedule.ts'
import { BLIND, type System } from '../../../src/explore/system.ts'
import { Req } from '../../../src/sim/process.ts'
import {
  formatSchedule,
  parseSchedule,
  replay,
  type Schedule,
  SteeredPolicy,
} from '../../../src/sim/schedule.ts'
import {
  abba,
  bankTransfer,
  doubleCheckedFlag,
  independent,
  type Line,
  lostWakeUp,
  philosophers,
  readerWriterReader,
  straightLines,
  system,
} from '../../support/small-programs.ts'

const runsMax = 1_000_000

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1)
}

describe('exhaustive exploration', () => {
  it.each([
    [2, 2],
    [2, 5],
    [3, 2],
    [3, 3],
    [4, 2],
  ])('runs every interleaving of %i independent programs of %i steps once', (n, k) => {
    const { runs, complete } = exploreAll(independent(n, k), { runsMax })
    expect({ runs, complete }).toEqual({
      runs: factorial(n * k) / factorial(k) ** n,
      complete: true,
    })
  })

  it('counts the interleavings of two programs with at most c preemptions', () => {
    // Of two programs of k steps: sum over the switches s of C(k-1, ...)^2, done by brute force.
    for (const preemptions of [0, 1, 2, 3]) {
      const { runs } = exploreAll(independent(2, 4), { preemptions, runsMax })
      expect(runs).toBe(countByPreemptions(4, preemptions))
    }
  })

  it('says that it stopped at its limit', () => {
    const { runs, complete } = exploreAll(independent(3, 3), { runsMax: 10 })
    expect({ runs, complete }).toEqual({ runs: 10, complete: false })
  })
})

/**
 * Words of two letters, k of each, with at most c switches away from a letter that is not used up.
 */
function countByPreemptions(k: number, c: number): number {
  const walk = (a: number, b: number, last: number, left: number): number => {
    if (left < 0) return 0
    if (a === 0 && b === 0) return 1
    const viaA = a === 0 ? 0 : walk(a - 1, b, 0, left - (last === 1 && b > 0 ? 1 : 0))
    const viaB = b === 0 ? 0 : walk(a, b - 1, 1, left - (last === 0 && a > 0 ? 1 : 0))
    return viaA + viaB
  }
  return walk(k, k, -1, c)
}

/** Mazurkiewicz traces of straight-line programs: distinct orders of the conflicting pairs. */
function bruteForceTraces(lines: readonly Line[]): number {
  const seen = new Set<string>()
  const at = lines.map(() => 0)
  const word: [process: number, step: number][] = []
  const visit = (): void => {
    let ended = true
    for (const [p, line] of lines.entries()) {
      const step = at[p] as number
      if (step === line.length) continue
      ended = false
      at[p] = step + 1
      word.push([p, step])
      visit()
      word.pop()
      at[p] = step
    }
    if (ended) seen.add(signature(word, lines))
  }
  visit()
  return seen.size
}

function stepOf(lines: readonly Line[], process: number, step: number): Line[number] {
  return (lines[process] as Line)[step] as Line[number]
}

function signature(word: readonly (readonly [number, number])[], lines: readonly Line[]): string {
  const pairs: string[] = []
  for (const [i, [p, s]] of word.entries()) {
    for (const [q, t] of word.slice(i + 1)) {
      const [a, aWrites] = stepOf(lines, p, s)
      const [b, bWrites] = stepOf(lines, q, t)
      if (p !== q && a === b && (aWrites || bWrites)) pairs.push(`${p}.${s}<${q}.${t}`)
    }
  }
  return pairs.toSorted().join(' ')
}

describe('partial-order reduction', () => {
  const step = fc.tuple(fc.nat({ max: 2 }), fc.boolean())
  const line = fc.array(step, { minLength: 1, maxLength: 3 })

  it('runs each Mazurkiewicz trace exactly once', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 2, maxLength: 3 }), (lines) => {
        const { runs, complete } = exploreTraces(straightLines(lines, 3), { runsMax })
        expect(complete).toBe(true)
        expect(runs).toBe(bruteForceTraces(lines))
      }),
      { numRuns: 300, seed: 11 },
    )
  })

  it('runs independent programs once', () => {
    expect(exploreTraces(independent(4, 4), { runsMax }).runs).toBe(1)
  })
})

const bugs: readonly (readonly [name: string, program: System, what: string])[] = [
  ['lost wake-up', lostWakeUp, 'deadlock'],
  ['ABBA', abba, 'deadlock'],
  ['double-checked flag', doubleCheckedFlag, 'used before it was initialised'],
  ['bank transfer', bankTransfer, 'money was lost'],
  ['dining philosophers', philosophers(3), 'deadlock'],
  ['reader, writer, reader', readerWriterReader, 'deadlock'],
]

describe('bugs of the literature', () => {
  it.each(bugs)('%s: found by both searches, shrunk, replayed', (_, program, what) => {
    const all = exploreAll(program, { runsMax })
    const traces = exploreTraces(program, { runsMax })
    expect(all.complete && traces.complete).toBe(true)
    expect(traces.failures.map((one) => one.what)).toEqual([what])
    expect(all.failures.map((one) => one.what)).toEqual([what])
    expect(traces.runs).toBeLessThanOrEqual(all.runs)
    const [failing] = all.failures
    const fails = (one: Schedule): boolean => program(replay(one), BLIND) === what
    const least = shrinkSchedule(failing?.schedule as Schedule, fails)
    expect(fails(least)).toBe(true)
    for (let i = 0; i < least.ties.length; i++) {
      expect(fails({ holds: [], ties: least.ties.toSpliced(i, 1) })).toBe(false)
    }
    expect(parseSchedule(formatSchedule(least))).toEqual(least)
  })
})

describe('PCT', () => {
  /** Process i does its step i of the chain only if all before it were done: depth n. */
  const chain = (n: number, k: number): System =>
    system((world) => {
      let reached = 0
      for (let i = 0; i < n; i++) {
        world.start(function* () {
          for (let s = 0; s < k; s++) {
            if (s > 0) yield Req.POINT
            if (reached === n - 1 - i && s === Math.floor(k / 2)) reached++
          }
        })
      }
      return () => (reached === n ? 'planted' : null)
    })

  it.each([
    [2, 2, 4],
    [2, 2, 8],
    [3, 3, 3],
  ])('finds a bug of depth %i in %i processes of %i steps as often as its bound', (d, n, k) => {
    const program = chain(n, k)
    const steps = n * k
    const tries = 3000
    let found = 0
    for (let seed = 0; seed < tries; seed++) {
      const policy = new SteeredPolicy(pct({ seed, depth: d, events: steps }))
      if (program(policy, BLIND) === 'planted') found++
    }
    const bound = 1 / (n * steps ** (d - 1))
    // Three standard deviations of the estimate below the bound.
    const slack = 3 * Math.sqrt((bound * (1 - bound)) / tries)
    expect(found / tries).toBeGreaterThanOrEqual(bound - slack)
    expect(found).toBeGreaterThan(0)
  })
})

/**
 * Splitting against a process whose answer is known: the gambler's ruin. A walk goes up with
 * probability p, down with 1 - p, begins at `from` and ends at 0 or at `top`; with r = (1 - p) / p
 * it reaches the top with probability (r^from - 1) / (r^top - 1).
 */
import { describe, expect, it } from 'vitest'
import { firstBelow, type GapFall, leastGapNs } from '../../../src/analysis/ring-gap.ts'
import { Prng } from '../../../src/base/prng.ts'
import { meanInterval, meanOf, studentQuantile } from '../../../src/explore/sweep/intervals.ts'
import {
  type RunNearness,
  type SeededRun,
  type Splitting,
  type SplittingOptions,
  split,
} from '../../../src/explore/sweep/splitting.ts'

interface Walk {
  readonly up: number
  readonly from: number
  readonly top: number
}

function truth({ up, from, top }: Walk): number {
  const r = (1 - up) / up
  return (r ** from - 1) / (r ** top - 1)
}

/** A step takes 1 us; the gap is 1 ms for each step that is missing to the top. */
function walk({ up, from, top }: Walk, { seed, reseed }: SeededRun): RunNearness {
  const rng = new Prng(seed, 'walk')
  const falls: GapFall[] = []
  let at = from
  let best = from
  let change = 0
  for (let timeNs = 0; ; timeNs += 1000) {
    for (; (reseed[change]?.atNs ?? Number.POSITIVE_INFINITY) <= timeNs; change++) {
      rng.begin(reseed[change]?.seed ?? 0)
    }
    if (timeNs > 0) at += rng.unit() < up ? 1 : -1
    if (timeNs === 0 || at > best) {
      best = at
      falls.push({ fromNs: timeNs, gapNs: (top - at) * 1e6, untilNs: timeNs })
    }
    if (at === 0 || at === top) return { fails: at === top, falls }
  }
}

function estimate(process: Walk, options: SplittingOptions): Splitting {
  const search = split(options)
  let step = search.next()
  while (step.done !== true) step = search.next(step.value.map((run) => walk(process, run)))
  return step.value
}

function shares(process: Walk, name: string, count: number, particles = 50): readonly number[] {
  return Array.from({ length: count }, (_, i) => {
    const rng = new Prng(1, `${name}/${i}`)
    return estimate(process, { particles, killed: 5, runsMax: 1e6, rng }).share ?? -1
  })
}

describe('splitting', () => {
  const rare = { up: 0.3, from: 2, top: 18 }

  it('finds one in a million, and is right on the average', () => {
    expect(truth(rare)).toBeCloseTo(1.057e-6, 9)
    const found = shares(rare, 'rare', 400)
    const mean = meanOf(found)
    const error = Math.sqrt(meanOf(found.map((one) => (one - mean) ** 2)) / found.length)
    expect(Math.abs(mean - truth(rare))).toBeLessThan(3 * error)
    // Within 15 %: the test would see a factor that is left out at a single level.
    expect(error / truth(rare)).toBeLessThan(0.05)
  })
  it('with an interval that holds what it should, as often as it should', () => {
    let holding = 0
    for (let nth = 0; nth < 100; nth++) {
      const found = meanInterval(shares(rare, `interval ${nth}`, 10, 30), 0.95)
      if (found !== null && found.low <= truth(rare) && truth(rare) <= found.high) holding++
    }
    // Of 100 such intervals fewer than 88 hold with probability 0.001.
    expect(holding).toBeGreaterThanOrEqual(88)
  })
  it('agrees with counting where both are feasible, though levels are few', () => {
    const common = { up: 0.4, from: 1, top: 5 }
    const found = shares(common, 'common', 400)
    expect(Math.abs(meanOf(found) - truth(common))).toBeLessThan(0.005)
  })
  it('makes runs that can be made again, and says which', () => {
    const found = estimate(rare, { particles: 50, killed: 5, runsMax: 1e6, rng: new Prng(3, 'x') })
    expect(found.example?.reseed.length).toBeGreaterThan(0)
    expect(walk(rare, found.example as SeededRun).fails).toBe(true)
    const times = found.example?.reseed.map(({ atNs }) => atNs) ?? []
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
  it('says how far it came when the runs are used up, and gives no estimate', () => {
    const found = estimate(rare, { particles: 50, killed: 5, runsMax: 200, rng: new Prng(3, 'x') })
    expect(found.share).toBe(null)
    expect(found.runs).toBeLessThanOrEqual(200)
    expect(found.levelShare).toBeGreaterThan(truth(rare))
    expect(found.levelNs).toBeGreaterThan(0)
  })
  it('gives 0 when all particles are equal', () => {
    const search = split({ particles: 10, killed: 1, runsMax: 100, rng: new Prng(1, 'x') })
    const runs = search.next().value as readonly SeededRun[]
    const end = search.next(runs.map(() => ({ fails: false, falls: [] })))
    expect(end).toMatchObject({ done: true, value: { share: 0, runs: 10, example: null } })
  })
  it('keeps runs that fail without coming near', () => {
    const search = split({ particles: 4, killed: 1, runsMax: 100, rng: new Prng(1, 'x') })
    const runs = search.next().value as readonly SeededRun[]
    const end = search.next(runs.map((_, i) => ({ fails: i === 0, falls: [] })))
    expect(end).toMatchObject({ done: true, value: { share: 0.25, runs: 4, plainFailing: 1 } })
  })
})

describe('the least gap', () => {
  const falls = [
    { fromNs: 100, gapNs: 50, untilNs: 120 },
    { fromNs: 200, gapNs: 90, untilNs: 400 },
  ]
  it('is that of the last fall, and was passed at a nanosecond', () => {
    expect(leastGapNs(falls)).toBe(0)
    expect(leastGapNs(falls.slice(0, 1))).toBe(30)
    expect(leastGapNs([])).toBe(Number.POSITIVE_INFINITY)
    expect(firstBelow(falls, 60)).toBe(100)
    expect(firstBelow(falls, 50)).toBe(101)
    expect(firstBelow(falls, 31)).toBe(120)
    expect(firstBelow(falls, 30)).toBe(261)
    expect(firstBelow(falls, 1)).toBe(290)
    expect(firstBelow(falls, 0)).toBe(null)
  })
})

describe("Student's quantiles", () => {
  it('are those of the tables', () => {
    const table: readonly (readonly [n: number, p: number, t: number])[] = [
      [2, 0.05, 4.3027],
      [3, 0.05, 3.1824],
      [4, 0.001, 8.6103],
      [9, 0.05, 2.2622],
      [9, 0.01, 3.2498],
      [9, 0.001, 4.7809],
      [29, 0.05, 2.0452],
      [120, 0.05, 1.9799],
    ]
    for (const [n, p, t] of table) expect(studentQuantile(n, p)).toBeCloseTo(t, 3)
  })
})

/** Quantiles, the distance of Kolmogorov and Smirnov, the correction of prices. */
import { describe, expect, it } from 'vitest'
import {
  between,
  type Fitted,
  ksOf,
  LEVELS,
  lognormalOf,
  quantile,
} from '../../../src/import/fit.ts'
import { fittedTo } from '../../../src/import/fit-rounds.ts'
import type { GuestEvent } from '../../../src/import/guest-event.ts'
import { chosen, partOf } from '../../../src/import/part.ts'
import {
  outside,
  type Samples,
  STAGE_NAMES,
  stagesOf,
  warmUps,
} from '../../../src/import/stages.ts'

const nothing = Object.fromEntries(STAGE_NAMES.map((name) => [name, []])) as unknown as Samples
const wakes = (of: readonly number[]): Samples => ({
  ...nothing,
  wake: of.map((ns, i) => ({ atNs: i, ns })),
})
const ramp = (from: number, step: number): number[] =>
  Array.from({ length: 1000 }, (_, i) => from + i * step)

describe('fit', () => {
  it('quantiles are by nearest rank', () => {
    expect([0, 0.5, 0.9, 0.99, 1].map((q) => quantile(ramp(1, 1), q))).toEqual([
      1, 500, 900, 990, 1000,
    ])
  })

  it('KS: none between equal samples, all between separate ones, half between shifted ones', () => {
    expect(ksOf(ramp(0, 1), ramp(0, 1))?.distance).toBe(0)
    expect(ksOf(ramp(0, 1), ramp(5000, 1))?.distance).toBe(1)
    expect(ksOf(ramp(0, 1), ramp(500, 1))?.distance).toBeCloseTo(0.5, 2)
    // 1.358 * sqrt(2 / 1000), as in the tables for 5 %.
    expect(ksOf(ramp(0, 1), ramp(0, 1))?.limit).toBeCloseTo(0.0607, 3)
    expect(ksOf([], [1])).toBeNull()
  })

  it('a lognormal sample is known as one, two clusters are not', () => {
    // exp(0.5 z) at the normal quantiles of 1/8 .. 7/8, by table, 20 times each.
    const z = [-1.1503, -0.6745, -0.3186, 0, 0.3186, 0.6745, 1.1503]
    const values = z.flatMap((one) => new Array<number>(20).fill(1e5 * Math.exp(0.5 * one)))
    const found = lognormalOf(values)
    expect(found?.medianNs).toBe(1e5)
    expect(found?.sigma).toBeCloseTo(0.5 * Math.sqrt(z.reduce((s, x) => s + x * x, 0) / 7), 3)
    const two = [...new Array<number>(100).fill(1e4), ...new Array<number>(99).fill(1e6)]
    const far = lognormalOf(two)
    expect(far?.ks.distance).toBeGreaterThan(far?.ks.limit ?? 1)
  })

  it('between two values a quantile is on the straight line, beyond them the last one', () => {
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => between([10, 20], q))).toEqual([10, 10, 15, 20, 20])
  })

  const priceAt = (prices: readonly number[], share: number): number => {
    const i = Math.max(
      1,
      LEVELS.findIndex((level) => level >= share),
    )
    const [from, to] = [LEVELS[i - 1] as number, LEVELS[i] as number]
    const [low, high] = [prices[i - 1] ?? 0, prices[i] ?? 0]
    return low + ((high - low) * (share - from)) / (to - from)
  }

  // A model of one stage: what it takes at each share without the knob, and the knob's price.
  const model = (bare: (share: number) => number, times = 1) => {
    return ({ wake = [] }: Fitted): Samples => {
      const shares = Array.from({ length: 500 }, (_, i) => (i + 0.5) / 500)
      return wakes(shares.map((share) => bare(share) + times * priceAt(wake, share)))
    }
  }
  const median = (fitted: Fitted, of: (fitted: Fitted) => Samples): number =>
    between(
      of(fitted)
        .wake.map(({ ns }) => ns)
        .toSorted((x, y) => x - y),
      0.5,
    )

  it.each([
    ['once', 1],
    ['twice: a whole correction would swing for ever', 2],
    ['three times', 3],
  ])('a price that counts %s in a sample is found', (_name, times) => {
    const trial = model((share) => 100_000 + 10_000 * share, times)
    const captured = wakes(ramp(200_000, 300))
    const fitted = fittedTo(captured, ['wake'], trial)
    expect(Math.abs(median(fitted, trial) / 350_000 - 1)).toBeLessThan(0.02)
    expect(fitted.wake).toEqual(fitted.wake?.toSorted((x, y) => x - y))
  })

  it('the luck of a round averages out', () => {
    // Every round's seeds are 30 us slow or fast, in turn.
    const trial = (prices: Fitted, round: number): Samples =>
      model((share) => 100_000 + 10_000 * share + (round % 2 === 0 ? 30_000 : -30_000))(prices)
    const fitted = fittedTo(wakes(ramp(200_000, 300)), ['wake'], trial)
    // 350 us less 105 us; the last round alone would be 30 us off.
    expect(Math.abs((fitted.wake?.[LEVELS.indexOf(0.5)] ?? 0) - 245_000)).toBeLessThan(5000)
  })

  it('a few samples of another cause leave the prices below them alone', () => {
    const trial = model((share) => 50_000 + (share > 0.97 ? 900_000 : 0))
    const captured = wakes(ramp(100_000, 100))
    const fitted = fittedTo(captured, ['wake'], trial)
    const at = (share: number): number =>
      between(
        trial(fitted)
          .wake.map(({ ns }) => ns)
          .toSorted((a, b) => a - b),
        share,
      )
    for (const share of [0.5, 0.9]) {
      expect(Math.abs(at(share) / (100_000 + 100_000 * share) - 1)).toBeLessThan(0.05)
    }
  })

  it('a price is never below nothing', () => {
    const fitted = fittedTo(
      wakes(ramp(700, 0)),
      ['wake'],
      model(() => 1000),
    )
    expect(fitted.wake).toEqual(LEVELS.map(() => 0))
  })

  it('what the load makes late in the model too is not made late again by a price', () => {
    // Captured: 30 % are 4 ms late. The model has 25 % of them without any price.
    const captured = wakes([...ramp(100_000, 0).slice(300), ...ramp(4_000_000, 0).slice(700)])
    const trial = model((share) => (share < 0.75 ? 40_000 : 3_950_000))
    const fitted = fittedTo(captured, ['wake'], trial)
    expect(Math.max(...(fitted.wake ?? []))).toBeLessThan(100_000)
    expect(median(fitted, trial)).toBeGreaterThan(90_000)
  })

  it('a client is woken once by a call of period-elapsed, whatever the mutex does after', () => {
    const at = (timeNs: number, kind: GuestEvent['kind'], task: number, arg = 0): GuestEvent => ({
      ...{ timeNs, kind, task, arg, side: 'p', text: '', traced: false },
      ...{ period: 0, buffer: 0, old: 0 },
    })
    const [worker, client] = [9, 45]
    // It preempts the worker, sleeps on the stream's mutex, and is woken by the release.
    const call = (ns: number): GuestEvent[] => [
      at(ns, 'elapsed', worker),
      at(ns + 50, 'waking', worker, client),
      at(ns + 150, 'switch', worker, client),
      at(ns + 200, 'switch', client, worker),
      at(ns + 300, 'waking', worker, client),
      at(ns + 400, 'work_end', worker),
      at(ns + 450, 'switch', worker, client),
      at(ns + 500, 'applptr', client),
    ]
    const run = { guest: [...call(1000), ...call(5000)], host: [], tasks: new Map() }
    const counts = { lines: 0, malformed: 0, skipped: 0, lost: 0 }
    const found = stagesOf({ ...run, timerPeriodNs: 0, counts }, null)
    expect(found.wake).toEqual([
      { atNs: 1000, ns: 150 },
      { atNs: 5000, ns: 150 },
    ])
  })

  it('the first periods after the first START are told apart, and only those', () => {
    const at = (timeNs: number, kind: 'trigger' | 'elapsed') => ({
      ...{ timeNs, kind, task: 1, arg: 1, side: 'p' as const, text: '', traced: false },
      ...{ period: 0, buffer: 0, old: 0 },
    })
    const run = (events: ReturnType<typeof at>[]) => ({
      ...{ guest: events, host: [], tasks: new Map(), timerPeriodNs: 0 },
      counts: { lines: 0, malformed: 0, skipped: 0, lost: 0 },
    })
    const calls = [10, 20, 30, 40, 50].map((ms) => at(ms, 'elapsed'))
    const spans = warmUps(run([at(5, 'trigger'), ...calls, at(60, 'trigger')]))
    expect(spans).toEqual([{ fromNs: 5, toNs: 40 }])
    const samples = { ...nothing, wake: [4, 5, 39, 40, 70].map((atNs) => ({ atNs, ns: 1 })) }
    expect(outside(samples, spans).wake.map(({ atNs }) => atNs)).toEqual([4, 40, 70])
    expect(outside(samples, spans, true).wake.map(({ atNs }) => atNs)).toEqual([5, 39])
    // A trace that begins in the middle of a run, or without triggers.
    expect(warmUps(run([...calls, at(60, 'trigger')]))).toEqual([])
    expect(warmUps(run(calls))).toEqual([])
  })

  it('halves and blocks are by the time at which a sample began', () => {
    const samples = wakes([5, 6, 7, 8])
    const fitted = (...cut: Parameters<typeof partOf>): number[] =>
      chosen(samples, partOf(...cut).has).wake.map(({ ns }) => ns)
    expect(fitted({ share: 0.5 }, 4)).toEqual([5, 6])
    expect(fitted({ blockNs: 1 }, 4)).toEqual([5, 7])
    expect(fitted({ share: 1 }, 4)).toEqual([5, 6, 7, 8])
  })
})

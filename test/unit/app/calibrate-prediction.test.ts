/** What a part of a run says of the rest: the medians, the spread and the reasons of a miss. */
import { describe, expect, it } from 'vitest'
import type { Calibration } from '../../../src/app/CalibrateFit.ts'
import { predictions, predictionTable } from '../../../src/app/CalibratePrediction.ts'
import { partOf } from '../../../src/import/part.ts'
import { type Samples, STAGE_NAMES } from '../../../src/import/stages.ts'

const RUN_NS = 2000

/** A hundred wakes in each half, all of one value: first half, second half. */
function wakes(first: number, second: number): Samples {
  const none = Object.fromEntries(STAGE_NAMES.map((name) => [name, []]))
  const wake = Array.from({ length: 200 }, (_, i) => ({
    atNs: i * 10,
    ns: i < 100 ? first : second,
  }))
  return { ...none, wake } as unknown as Samples
}

/** 39 replays: the ith has so much in each half. */
function calibrated(captured: Samples, replay: (i: number) => Samples): Calibration {
  const replays = Array.from({ length: 39 }, (_, i) => replay(i))
  const verdict = { xrunsCaptured: 0, xrunsSimulated: 0, ordersAgree: true, differences: [] }
  const part = partOf({ share: 0.5 }, RUN_NS)
  return { captured, replays, part, verdict, run: { name: 'x' } } as unknown as Calibration
}

const reasonOf = (found: Calibration): string =>
  predictionTable([found]).split('\n')[3]?.split(' | ').at(-1)?.replace(' |', '') ?? ''

describe('predictions', () => {
  it('are medians of the replays; the spread is of how much a replay changes', () => {
    // The second half is 0.81 to 1.19 of the first, in steps of 0.01.
    const replay = (i: number): Samples => wakes(100_000, 81_000 + 1000 * i)
    const [one] = predictions(calibrated(wakes(110_000, 120_000), replay))
    expect(one?.predicted).toEqual([100_000, 100_000, 100_000])
    expect(one?.spread.map((ends) => ends.map(Math.round))).toEqual(
      Array.from({ length: 3 }, () => [89_100, 130_900]),
    )
    expect(one?.fitErrors[0]).toBeCloseTo(-1 / 11, 9)
    expect(one?.errors[0]).toBeCloseTo(-1 / 6, 9)
    expect(one?.persistence[0]).toBeCloseTo(-1 / 12, 9)
    // Those from 87 to 117 have the median within 15 % of themselves.
    expect(one?.attainable[0]).toBeCloseTo(31 / 39, 9)
  })

  it.each([
    ['yes', wakes(100_000, 110_000)],
    ['chance: p50 p90 p99', wakes(100_000, 118_000)],
    ['no: p50 p90 p99', wakes(100_000, 130_000)],
    ['fit: p50 p90 p99', wakes(50_000, 59_000)],
  ])('%s', (reason, captured) => {
    const replay = (i: number): Samples => wakes(100_000, 81_000 + 1000 * i)
    expect(reasonOf(calibrated(captured, replay))).toBe(reason)
  })

  it('of blocks in turn', () => {
    const blocks = partOf({ blockNs: 250e6 }, 4e9)
    expect([0, 249e6, 250e6, 499e6, 500e6, 3.99e9].filter(blocks.has)).toEqual([0, 249e6, 500e6])
    expect(blocks.text).toBe('every other 250 ms of 4.00 s')
  })
})

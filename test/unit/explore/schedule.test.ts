/** Schedules: printed and parsed alike, followed exactly, refused with a reason. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '../../../src/app/Fingerprint.ts'
import { runScenario } from '../../../src/scenario/run.ts'
import {
  formatSchedule,
  parseSchedule,
  replay,
  type Schedule,
  SteeredPolicy,
} from '../../../src/sim/schedule.ts'
import { T } from '../../../src/sim/trace.ts'
import { specOf } from '../../support/explore-scenarios.ts'

const answers = fc
  .uniqueArray(fc.nat({ max: 1_000_000 }), { maxLength: 8 })
  .chain((ats) =>
    fc.tuple(...ats.toSorted((a, b) => a - b).map((at) => fc.tuple(fc.constant(at), fc.nat()))),
  )
  .map((pairs) => pairs.map(([at, value]) => ({ at, value })))

describe('schedule strings', () => {
  it('are read back as they were printed', () => {
    fc.assert(
      fc.property(answers, answers, (holds, ties) => {
        const schedule: Schedule = { holds, ties }
        expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule)
      }),
    )
  })

  it.each([
    ['', 'it is not a schedule, allowed: s1:h<N>=<ns>,...,t<N>=<index>,...'],
    ['h1=2', 'it is not a schedule, allowed: s1:h<N>=<ns>,...,t<N>=<index>,...'],
    ['s2:h1=2', 'its version is s2, allowed: s1:h<N>=<ns>,...,t<N>=<index>,...'],
    ['s1:', "'', allowed: h<N>=<ns> or t<N>=<index>"],
    ['s1:h1=-2', "'h1=-2', allowed: h<N>=<ns> or t<N>=<index>"],
    ['s1:h5=1,h4=1', "'h4=1' stands out of order"],
    ['s1:h5=1,h5=1', "'h5=1' stands out of order"],
  ])('%j is refused', (text, why) => {
    expect(parseSchedule(text)).toBe(why)
  })
})

function digits(spec: ReturnType<typeof specOf>, policy?: SteeredPolicy): string {
  return fingerprint(runScenario(spec, 1, policy === undefined ? {} : { policy }).store)
}

describe('a steered run', () => {
  const spec = specOf('ack')

  it('that is asked everything and changes nothing is the ordinary run', () => {
    const asked = new SteeredPolicy({ hold: () => 0, tie: () => 0 })
    expect(digits(spec, asked)).toBe(digits(spec))
    expect(asked.operations).toBeGreaterThan(1000)
    expect(formatSchedule(asked.schedule)).toBe('s1:-')
  })

  it('is done again by its schedule', () => {
    const made = new SteeredPolicy({
      hold: (at) => (at % 97 === 5 ? 20_000 : 0),
      tie: (at, candidates) => at % candidates.length,
    })
    const first = digits(spec, made)
    expect(made.schedule.holds.length).toBeGreaterThan(5)
    expect(made.schedule.ties.length).toBeGreaterThan(0)
    expect(first).not.toBe(digits(spec))
    expect(digits(spec, replay(made.schedule))).toBe(first)
    expect(digits({ ...spec, schedule: made.schedule })).toBe(first)
  })

  it('steals the vCPU for as long as it says, and nothing of the guest runs there', () => {
    const policy = replay({ holds: [{ at: 700, value: 3_000_000 }], ties: [] })
    const { store } = runScenario(spec, 1, { policy })
    const times: Record<number, { timeNs: number; cpu: number }[]> = {}
    store.replay({
      record: ({ kind, timeNs, cpu }) => {
        times[kind] ??= []
        times[kind].push({ timeNs, cpu })
      },
    })
    const [held] = times[T.held_back] ?? []
    const [off] = times[T.supply_off]?.filter((one) => one.timeNs >= (held?.timeNs ?? 0)) ?? []
    const [on] = times[T.supply_on]?.filter((one) => one.timeNs > (off?.timeNs ?? 0)) ?? []
    expect(off).toEqual(held)
    expect((on?.timeNs ?? 0) - (off?.timeNs ?? 0)).toBeGreaterThanOrEqual(3_000_000)
    expect((on?.timeNs ?? 0) - (off?.timeNs ?? 0)).toBeLessThan(3_020_000)
  })
})

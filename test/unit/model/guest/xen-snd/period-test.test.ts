/**
 * The table of domain/xen-sndif.md §6, row by row: which position events notify the core, by which
 * test, and what becomes of the stream with 2, 3, 4 and 8 periods. P = 480 frames of 48 kHz, 10 ms.
 * Nothing costs time, so that the arithmetic of driver and core is all that is seen.
 */
import { describe, expect, it } from 'vitest'
import {
  countedFrames,
  movedHwPtr,
} from '../../../../../src/model/guest/xen-snd/xen_snd_front_cur_pos.ts'
import { type XenRun, xenRun } from './xen-run.ts'

const P = 480
const RATE = 48_000
const MS = 1_000_000

interface Case {
  readonly every: string
  readonly first?: string
  readonly test: '>' | '>='
  readonly periods: number
  readonly hz?: number
  readonly client?: string
}

function run({ every, first, test, periods, hz = 250, client = 'client: aplay' }: Case): XenRun {
  return xenRun(`duration: 900ms
guest: {costs: ideal, hz: ${hz}, xrun_debug: 1}
host: {costs: ideal}
driver: {kind: xen-snd, options: {periodTest: '${test}'}}
device: {kind: xen, turn_around: 1us, position_every: '${every}'${
    first === undefined ? '' : `, position_first: '${first}'`
  }}
streams: [{name: s, ${client}, period_size: ${P}, periods: ${periods}}]
`)
}

/** Numbers, from 1, of the position events that notified. */
function notified(one: XenRun): number[] {
  return one.rows('xensnd_cur_pos').flatMap(({ args }, i) => (args[4] === 1 ? [i + 1] : []))
}

/** From one notification to the next, in frames. */
function intervals(one: XenRun): Set<number> {
  const { intervalNs } = one.result.streams['s']!.periodElapsed
  const frames = (ns: number): number => Math.round((ns * RATE) / 1_000_000_000)
  return new Set([frames(intervalNs.min), frames(intervalNs.max)])
}

const causes = (one: XenRun): string[] => one.result.streams['s']!.xruns.map((x) => x.cause)
const lost = (one: XenRun): number =>
  one.log.filter((line) => line.includes('Lost interrupts?')).length

/** Granularity, test, numbers of the first events that notify, frames between notifications. */
const GRAIN: readonly (readonly [
  every: string,
  first: string,
  test: '>' | '>=',
  notify: readonly number[],
  interval: number,
])[] = [
  ['P', 'P', '>', [2, 4, 6, 8], 2 * P],
  ['P', 'P', '>=', [1, 2, 3, 4], P],
  ['P', 'P+16', '>', [1, 2, 3, 4], P],
  ['P', 'P+16', '>=', [1, 2, 3, 4], P],
  ['P-16', 'P-16', '>', [2, 3, 4, 5], P - 16],
  ['P-16', 'P-16', '>=', [2, 3, 4, 5], P - 16],
  ['P/2', 'P/2', '>', [3, 5, 7, 9], P],
  ['P/2', 'P/2', '>=', [2, 4, 6, 8], P],
  ['2P', '2P', '>', [1, 2, 3, 4], 2 * P],
  ['2P', '2P', '>=', [1, 2, 3, 4], 2 * P],
]

describe.each(GRAIN)('events every %s, first %s, test %s', (every, first, test, notify, gap) => {
  describe.each([2, 3, 4, 8])('B/P = %i', (periods) => {
    const one = run({ every, first, test, periods })
    // Both periods at once in a ring of two: the position is where it was.
    const wraps = periods === 2 && gap === 2 * P
    it('notifies at these events', () => {
      expect(notified(one).slice(0, 4)).toEqual(notify)
    })
    it(
      wraps ? 'an xrun at every notification, a false wrap' : 'no xrun with a prompt client',
      () => {
        const count = notified(one).length
        expect(count).toBeGreaterThan(10)
        if (wraps) {
          expect(new Set(causes(one))).toEqual(new Set(['false-wrap']))
          expect(causes(one)).toHaveLength(count)
        } else expect(causes(one)).toEqual([])
      },
    )
    if (!wraps && !every.startsWith('P-')) {
      it(`comes every ${gap} frames`, () => {
        expect(intervals(one)).toEqual(new Set([gap]))
      })
    }
    it(gap === 2 * P ? 'is taken for lost interrupts each time' : 'no complaint', () => {
      if (gap === 2 * P && !wraps) expect(lost(one)).toBeGreaterThanOrEqual(5)
      if (gap !== 2 * P && !every.startsWith('P-')) {
        // A position 1.5 P at once, as at the first notification of halves, is not above 1.5 P.
        expect(lost(one)).toBe(0)
      }
    })
  })
})

describe('P-16: one lost, then regular, and one lost again when the remainder is used up', () => {
  // out = 944 - 16 j at event j + 1: above 480 up to event 29, equal to it at event 30. What >
  // keeps is 480 then, and event 31 leaves the 464 of event 1; >= begins anew with 0.
  it.each([
    ['>', [1, 30, 60]],
    ['>=', [1, 31, 61]],
  ] as const)('%s', (test, silent) => {
    const one = run({ every: 'P-16', test, periods: 4 })
    const hits = new Set(notified(one))
    const events = Array.from({ length: 70 }, (_, i) => i + 1)
    expect(events.filter((n) => !hits.has(n))).toEqual(silent)
  })
})

describe('one period late', () => {
  it('P/2: the first notification is at 1.5 P, all are P/2 late', () => {
    const one = run({ every: 'P/2', test: '>', periods: 4 })
    const { latenessNs } = one.result.streams['s']!.periodElapsed
    expect(Math.round(latenessNs.p50 / MS)).toBe(5)
    expect(
      one
        .rows('xensnd_cur_pos')
        .map((row) => row.args[2])
        .slice(0, 5),
    ).toEqual([240, 480, 720, 480, 720])
  })
  it('P with >: each notification is the second boundary; the first was silent', () => {
    const one = run({ every: 'P', test: '>', periods: 4 })
    const outs = one.rows('xensnd_cur_pos').map((row) => row.args[2])
    expect(outs.slice(0, 4)).toEqual([480, 960, 480, 960])
  })
})

describe('B = 2P, decided by HZ alone', () => {
  it.each([250, 300, 1000])('HZ=%i: P is more than one jiffy: xruns', (hz) => {
    const one = run({ every: 'P', test: '>', periods: 2, hz })
    expect(causes(one).length).toBeGreaterThan(10)
    expect(one.result.streams['s']!.errors.map((e) => e.errno)).not.toContain(-5)
  })
  it('HZ=100: P is one jiffy: nobody is woken, and write gives up with EIO', () => {
    const one = run({ every: 'P', test: '>', periods: 2, hz: 100 })
    expect(causes(one)).toEqual([])
    const { errors, silentFailures } = one.result.streams['s']!
    expect(errors.map((e) => [e.call, e.errno])).toEqual([['writei', -5]])
    expect(silentFailures.map((f) => f.kind)).toContain('stalled')
  })
  it.each([100, 250, 1000])('HZ=%i with >=: neither', (hz) => {
    const one = run({ every: 'P', test: '>=', periods: 2, hz })
    expect(causes(one)).toEqual([])
    expect(one.result.streams['s']!.errors).toEqual([])
  })
  it('a client that polls the pointer sees the silent boundary and refills', () => {
    const poll = Array.from({ length: 60 }, () => [
      '{call: sleep, for: 5ms}',
      '{call: hwsync}',
      `{call: writei, frames: ${P}, nonblock: true}`,
    ]).flat()
    const first = [
      '{call: open, nonblock: true}',
      '{call: hw_params}',
      '{call: sw_params, start_threshold: 960}',
      '{call: prepare}',
      '{call: writei, frames: 960}',
    ]
    const calls = [...first, ...poll].join(', ')
    const script = `client: scripted, options: {script: [${calls}]}`
    const one = run({ every: 'P', test: '>', periods: 2, client: script })
    expect(causes(one)).toEqual([])
    expect(one.result.streams['s']!.frames.written).toBeGreaterThan(20 * P)
  })
})

describe('B = 3P survives only a client that refills within the last period', () => {
  // The write that waited takes one of the two free periods, then the client sleeps past the next
  // notification: two more are gone, and the ring of three is empty. With >= one was.
  const stall = 'client: aplay, stalls: [{at: 100ms, for: 21ms}]'
  it.each([
    ['>', 1],
    ['>=', 0],
  ] as const)('%s: a sleep of 21 ms makes %i xruns', (test, xruns) => {
    expect(causes(run({ every: 'P', test, periods: 3, client: stall }))).toHaveLength(xruns)
  })
})

describe('the position goes backwards', () => {
  it('is right modulo B only if B divides 2^64', () => {
    // 1440 frames played, then a position of 480: 960 back.
    expect(movedHwPtr(416, 480, 1440, 1024)).toBe((416 + 1024 - 960) % 1024)
    // 2^64 mod 960 is 256: 480 would be right, 736 it is.
    expect(movedHwPtr(480, 480, 1440, 960)).toBe(736)
    // A pointer that is large enough does not wrap: unsigned long arithmetic comes back.
    expect(movedHwPtr(1440, 480, 1440, 1920)).toBe(480)
    expect(countedFrames(0, 480, 1440)).toBe(2 ** 32 - 960)
  })

  const again = (periods: number, period: number): XenRun => {
    const buffer = periods * period
    const script = [
      '{call: open}',
      '{call: hw_params}',
      `{call: sw_params, start_threshold: ${buffer}}`,
      '{call: prepare}',
      `{call: writei, frames: ${(2 * periods + 1) * period}}`,
      '{call: drop}',
      '{call: prepare}',
      `{call: writei, frames: ${4 * buffer}}`,
    ]
    return xenRun(`duration: 500ms
guest: {costs: ideal}
host: {costs: ideal}
driver: {kind: xen-snd, options: {periodTest: '>='}}
device: {kind: xen, turn_around: 1us, position_reset: on-start}
streams:
  - name: s
    client: scripted
    period_size: ${period}
    periods: ${periods}
    options: {script: [${script.join(', ')}]}
`)
  }
  it.each([
    [4, 256, true],
    [2, 480, false],
    [3, 480, false],
    [8, 480, false],
  ])('B = %i x %i: the place after it is the right one: %s', (periods, period, right) => {
    const buffer = periods * period
    const rows = again(periods, period).rows('xensnd_cur_pos')
    const at = rows.findIndex(({ args }) => (args[1] as number) < 0)
    expect(at).toBeGreaterThan(0)
    const [, delta = 0, out, hw_ptr, elapsed] = rows[at]!.args
    const before = rows[at - 1]!.args[3] as number
    const sum = BigInt.asUintN(64, BigInt(before) + BigInt(delta))
    expect(hw_ptr).toBe(Number(sum % BigInt(buffer)))
    // Further back than the ring's beginning: 2^64 shows.
    expect(before + delta).toBeLessThan(0)
    expect(hw_ptr === (before + delta + 8 * buffer) % buffer).toBe(right)
    // out_frames wraps too: a notification that nothing stands behind, then a random phase.
    expect(out).toBeGreaterThan(2 ** 31)
    expect(elapsed).toBe(1)
  })
})

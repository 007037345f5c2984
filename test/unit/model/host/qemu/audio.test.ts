import { describe, expect, it } from 'vitest'
import { Resampler } from '../../../../../src/model/host/qemu/resampler.ts'
import { T, TraceRecord } from '../../../../../src/sim/trace.ts'
import type { TraceStore } from '../../../../../src/sim/trace-store.ts'
import { playBatches } from './stream-bench.ts'

const TICK = 10_000_000

const grid = (count: number, tickNs = TICK): number[] =>
  Array.from({ length: count }, (_, i) => (i + 1) * tickNs)

function records(store: TraceStore, kind: number): TraceRecord[] {
  const found: TraceRecord[] = []
  for (let i = 0; i < store.length; i++) {
    const r = store.at(i, new TraceRecord())
    if (r.kind === kind) found.push(r)
  }
  return found
}

/** accepted(k) = 1024 rate / 44100 + rate T(k-1), completed = floor(accepted / period). */
function closedForm(rate: number, period: number, runsNs: readonly number[]): number[] {
  let last = 0
  return runsNs.map((_, k) => {
    const elapsed = k === 0 ? 0 : (runsNs[k - 1] as number)
    const accepted = Math.floor((1024 * rate) / 44_100) + Math.floor((rate * elapsed) / 1e9)
    const completed = Math.floor(accepted / period)
    const batch = completed - last
    last = completed
    return batch
  })
}

describe('QEMU audio core, playback', () => {
  it('swallows 1114 frames of a 48 kHz stream in its first run', () => {
    const options = { rate: 48_000, period: 1, periods: 1200, startNs: 0, runsNs: grid(1) }
    expect(playBatches(options).batches).toEqual([1114])
  })

  it('takes 1024 frames when the rates are equal', () => {
    const options = { rate: 44_100, period: 1, periods: 1200, startNs: 0, runsNs: grid(3) }
    expect(playBatches(options).batches).toEqual([1024, 441, 441])
  })

  for (const [rate, period, periods] of [
    [48_000, 480, 4],
    [48_000, 256, 8],
    [48_000, 1024, 4],
    [44_100, 441, 4],
    [96_000, 480, 8],
    [8000, 80, 4],
  ] as const) {
    it(`follows the closed form at ${rate} Hz, ${period} x ${periods}`, () => {
      const runsNs = grid(400, 10_150_000)
      const { batches } = playBatches({ rate, period, periods, startNs: 0, runsNs })
      const expected = closedForm(rate, period, runsNs)
      let got = 0
      let want = 0
      let offs = 0
      for (const [k, batch] of batches.entries()) {
        got += batch
        want += expected[k] as number
        // A frame may be under way in the resampler: the sum is at most one message behind.
        expect(Math.abs(got - want)).toBeLessThanOrEqual(1)
        if (got !== want) offs++
      }
      expect(offs).toBeLessThan(batches.length / 20)
    })
  }

  it('a ring smaller than what the first run takes completes at once', () => {
    const options = { rate: 48_000, period: 256, periods: 4, startNs: 0, runsNs: grid(2) }
    expect(playBatches(options).batches[0]).toBe(4)
  })

  it('every frame is copied once, fresh, and heard once, in order', () => {
    const options = { rate: 48_000, period: 480, periods: 4, startNs: 0, runsNs: grid(50) }
    const { store } = playBatches(options)
    const copies = records(store, T.audio_copy)
    expect(copies.every((r) => r.e === 0)).toBe(true)
    const heard = records(store, T.audio_play)
    let next = 0
    for (const r of heard) {
      expect(r.b).toBe(next)
      next += r.c
    }
    const passed = 50 * 480
    expect(Math.abs(next - passed)).toBeLessThanOrEqual(2)
    expect(records(store, T.audio_silence)).toEqual([])
  })

  it('says how long the sink got nothing when the messages end', () => {
    const options = {
      rate: 48_000,
      period: 480,
      periods: 4,
      startNs: 0,
      runsNs: grid(20),
      messages: 4,
    }
    const { store, batches } = playBatches(options)
    expect(batches.reduce((a, b) => a + b, 0)).toBe(4)
    const heard = records(store, T.audio_play).reduce((sum, r) => sum + r.c, 0)
    const silent = records(store, T.audio_silence).reduce((sum, r) => sum + r.b, 0)
    expect(heard).toBe(1920)
    expect(Math.abs(heard + silent - 20 * 480)).toBeLessThanOrEqual(20)
  })
})

describe('resampler', () => {
  /** QEMU's loop over frames (audio/rate_template.h), for comparison. */
  function reference(
    inc: bigint,
    state: { opos: bigint; ipos: bigint },
    isamp: number,
    osamp: number,
  ) {
    let i = 0
    let o = 0
    if (isamp === 0) return [0, 0]
    for (;;) {
      while (state.ipos <= state.opos >> 32n) {
        i++
        state.ipos++
        if (i >= isamp) return [i, o]
      }
      if (o >= osamp) break
      o++
      state.opos += inc
    }
    return [i, o]
  }

  for (const [from, to] of [
    [48_000, 44_100],
    [44_100, 48_000],
    [8000, 44_100],
    [384_000, 44_100],
    [5512, 44_100],
  ] as const) {
    it(`${from} to ${to} takes and makes what the loop over frames does`, () => {
      const resampler = new Resampler(from, to)
      const inc = (BigInt(from) << 32n) / BigInt(to)
      const state = { opos: 0n, ipos: 0n }
      let seed = 12345
      const next = (below: number): number => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
        return Math.floor((seed / 4294967296) * below)
      }
      for (let round = 0; round < 3000; round++) {
        const isamp = next(1200)
        const osamp = next(1100)
        resampler.flow(isamp, osamp)
        expect([resampler.taken, resampler.made]).toEqual(reference(inc, state, isamp, osamp))
      }
    })
  }
})

/**
 * Completion batches of QEMU's `none` back end, captured, against the model of the audio core run
 * at the captured times. Orders and counts only: the guest of the captures is emulated. The series
 * are copied from the capture's distilled.json (see test/diff/captured).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { playBatches } from '../unit/model/host/qemu/stream-bench.ts'

interface Captured {
  readonly rate: number
  readonly period: number
  readonly periods: number
  readonly start_ms: number
  readonly messages: number
  /** Time in ms and number of messages of each batch. */
  readonly series: readonly (readonly [number, number])[]
}

function captured(name: string): Captured {
  const path = fileURLToPath(new URL(`captured/${name}.json`, import.meta.url))
  return JSON.parse(readFileSync(path, 'utf8')) as Captured
}

/** Times of all runs: those with a batch, and evenly between them those that returned nothing. */
function runTimes(run: Captured, tickMs: number): number[] {
  const times: number[] = []
  let last = run.start_ms
  for (const [at] of run.series) {
    const steps = Math.max(1, Math.round((at - last) / tickMs))
    // One gap in play_480x4 is a late run, not two: the host's noise, and QEMU said so.
    const count = steps === 2 && run.period <= 480 ? 1 : steps
    for (let i = 1; i <= count; i++) times.push(last + ((at - last) * i) / count)
    last = at
  }
  return times.map((ms) => Math.round(ms * 1e6))
}

describe('completion batches of captured runs', () => {
  for (const name of ['play_480x4', 'play_1024x2', 'play_44100_441x4']) {
    it(name, () => {
      const run = captured(name)
      const runsNs = runTimes(run, 10.15)
      const { rate, period, periods, messages } = run
      const startNs = Math.round(run.start_ms * 1e6)
      const got = playBatches({ rate, period, periods, startNs, runsNs, messages }).batches
      const want = new Map(run.series.map(([at, n]) => [Math.round(at * 1e6), n]))
      let sumGot = 0
      let sumWant = 0
      let off = 0
      for (const [k, at] of runsNs.entries()) {
        sumGot += got[k] as number
        sumWant += want.get(at) ?? 0
        expect(Math.abs(sumGot - sumWant)).toBeLessThanOrEqual(1)
        if (sumGot !== sumWant) off++
      }
      expect(sumGot).toBe(messages)
      // Times are good to 0.1 ms, 5 frames: a message may just fit a run earlier or later.
      expect(off / runsNs.length).toBeLessThan(0.02)
    })
  }
})

/**
 * Our own ftrace text, read back, has the times of the run it was written from: of each stage as
 * many samples in the same order, and each within the microsecond that the text rounds to; and
 * calibrate finds the prices again that the run was made with.
 */
import * as Effect from 'effect/Effect'
import { expect, it } from 'vitest'
import { calibrateRun, replayWith, together } from '../../src/app/CalibrateFit.ts'
import { parseOverrides } from '../../src/app/Load.ts'
import { ftraceText } from '../../src/export/ftrace.ts'
import { between, ksOf, LEVELS, sorted } from '../../src/import/fit.ts'
import { simulatedEvents } from '../../src/import/simulated-events.ts'
import { type Samples, type Stage, stagesOf } from '../../src/import/stages.ts'
import { TraceImport } from '../../src/import/trace-import.ts'
import { tracedRun } from '../../src/import/traced-run.ts'
import { loadScenario, runScenario } from '../../src/index.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'

const STAGES_OF_A_GUEST: readonly Stage[] = [
  'interval',
  'wake',
  'irq_to_elapsed',
  'queued_to_start',
  'elapsed_to_waking',
  'waking_to_running',
]

it.each([
  ['ack', 'aplay', 'playback'],
  ['ack', 'arecord', 'capture'],
  ['v7', 'aplay', 'playback'],
])('%s, %s, %s', (version, client, direction) => {
  const [spec] = loadScenario(`
version: 1
name: round-trip
duration: 400ms
driver: {kind: virtio-snd, version: ${version}}
streams: [{client: ${client}, direction: ${direction}, period_size: 480, periods: 4}]
`)
  const { store } = runScenario(spec as NonNullable<typeof spec>)
  const reader = new TraceImport()
  for (const piece of ftraceText(store, 'guest')) reader.push(piece)
  const read = stagesOf(reader.finish(), null)
  const own = stagesOf(simulatedEvents(store), null)
  expect(own.interval.length).toBeGreaterThan(10)
  for (const stage of STAGES_OF_A_GUEST) {
    expect([stage, read[stage].length]).toEqual([stage, own[stage].length])
    for (const [i, { ns }] of read[stage].entries()) {
      expect(Math.abs(ns - (own[stage][i]?.ns ?? 0))).toBeLessThanOrEqual(1000)
    }
  }
})

/** 1.5 s of playback; `costs`: entries of `guest.costs`. */
function played(costs: string): TraceStore {
  const [spec] = loadScenario(`
version: 1
name: known
duration: 1500ms
guest: {kernel: '6.12', costs: {${costs}}}
driver: {kind: virtio-snd, version: ack}
streams: [{client: aplay, period_size: 480, periods: 4}]
`)
  return runScenario(spec as NonNullable<typeof spec>).store
}

it('calibrate finds the distributions again', { timeout: 120_000 }, () => {
  // Uniform, so that each quantile is known: 40 us + 160 us * share, and 100 us + 100 us * share.
  const store = played(
    'kworker_start: {uniform: {min: 40us, max: 200us}}, ' +
      'period_elapsed: {uniform: {min: 100us, max: 200us}}',
  )
  const reader = new TraceImport()
  for (const piece of ftraceText(store, 'guest')) reader.push(piece)
  const events = reader.finish()
  const replayed = tracedRun('known', events)
  if (replayed === null) throw new Error('no stream in our own text')
  const run = { name: 'known', files: [], events, capture: null, replayed }
  const found = calibrateRun(run, { share: 1 })
  if (!('base' in found)) throw new Error(found.join('\n'))
  expect(found.captured.wake.length).toBeGreaterThan(100)
  // Each step was drawn for itself.
  expect(found.stretches).toBeNull()
  const replays = together(found.replays)
  for (const stage of ['irq_to_elapsed', 'wake'] as const) {
    const [a, b] = [sorted(found.captured[stage]), sorted(replays[stage])]
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      expect(Math.abs(between(b, share) / between(a, share) - 1)).toBeLessThan(0.05)
    }
    const ks = ksOf(a, b)
    expect(ks?.distance).toBeLessThan(ks?.limit ?? 0)
  }
  // A stage tells a price but for what its other steps take, which are those of the replay's preset
  // and kernel: the difference is measured, with both steps at no price.
  const costs = ['kworker_start', 'period_elapsed'].map((name) => `guest.costs.${name}=0ns`)
  const bare = replayWith(found, Effect.runSync(parseOverrides(costs)))
  if (!('base' in bare)) throw new Error(bare.join('\n'))
  const own = stagesOf(simulatedEvents(played('kworker_start: 0ns, period_elapsed: 0ns')), null)
  const rest = (of: Samples, stage: Stage): number => between(sorted(of[stage]), 0.5)
  // Three standard errors of the median of so many uniform samples, width / 2 / sqrt(n).
  const near = (stage: 'irq_to_elapsed' | 'wake', ofNs: number, widthNs: number): void => {
    const error = widthNs / 2 / Math.sqrt(found.captured[stage].length)
    const median = found.fitted[stage]?.[LEVELS.indexOf(0.5)] ?? 0
    const wanted = ofNs + rest(own, stage) - rest(together(bare.replays), stage)
    expect(Math.abs(median - wanted)).toBeLessThan(3 * error)
  }
  near('irq_to_elapsed', 120_000, 160_000)
  near('wake', 150_000, 100_000)
  expect(found.verdict).toMatchObject({ xrunsCaptured: 0, xrunsSimulated: 0, ordersAgree: true })
})

/**
 * Our own ftrace text, read back, has the times of the run it was written from: of each stage as
 * many samples in the same order, and each within the microsecond that the text rounds to.
 */
import { expect, it } from 'vitest'
import { ftraceText } from '../../src/export/ftrace.ts'
import { simulatedEvents } from '../../src/import/simulated-events.ts'
import { type Stage, stagesOf } from '../../src/import/stages.ts'
import { TraceImport } from '../../src/import/trace-import.ts'
import { loadScenario, runScenario } from '../../src/index.ts'

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

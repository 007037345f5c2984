/** A list of the result that is full is named; one that has room is not. */
import { expect, it } from 'vitest'
import { buildResult } from '../../../src/analysis/result.ts'
import { Symbols } from '../../../src/sim/symbols.ts'
import { T, TraceRecord } from '../../../src/sim/trace.ts'
import { TraceStore } from '../../../src/sim/trace-store.ts'

function resultOf(kind: number, count: number) {
  const symbols = new Symbols()
  symbols.define('ctx', { name: 'aplay', kind: 'client' })
  symbols.define('stream', { name: 'pcmC0D0p', kind: 'playback' })
  symbols.text('a line')
  const store = new TraceStore(symbols)
  const r = new TraceRecord()
  r.kind = kind
  for (r.timeNs = 1; r.timeNs <= count; r.timeNs++) store.record(r)
  const meta = { scenario: 'x', variant: null, seed: 1, virtualTimeNs: count, fingerprint: '' }
  return buildResult(store, { ...meta, outcome: 'completed' })
}

it.each([
  [T.printk, 100_000, 'lines of the log'],
  [T.snd_pcm_xrun, 10_000, 'xruns of pcmC0D0p'],
])('of kind %i up to %i', (kind, most, what) => {
  expect(resultOf(kind, most - 1).warnings).toEqual([])
  const full = resultOf(kind, most + 5)
  const text = `the result lists ${most} ${what} and no more: later ones are left out`
  expect(full.warnings).toEqual([{ timeNs: most, kind: 'limit', text }])
  expect(Math.max(full.log.length, full.streams.pcmC0D0p?.xruns.length ?? 0)).toBe(most)
})

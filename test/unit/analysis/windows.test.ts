/** Which call of snd_pcm_period_elapsed() a chart looks at closely. */
import { expect, it } from 'vitest'
import { foldStore } from '../../../src/analysis/fold.ts'
import { buildResult } from '../../../src/analysis/result.ts'
import { chooseCall, chooseWindow, ElapsedCallsFold } from '../../../src/analysis/windows.ts'
import { metaOf, RecordScript } from '../../support/record-script.ts'

const MS = 1_000_000

/** Three interrupts; the second one's handler reports two periods. */
function threeInterrupts() {
  const script = new RecordScript().started(0)
  for (const [atMs, calls] of [
    [10, 1],
    [20, 2],
    [40, 1],
  ] as const) {
    script.add(atMs * MS, 'irq', 'irq_handler_entry', 0)
    for (let i = 1; i <= calls; i++) script.add(atMs * MS + i, 'irq', 'snd_pcm_period_elapsed', 0)
    script.add(atMs * MS + 9, 'irq', 'irq_handler_exit', 0, 1)
  }
  const { store } = script
  const [stream] = Object.values(buildResult(store, metaOf(100 * MS)).streams)
  if (stream === undefined) throw new Error('no stream')
  const window = { fromNs: 0, toNs: 100 * MS }
  return { stream, window, calls: foldStore(store, new ElapsedCallsFold(0, window), 100 * MS) }
}

it('the middle one; of two of one handler the first', () => {
  const { stream, window, calls } = threeInterrupts()
  expect(calls.map(({ timeNs }) => timeNs)).toEqual([
    10 * MS + 1,
    20 * MS + 1,
    20 * MS + 2,
    40 * MS + 1,
  ])
  expect(chooseCall(calls, stream, window)?.timeNs).toBe(20 * MS + 1)
})

it('the one in which the first report was made, and a window around it', () => {
  const { stream, window, calls } = threeInterrupts()
  expect(chooseCall(calls, stream, window, null, 40 * MS + 2)?.timeNs).toBe(40 * MS + 1)
  expect(chooseCall(calls, stream, { fromNs: 0, toNs: 30 * MS }, null, 40 * MS)?.timeNs).toBe(
    20 * MS + 1,
  )
  const endNs = 10_000 * MS
  const { fromNs, toNs } = chooseWindow(stream, endNs, null, 5_000 * MS)
  expect(fromNs).toBeLessThan(5_000 * MS - 30 * MS)
  expect(toNs).toBeGreaterThan(5_000 * MS + 20 * MS)
  expect(toNs - fromNs).toBeLessThan(150 * MS)
})

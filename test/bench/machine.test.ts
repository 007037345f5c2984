/** Cost for each event grows as the logarithm of what is pending; memory is bounded. */
import { expect, it } from 'vitest'
import { bytesPerTask, growthPerSecond, machineReport, movesPerEvent, PENDING } from './machine.ts'

it('an event moves at most the depth of the heap, whatever is pending', () => {
  for (const pending of PENDING) {
    const depth = Math.ceil(Math.log2(3 * pending + 1) / 2)
    expect(movesPerEvent(pending)).toBeLessThanOrEqual(depth)
  }
  // 16 times as many pending events: two levels more, not 16 times the work.
  expect(movesPerEvent(16_384) - movesPerEvent(1024)).toBeLessThan(2.5)
})

it('a task takes a few KiB, however many there are', () => {
  // The slope, because what else the process does shows in both measurements.
  const [few, many] = [2_000, 8_000]
  const slope = (bytesPerTask(many) * many - bytesPerTask(few) * few) / (many - few)
  expect(slope).toBeLessThan(12 * 1024)
})

it('a run that records nothing does not grow', () => {
  expect(growthPerSecond(30)).toBeLessThan(10_000)
})

it('the bench prints both', () => {
  const text = machineReport().join('\n')
  expect(text).toMatch(/65536 pending: \d+\.\d\d moves an event/)
  expect(text).toMatch(/4000 tasks: \d+ B/)
})

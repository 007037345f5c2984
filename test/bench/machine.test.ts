/** Cost for each event grows as the logarithm of what is pending; memory is bounded. */
import { expect, it } from 'vitest'
import { bytesPerTask, growthPerSecond, looksPerEvent, machineReport, PENDING } from './machine.ts'

/** A million with spread delays is left to the bench: it takes as many events. */
const MANY = PENDING.filter((pending) => pending <= 65_536)

it('an event costs a constant where times are spread', () => {
  for (const pending of MANY) expect(looksPerEvent(pending, 'spread')).toBeLessThan(16)
})

it('an event costs a logarithm where times are crowded', () => {
  for (const pending of PENDING) {
    // Ten looks for each level of the heap.
    const levels = Math.ceil(Math.log2(3 * pending + 1) / 2)
    expect(looksPerEvent(pending, 'crowded')).toBeLessThan(10 * levels)
  }
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
  const text = machineReport(MANY).join('\n')
  expect(text).toMatch(/65536 pending: \d+\.\d spread, \d+\.\d crowded/)
  expect(text).toMatch(/4000 tasks: \d+ B/)
})

/** Halt polling as KVM tunes it: grows from 10 us by doubling, halves when the block was long. */
import { expect, it } from 'vitest'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { tinyGuest } from '../../../support/tiny-kernel.ts'

const WAKE = { halt_poll_wake: 1_000, blocked_vcpu_wake: 20_000 }

/** By how much each of the guest's sleeps was longer than it asked for. */
function lateNs(sleepsNs: readonly number[], haltPollNs: number): number[] {
  const { k, sim } = tinyGuest({ prices: WAKE, haltPollNs })
  const late: number[] = []
  // A FIFO task has no timer slack.
  const body = function* () {
    for (const ns of sleepsNs) {
      const until = sim.now + ns
      yield* sleepUntil(k, until)
      late.push(sim.now - until)
    }
  }
  k.spawn('t', 'task', body, { policy: 'fifo', priority: 1 })
  sim.run(1_000_000_000)
  return late
}

const short = (count: number): number[] => Array(count).fill(100_000)

it('grows until the sleep is polled through: 10, 20, 40, 80, then 160 us', () => {
  // Of 100 us, with 20 us to wake up: polled through as soon as the poll is longer than that.
  expect(lateNs(short(8), 200_000)).toEqual([
    20_000, 20_000, 20_000, 20_000, 20_000, 1_000, 1_000, 1_000,
  ])
})

it('never polls beyond its limit, nor at all when it is 0', () => {
  expect(lateNs(short(8), 50_000)).toEqual(Array(8).fill(20_000))
  expect(lateNs(short(4), 0)).toEqual(Array(4).fill(20_000))
})

it('long blocks halve it, to nothing below 10 us', () => {
  const long = (count: number): number[] => Array(count).fill(2_000_000)
  // One long block: 160 us become 80, one short sleep grows it again.
  expect(lateNs([...short(6), ...long(1), ...short(2)], 200_000).slice(-2)).toEqual([20_000, 1_000])
  // Five: 160, 80, 40, 20, 10, 0; then it grows from the start.
  const after = lateNs([...short(6), ...long(5), ...short(6)], 200_000).slice(-6)
  expect(after).toEqual([20_000, 20_000, 20_000, 20_000, 20_000, 1_000])
})

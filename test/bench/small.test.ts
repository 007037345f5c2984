/**
 * The benches at a size that every test run can afford: counts and check values, never seconds.
 *
 * All representations of a process, all queues and the core must do the same work, or their rates
 * could not be compared.
 */
import { describe, expect, it } from 'vitest'
import { coreHold, coreMutex, corePingPong, coreTimers } from '../../src/app/bench-loops.ts'
import { Delays, type Shape } from '../../src/app/bench-workload.ts'
import { bareHold, bareMutex, barePingPong, bareTimers } from './bare.ts'
import { soundCard } from './card.ts'
import { cancelQueue, holdQueue, queueNames, wakeup } from './heap-cases.ts'
import { BinaryObjects, BinaryTyped, FourHole, FourTyped, type Queue } from './heaps.ts'
import { ratios, spread } from './measure.ts'
import { hold, kindNames } from './representations.ts'

const OPS = 3000
/** What cpp/pq_hold.cpp prints for 64 processes and 3000 operations. */
const UNIFORM_END_NS = 24_124_695
const SKEWED_END_NS = 23_402_332
const shapes: readonly Shape[] = ['uniform', 'skewed']

describe.each(shapes)('hold with %s delays', (shape) => {
  const expected = bareHold(64, shape, OPS)

  it.each(kindNames)('%s ends where the bare loop ends', (kind) => {
    expect(hold(kind, 64, shape)(OPS)).toEqual(expected)
  })

  it('the core ends where the bare loop ends', () => {
    expect(coreHold(64, shape, OPS)).toEqual(expected)
  })

  it.each(queueNames)('all queues agree: %s', (name) => {
    const check = holdQueue('binary objects', 100, shape)(OPS)
    expect(holdQueue(name, 100, shape)(OPS)).toEqual(check)
  })
})

describe('check values', () => {
  it('the stream of delays is the one that the C++ peers draw', () => {
    expect(bareHold(64, 'uniform', OPS)).toEqual({ ops: OPS, check: UNIFORM_END_NS })
    expect(bareHold(64, 'skewed', OPS)).toEqual({ ops: OPS, check: SKEWED_END_NS })
  })

  it('the core does what the bare loop does', () => {
    expect(corePingPong(OPS)).toEqual(barePingPong(OPS))
    expect(coreMutex(8, OPS)).toEqual(bareMutex(8, OPS))
    expect(coreTimers(256, OPS)).toEqual(bareTimers(256, OPS))
  })

  it.each(queueNames)('timers with lazy cancel: %s', (name) => {
    expect(cancelQueue(name, 256)(OPS)).toEqual(cancelQueue('binary objects', 256)(OPS))
  })

  it.each([1, 8])('a ring and the heap serve %d wake-ups alike', (fan) => {
    expect(wakeup('ring', fan)(OPS)).toEqual(wakeup('heap', fan)(OPS))
  })

  it('watching the sound card does not change it, and it plays', () => {
    const plain = soundCard(4, false, OPS)
    expect(soundCard(4, true, OPS)).toEqual(plain)
    expect(plain.check).toBeGreaterThan(300)
  })
})

describe('queues', () => {
  it('keep (time, priority, arrival) among many equal times', () => {
    const queues: Queue[] = [
      new BinaryObjects(),
      new BinaryTyped(),
      new FourTyped(),
      new FourHole(),
    ]
    const orders = queues.map(churn)
    expect(orders[0]).toHaveLength(2000)
    for (const order of orders) expect(order).toEqual(orders[0])
  })

  it('a hole knows when the next event is due', () => {
    const queue = new FourHole()
    expect(queue.nextTimeNs()).toBe(Number.POSITIVE_INFINITY)
    for (const timeNs of [7, 5, 9, 6]) queue.push(timeNs, 0, timeNs)
    expect(queue.nextTimeNs()).toBe(5)
    expect(queue.pop()).toBe(5)
    expect(queue.nextTimeNs()).toBe(6)
  })
})

describe('paired ratios', () => {
  it('are taken inside a pair, then the median', () => {
    const sample = (userUs: number) => ({ ops: 100, check: 0, userUs })
    const contender = { name: 'x', command: [], load: '' }
    const own = [sample(10), sample(20), sample(90)]
    const base = [sample(20), sample(40), sample(90)]
    expect(ratios({ contender, own, base })).toEqual({ median: 2, min: 1, max: 2 })
    expect(spread([1, 4])).toEqual({ median: 2.5, min: 1, max: 4 })
  })
})

/** Pushes and pops in a drawn order, with few different times, and drains the queue. */
function churn(queue: Queue): string[] {
  const delays = new Delays('uniform')
  const left: string[] = []
  const take = (): boolean => {
    const id = queue.pop()
    if (id >= 0) left.push(`${queue.timeNs}:${id}`)
    return id >= 0
  }
  for (let id = 0; id < 2000; id++) {
    const bits = delays.bits()
    queue.push(queue.timeNs + (bits & 7), (bits >>> 3) & 3, id)
    if ((bits & 64) !== 0) take()
  }
  while (take());
  return left
}

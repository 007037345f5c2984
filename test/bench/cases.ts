/**
 * Every case by the words that name it on a command line: a load, a variant, a size, a shape.
 */

import { coreHold, coreMutex, corePingPong, coreTimers } from '../../src/app/bench-loops.ts'
import type { Case, Shape } from '../../src/app/bench-workload.ts'
import { bareHold, bareMutex, barePingPong, bareTimers } from './bare.ts'
import { soundCard } from './card.ts'
import { cancelQueue, holdQueue, type QueueName, wakeup } from './heap-cases.ts'
import { hold, type KindName } from './representations.ts'

type Maker = (name: string, size: number, shape: Shape) => Case

const loads: Record<string, Maker> = {
  // One of representations.ts.
  hold: (name, size, shape) => hold(name as KindName, size, shape),
  // One of heap-cases.ts; for wake-ups the size is how many each timer wakes.
  queue: (name, size, shape) => holdQueue(name as QueueName, size, shape),
  cancel: (name, size) => cancelQueue(name as QueueName, size),
  wakeup: (name, size) => wakeup(name as 'heap' | 'ring', size),
  // The name is `bare` or `core`.
  waits: (name, size, shape) => (ops) =>
    name === 'core' ? coreHold(size, shape, ops) : bareHold(size, shape, ops),
  pingpong: (name) => (ops) => (name === 'core' ? corePingPong(ops) : barePingPong(ops)),
  mutex: (name, size) => (ops) => (name === 'core' ? coreMutex(size, ops) : bareMutex(size, ops)),
  timers: (name, size) => (ops) =>
    name === 'core' ? coreTimers(size, ops) : bareTimers(size, ops),
  // The name is `plain` or `full`.
  card: (name, size) => (ops) => soundCard(size, name === 'full', ops),
}

export function caseOf(load: string, name: string, size: number, shape: string): Case {
  const maker = loads[load]
  const known = Object.keys(loads).join(', ')
  if (maker === undefined) throw new Error(`bench: no load "${load}"; there are ${known}`)
  return maker(name, size, shape as Shape)
}

/**
 * What the machine costs as it grows: work of the event queue for each event, by how many are
 * pending; memory for each task, by their number, and over time. Counts and bytes, no seconds.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Delays } from '../../src/app/bench-workload.ts'
import { distribution } from '../../src/base/distribution.ts'
import { EventQueue } from '../../src/base/event-queue.ts'
import { sleepUntil } from '../../src/model/linux/hrtimer.ts'
import { Kernel } from '../../src/model/linux/kernel.ts'
import { COST_NAMES, costTable } from '../../src/model/machine/cost.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { Simulation } from '../../src/sim/scheduler.ts'

/**
 * Times that the queue looks at for one event taken and one put in, with `pending` in it. `spread`
 * delays are 1..2^24 ns; it counts as many events as are pending, so that all go through buckets.
 * `crowded` delays are 1..16 ns beside one event that is a day away: all are in one bucket.
 */
export function looksPerEvent(pending: number, shape: 'spread' | 'crowded'): number {
  const queue = new EventQueue()
  const delays = new Delays('uniform')
  const mask = shape === 'spread' ? 0xff_ffff : 15
  const delay = (): number => 1 + (delays.bits() & mask)
  for (let slot = 1; slot < pending; slot++) queue.push(delay(), 0, slot)
  queue.push(shape === 'spread' ? delay() : 86_400_000_000_000, 0, 0)
  queue.nextTimeNs()
  const times = queue.times
  let looks = 0
  queue.times = new Proxy(times, {
    get(target, at) {
      looks++
      return target[at as unknown as number]
    },
  })
  const events = shape === 'spread' ? Math.max(pending, 20_000) : 20_000
  for (let i = 0; i < events; i++) {
    const entry = queue.pop()
    queue.push((times[entry] as number) + delay(), 0, queue.slots[entry] as number)
  }
  return looks / events
}

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function emptyKernel(): Kernel {
  const none = distribution({ kind: 'constant', ns: 0 })
  const costs = costTable(COST_NAMES.map(() => none))
  const config = { hz: 250, preempt: 'voluntary', version: '6.12', cpus: 4, costs } as const
  return new Kernel(new Simulation({ seed: 1 }), 'guest', config)
}

/** Starts tasks that compute and sleep in turn, for ever. */
function startTasks(k: Kernel, count: number): void {
  const body = function* () {
    for (;;) {
      yield* chargeNs(k, 1_000)
      yield* sleepUntil(k, k.sim.now + 10_000_000)
    }
  }
  for (let i = 0; i < count; i++) k.spawn(`t${i}`, 'task', body, { cpu: i % 4 })
}

/** What is alive beyond `before`; the kernel stays so until it has been counted. */
function grown(k: Kernel, before: number): number {
  const bytes = heapBytes() - before
  return k.sim.steps > 0 ? bytes : 0
}

/** Bytes that each task takes, with `count` of them alive and asleep. */
export function bytesPerTask(count: number): number {
  // Once for what is made or compiled on first use.
  startTasks(emptyKernel(), 10)
  const k = emptyKernel()
  const before = heapBytes()
  startTasks(k, count)
  k.sim.run(50_000_000)
  return grown(k, before) / count
}

/** Bytes by which a run of 100 tasks grows for each simulated second, nothing being recorded. */
export function growthPerSecond(seconds: number): number {
  const k = emptyKernel()
  startTasks(k, 100)
  k.sim.run(1_000_000_000)
  const before = heapBytes()
  k.sim.run((1 + seconds) * 1_000_000_000)
  return grown(k, before) / seconds
}

export const PENDING = [4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 1_048_576]
export const TASKS = [100, 1_000, 4_000]

/** The bench's section, as lines. */
export function machineReport(sizes = PENDING): readonly string[] {
  const looks = sizes.map((n) => {
    const [spread, crowded] = [looksPerEvent(n, 'spread'), looksPerEvent(n, 'crowded')]
    const both = `${spread.toFixed(1)} spread, ${crowded.toFixed(1)} crowded`
    return `${String(n).padStart(8)} pending: ${both}, log2 ${Math.log2(n).toFixed(0)}`
  })
  const tasks = TASKS.map((n) => `${String(n).padStart(8)} tasks: ${bytesPerTask(n).toFixed(0)} B`)
  const growth = `growth of a run of 100 tasks: ${growthPerSecond(30).toFixed(0)} B a second`
  const title = 'machine: times looked at for an event, by pending events'
  return ['', title, ...looks, 'memory a task', ...tasks, growth]
}

/** Analytic anchors of the machine model: what scheduling theory says exactly must come out. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distribution } from '../../src/base/distribution.ts'
import { Prng } from '../../src/base/prng.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { niceWeight, type Task, TaskState } from '../../src/model/machine/task.ts'
import { Req } from '../../src/sim/process.ts'
import { tinyKernel } from '../support/tiny-kernel.ts'

interface PeriodicTask {
  readonly costNs: number
  readonly periodNs: number
}

/** Exact worst-case response times under fixed priorities, index 0 the highest (Joseph, Pandya). */
function responseTimes(set: readonly PeriodicTask[]): (number | null)[] {
  return set.map((task, i) => {
    let response = task.costNs
    for (;;) {
      let next = task.costNs
      for (const other of set.slice(0, i)) {
        next += Math.ceil(response / other.periodNs) * other.costNs
      }
      if (next === response) return response
      if (next > task.periodNs) return null
      response = next
    }
  })
}

/** First response of each task after a common release, measured on the machine. */
function measured(set: readonly PeriodicTask[]): (number | null)[] {
  const { sim, k } = tinyKernel({ preempt: 'full', rtRuntimeNs: -1 })
  const first: (number | null)[] = set.map(() => null)
  set.forEach((spec, i) => {
    let released = 0
    let task: Task | null = null
    const body = function* () {
      for (let job = 0; ; job++) {
        while (released <= job) {
          ;(task as unknown as Task).state = TaskState.UNINTERRUPTIBLE
          yield Req.BLOCK
        }
        yield* chargeNs(k, spec.costNs)
        first[i] ??= sim.now
      }
    }
    task = k.spawn(`t${i}`, 'task', body, { policy: 'fifo', priority: 90 - i })
    const timer = sim.timer(() => {
      released++
      k.wake(task as unknown as Task)
      timer.arm(sim.now + spec.periodNs)
    })
    timer.arm(0)
  })
  sim.run(2_000_000)
  return first
}

describe('fixed-priority preemptive scheduling', () => {
  it('meets exact response-time analysis to the nanosecond', () => {
    const task = fc.record({
      costNs: fc.integer({ min: 1, max: 50_000 }),
      periodNs: fc.integer({ min: 100_000, max: 400_000 }),
    })
    let schedulable = 0
    fc.assert(
      fc.property(fc.array(task, { minLength: 1, maxLength: 6 }), (set) => {
        const predicted = responseTimes(set)
        const got = measured(set)
        predicted.forEach((response, i) => {
          if (response === null) return
          schedulable++
          expect(got[i]).toBe(response)
        })
      }),
      { numRuns: 200, seed: 11 },
    )
    expect(schedulable).toBeGreaterThan(300)
  })
})

describe('fair class', () => {
  for (const fair of ['cfs', 'eevdf'] as const) {
    it(`${fair}: shares follow the weights within one slice`, () => {
      const nices = [0, 5, -5]
      const { sim, k } = tinyKernel({ fair })
      const tasks = nices.map((nice, i) => k.spawn(`t${i}`, 'task', hog(k), { nice }))
      const spanNs = 4_000_000_000
      sim.run(spanNs)
      for (const cpu of k.cpus) cpu.accountTask()
      const weights = nices.map(niceWeight)
      const total = weights.reduce((a, b) => a + b, 0)
      // A turn ends at a tick, so one slice is what the class asks for and up to a tick more.
      const sliceNs = k.fairTuning.latencyNs + 2 * k.tickNs
      tasks.forEach((task, i) => {
        const share = (spanNs * (weights[i] as number)) / total
        expect(Math.abs(task.sumExecNs - share)).toBeLessThan(sliceNs)
      })
    })
  }
})

function hog(k: ReturnType<typeof tinyKernel>['k']) {
  return function* () {
    const task = k.current as Task
    task.userMode = true
    for (;;) yield* chargeNs(k, 1_000_000)
  }
}

/** Mean wait in a queue with Poisson arrivals and one server task. */
function meanWaitNs(service: { draw: (s: Prng) => number }, meanGapNs: number, jobs: number) {
  const { sim, k } = tinyKernel({ preempt: 'full', rtRuntimeNs: -1 })
  const gaps = distribution({ kind: 'exponential', meanNs: meanGapNs, maxNs: 100 * meanGapNs })
  const arrivals = new Prng(5, 'arrivals')
  const services = new Prng(5, 'services')
  const queue: number[] = []
  const waits: number[] = []
  let task: Task | null = null
  const body = function* () {
    for (;;) {
      while (queue.length === 0) {
        ;(task as unknown as Task).state = TaskState.UNINTERRUPTIBLE
        yield Req.BLOCK
      }
      waits.push(sim.now - (queue.shift() as number))
      yield* chargeNs(k, service.draw(services))
    }
  }
  task = k.spawn('server', 'task', body, { policy: 'fifo', priority: 50 })
  const timer = sim.timer(() => {
    queue.push(sim.now)
    k.wake(task as unknown as Task)
    timer.arm(sim.now + gaps.draw(arrivals))
  })
  timer.arm(0)
  sim.run(meanGapNs * jobs)
  return { mean: waits.reduce((a, b) => a + b, 0) / waits.length, count: waits.length }
}

describe('queueing laws', () => {
  const jobs = 200_000
  it('M/D/1: mean wait is rho s / (2 (1 - rho))', () => {
    const s = 7_000
    const { mean, count } = meanWaitNs({ draw: () => s }, 10_000, jobs)
    expect(count).toBeGreaterThan(jobs * 0.95)
    const expected = (0.7 * s) / (2 * 0.3)
    expect(Math.abs(mean / expected - 1)).toBeLessThan(0.04)
  })

  it('M/M/1: mean wait is rho s / (1 - rho)', () => {
    const s = 7_000
    const dist = distribution({ kind: 'exponential', meanNs: s, maxNs: 100 * s })
    const { mean } = meanWaitNs(dist, 10_000, jobs)
    const expected = (0.7 * s) / 0.3
    expect(Math.abs(mean / expected - 1)).toBeLessThan(0.05)
  })
})

/** The fair class: whatever the weights, nobody is further than a slice from his share. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { niceWeight, type Task } from '../../src/model/machine/task.ts'
import { tinyKernel } from '../support/tiny-kernel.ts'

type Flavour = 'cfs' | 'eevdf'

/** Runs a hog for each nice level and returns their run times and the time that passed. */
function runTimes(fair: Flavour, nices: readonly number[], spanNs: number) {
  // A tick of 1 ms, so that turns end near where the class wants them to.
  const { sim, k } = tinyKernel({ fair, hz: 1000 })
  const body = function* () {
    const task = k.current as Task
    task.userMode = true
    for (;;) yield* chargeNs(k, 1_000_000)
  }
  const tasks = nices.map((nice, i) => k.spawn(`t${i}`, 'task', body, { nice }))
  sim.run(spanNs)
  for (const cpu of k.cpus) cpu.accountTask()
  return { k, ran: tasks.map((task) => task.sumExecNs) }
}

describe('fair class', () => {
  for (const fair of ['cfs', 'eevdf'] as const) {
    it(`${fair}: random weights, shares within one slice`, () => {
      const nices = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 2, maxLength: 6 })
      fc.assert(
        fc.property(nices, (list) => {
          const spanNs = 3_000_000_000
          const { k, ran } = runTimes(fair, list, spanNs)
          const weights = list.map(niceWeight)
          const total = weights.reduce((a, b) => a + b, 0)
          expect(ran.reduce((a, b) => a + b, 0)).toBe(spanNs)
          const { latencyNs, minGranularityNs, sliceNs } = k.fairTuning
          ran.forEach((ns, i) => {
            const share = (spanNs * (weights[i] as number)) / total
            // CFS hands out latency by weight, EEVDF its slice; a turn ends at a tick.
            const granted = Math.max((latencyNs * (weights[i] as number)) / total, minGranularityNs)
            const turnNs = (fair === 'cfs' ? granted : sliceNs) + 2 * k.tickNs
            // Behind the others' turns, or ahead by an own one.
            expect(Math.abs(ns - share)).toBeLessThan(turnNs * (list.length + 1))
          })
        }),
        { numRuns: 40, seed: 21 },
      )
    })
  }
})

/**
 * The vCPU law: a virtual processor with supply always on runs as a physical one, record for
 * record; with supply cut into slices each charge still totals its cost and order within a context
 * is kept.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IrqVector } from '../../src/model/machine/irq-vector.ts'
import { addLoad } from '../../src/model/machine/load.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { T, type TraceRecord } from '../../src/sim/trace.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'
import { startWorkload } from '../support/guest-workload.ts'
import { tinyGuest, tinyKernel } from '../support/tiny-kernel.ts'

const PRICES = { irq_entry: 300, irq_exit: 100, task_switch: 900, mutex_lock: 20, tick: 700 }

/** The guest's own records as text, without those that only say where time came from. */
function guestRecords(store: TraceStore): string[] {
  const lines: string[] = []
  const supply: readonly number[] = [T.supply_on, T.supply_off, T.kvm_exit, T.kvm_entry]
  store.replay({
    record: (r: TraceRecord) => {
      const who = store.symbols.entry('ctx', r.context)
      if (who.group !== 'guest' || supply.includes(r.kind)) return
      // Workers are made while the run goes on, so their numbers differ: names are compared.
      const name = (id: number) => store.symbols.name('ctx', id)
      const args = [T.sched_switch, T.sched_waking].includes(r.kind)
        ? [name(r.a), r.kind === T.sched_switch ? name(r.b) : r.b]
        : [r.a, r.b, r.c]
      lines.push([r.timeNs, r.kind, r.cpu, who.name, ...args].join(' '))
    },
  })
  return lines
}

describe('the vCPU law', () => {
  for (const preempt of ['none', 'voluntary', 'full', 'rt'] as const) {
    it(`${preempt}: supply always on: the same records as on a physical processor`, () => {
      let records = 0
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.constantFrom(1, 2, 4), (seed, cpus) => {
          const options = { cpus, preempt, prices: PRICES }
          const physical = tinyKernel(options)
          startWorkload(physical.k, seed)
          physical.sim.run(60_000_000)
          const virtual = tinyGuest({ ...options, hostCpus: cpus })
          startWorkload(virtual.k, seed)
          virtual.sim.run(60_000_000)
          const expected = guestRecords(physical.store)
          expect(guestRecords(virtual.store)).toEqual(expected)
          records += expected.length
        }),
        { numRuns: 40, seed: 3 },
      )
      expect(records).toBeGreaterThan(40 * 300)
    })
  }

  it('supply cut at random: the same work is done, only later, and nothing is left over', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(1, 2, 4), fc.nat(900), (seed, cpus, cut) => {
        const { sim, k, host, store } = tinyGuest({ cpus, hostCpus: cpus, prices: PRICES })
        startWorkload(k, seed)
        for (const cpu of host.cpus) {
          addLoad(host, {
            name: `thief${cpu.index}`,
            policy: 'fifo',
            priority: 50,
            affinity: [cpu.index],
            pattern: {
              kind: 'random',
              gap: { kind: 'uniform', minNs: 1_000, maxNs: 400_000 },
              run: { kind: 'uniform', minNs: 1, maxNs: 1_000 * (cut + 1) },
            },
          })
        }
        sim.run(2_000_000_000)
        const ended = new Set<string>()
        store.replay({
          record: (r: TraceRecord) => {
            if (r.kind === T.sched_switch) ended.delete(store.symbols.name('ctx', r.b))
            if (r.kind === T.sched_switch) ended.add(store.symbols.name('ctx', r.a))
          },
        })
        for (const name of ['t0', 't1', 't2', 't3']) expect(ended).toContain(name)
        expect(k.cpus.every((cpu) => cpu.isIdle && cpu.pendingIrqs.length === 0)).toBe(true)
      }),
      { numRuns: 60, seed: 5 },
    )
  })

  it('supply in random slices: every charge still totals its cost, order is kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 80_000 }), { maxLength: 20 }),
        (costs, steals) => {
          const { sim, k, host, hv } = tinyGuest()
          const done: number[] = []
          k.spawn('a', 'task', function* () {
            for (const [i, ns] of costs.entries()) {
              yield* chargeNs(k, ns)
              done.push(i)
            }
          })
          let at = 0
          for (const ns of steals) {
            at += ns
            const thief = function* () {
              yield* chargeNs(host, ns)
            }
            const start = () => host.spawn('thief', 'host', thief, { policy: 'fifo', priority: 9 })
            sim.timer(start).arm(at)
          }
          sim.run(100_000_000)
          host.cpus[0]?.accountTask()
          const total = costs.reduce((a, b) => a + b, 0)
          expect(done).toEqual([...costs.keys()])
          expect(hv.vcpus[0]?.task.sumExecNs).toBe(total)
        },
      ),
      { numRuns: 150, seed: 4 },
    )
  })

  it('interrupts raised while stolen are delivered first on resume', () => {
    const { sim, k, host } = tinyGuest()
    const order: [string, number][] = []
    k.spawn('a', 'task', function* () {
      yield* chargeNs(k, 20_000)
      order.push(['task', sim.now])
    })
    const cpu = k.cpus[0] as (typeof k.cpus)[number]
    const vector = new IrqVector(k, cpu, 'irq', function* () {
      yield* chargeNs(k, 500)
      order.push(['irq', sim.now])
    })
    const thief = function* () {
      yield* chargeNs(host, 100_000)
    }
    sim.timer(() => host.spawn('thief', 'host', thief, { policy: 'fifo', priority: 9 })).arm(5_000)
    sim.timer(() => cpu.raise(vector)).arm(50_000)
    sim.run(10_000_000)
    expect(order).toEqual([
      ['irq', 105_500],
      ['task', 120_500],
    ])
  })
})

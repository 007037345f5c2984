/**
 * The vCPU law: a virtual processor with supply always on runs as a physical one, record for record;
 * with supply cut into slices each charge still totals its cost and order within a context is kept.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../src/base/prng.ts'
import { sleepUntil } from '../../src/model/linux/hrtimer.ts'
import type { Kernel } from '../../src/model/linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../src/model/linux/mutex.ts'
import { schedule_work, WorkStruct } from '../../src/model/linux/workqueue.ts'
import { IrqVector } from '../../src/model/machine/irq-vector.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { T, type TraceRecord } from '../../src/sim/trace.ts'
import type { TraceStore } from '../../src/sim/trace-store.ts'
import { tinyGuest, tinyKernel } from '../support/tiny-kernel.ts'

const PRICES = { irq_entry: 300, irq_exit: 100, task_switch: 900, mutex_lock: 20, tick: 700 }

/** A guest workload: tasks with a lock and sleeps, an interrupt that schedules work. */
function load(k: Kernel, seed: number): void {
  const rng = new Prng(seed, 'load')
  const lock = new Mutex(k, '&m')
  for (let i = 0; i < 3; i++) {
    k.spawn(`t${i}`, 'task', function* () {
      for (let n = 0; n < 20; n++) {
        yield* chargeNs(k, 1 + rng.below(20_000))
        yield* mutex_lock(lock)
        yield* chargeNs(k, 1 + rng.below(5_000))
        yield* mutex_unlock(lock)
        yield* sleepUntil(k, k.sim.now + rng.below(100_000))
      }
    })
  }
  const work = new WorkStruct(
    k,
    '&w',
    function* () {
      yield* chargeNs(k, 2_000)
    },
    'w_fn',
  )
  const cpu = k.cpus[0] as (typeof k.cpus)[number]
  const vector = new IrqVector(k, cpu, 'irq', function* () {
    yield* chargeNs(k, 700)
    yield* schedule_work(work)
  })
  for (let n = 0; n < 30; n++) k.sim.timer(() => cpu.raise(vector)).arm(rng.below(3_000_000))
}

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
  it('supply always on: the same records as on a physical processor', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(1, 2), (seed, cpus) => {
        const physical = tinyKernel({ cpus, prices: PRICES })
        load(physical.k, seed)
        physical.sim.run(20_000_000)
        const virtual = tinyGuest({ cpus, hostCpus: cpus, prices: PRICES })
        load(virtual.k, seed)
        virtual.sim.run(20_000_000)
        expect(guestRecords(virtual.store)).toEqual(guestRecords(physical.store))
      }),
      { numRuns: 60, seed: 3 },
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

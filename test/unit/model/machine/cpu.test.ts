import { describe, expect, it } from 'vitest'
import { IrqVector } from '../../../../src/model/machine/irq-vector.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import { TaskState } from '../../../../src/model/machine/task.ts'
import { Req } from '../../../../src/sim/process.ts'
import { tinyGuest, tinyKernel } from '../../../support/tiny-kernel.ts'

describe('cpu', () => {
  it('a charge takes its time', () => {
    const { sim, k } = tinyKernel()
    const ends: number[] = []
    k.spawn('a', 'task', function* () {
      yield* chargeNs(k, 1000)
      ends.push(sim.now)
    })
    sim.run(1_000_000)
    expect(ends).toEqual([1000])
  })

  it('two FIFO tasks of one priority run one after the other', () => {
    const { sim, k } = tinyKernel()
    const ends: [string, number][] = []
    for (const name of ['a', 'b']) {
      const body = function* () {
        yield* chargeNs(k, 1000)
        ends.push([name, sim.now])
      }
      k.spawn(name, 'task', body, { policy: 'fifo', priority: 5 })
    }
    sim.run(1_000_000)
    expect(ends).toEqual([
      ['a', 1000],
      ['b', 2000],
    ])
  })

  it('an interrupt suspends the charge below it and costs it nothing', () => {
    const { sim, k } = tinyKernel()
    const ends: [string, number][] = []
    k.spawn('a', 'task', function* () {
      yield* chargeNs(k, 10_000)
      ends.push(['task', sim.now])
    })
    const cpu = k.cpus[0] as (typeof k.cpus)[number]
    const vector = new IrqVector(k, cpu, 'irq', function* () {
      yield* chargeNs(k, 500)
      ends.push(['irq', sim.now])
    })
    const at = sim.timer(() => cpu.raise(vector))
    at.arm(4000)
    sim.run(1_000_000)
    expect(ends).toEqual([
      ['irq', 4500],
      ['task', 10_500],
    ])
  })

  it('an interrupt raised while interrupts are off waits for the end of the section', () => {
    const { sim, k } = tinyKernel()
    const log: [string, number][] = []
    const cpu = k.cpus[0] as (typeof k.cpus)[number]
    k.spawn('a', 'task', function* () {
      cpu.irqsOff = true
      yield* chargeNs(k, 10_000)
      log.push(['section', sim.now])
      cpu.irqsOff = false
      yield Req.POINT
      log.push(['after', sim.now])
    })
    const vector = new IrqVector(k, cpu, 'irq', function* () {
      yield* chargeNs(k, 500)
      log.push(['irq', sim.now])
    })
    sim.timer(() => cpu.raise(vector)).arm(4000)
    sim.run(1_000_000)
    expect(log).toEqual([
      ['section', 10_000],
      ['irq', 10_500],
      ['after', 10_500],
    ])
  })

  it('a guest on a virtual processor runs, halts and wakes', () => {
    const { sim, k } = tinyGuest()
    const log: number[] = []
    const task = k.spawn('a', 'task', function* () {
      for (let i = 0; i < 3; i++) {
        yield* chargeNs(k, 1000)
        log.push(sim.now)
        task.state = TaskState.UNINTERRUPTIBLE
        yield Req.BLOCK
      }
    })
    const cpu = k.cpus[0] as (typeof k.cpus)[number]
    const vector = new IrqVector(k, cpu, 'irq', function* () {
      k.wake(task)
    })
    const timer = sim.timer(() => cpu.raise(vector))
    timer.arm(50_000)
    sim.timer(() => cpu.raise(vector)).arm(90_000)
    sim.run(1_000_000)
    expect(log).toEqual([1000, 51_000, 91_000])
  })

  it('a vCPU that is preempted takes its charge along', () => {
    const { sim, k, host } = tinyGuest({ prices: {} })
    let end = 0
    k.spawn('a', 'task', function* () {
      yield* chargeNs(k, 100_000)
      end = sim.now
    })
    sim
      .timer(() => {
        host.spawn(
          'hog',
          'host',
          function* () {
            yield* chargeNs(host, 30_000)
          },
          { policy: 'fifo', priority: 50 },
        )
      })
      .arm(40_000)
    sim.run(1_000_000)
    expect(end).toBe(130_000)
  })
})

import { describe, expect, it } from 'vitest'
import { AudioClock } from '../../../../src/model/host/audio-clock.ts'
import { EventFd } from '../../../../src/model/host/eventfd.ts'
import {
  inject_irq,
  ioeventfd_write,
  userspace_exit,
} from '../../../../src/model/host/hypervisor.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { request_irq } from '../../../../src/model/linux/irq.ts'
import { addLoad } from '../../../../src/model/machine/load.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import { acquire, release, SleepLock } from '../../../../src/model/machine/sleep-lock.ts'
import { WaitPoint, waitUntil } from '../../../../src/model/machine/wait-point.ts'
import { tinyGuest } from '../../../support/tiny-kernel.ts'

const PRICES = {
  vm_exit: 700,
  vm_entry: 500,
  ioeventfd_signal: 300,
  irq_inject: 1500,
  posted_interrupt: 700,
  blocked_vcpu_wake: 15_000,
  halt_poll_wake: 1500,
  userspace_exit: 6000,
}

describe('hypervisor', () => {
  it('a kick costs the sender an exit and an entry and wakes the worker in between', () => {
    const { sim, k, host, hv } = tinyGuest({ hostCpus: 2, prices: PRICES })
    const point = new WaitPoint(host, 'worker')
    const fd = new EventFd(host, 'doorbell')
    fd.onSignal = () => point.wake()
    const log: [string, number][] = []
    host.spawn(
      'worker',
      'host',
      function* () {
        yield* waitUntil(point, Number.POSITIVE_INFINITY)
        log.push(['worker', sim.now])
      },
      { cpu: 1 },
    )
    k.spawn('t', 'task', function* () {
      log.push(['before', sim.now])
      yield* ioeventfd_write(hv, fd)
      log.push(['after', sim.now])
    })
    sim.run(1_000_000)
    const [start] = log.map(([, at]) => at)
    expect(log.map(([what, at]) => [what, at - (start as number)])).toEqual([
      ['before', 0],
      ['worker', 1000],
      ['after', 1500],
    ])
  })

  for (const state of ['running', 'polling', 'blocked', 'preempted'] as const) {
    it(`an interrupt reaches a ${state} vCPU in its own time`, () => {
      const haltPollNs = state === 'polling' ? 200_000 : 0
      const { sim, k, host, hv } = tinyGuest({ hostCpus: 2, prices: PRICES, haltPollNs })
      let raised = 0
      let taken = 0
      const line = request_irq(k, 'dev', function* () {
        taken = sim.now
        return 1
      })
      k.spawn('t', 'task', function* () {
        // Short sleeps teach the poll to grow, so that the last idle time is polled through.
        for (let i = 0; i < 8; i++) yield* sleepUntil(k, sim.now + 40_000)
        if (state === 'running' || state === 'preempted') yield* chargeNs(k, 10_000_000)
      })
      const thief = function* () {
        yield* chargeNs(host, 2_000_000)
      }
      if (state === 'preempted') {
        const options = { policy: 'fifo', priority: 9, affinity: [0] } as const
        sim.timer(() => host.spawn('thief', 'host', thief, options)).arm(1_900_000)
      }
      const sender = function* () {
        yield* inject_irq(hv, line, 'ioctl')
        raised = sim.now
      }
      const at = state === 'polling' ? 860_000 : 2_000_000
      sim.timer(() => host.spawn('sender', 'host', sender, { affinity: [1] })).arm(at)
      sim.run(20_000_000)
      const expected = {
        running: 700,
        polling: 1500 + 500,
        blocked: 15_000 + 500,
        preempted: 3_900_000 - 2_001_500 + 1200,
      }
      expect(taken - raised).toBe(expected[state])
    })
  }

  it('an emulated register runs its handler in the vCPU thread, behind the big lock', () => {
    const { sim, k, host, hv } = tinyGuest({ hostCpus: 2, prices: PRICES })
    const bql = new SleepLock(host, 'bql')
    host.spawn(
      'main-loop',
      'host',
      function* () {
        yield* acquire(bql)
        yield* chargeNs(host, 1_000_000)
        release(bql)
      },
      { affinity: [1] },
    )
    let back = 0
    k.spawn('t', 'task', function* () {
      yield* chargeNs(k, 100_000)
      yield* userspace_exit(hv, function* () {
        yield* acquire(bql)
        yield* chargeNs(host, 500)
        release(bql)
      })
      back = sim.now
    })
    sim.run(10_000_000)
    expect(back).toBe(1_000_000 + 500 + 500)
  })

  it('after a pause the late timers arrive at once', () => {
    const { sim, k, hv } = tinyGuest()
    const woke: [string, number][] = []
    for (const ms of [3, 5, 7]) {
      k.spawn(
        `t${ms}`,
        'task',
        function* () {
          yield* sleepUntil(k, ms * 1_000_000)
          woke.push([`t${ms}`, sim.now])
        },
        { policy: 'fifo', priority: 5 },
      )
    }
    sim.timer(() => hv.pause()).arm(2_000_000)
    sim.timer(() => hv.resume()).arm(20_000_000)
    sim.run(100_000_000)
    expect(woke).toEqual([
      ['t3', 20_000_000],
      ['t5', 20_000_000],
      ['t7', 20_000_000],
    ])
    expect(k.jiffies).toBeGreaterThanOrEqual(10_000 + 5)
  })

  it('a paused running vCPU keeps the rest of its charge', () => {
    const { sim, k, hv } = tinyGuest()
    let end = 0
    k.spawn('t', 'task', function* () {
      yield* chargeNs(k, 5_000_000)
      end = sim.now
    })
    sim.timer(() => hv.pause()).arm(2_000_000)
    sim.timer(() => hv.resume()).arm(20_000_000)
    sim.run(100_000_000)
    expect(end).toBe(23_000_000)
  })
})

describe('load', () => {
  it('steal is what a periodic host task takes from its vCPU', () => {
    const { sim, k, host } = tinyGuest()
    let end = 0
    k.spawn('t', 'task', function* () {
      yield* chargeNs(k, 10_000_000)
      end = sim.now
    })
    addLoad(host, {
      name: 'noise',
      policy: 'fifo',
      priority: 10,
      pattern: { kind: 'periodic', periodNs: 1_000_000, runNs: 200_000, offsetNs: 500_000 },
    })
    sim.run(100_000_000)
    // 0.8 ms of each millisecond: the twelfth burst is the last one before the end.
    expect(end).toBe(12_400_000)
  })
})

describe('audio clock', () => {
  it('runs fast by its ppm, wanders to nothing over a whole period, and inverts', () => {
    const fast = new AudioClock({ ppm: 50, wanderPpm: 0, wanderPeriodNs: 0 })
    expect(fast.deviceNs(1_000_000_000)).toBe(1_000_050_000)
    const wander = new AudioClock({ ppm: 0, wanderPpm: 20, wanderPeriodNs: 60_000_000_000 })
    expect(wander.deviceNs(60_000_000_000)).toBe(60_000_000_000)
    expect(wander.deviceNs(30_000_000_000) - 30_000_000_000).toBe(300_000)
    for (const at of [1, 999, 12_345_678, 59_000_000_001]) {
      const sim = wander.simNs(at)
      expect(wander.deviceNs(sim)).toBeGreaterThanOrEqual(at)
      expect(wander.deviceNs(sim - 1)).toBeLessThan(at)
    }
  })
})

/** One small case and one number for each effect of the guest's machine (issue 3, Must hold). */
import { describe, expect, it } from 'vitest'
import {
  Completion,
  wait_for_completion_interruptible_timeout,
} from '../../../../src/model/linux/completion.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { IRQ_HANDLED, request_irq } from '../../../../src/model/linux/irq.ts'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../../../src/model/linux/mutex.ts'
import {
  RwLock,
  read_lock,
  read_unlock,
  write_lock,
  write_unlock,
} from '../../../../src/model/linux/rwlock.ts'
import {
  msecs_to_jiffies,
  schedule,
  schedule_timeout,
  send_sig,
  set_current_state,
} from '../../../../src/model/linux/sched.ts'
import {
  prepare_to_wait,
  WaitQueueEntry,
  WaitQueueHead,
  wake_up,
} from '../../../../src/model/linux/wait.ts'
import { schedule_work, WorkStruct } from '../../../../src/model/linux/workqueue.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import { type Task, TaskState } from '../../../../src/model/machine/task.ts'
import { tinyGuest, tinyKernel } from '../../../support/tiny-kernel.ts'

const cpu0 = (k: Kernel) => k.cpus[0] as (typeof k.cpus)[number]

describe('work items', () => {
  it('coalesce: four interrupts while the item runs make one more run', () => {
    const { k, sim } = tinyKernel()
    const runs: number[] = []
    const work = new WorkStruct(
      k,
      '&vss->elapsed_period',
      function* () {
        runs.push(sim.now)
        yield* chargeNs(k, 3_000_000)
      },
      'virtsnd_pcm_period_elapsed',
    )
    const line = request_irq(k, 'virtio0', function* () {
      yield* schedule_work(work)
      return IRQ_HANDLED
    })
    for (const us of [100, 600, 1_100, 1_600, 2_100]) sim.timer(() => line.raise()).arm(us * 1000)
    sim.run(20_000_000)
    expect(runs).toEqual([100_000, 3_100_000])
  })

  it('a FIFO client starves the worker on a virtual processor too, up to 950 ms', () => {
    const { k, sim } = tinyGuest()
    let ran = 0
    const work = new WorkStruct(
      k,
      '&w',
      function* () {
        ran = sim.now
      },
      'w_fn',
    )
    const body = function* () {
      ;(k.current as Task).userMode = true
      yield* schedule_work(work)
      for (;;) yield* chargeNs(k, 1_000_000)
    }
    k.spawn('fifo', 'client', body, { policy: 'fifo', priority: 10 })
    sim.run(3_000_000_000)
    expect(ran).toBeGreaterThanOrEqual(950_000_000)
    expect(ran).toBeLessThanOrEqual(954_000_001)
  })
})

describe('timer wheel', () => {
  for (const hz of [100, 250, 300, 1000] as const) {
    it(`HZ=${hz}: never early by a tick, late by at most an eighth and two ticks`, () => {
      for (const ms of [1, 10, 50, 100, 300, 1000, 5000, 20_000]) {
        const { k, sim } = tinyKernel({ hz })
        let tookNs = 0
        k.spawn('t', 'task', function* () {
          yield* sleepUntil(k, 12_345_678)
          const fromNs = sim.now
          set_current_state(k, TaskState.UNINTERRUPTIBLE)
          yield* schedule_timeout(k, msecs_to_jiffies(k, ms))
          tookNs = sim.now - fromNs
        })
        sim.run(60_000_000_000)
        const askedNs = ms * 1_000_000
        // jiffies stand at the last tick: up to one tick is already gone.
        expect(tookNs).toBeGreaterThanOrEqual(askedNs - k.tickNs)
        expect(tookNs).toBeLessThanOrEqual(askedNs * 1.125 + 2 * k.tickNs)
      }
    })
  }
})

describe('waiting', () => {
  it('a wake-up wakes every plain waiter and one exclusive waiter, the first', () => {
    const { k, sim } = tinyKernel()
    const wq = new WaitQueueHead(k, '&wq')
    const woken: string[] = []
    const waiter = (name: string, exclusive: boolean): void => {
      const task: Task = k.spawn(name, 'task', function* () {
        const entry = new WaitQueueEntry(task, exclusive, true)
        yield* prepare_to_wait(wq, entry, TaskState.UNINTERRUPTIBLE)
        yield* schedule(k)
        woken.push(name)
      })
    }
    waiter('exclusive1', true)
    waiter('plain1', false)
    waiter('exclusive2', true)
    waiter('plain2', false)
    k.spawn('waker', 'task', function* () {
      yield* sleepUntil(k, 1_000_000)
      yield* wake_up(wq)
    })
    sim.run(10_000_000)
    expect(woken.toSorted()).toEqual(['exclusive1', 'plain1', 'plain2'])
    expect(wq.entries).toHaveLength(1)
  })

  it('a signal ends an interruptible wait for a completion at once', () => {
    const { k, sim } = tinyKernel()
    const answer: [number, number][] = []
    const task = k.spawn('t', 'task', function* () {
      const done = new Completion(k)
      answer.push([yield* wait_for_completion_interruptible_timeout(done, 250), sim.now])
      answer.push([yield* wait_for_completion_interruptible_timeout(done, 250), sim.now])
    })
    sim.timer(() => send_sig(k, task)).arm(7_000_000)
    sim.run(3_000_000_000)
    // The signal is still pending: the second wait does not begin.
    expect(answer).toEqual([
      [-512, 7_000_000],
      [-512, 7_000_000],
    ])
  })
})

describe('locks', () => {
  it('rwlock: a waiting writer holds new readers up, but not one in an interrupt', () => {
    const { k, sim } = tinyKernel({ cpus: 4 })
    const lock = new RwLock(k, '&lock')
    const order: [string, number][] = []
    const at = (cpu: number, name: string, startNs: number, write: boolean): void => {
      const body = function* () {
        yield* chargeNs(k, startNs)
        yield* write ? write_lock(lock) : read_lock(lock)
        order.push([name, sim.now])
        yield* chargeNs(k, 10_000)
        yield* write ? write_unlock(lock) : read_unlock(lock)
      }
      k.spawn(name, 'task', body, { affinity: [cpu] })
    }
    at(0, 'reader', 1, false)
    at(1, 'writer', 1_000, true)
    at(2, 'late reader', 2_000, false)
    const line = request_irq(
      k,
      'dev',
      function* () {
        yield* read_lock(lock)
        order.push(['interrupt', sim.now])
        yield* read_unlock(lock)
        return IRQ_HANDLED
      },
      { cpu: 3 },
    )
    sim.timer(() => line.raise()).arm(3_000)
    sim.run(1_000_000)
    expect(order).toEqual([
      ['reader', 1],
      ['interrupt', 3_000],
      ['writer', 10_001],
      ['late reader', 20_001],
    ])
  })

  it('mutex: a waiter that was woken and lost the race gets it next', () => {
    const { k, sim } = tinyKernel({ cpus: 2, prices: { mutex_lock: 20, task_switch: 5_000 } })
    const mutex = new Mutex(k, '&m')
    let turns = 0
    let got = -1
    k.spawn(
      'greedy',
      'task',
      function* () {
        for (; turns < 100; turns++) {
          yield* mutex_lock(mutex)
          yield* chargeNs(k, 2_000)
          // Asleep with the lock, so that the waiter does not spin.
          if (turns === 0) yield* sleepUntil(k, 100_000)
          yield* mutex_unlock(mutex)
        }
      },
      { affinity: [0] },
    )
    k.spawn(
      'waiter',
      'task',
      function* () {
        yield* chargeNs(k, 10_000)
        yield* mutex_lock(mutex)
        got = turns
        yield* mutex_unlock(mutex)
      },
      { affinity: [1] },
    )
    sim.run(10_000_000)
    // Waking takes longer than a turn of the greedy one: it loses some, then spins or is handed it.
    expect(got).toBeGreaterThan(0)
    expect(got).toBeLessThanOrEqual(4)
    expect(turns).toBe(100)
  })
})

describe('interrupts', () => {
  for (const options of [{ preempt: 'rt' }, { threadirqs: true }] as const) {
    it(`${JSON.stringify(options)}: handlers run in FIFO 50 threads, one edge is kept`, () => {
      const { k, sim } = tinyKernel({ ...options, prices: { irq_thread_start: 1_000 } })
      const seen: [string, number, boolean][] = []
      const line = request_irq(k, 'virtio0', function* () {
        seen.push([k.current.name, sim.now, cpu0(k).irqsOff])
        yield* chargeNs(k, 50_000)
        return IRQ_HANDLED
      })
      const hog = function* () {
        ;(k.current as Task).userMode = true
        for (;;) yield* chargeNs(k, 1_000_000)
      }
      k.spawn('fifo60', 'task', () => chargeLater(k), { policy: 'fifo', priority: 60 })
      k.spawn('fifo40', 'task', hog, { policy: 'fifo', priority: 40 })
      for (const us of [1_000, 1_010, 1_020]) sim.timer(() => line.raise()).arm(us * 1000)
      sim.run(10_000_000)
      const off = !('preempt' in options)
      expect(line.thread?.priority).toBe(50)
      expect(seen).toEqual([
        ['irq/0-virtio0', 3_001_000, off],
        ['irq/0-virtio0', 3_052_000, off],
      ])
    })
  }

  /** Runs from 0.5 ms to 3 ms. */
  function* chargeLater(k: Kernel) {
    ;(k.current as Task).userMode = true
    yield* sleepUntil(k, 500_000)
    yield* chargeNs(k, 2_500_000)
  }

  it('a storm starves the task below it; the run still ends', () => {
    const { k, sim } = tinyKernel({ prices: { irq_entry: 600, irq_exit: 400 } })
    const line = request_irq(k, 'virtio0', function* () {
      return IRQ_HANDLED
    })
    const storm = sim.timer(() => {
      line.raise()
      storm.arm(sim.now + 1_000)
    })
    storm.arm(1_000)
    let ended = false
    const task = k.spawn('t', 'task', function* () {
      yield* chargeNs(k, 100_000)
      ended = true
    })
    expect(sim.run(50_000_000)).toBe('until')
    expect(ended).toBe(false)
    expect(task.remainingNs).toBe(99_000)
  })

  it('a line goes where the configuration sends it', () => {
    const { k, sim } = tinyKernel({ cpus: 2, irqAffinity: { virtio0: 1 } })
    const on: number[] = []
    for (const name of ['virtio0', 'other']) {
      const line = request_irq(k, name, function* () {
        on.push(k.current.cpu.index)
        return IRQ_HANDLED
      })
      sim.timer(() => line.raise()).arm(on.length + 1)
    }
    sim.run(1_000)
    expect(on.toSorted()).toEqual([0, 1])
  })
})

describe('placement', () => {
  it('waking a task elsewhere costs the waker an IPI, waking one here does not', () => {
    for (const elsewhere of [true, false]) {
      const { k, sim } = tinyKernel({ cpus: 2, prices: { ipi: 3_000, wake_up: 100 } })
      let end = 0
      const sleeper = k.spawn('s', 'task', () => sleepForever(k), {
        affinity: [elsewhere ? 1 : 0],
      })
      k.spawn(
        'waker',
        'task',
        function* () {
          yield* chargeNs(k, 10_000)
          k.wake(sleeper)
          yield* chargeNs(k, 10_000)
          end = sim.now
        },
        { affinity: [0] },
      )
      sim.run(1_000_000)
      expect(end).toBe(elsewhere ? 23_000 : 20_000)
    }
  })

  function* sleepForever(k: Kernel) {
    for (;;) {
      set_current_state(k, TaskState.UNINTERRUPTIBLE)
      yield* schedule(k)
    }
  }

  it('an idle processor pulls a waiting task, unless its affinity forbids it', () => {
    for (const affinity of [undefined, [0]]) {
      const { k, sim } = tinyKernel({ cpus: 2 })
      const ends: number[] = []
      const body = function* () {
        yield* chargeNs(k, 1_000_000)
        ends.push(sim.now)
      }
      const options = { cpu: 0, ...(affinity === undefined ? {} : { affinity }) }
      for (const name of ['a', 'b']) k.spawn(name, 'task', body, options)
      sim.run(10_000_000)
      expect(Math.max(...ends)).toBe(affinity === undefined ? 1_000_000 : 2_000_000)
    }
  })
})

import { describe, expect, it } from 'vitest'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../../../src/model/linux/mutex.ts'
import {
  down_read,
  down_write,
  RwSemaphore,
  up_read,
  up_write,
} from '../../../../src/model/linux/rwsem.ts'
import {
  SpinlockT,
  spin_lock,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../../../../src/model/linux/spinlock.ts'
import { IrqVector } from '../../../../src/model/machine/irq-vector.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import type { Task } from '../../../../src/model/machine/task.ts'
import { T, TraceRecord } from '../../../../src/sim/trace.ts'
import { tinyGuest, tinyKernel } from '../../../support/tiny-kernel.ts'

type World = ReturnType<typeof tinyKernel>

/** Texts of the kernel log. */
function log({ store }: World): string[] {
  const lines: string[] = []
  const record = new TraceRecord()
  for (let i = 0; i < store.length; i++) {
    store.at(i, record)
    if (record.kind === T.printk) lines.push(store.symbols.name('text', record.a))
  }
  return lines
}

function texts({ store }: World, kind: number): string[] {
  const lines: string[] = []
  store.replay({
    record: (r) => {
      if (r.kind === kind) lines.push(store.symbols.name('text', kind === T.bug ? r.b : r.a))
    },
  })
  return lines
}

const firstCpu = (k: Kernel) => k.cpus[0] as (typeof k.cpus)[number]

describe('spinlock', () => {
  it('nested irqsave restores exactly, in every order of lock types', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const a = new SpinlockT(k, '&a')
    const b = new SpinlockT(k, '&b')
    const seen: boolean[] = []
    k.spawn('t', 'task', function* () {
      const cpu = firstCpu(k)
      const outer = yield* spin_lock_irqsave(a)
      const inner = yield* spin_lock_irqsave(b)
      yield* spin_unlock_irqrestore(b, inner)
      seen.push(cpu.irqsOff)
      yield* spin_unlock_irqrestore(a, outer)
      seen.push(cpu.irqsOff)
      const again = yield* spin_lock_irqsave(a)
      yield* spin_lock_irq(b)
      // unlock_irq turns interrupts on inside the irqsave region: the classic mistake.
      yield* spin_unlock_irq(b)
      seen.push(cpu.irqsOff)
      yield* spin_unlock_irqrestore(a, again)
      seen.push(cpu.irqsOff)
    })
    sim.run(1_000_000)
    expect(seen).toEqual([true, false, false, false])
  })

  it('serves waiters on other processors first come, first served', () => {
    const world = tinyKernel({ cpus: 3, prices: { spin_transfer: 60 } })
    const { k, sim } = world
    const lock = new SpinlockT(k, '&lock')
    const order: [string, number][] = []
    for (let cpu = 0; cpu < 3; cpu++) {
      const body = function* () {
        yield* chargeNs(k, cpu * 10)
        yield* spin_lock(lock)
        order.push([`cpu${cpu}`, sim.now])
        yield* chargeNs(k, 1000)
        yield* spin_unlock(lock)
      }
      k.spawn(`t${cpu}`, 'task', body, { affinity: [cpu] })
    }
    sim.run(1_000_000)
    expect(order).toEqual([
      ['cpu0', 0],
      ['cpu1', 1060],
      ['cpu2', 2120],
    ])
  })

  it('self-deadlocks for real when an interrupt wants the lock of the task below it', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const lock = new SpinlockT(k, '&vss->lock', '&vss->lock')
    k.spawn('t', 'task', function* () {
      yield* spin_lock(lock)
      yield* chargeNs(k, 10_000)
      yield* spin_unlock(lock)
    })
    const vector = new IrqVector(k, firstCpu(k), 'irq', function* () {
      yield* spin_lock(lock)
    })
    sim.timer(() => firstCpu(k).raise(vector)).arm(5000)
    sim.run(1_000_000)
    expect(texts(world, T.deadlock)).toEqual([
      'irq waits for &vss->lock held by t; t is stacked under irq',
    ])
  })

  it('finds ABBA between two processors when it happens, and only then', () => {
    const world = tinyKernel({ cpus: 2 })
    const { k, sim } = world
    const a = new SpinlockT(k, '&a', '&a')
    const b = new SpinlockT(k, '&b', '&b')
    const taker = (first: SpinlockT, second: SpinlockT, name: string, cpu: number) =>
      k.spawn(
        name,
        'task',
        function* () {
          yield* spin_lock(first)
          yield* chargeNs(k, 100)
          yield* spin_lock(second)
          yield* spin_unlock(second)
          yield* spin_unlock(first)
        },
        { affinity: [cpu] },
      )
    taker(a, b, 't0', 0)
    taker(b, a, 't1', 1)
    sim.run(1_000_000)
    expect(texts(world, T.deadlock)).toEqual([
      't1 waits for &a held by t0; t0 waits for &b held by t1',
    ])
  })

  it('hurts most when the holder is preempted by the host (lock-holder preemption)', () => {
    const world = tinyGuest({ cpus: 2, hostCpus: 2 })
    const { k, sim, host } = world
    const lock = new SpinlockT(k, '&lock')
    let gotAt = 0
    k.spawn(
      'holder',
      'task',
      function* () {
        yield* spin_lock(lock)
        yield* chargeNs(k, 20_000)
        yield* spin_unlock(lock)
      },
      { affinity: [0] },
    )
    k.spawn(
      'waiter',
      'task',
      function* () {
        yield* chargeNs(k, 5_000)
        yield* spin_lock(lock)
        gotAt = sim.now
        yield* spin_unlock(lock)
      },
      { affinity: [1] },
    )
    sim
      .timer(() => {
        const steal = function* () {
          yield* chargeNs(host, 3_000_000)
        }
        host.spawn('thief', 'host', steal, { policy: 'fifo', priority: 99, affinity: [0] })
      })
      .arm(10_000)
    sim.run(10_000_000)
    // 20 us of work, 3 ms of it stolen while interrupts and the other processor wait.
    expect(gotAt).toBe(3_020_000)
  })
})

describe('mutex', () => {
  it('reports sleeping in atomic context in the words of the kernel', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const spin = new SpinlockT(k, '&a')
    const mutex = new Mutex(k, '&m')
    k.spawn('aplay', 'client', function* () {
      yield* spin_lock(spin)
      yield* mutex_lock(mutex)
      yield* mutex_unlock(mutex)
      yield* spin_unlock(spin)
    })
    sim.run(1_000_000)
    expect(log(world)).toEqual([
      'BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580',
      'in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 1, name: aplay',
      'preempt_count: 1, expected: 0',
    ])
  })

  it('spins while the owner runs, sleeps while it does not', () => {
    for (const ownerSleeps of [false, true]) {
      const world = tinyKernel({ cpus: 2, prices: { mutex_slowpath: 4000 } })
      const { k, sim } = world
      const mutex = new Mutex(k, '&m')
      let gotAt = 0
      k.spawn(
        'owner',
        'task',
        function* () {
          yield* mutex_lock(mutex)
          if (ownerSleeps) yield* sleepNs(k, 10_000)
          else yield* chargeNs(k, 10_000)
          yield* mutex_unlock(mutex)
        },
        { affinity: [0] },
      )
      k.spawn(
        'waiter',
        'task',
        function* () {
          yield* chargeNs(k, 1000)
          yield* mutex_lock(mutex)
          gotAt = sim.now
          yield* mutex_unlock(mutex)
        },
        { affinity: [1] },
      )
      sim.run(1_000_000)
      expect(gotAt).toBe(ownerSleeps ? 64_000 : 10_000)
    }
  })

  it('two tasks that take two mutexes in opposite order deadlock for real', () => {
    const world = tinyKernel({ cpus: 2 })
    const { k, sim } = world
    const a = new Mutex(k, '&a', '&a')
    const b = new Mutex(k, '&b', '&b')
    const taker = (first: Mutex, second: Mutex, name: string, cpu: number) =>
      k.spawn(
        name,
        'task',
        function* () {
          yield* mutex_lock(first)
          yield* sleepNs(k, 10_000)
          yield* mutex_lock(second)
        },
        { affinity: [cpu] },
      )
    taker(a, b, 't0', 0)
    taker(b, a, 't1', 1)
    sim.run(1_000_000)
    expect(texts(world, T.deadlock)).toHaveLength(1)
  })
})

import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'

function* sleepNs(k: Kernel, ns: number) {
  yield* sleepUntil(k, k.sim.now + ns)
}

describe('priority inversion', () => {
  /** A low task holds the lock, a middle one hogs, a high one wants the lock. */
  function waitOfHigh(preempt: 'full' | 'rt', hogNs: number): number {
    const world = tinyKernel({ preempt, rtRuntimeNs: -1 })
    const { k, sim } = world
    const mutex = new Mutex(k, '&m')
    let got = 0
    let asked = 0
    k.spawn(
      'low',
      'task',
      function* () {
        yield* mutex_lock(mutex)
        yield* chargeNs(k, 100_000)
        yield* mutex_unlock(mutex)
      },
      { policy: 'fifo', priority: 1 },
    )
    const later = (atNs: number, name: string, priority: number, body: () => never | object) =>
      sim
        .timer(() => {
          k.spawn(name, 'task', body as never, { policy: 'fifo', priority })
        })
        .arm(atNs)
    later(10_000, 'high', 30, function* () {
      asked = sim.now
      yield* mutex_lock(mutex)
      got = sim.now
      yield* mutex_unlock(mutex)
    })
    later(20_000, 'middle', 20, function* () {
      yield* chargeNs(k, hogNs)
    })
    sim.run(1_000_000_000)
    return got - asked
  }

  it('grows with the middle task without inheritance, not with it', () => {
    expect(waitOfHigh('full', 1_000_000)).toBe(1_090_000)
    expect(waitOfHigh('full', 50_000_000)).toBe(50_090_000)
    expect(waitOfHigh('rt', 1_000_000)).toBe(90_000)
    expect(waitOfHigh('rt', 50_000_000)).toBe(90_000)
  })
})

describe('rwsem', () => {
  it('a waiting writer blocks new readers', () => {
    const world = tinyKernel({ cpus: 4 })
    const { k, sim } = world
    const sem = new RwSemaphore(k, 'sem')
    const order: [string, number][] = []
    const reader = (name: string, startNs: number, cpu: number) =>
      k.spawn(
        name,
        'task',
        function* () {
          yield* chargeNs(k, startNs)
          yield* down_read(sem)
          order.push([name, sim.now])
          yield* chargeNs(k, 10_000)
          yield* up_read(sem)
        },
        { affinity: [cpu] },
      )
    reader('r1', 1, 0)
    reader('r2', 3000, 1)
    k.spawn(
      'w',
      'task',
      function* () {
        yield* chargeNs(k, 5000)
        yield* down_write(sem)
        order.push(['w', sim.now])
        yield* chargeNs(k, 1000)
        yield* up_write(sem)
      },
      { affinity: [2] },
    )
    reader('r3', 6000, 3)
    sim.run(1_000_000)
    expect(order).toEqual([
      ['r1', 1],
      ['r2', 3000],
      ['w', 13_000],
      ['r3', 14_000],
    ])
  })

  it('reader, writer, reader of one task is a real deadlock', () => {
    const world = tinyKernel({ cpus: 2 })
    const { k, sim } = world
    const sem = new RwSemaphore(k, 'sem', 'sem')
    let task: Task | null = null
    task = k.spawn(
      'reader',
      'task',
      function* () {
        yield* down_read(sem)
        yield* chargeNs(k, 10_000)
        yield* down_read(sem)
      },
      { affinity: [0] },
    )
    k.spawn(
      'writer',
      'task',
      function* () {
        yield* chargeNs(k, 5_000)
        yield* down_write(sem)
      },
      { affinity: [1] },
    )
    sim.run(1_000_000)
    expect(task.state).not.toBe(0)
    expect(texts(world, T.deadlock)).toEqual([
      'reader waits for sem behind writer; writer waits for sem held by reader',
    ])
  })

  it('the same while an older reader still has it: it is found at once', () => {
    const world = tinyKernel({ cpus: 3 })
    const { k, sim } = world
    const sem = new RwSemaphore(k, 'sem', 'sem')
    const on = (cpu: number) => ({ affinity: [cpu] })
    const hold = function* (beginNs: number, ns: number, work: typeof down_read) {
      yield* chargeNs(k, beginNs)
      yield* work(sem)
      yield* chargeNs(k, ns)
    }
    k.spawn('old', 'task', () => hold(0, 500_000, down_read), on(0))
    k.spawn('writer', 'task', () => hold(5_000, 0, down_write), on(1))
    const twice = function* () {
      yield* hold(1_000, 9_000, down_read)
      yield* down_read(sem)
    }
    k.spawn('reader', 'task', twice, on(2))
    sim.run(100_000)
    expect(texts(world, T.deadlock)).toEqual([
      'reader waits for sem behind writer; writer waits for sem held by reader',
    ])
  })
})

/** What the kernel prints when its primitives are misused: each first line, and what then. */
import { describe, expect, it } from 'vitest'
import {
  debug_check_no_locks_freed,
  lockdep_sys_exit,
} from '../../../../src/model/linux/bug-locks.ts'
import { Completion, wait_for_completion } from '../../../../src/model/linux/completion.ts'
import { sleepUntil } from '../../../../src/model/linux/hrtimer.ts'
import { IRQ_HANDLED, IRQ_NONE, request_irq } from '../../../../src/model/linux/irq.ts'
import type { Kernel } from '../../../../src/model/linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../../../src/model/linux/mutex.ts'
import {
  cond_resched,
  local_irq_restore,
  local_irq_save,
  preempt_disable,
  preempt_enable,
} from '../../../../src/model/linux/preempt.ts'
import { down_read, RwSemaphore, up_read, up_write } from '../../../../src/model/linux/rwsem.ts'
import { set_current_state, TASK_INTERRUPTIBLE } from '../../../../src/model/linux/sched.ts'
import { SpinlockT, spin_lock, spin_unlock } from '../../../../src/model/linux/spinlock.ts'
import {
  cancel_work_sync,
  schedule_work,
  WorkStruct,
} from '../../../../src/model/linux/workqueue.ts'
import { chargeNs } from '../../../../src/model/machine/machine.ts'
import type { Proc } from '../../../../src/sim/process.ts'
import { deadlocksOf, logOf } from '../../../support/kernel-log.ts'
import { type TinyOptions, tinyKernel } from '../../../support/tiny-kernel.ts'

type World = ReturnType<typeof tinyKernel>

/** Runs one task and returns the kernel's log. */
function logAfter(
  body: (k: Kernel) => Proc,
  options: TinyOptions = {},
  untilNs = 1_000_000_000,
): string[] {
  const world = tinyKernel(options)
  world.k.spawn('aplay', 'client', () => body(world.k))
  world.sim.run(untilNs)
  return logOf(world)
}

describe('locks', () => {
  it('unlocking what nobody holds', () => {
    const spin = logAfter(function* (k) {
      yield* spin_unlock(new SpinlockT(k, '&vss->lock'))
    })
    const mutex = logAfter(function* (k) {
      yield* mutex_unlock(new Mutex(k, '&m'))
    })
    const sem = logAfter(function* (k) {
      yield* up_write(new RwSemaphore(k, 'sem'))
      yield* up_read(new RwSemaphore(k, 'sem'))
    })
    expect(spin.slice(0, 2)).toEqual([
      'WARNING: bad unlock balance detected!',
      'aplay/1 is trying to release lock (&vss->lock) at:',
    ])
    for (const log of [mutex, sem, sem.slice(3)]) {
      expect(log[0]).toBe('WARNING: bad unlock balance detected!')
    }
  })

  it('a mutex unlocked by another task is free afterwards', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const mutex = new Mutex(k, '&m')
    let got = 0
    k.spawn('owner', 'task', function* () {
      yield* mutex_lock(mutex)
      yield* sleepUntil(k, 10_000_000)
    })
    k.spawn('other', 'task', function* () {
      yield* mutex_unlock(mutex)
      yield* mutex_lock(mutex)
      got = sim.now
    })
    sim.run(5_000_000)
    expect(logOf(world).slice(0, 2)).toEqual([
      'DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)',
      'WARNING: CPU: 0 PID: 2 at kernel/locking/mutex.c:919 __mutex_unlock_slowpath',
    ])
    expect(got).toBeLessThan(100_000)
  })

  it('a spinlock that its own task holds: spins for ever', () => {
    const world = tinyKernel()
    const { k, sim } = world
    let after = false
    k.spawn('aplay', 'client', function* () {
      const lock = new SpinlockT(k, '&vss->lock', '&vss->lock')
      yield* spin_lock(lock)
      yield* spin_lock(lock)
      after = true
    })
    sim.run(1_000_000_000)
    expect(logOf(world)).toEqual([
      'BUG: spinlock recursion on CPU#0, aplay/1',
      ' lock: &vss->lock, .magic: dead4ead, .owner: aplay/1, .owner_cpu: 0',
    ])
    expect(deadlocksOf(world)).toEqual(['aplay waits for &vss->lock held by aplay'])
    expect(after).toBe(false)
  })

  it('a lock held when returning to user space', () => {
    const log = logAfter(function* (k) {
      yield* mutex_lock(new Mutex(k, '&runtime->buffer_mutex', 'buffer_mutex'))
      lockdep_sys_exit(k)
    })
    expect(log).toEqual([
      'WARNING: lock held when returning to user space!',
      'aplay/1 is leaving the kernel with locks still held!',
      '1 lock held by aplay/1:',
      ' #0: buffer_mutex (&runtime->buffer_mutex)',
    ])
  })

  it('nothing is said on a clean return, nor with reads of a semaphore given back', () => {
    const log = logAfter(function* (k) {
      const [mutex, sem] = [new Mutex(k, '&m'), new RwSemaphore(k, 'sem')]
      yield* down_read(sem)
      yield* mutex_lock(mutex)
      yield* up_read(sem)
      yield* mutex_unlock(mutex)
      lockdep_sys_exit(k)
    })
    expect(log).toEqual([])
  })

  it('a held lock is initialised again, or freed', () => {
    const log = logAfter(function* (k) {
      const mutex = new Mutex(k, '&m')
      debug_check_no_locks_freed(k, mutex)
      yield* mutex_lock(mutex)
      debug_check_no_locks_freed(k, mutex)
    })
    expect(log[0]).toBe('WARNING: held lock freed!')
  })
})

describe('sleeping where one must not', () => {
  it('a function that sleeps while a sleep is being prepared, once a boot', () => {
    const log = logAfter(function* (k) {
      const mutex = new Mutex(k, '&m')
      for (let i = 0; i < 2; i++) {
        set_current_state(k, TASK_INTERRUPTIBLE)
        yield* mutex_lock(mutex)
        yield* mutex_unlock(mutex)
      }
      set_current_state(k, 0)
    })
    expect(log).toEqual([
      'do not call blocking ops when !TASK_RUNNING; state=1',
      'WARNING: CPU: 0 PID: 1 at kernel/sched/core.c:9908 __might_sleep',
    ])
  })

  it('a contended mutex under a spinlock: both reports, and the task sleeps', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const [spin, mutex] = [new SpinlockT(k, '&s'), new Mutex(k, '&m')]
    let got = 0
    k.spawn('owner', 'task', function* () {
      yield* mutex_lock(mutex)
      yield* sleepUntil(k, 3_000_000)
      yield* mutex_unlock(mutex)
    })
    k.spawn('aplay', 'client', function* () {
      yield* spin_lock(spin)
      yield* mutex_lock(mutex)
      got = sim.now
      yield* mutex_unlock(mutex)
      yield* spin_unlock(spin)
    })
    sim.run(10_000_000)
    expect(logOf(world).filter((line) => line.startsWith('BUG'))).toEqual([
      'BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580',
      'BUG: scheduling while atomic: aplay/2/0x00000002',
    ])
    expect(got).toBe(3_050_000)
  })

  for (const below of ['a task', 'the idle task'] as const) {
    it(`a mutex in a hard interrupt above ${below}: the handler waits with it`, () => {
      const world = tinyKernel({ prices: { printk: 5_000 } })
      const { k, sim } = world
      const mutex = new Mutex(k, '&group->mutex')
      const order: [string, number][] = []
      const line = request_irq(k, 'virtio0-virtqueues', function* () {
        yield* mutex_lock(mutex)
        order.push(['handler', sim.now])
        yield* mutex_unlock(mutex)
        return IRQ_HANDLED
      })
      k.spawn('owner', 'task', function* () {
        yield* mutex_lock(mutex)
        yield* sleepUntil(k, 5_000_000)
        yield* mutex_unlock(mutex)
      })
      if (below === 'a task') {
        k.spawn('aplay', 'client', function* () {
          yield* chargeNs(k, 2_000_000)
          order.push(['task', sim.now])
        })
      }
      k.spawn('other', 'task', function* () {
        yield* sleepUntil(k, 3_000_000)
        order.push(['other', sim.now])
      })
      // The second edge finds the handler asleep and is taken when it has ended.
      for (const at of [1_000_000, 2_000_000]) sim.timer(() => line.raise()).arm(at)
      sim.run(20_000_000)
      const bugs = logOf(world).filter((text) => /^BUG|^bad/.test(text))
      const comm = below === 'a task' ? 'aplay/2' : 'swapper/0/0'
      expect(bugs[0]).toMatch(/^BUG: sleeping function called from invalid context/)
      expect(bugs[1]).toBe(`BUG: scheduling while atomic: ${comm}/0x00010001`)
      if (below === 'the idle task') expect(bugs[2]).toBe('bad: scheduling from the idle thread!')
      // The processor is free while they sleep: another task runs in time.
      const [[name, at]] = order as [[string, number]]
      expect(name).toBe('other')
      // The idle task dumps its stack in turns of 20 lines of 5 us.
      expect(at).toBeLessThanOrEqual(below === 'a task' ? 3_050_000 : 3_150_000)
      expect(order.slice(1).map(([who]) => who)).toEqual(
        below === 'a task' ? ['handler', 'handler', 'task'] : ['handler', 'handler'],
      )
      const [, first] = order[1] as [string, number]
      expect(first).toBeGreaterThanOrEqual(5_050_000)
      expect(first).toBeLessThanOrEqual(5_250_000)
    })
  }
})

describe('work, softirqs, interrupts', () => {
  it('an item that comes back atomic, or with a mutex: the worker goes on', () => {
    const world = tinyKernel()
    const { k, sim } = world
    const mutex = new Mutex(k, '&m')
    let runs = 0
    const atomic = new WorkStruct(
      k,
      '&w',
      function* () {
        runs++
        yield* chargeNs(k, 10)
        preempt_disable(k)
      },
      'leaky_fn',
    )
    const locked = new WorkStruct(k, '&v', () => mutex_lock(mutex), 'holding_fn')
    k.spawn('t', 'task', function* () {
      yield* schedule_work(atomic)
      yield* sleepUntil(k, 1_000_000)
      yield* schedule_work(atomic)
      yield* sleepUntil(k, 2_000_000)
      yield* schedule_work(locked)
    })
    sim.run(10_000_000)
    const log = logOf(world)
    expect(log.slice(0, 3)).toEqual([
      'BUG: workqueue leaked lock or atomic: kworker/0:0/0x00000001/2',
      '     last function: leaky_fn',
      'BUG: scheduling while atomic: kworker/0:0/2/0x00000002',
    ])
    expect(log).toContain('BUG: workqueue leaked lock or atomic: kworker/0:0/0x00000000/2')
    expect(runs).toBe(2)
  })

  it('work that was never initialised is cancelled', () => {
    const log = logAfter(function* (k) {
      const work = new WorkStruct(k, '&w', () => chargeNs(k, 1), 'w_fn')
      work.initialised = false
      expect(yield* cancel_work_sync(work)).toBe(false)
    })
    expect(log).toEqual(['WARNING: CPU: 0 PID: 1 at kernel/workqueue.c:3066 __flush_work'])
  })

  it('bottom halves are enabled with interrupts off', () => {
    const log = logAfter(function* (k) {
      const cpu = k.current.cpu
      k.softirqs.disable(cpu)
      const flags = local_irq_save(k)
      yield* k.softirqs.enable(cpu)
      yield* local_irq_restore(k, flags)
    })
    expect(log).toEqual(['WARNING: CPU: 0 PID: 1 at kernel/softirq.c:376 __local_bh_enable_ip'])
  })

  it('an interrupt storm that nobody handles ends with the line disabled', () => {
    const world = tinyKernel({ prices: { irq_entry: 900, irq_exit: 100 } })
    const { k, sim } = world
    const line = request_irq(k, 'virtio0', function* () {
      return IRQ_NONE
    })
    const storm = sim.timer(() => {
      line.raise()
      storm.arm(sim.now + 1_000)
    })
    storm.arm(0)
    let end = 0
    k.spawn('aplay', 'client', function* () {
      yield* chargeNs(k, 5_000_000)
      end = sim.now
    })
    sim.run(1_000_000_000)
    expect(logOf(world)).toEqual([
      `irq ${line.id}: nobody cared (try booting with the "irqpoll" option)`,
      `Disabling IRQ #${line.id}`,
    ])
    // Nothing ran while it lasted, 100,000 interrupts of 1 us; then everything did.
    expect(end).toBeGreaterThan(100_000_000)
    expect(end).toBeLessThan(120_000_000)
  })
})

describe('watchdogs', () => {
  it('a FIFO task that spins: throttled after 950 ms, said once', () => {
    for (const version of ['6.1', '6.12'] as const) {
      const world: World = tinyKernel({ version })
      const { k, sim } = world
      const spin = function* () {
        k.current.userMode = true
        for (;;) yield* chargeNs(k, 1_000_000)
      }
      k.spawn('fifo', 'client', spin, { policy: 'fifo', priority: 10 })
      sim.run(5_000_000_000)
      const said = version === '6.1' ? ['sched: RT throttling activated'] : []
      expect(logOf(world)).toEqual(said)
    }
  })

  it('a task that sleeps uninterruptibly for more than two minutes', () => {
    const log = logAfter(
      function* (k) {
        yield* wait_for_completion(new Completion(k))
      },
      {},
      400_000_000_000,
    )
    expect(log[0]).toBe('INFO: task aplay:1 blocked for more than 120 seconds.')
    expect(log.filter((line) => line.startsWith('INFO'))).toHaveLength(2)
  })

  it('a kernel function that never lets go: soft lockup, unless it asks cond_resched()', () => {
    const loop = (nice: boolean) =>
      function* (k: Kernel): Proc {
        preempt_disable(k)
        yield* preempt_enable(k)
        for (let ms = 0; ms < 60_000; ms++) {
          yield* chargeNs(k, 1_000_000)
          if (nice) yield* cond_resched(k)
        }
      }
    const log = logAfter(loop(false), {}, 60_000_000_000)
    expect(log[0]).toMatch(/^watchdog: BUG: soft lockup - CPU#0 stuck for 2[2-6]s! \[aplay:1\]$/)
    expect(log).toHaveLength(2)
    expect(logAfter(loop(true), {}, 60_000_000_000)).toEqual([])
    expect(logAfter(loop(false), { preempt: 'full' }, 60_000_000_000)).toEqual([])
  })
})

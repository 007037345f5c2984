/**
 * A random guest workload that uses everything at once: tasks of all classes that compute, sleep on
 * timers of both kinds, lock, wait and wake; interrupts that schedule work and raise softirqs.
 */
import { Prng } from '../../src/base/prng.ts'
import { Completion, complete, wait_for_completion } from '../../src/model/linux/completion.ts'
import { sleepUntil } from '../../src/model/linux/hrtimer.ts'
import { request_irq } from '../../src/model/linux/irq.ts'
import type { Kernel } from '../../src/model/linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../src/model/linux/mutex.ts'
import { schedule_timeout, set_current_state } from '../../src/model/linux/sched.ts'
import { TASKLET_SOFTIRQ } from '../../src/model/linux/softirq.ts'
import {
  SpinlockT,
  spin_lock_irqsave,
  spin_unlock_irqrestore,
} from '../../src/model/linux/spinlock.ts'
import {
  WaitQueueHead,
  wait_event_interruptible_timeout,
  wake_up,
} from '../../src/model/linux/wait.ts'
import { schedule_work, WorkStruct } from '../../src/model/linux/workqueue.ts'
import { chargeNs } from '../../src/model/machine/machine.ts'
import { type TaskOptions, TaskState } from '../../src/model/machine/task.ts'
import type { Proc } from '../../src/sim/process.ts'

const ROUNDS = 15

class Workload {
  private readonly k: Kernel
  private readonly rng: Prng
  private readonly mutex: Mutex
  private readonly spin: SpinlockT
  private readonly wq: WaitQueueHead
  private readonly done: Completion
  private readonly work: WorkStruct
  private events = 0

  constructor(k: Kernel, seed: number) {
    this.k = k
    this.rng = new Prng(seed, 'workload')
    this.mutex = new Mutex(k, '&m')
    this.spin = new SpinlockT(k, '&s')
    this.wq = new WaitQueueHead(k, '&wq')
    this.done = new Completion(k)
    this.work = new WorkStruct(k, '&w', () => this.workFn(), 'w_fn')
  }

  start(): void {
    const { k, rng } = this
    const classes: TaskOptions[] = [{}, { nice: -5 }, { policy: 'fifo', priority: 7 }, { nice: 9 }]
    classes.forEach((options, i) => {
      k.spawn(`t${i}`, 'task', () => this.task(i), { ...options, cpu: i % k.cpus.length })
    })
    k.softirqs.open(TASKLET_SOFTIRQ, () => this.tasklet())
    k.cpus.forEach((_, cpu) => {
      const line = request_irq(k, `dev${cpu}`, () => this.handler(), { cpu })
      for (let n = 0; n < 20; n++) k.sim.timer(() => line.raise()).arm(rng.below(6_000_000))
    })
  }

  private *task(number: number): Proc {
    const { k, rng } = this
    for (let n = 0; n < ROUNDS; n++) {
      yield* chargeNs(k, 1 + rng.below(40_000))
      yield* mutex_lock(this.mutex)
      yield* chargeNs(k, 1 + rng.below(5_000))
      yield* mutex_unlock(this.mutex)
      const flags = yield* spin_lock_irqsave(this.spin)
      yield* chargeNs(k, 1 + rng.below(3_000))
      yield* spin_unlock_irqrestore(this.spin, flags)
      yield* this.rest((number + n) % 4)
    }
  }

  /** One of the ways to sleep. */
  private *rest(way: number): Proc {
    const { k, rng } = this
    if (way === 0) yield* sleepUntil(k, k.sim.now + rng.below(300_000))
    else if (way === 1) {
      set_current_state(k, TaskState.UNINTERRUPTIBLE)
      yield* schedule_timeout(k, 1 + rng.below(2))
    } else if (way === 2) {
      const seen = this.events
      yield* wait_event_interruptible_timeout(this.wq, () => this.events > seen, 2)
    } else {
      yield* schedule_work(this.work)
      yield* wait_for_completion(this.done)
    }
  }

  private *workFn(): Proc {
    yield* chargeNs(this.k, 1 + this.rng.below(8_000))
    yield* mutex_lock(this.mutex)
    yield* chargeNs(this.k, 500)
    yield* mutex_unlock(this.mutex)
    yield* complete(this.done)
  }

  private *handler(): Proc<number> {
    const { k } = this
    yield* chargeNs(k, 700)
    this.events++
    yield* wake_up(this.wq)
    yield* schedule_work(this.work)
    k.softirqs.raise(k.current.cpu, TASKLET_SOFTIRQ)
    return 1
  }

  private *tasklet(): Proc {
    yield* chargeNs(this.k, 1 + this.rng.below(4_000))
  }
}

/** Puts the workload on a kernel; it lasts some ten milliseconds. */
export function startWorkload(k: Kernel, seed: number): void {
  new Workload(k, seed).start()
}

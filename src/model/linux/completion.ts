/**
 * Completions: a counter and a queue of waiters. complete() adds one and wakes one; a wait takes
 * one. Lockdep knows nothing of them since 4.15. Kernel: kernel/sched/completion.c, 6.1.
 */
import { type Proc, Req } from '../../sim/process.ts'
import type { Context, Waitable } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { ERESTARTSYS } from './errno.ts'
import type { Kernel } from './kernel.ts'
import { cond_resched, currentTask, mightSleep } from './preempt.ts'
import { MAX_SCHEDULE_TIMEOUT, schedule_timeout } from './sched.ts'
import {
  raw_spin_lock_init,
  type SpinlockT,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from './spinlock.ts'

/** Kernel: UINT_MAX, the count of complete_all(). */
const DONE_ALL = 0xffffffff

export class Completion implements Waitable {
  readonly k: Kernel
  done = 0
  readonly waiters: Task[] = []
  readonly lock: SpinlockT
  readonly waitName: string
  /** Who is known to complete it, if a model says so; lets the wait-for graph look through. */
  completer: (() => Context | null) | null = null

  /** Kernel: init_completion(). */
  constructor(k: Kernel, waitName = 'completion') {
    this.k = k
    this.lock = raw_spin_lock_init(k, '&x->wait')
    this.waitName = waitName
  }

  waitOwner(): Context | null {
    return this.completer === null ? null : this.completer()
  }
}

export function* complete(c: Completion): Proc {
  const { k } = c
  const flags = yield* spin_lock_irqsave(c.lock)
  if (c.done !== DONE_ALL) c.done++
  const waiter = c.waiters.shift()
  if (waiter !== undefined) {
    if (!k.tryCharge(k.costs.wake_up)) yield Req.CHARGE
    k.wake(waiter)
  }
  yield* spin_unlock_irqrestore(c.lock, flags)
}

export function* complete_all(c: Completion): Proc {
  const { k } = c
  const flags = yield* spin_lock_irqsave(c.lock)
  c.done = DONE_ALL
  for (const waiter of c.waiters.splice(0)) {
    if (!k.tryCharge(k.costs.wake_up)) yield Req.CHARGE
    k.wake(waiter)
  }
  yield* spin_unlock_irqrestore(c.lock, flags)
}

export function reinit_completion(c: Completion): void {
  c.done = 0
}

export function* wait_for_completion(c: Completion): Proc {
  yield* waitCommon(c, MAX_SCHEDULE_TIMEOUT, TaskState.UNINTERRUPTIBLE)
}

/** Returns 0 on time-out, else the remaining jiffies, at least 1. */
export function wait_for_completion_timeout(c: Completion, timeout: number): Proc<number> {
  return waitCommon(c, timeout, TaskState.UNINTERRUPTIBLE)
}

/** As above, and -ERESTARTSYS on a signal. */
export function wait_for_completion_interruptible_timeout(
  c: Completion,
  timeout: number,
): Proc<number> {
  return waitCommon(c, timeout, TaskState.INTERRUPTIBLE)
}

/** Kernel: wait_for_common(), do_wait_for_common(). */
function* waitCommon(c: Completion, timeout: number, state: number): Proc<number> {
  const { k } = c
  if (mightSleep(k, 'kernel/sched/completion.c:101')) yield* cond_resched(k)
  yield* spin_lock_irq(c.lock)
  let left = timeout
  if (c.done === 0) {
    const task = currentTask(k)
    do {
      if (state === TaskState.INTERRUPTIBLE && task.signalPending) {
        left = -ERESTARTSYS
        break
      }
      c.waiters.push(task)
      task.state = state
      task.waitingOn = c
      yield* spin_unlock_irq(c.lock)
      left = yield* schedule_timeout(k, left)
      yield* spin_lock_irq(c.lock)
      const at = c.waiters.indexOf(task)
      if (at >= 0) c.waiters.splice(at, 1)
    } while (c.done === 0 && left > 0)
    if (c.done === 0) {
      yield* spin_unlock_irq(c.lock)
      return left
    }
  }
  if (c.done !== DONE_ALL) c.done--
  yield* spin_unlock_irq(c.lock)
  return left > 0 ? left : 1
}

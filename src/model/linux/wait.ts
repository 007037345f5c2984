/**
 * Wait queues. A waker takes the queue's lock with interrupts off, wakes every non-exclusive waiter
 * and one exclusive; woken tasks are runnable from then on. Kernel: kernel/sched/wait.c, 6.1.
 */
import { removeAt } from '../../base/arrays.ts'
import { DONE_FALSE, DONE_TRUE, type Proc, Req } from '../../sim/process.ts'
import type { Context, Waitable } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { ERESTARTSYS } from './errno.ts'
import type { Kernel } from './kernel.ts'
import { currentTask } from './preempt.ts'
import { MAX_SCHEDULE_TIMEOUT, schedule, schedule_timeout } from './sched.ts'
import { SpinlockT, spin_lock_irqsave, spin_unlock_irqrestore } from './spinlock.ts'

/** Kernel: struct wait_queue_entry. */
export class WaitQueueEntry {
  readonly task: Task
  readonly exclusive: boolean
  /** Taken off the queue by the wake-up (autoremove_wake_function). */
  readonly autoremove: boolean

  constructor(task: Task, exclusive = false, autoremove = false) {
    this.task = task
    this.exclusive = exclusive
    this.autoremove = autoremove
  }
}

export class WaitQueueHead implements Waitable {
  readonly k: Kernel
  readonly lock: SpinlockT
  readonly entries: WaitQueueEntry[] = []
  readonly waitName: string

  /** Kernel: init_waitqueue_head(); the lock's class is named after the argument. */
  constructor(k: Kernel, className: string, instanceName?: string) {
    this.k = k
    this.lock = new SpinlockT(k, className, instanceName)
    this.waitName = this.lock.waitName
  }

  /** Anybody may wake it. */
  waitOwner(): Context | null {
    return null
  }
}

export function add_wait_queue(wq: WaitQueueHead, entry: WaitQueueEntry): Proc {
  return locked(wq, entry, enqueue)
}

export function remove_wait_queue(wq: WaitQueueHead, entry: WaitQueueEntry): Proc {
  return locked(wq, entry, dequeue)
}

function enqueue(wq: WaitQueueHead, entry: WaitQueueEntry): void {
  if (entry.exclusive) wq.entries.push(entry)
  else wq.entries.unshift(entry)
}

function dequeue(wq: WaitQueueHead, entry: WaitQueueEntry): void {
  const at = wq.entries.indexOf(entry)
  if (at >= 0) removeAt(wq.entries, at)
}

type QueueChange = (wq: WaitQueueHead, entry: WaitQueueEntry) => void

/** A change under the queue's lock; no generator where nothing has to wait. */
function locked(wq: WaitQueueHead, entry: WaitQueueEntry, change: QueueChange): Proc {
  const taking = spin_lock_irqsave(wq.lock)
  if (taking !== DONE_FALSE && taking !== DONE_TRUE) return lockedSlowly(wq, entry, change, taking)
  change(wq, entry)
  return spin_unlock_irqrestore(wq.lock, taking === DONE_TRUE)
}

function* lockedSlowly(
  wq: WaitQueueHead,
  entry: WaitQueueEntry,
  change: QueueChange,
  taking: Proc<boolean>,
): Proc {
  const flags = yield* taking
  change(wq, entry)
  yield* spin_unlock_irqrestore(wq.lock, flags)
}

/** Wakes all non-exclusive waiters and one exclusive. */
export function wake_up(wq: WaitQueueHead): Proc {
  return wake(wq, 1)
}

export function wake_up_all(wq: WaitQueueHead): Proc {
  return wake(wq, Number.POSITIVE_INFINITY)
}

/** Kernel: __wake_up_common_lock(). No generator where nothing has to wait. */
function wake(wq: WaitQueueHead, exclusiveMax: number): Proc {
  const { k } = wq
  const taking = spin_lock_irqsave(wq.lock)
  if (taking !== DONE_FALSE && taking !== DONE_TRUE) return wakeSlowly(wq, exclusiveMax, taking)
  if (wq.entries.length > 0) {
    if (!k.tryCharge(k.costs.wake_up)) return wakePaid(wq, exclusiveMax, taking === DONE_TRUE)
    wakeEntries(wq, exclusiveMax)
  }
  return spin_unlock_irqrestore(wq.lock, taking === DONE_TRUE)
}

function* wakeSlowly(wq: WaitQueueHead, exclusiveMax: number, taking: Proc<boolean>): Proc {
  const { k } = wq
  const flags = yield* taking
  if (wq.entries.length > 0) {
    if (!k.tryCharge(k.costs.wake_up)) yield Req.CHARGE
    wakeEntries(wq, exclusiveMax)
  }
  yield* spin_unlock_irqrestore(wq.lock, flags)
}

/** The rest of a wake-up whose price could not pass at once. */
function* wakePaid(wq: WaitQueueHead, exclusiveMax: number, flags: boolean): Proc {
  yield Req.CHARGE
  wakeEntries(wq, exclusiveMax)
  yield* spin_unlock_irqrestore(wq.lock, flags)
}

/** Kernel: __wake_up_common(). */
function wakeEntries(wq: WaitQueueHead, exclusiveMax: number): void {
  let left = exclusiveMax
  for (let i = 0; i < wq.entries.length && left > 0; ) {
    const entry = wq.entries[i] as WaitQueueEntry
    const woken = wq.k.wake(entry.task)
    if (woken && entry.autoremove) removeAt(wq.entries, i)
    else i++
    if (woken && entry.exclusive) left--
  }
}

/** Kernel: prepare_to_wait(). */
export function* prepare_to_wait(wq: WaitQueueHead, entry: WaitQueueEntry, state: number): Proc {
  const flags = yield* spin_lock_irqsave(wq.lock)
  if (!wq.entries.includes(entry)) enqueue(wq, entry)
  entry.task.state = state
  yield* spin_unlock_irqrestore(wq.lock, flags)
}

/** Kernel: finish_wait(): takes the lock only if the entry is still queued. */
export function* finish_wait(wq: WaitQueueHead, entry: WaitQueueEntry): Proc {
  entry.task.state = TaskState.RUNNING
  if (wq.entries.includes(entry)) yield* remove_wait_queue(wq, entry)
}

/** Sleeps, uninterruptibly, until the condition holds. */
export function* wait_event(wq: WaitQueueHead, condition: () => boolean): Proc {
  if (condition()) return
  const { k } = wq
  const entry = new WaitQueueEntry(currentTask(k), false, true)
  for (;;) {
    yield* prepare_to_wait(wq, entry, TaskState.UNINTERRUPTIBLE)
    if (condition()) break
    entry.task.waitingOn = wq
    yield* schedule(k)
  }
  yield* finish_wait(wq, entry)
}

/** Kernel: wait_event_timeout(). Returns as the interruptible form, but for no signal. */
export function wait_event_timeout(
  wq: WaitQueueHead,
  condition: () => boolean,
  timeout: number,
): Proc<number> {
  return waitEventTimeout(wq, condition, timeout, TaskState.UNINTERRUPTIBLE)
}

/**
 * Returns 0 if the time ran out, the remaining jiffies (at least 1) if the condition held in time,
 * -ERESTARTSYS on a signal. The condition is looked at first.
 */
export function wait_event_interruptible_timeout(
  wq: WaitQueueHead,
  condition: () => boolean,
  timeout: number,
): Proc<number> {
  return waitEventTimeout(wq, condition, timeout, TaskState.INTERRUPTIBLE)
}

/** Kernel: wait_event_interruptible(): 0, or -ERESTARTSYS on a signal. */
export function* wait_event_interruptible(
  wq: WaitQueueHead,
  condition: () => boolean,
): Proc<number> {
  const state = TaskState.INTERRUPTIBLE
  const rc = yield* waitEventTimeout(wq, condition, MAX_SCHEDULE_TIMEOUT, state)
  return rc < 0 ? rc : 0
}

function* waitEventTimeout(
  wq: WaitQueueHead,
  condition: () => boolean,
  timeout: number,
  state: number,
): Proc<number> {
  if (condition()) return timeout > 0 ? timeout : 1
  const { k } = wq
  const entry = new WaitQueueEntry(currentTask(k), false, true)
  let left = timeout
  for (;;) {
    yield* prepare_to_wait(wq, entry, state)
    if (condition()) {
      if (left === 0) left = 1
      break
    }
    if (left === 0) break
    if (state === TaskState.INTERRUPTIBLE && entry.task.signalPending) {
      left = -ERESTARTSYS
      break
    }
    entry.task.waitingOn = wq
    left = yield* schedule_timeout(k, left)
  }
  yield* finish_wait(wq, entry)
  return left
}

/**
 * Reader-writer semaphores, fair: a waiting writer blocks new readers. Kernel:
 * kernel/locking/rwsem.c, 6.1. Differs: no optimistic spinning of writers; readers that wait
 * together are woken together.
 */
import { LOCK_READ, LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { schedule_debug } from './bug.ts'
import { warnUnlockImbalance } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import { SleepingLock } from './lock-base.ts'
import { cond_resched, currentTask, mightSleep } from './preempt.ts'

interface RwWaiter {
  readonly task: Task
  readonly write: boolean
  granted: boolean
}

export class RwSemaphore extends SleepingLock {
  writer: Task | null = null
  readonly readers: Task[] = []
  readonly queue: RwWaiter[] = []

  /** Kernel: init_rwsem(), or DECLARE_RWSEM for a static one. */
  constructor(k: Kernel, className: string, instanceName?: string) {
    super(k, 'rwsem', className, instanceName)
  }

  /** Of several readers one that waits for it once more: it cannot let go. */
  waitOwner(): Context | null {
    const stuck = this.readers.find((reader) => reader.waitingOn === this)
    return this.writer ?? stuck ?? this.readers[0] ?? null
  }

  /** A reader that could share it waits behind the first writer of the queue. */
  waitedBefore(waiter: Context): Context | null {
    if (this.writer !== null) return null
    const at = this.queue.findIndex((one) => one.task === waiter)
    if (at < 0 || this.queue[at]?.write === true) return null
    return this.queue.slice(0, at).find((one) => one.write)?.task ?? null
  }
}

export function down_read(sem: RwSemaphore): Proc {
  return down(sem, false, 0)
}

export function down_write(sem: RwSemaphore): Proc {
  return down(sem, true, 0)
}

export function down_read_nested(sem: RwSemaphore, subclass: number): Proc {
  return down(sem, false, subclass)
}

export function down_write_nested(sem: RwSemaphore, subclass: number): Proc {
  return down(sem, true, subclass)
}

export function down_read_trylock(sem: RwSemaphore): boolean {
  return tryDown(sem, false)
}

export function down_write_trylock(sem: RwSemaphore): boolean {
  return tryDown(sem, true)
}

export function* up_read(sem: RwSemaphore): Proc {
  const { k } = sem
  const at = sem.readers.indexOf(currentTask(k))
  if (at < 0) warnUnlockImbalance(k, sem)
  else sem.readers.splice(at, 1)
  yield* up(sem)
}

export function* up_write(sem: RwSemaphore): Proc {
  const { k } = sem
  if (sem.writer !== currentTask(k)) warnUnlockImbalance(k, sem)
  sem.writer = null
  yield* up(sem)
}

function free(sem: RwSemaphore, write: boolean): boolean {
  if (sem.writer !== null || sem.queue.length > 0) return false
  return !write || sem.readers.length === 0
}

function take(sem: RwSemaphore, task: Task, write: boolean): void {
  if (write) sem.writer = task
  else sem.readers.push(task)
}

function tryDown(sem: RwSemaphore, write: boolean): boolean {
  const { k } = sem
  if (!free(sem, write)) return false
  take(sem, currentTask(k), write)
  sem.recordAcquire(k.current, LOCK_TRYLOCK | (write ? 0 : LOCK_READ), 0)
  return true
}

function* down(sem: RwSemaphore, write: boolean, subclass: number): Proc {
  const { k } = sem
  if (mightSleep(k, 'kernel/locking/rwsem.c:1519')) yield* cond_resched(k)
  if (!k.tryCharge(k.costs.mutex_lock)) yield Req.CHARGE
  const task = currentTask(k)
  sem.recordAcquire(k.current, write ? 0 : LOCK_READ, subclass)
  if (free(sem, write)) {
    take(sem, task, write)
    return
  }
  sem.recordContended(k.current)
  const waiter: RwWaiter = { task, write, granted: false }
  sem.queue.push(waiter)
  while (!waiter.granted) {
    task.state = TaskState.UNINTERRUPTIBLE
    task.waitingOn = sem
    checkWaitCycle(task)
    schedule_debug(k)
    yield Req.BLOCK
  }
  sem.recordAcquired(k.current)
  if (!k.tryCharge(k.costs.mutex_slowpath)) yield Req.CHARGE
}

function* up(sem: RwSemaphore): Proc {
  const { k } = sem
  sem.recordRelease(k.current)
  for (;;) {
    const first = sem.queue[0]
    if (first === undefined || sem.writer !== null) break
    if (first.write && sem.readers.length > 0) break
    sem.queue.shift()
    first.granted = true
    take(sem, first.task, first.write)
    k.wake(first.task)
  }
  if (!k.tryCharge(k.costs.mutex_unlock)) yield Req.CHARGE
}

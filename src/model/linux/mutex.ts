/**
 * Mutexes: first the fast path, then spinning while the owner runs on another processor, then sleep
 * in a queue. A waiter that was woken and lost the race again asks for hand-off and gets the lock
 * next. No priority inheritance, except on PREEMPT_RT. Kernel: kernel/locking/mutex.c, 6.1.
 */
import { LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import { DONE, type Proc, pause, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { schedule_debug } from './bug.ts'
import { warnMutexOwner, warnUnlockImbalance } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import { SleepingLock } from './lock-base.ts'
import { cond_resched, currentTask, mightSleep } from './preempt.ts'
import { RtMutexCore } from './rt-mutex.ts'

export class Mutex extends SleepingLock {
  owner: Task | null = null
  readonly waiters: Task[] = []
  /** Contexts that spin because the owner runs: tasks, or interrupts that must not be here. */
  readonly spinners: Context[] = []
  /** The first waiter gets the lock at the next unlock. */
  handoff = false
  readonly rt: RtMutexCore | null

  /** Kernel: mutex_init(). */
  constructor(k: Kernel, className: string, instanceName?: string) {
    super(k, 'mutex', className, instanceName)
    this.rt = k.config.preempt === 'rt' ? new RtMutexCore(this) : null
  }

  waitOwner(): Context | null {
    return this.rt === null ? this.owner : this.rt.owner
  }
}

export function mutex_lock(lock: Mutex): Proc {
  return mutex_lock_nested(lock, 0)
}

export function mutex_lock_nested(lock: Mutex, subclass: number): Proc {
  const { k } = lock
  const resched = mightSleep(k, 'kernel/locking/mutex.c:580')
  if (resched || lock.rt !== null || lock.owner !== null) return lockRest(lock, subclass, resched)
  if (!k.tryCharge(k.costs.mutex_lock)) return lockPaid(lock, subclass)
  lock.recordAcquire(k.current, 0, subclass)
  lock.owner = currentTask(k)
  return DONE
}

/** The lock's price could not pass at once; meanwhile another may have taken it. */
function* lockPaid(lock: Mutex, subclass: number): Proc {
  yield Req.CHARGE
  yield* lockNow(lock, subclass)
}

function* lockRest(lock: Mutex, subclass: number, resched: boolean): Proc {
  const { k } = lock
  if (resched) yield* cond_resched(k)
  if (lock.rt !== null) {
    yield* lock.rt.acquire(subclass)
    return
  }
  if (!k.tryCharge(k.costs.mutex_lock)) yield Req.CHARGE
  yield* lockNow(lock, subclass)
}

function* lockNow(lock: Mutex, subclass: number): Proc {
  const { k } = lock
  lock.recordAcquire(k.current, 0, subclass)
  if (lock.owner === null) lock.owner = currentTask(k)
  else yield* lockSlow(lock)
}

/** Takes the mutex if it is free. */
export function mutex_trylock(lock: Mutex): boolean {
  const { k } = lock
  if (lock.rt !== null) return lock.rt.tryAcquire(k.current)
  if (lock.owner !== null) return false
  lock.owner = currentTask(k)
  lock.recordAcquire(k.current, LOCK_TRYLOCK, 0)
  return true
}

export function mutex_unlock(lock: Mutex): Proc {
  const { k } = lock
  if (lock.rt !== null) return lock.rt.release()
  const task = currentTask(k)
  if (lock.owner !== task) reportUnlock(lock)
  lock.recordRelease(k.current)
  pass(lock)
  return k.tryCharge(k.costs.mutex_unlock) ? DONE : pause(Req.CHARGE)
}

function reportUnlock(lock: Mutex): void {
  if (lock.owner === null) {
    warnUnlockImbalance(lock.k, lock)
    return
  }
  warnMutexOwner(lock.k, lock)
  const { heldLocks } = lock.owner
  const at = heldLocks.lastIndexOf(lock)
  if (at >= 0) heldLocks.splice(at, 1)
}

/** Lets the next one have the lock, or compete for it. */
function pass(lock: Mutex): void {
  const { k } = lock
  const first = lock.waiters[0]
  if (lock.handoff && first !== undefined) {
    lock.handoff = false
    lock.waiters.shift()
    lock.owner = first
    k.wake(first)
    stopSpinning(lock)
    return
  }
  const spinner = lock.spinners.shift()
  lock.owner = spinner?.cpu.task ?? null
  if (spinner !== undefined) {
    spinner.waitingOn = null
    spinner.cpu.granted(spinner)
  }
  if (first !== undefined) k.wake(first)
}

function* lockSlow(lock: Mutex): Proc {
  const { k } = lock
  const task = currentTask(k)
  lock.recordContended(k.current)
  yield* spinOnOwner(lock, task)
  // Spinning may have been granted the lock, or the owner may have let go meanwhile.
  if (lock.owner === null) lock.owner = task
  if (lock.owner !== task) yield* sleepFor(lock, task)
  lock.recordAcquired(k.current)
}

/** Kernel: mutex_optimistic_spin(). */
function* spinOnOwner(lock: Mutex, task: Task): Proc {
  const context = lock.k.current
  while (lock.owner !== null && ownerRuns(lock.owner, task) && !task.cpu.needResched) {
    if (!lock.owner.spunFor.includes(lock)) lock.owner.spunFor.push(lock)
    context.waitingOn = lock
    if (checkWaitCycle(context)) break
    lock.spinners.push(context)
    context.spinning = true
    yield Req.SPIN
    context.waitingOn = null
    const at = lock.spinners.indexOf(context)
    if (at >= 0) lock.spinners.splice(at, 1)
    if (lock.owner === task) return
  }
}

function ownerRuns(owner: Task, waiter: Task): boolean {
  return owner.onCpu && owner.cpu !== waiter.cpu && owner.cpu.supplied
}

/** The owner goes to sleep or is preempted: those who spin for it look again. */
export function stopSpinning(lock: Mutex): void {
  for (const spinner of lock.spinners.splice(0)) spinner.cpu.granted(spinner)
}

function* sleepFor(lock: Mutex, task: Task): Proc {
  const { k } = lock
  lock.waiters.push(task)
  for (let woken = false; lock.owner !== task; woken = true) {
    if (woken) {
      if (lock.owner === null) {
        lock.owner = task
        break
      }
      if (lock.waiters[0] === task) lock.handoff = true
    }
    task.state = TaskState.UNINTERRUPTIBLE
    task.waitingOn = lock
    checkWaitCycle(task)
    schedule_debug(k)
    yield Req.BLOCK
  }
  const at = lock.waiters.indexOf(task)
  if (at >= 0) lock.waiters.splice(at, 1)
  if (lock.waiters.length === 0) lock.handoff = false
  if (!k.tryCharge(k.costs.mutex_slowpath)) yield Req.CHARGE
}

/**
 * The sleeping lock of PREEMPT_RT: waiters by priority, and the owner runs at the priority of its
 * most urgent waiter, through chains of owners. Kernel: kernel/locking/rtmutex.c, 6.1.
 */
import { Slot } from '../../base/slot.ts'
import { LOCK_TRYLOCK } from '../../sim/lock-flags.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { schedule_debug } from './bug.ts'
import { warnUnlockImbalance } from './bug-locks.ts'
import type { LockBase } from './lock-base.ts'
import { currentTask } from './preempt.ts'

/** Chains of owners longer than this are not followed (kernel: max_lock_depth 1024). */
const CHAIN_MAX = 1024

export class RtMutexCore {
  owner: Task | null = null
  private readonly waiters: Task[] = []
  private readonly lock: LockBase

  constructor(lock: LockBase) {
    this.lock = lock
  }

  tryAcquire(context: Context): boolean {
    if (this.owner !== null) return false
    this.owner = context.cpu.task
    this.hold(this.owner)
    this.lock.recordAcquire(context, LOCK_TRYLOCK, 0)
    return true
  }

  *acquire(subclass: number): Proc {
    const { lock } = this
    const { k } = lock
    const context = k.current
    const task = currentTask(k)
    if (!k.tryCharge(k.costs.spin_lock)) yield Req.CHARGE
    lock.recordAcquire(context, 0, subclass)
    if (this.owner === null) {
      this.owner = task
      this.hold(task)
      return
    }
    lock.recordContended(context)
    this.enqueue(task)
    yield* this.sleepFor(task)
    lock.recordAcquired(context)
    if (!k.tryCharge(k.costs.mutex_slowpath)) yield Req.CHARGE
  }

  /**
   * A sleep that the task was preparing is not lost: its state is kept aside and comes back, unless
   * its own wake-up came meanwhile. Kernel: current_save_and_set_rtlock_wait_state().
   */
  private *sleepFor(task: Task): Proc {
    let { state } = task
    for (let first = true; this.owner !== task; first = false) {
      // Woken, but not by the lock.
      if (!first) state = TaskState.RUNNING
      task.state = TaskState.UNINTERRUPTIBLE
      task.waitingOn = this.lock
      if (first) checkWaitCycle(task)
      this.boost(this.owner)
      schedule_debug(this.lock.k)
      yield Req.BLOCK
    }
    task.state = state
  }

  *release(): Proc {
    const { lock } = this
    const { k } = lock
    const task = currentTask(k)
    if (this.owner !== task) warnUnlockImbalance(k, lock)
    lock.recordRelease(k.current)
    const at = held.of(task).indexOf(this)
    if (at >= 0) held.of(task).splice(at, 1)
    const next = this.waiters.shift()
    this.owner = next ?? null
    adjust(task)
    if (next === undefined) return
    this.hold(next)
    adjust(next)
    k.wake(next)
    if (k.current.cpu.attention) yield Req.POINT
  }

  /** Most urgent waiter first; equals in order of arrival. */
  private enqueue(task: Task): void {
    let at = this.waiters.length
    while (at > 0 && (this.waiters[at - 1] as Task).priority < task.priority) at--
    this.waiters.splice(at, 0, task)
  }

  /** Raises the owner, and whoever it waits for in turn. Kernel: rt_mutex_adjust_prio_chain(). */
  private boost(owner: Task | null): void {
    let at = owner
    for (let depth = 0; at !== null && depth < CHAIN_MAX; depth++) {
      const before = at.priority
      adjust(at)
      if (at.priority === before) return
      const next: Context | null = at.waitingOn?.waitOwner() ?? null
      at = next === null ? null : next.cpu.machine === at.machine ? (next as Task) : null
    }
  }

  private hold(task: Task): void {
    held.of(task).push(this)
  }

  get topPriority(): number {
    return this.waiters[0]?.priority ?? 0
  }
}

const held = new Slot<Task, RtMutexCore[]>(() => [])

/** Sets the effective priority: the own one or that of the most urgent waiter on a held lock. */
function adjust(task: Task): void {
  let priority = task.ownPriority
  for (const core of held.of(task)) if (core.topPriority > priority) priority = core.topPriority
  if (priority === task.priority) return
  const { queued, cpu } = task
  if (queued) cpu.runQueue.remove(task)
  task.priority = priority
  task.policy = priority > task.ownPriority ? 'fifo' : task.ownPolicy
  if (!queued) return
  cpu.runQueue.enqueue(task, true, cpu.task)
  if (cpu.runQueue.preempts(task, cpu.task)) cpu.resched()
}

/**
 * Work items. Scheduling a pending item does nothing; PENDING is cleared just before the function
 * runs, so an item scheduled during its run runs once more, never concurrently with itself.
 * Kernel: kernel/workqueue.c, 6.1 and 6.12.
 */
import { DONE_FALSE, type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Context, Waitable } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import { schedule_debug } from './bug.ts'
import { warnUninitialisedWork } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import type { LockMap } from './lock-base.ts'
import {
  cond_resched,
  currentTask,
  local_irq_restore,
  local_irq_save,
  mightSleep,
} from './preempt.ts'
import { spin_lock, spin_unlock } from './spinlock.ts'
import type { WorkerPool } from './worker-pool.ts'

export class WorkStruct implements Waitable {
  readonly k: Kernel
  readonly fn: () => Proc
  readonly id: number
  readonly waitName: string
  readonly functionName: string
  /** False for memory that was only zeroed: INIT_WORK() was never called on it. */
  initialised = true
  /** Lockdep map `(work_completion)(&vss->elapsed_period)`; one for each init site. */
  readonly map: LockMap
  pending = false
  /** Pool whose list it is on. */
  pool: WorkerPool | null = null
  /** Pool and worker that run it now. */
  runningPool: WorkerPool | null = null
  worker: Task | null = null
  readonly flushers: Task[] = []

  /** Kernel: INIT_WORK(); `className` is its first argument. */
  constructor(k: Kernel, className: string, fn: () => Proc, functionName: string) {
    this.k = k
    this.fn = fn
    this.map = k.pools.mapOf(`(work_completion)(${className})`)
    this.waitName = this.map.className
    this.functionName = functionName
    this.id = k.sim.trace.symbols.define('work', { name: className, group: functionName })
  }

  waitOwner(): Context | null {
    return this.worker
  }
}

/** Queues on system_wq. Returns false if it was pending already. Kernel: schedule_work(). */
export function schedule_work(work: WorkStruct): Proc<boolean> {
  return queue_work(work, false)
}

/** Queues on system_highpri_wq (workers at nice -20). */
export function schedule_highpri_work(work: WorkStruct): Proc<boolean> {
  return queue_work(work, true)
}

function queue_work(work: WorkStruct, highpri: boolean): Proc<boolean> {
  if (work.pending) {
    if (work.k.sim.trace.accesses) work.k.emit(T.work_pending, work.id)
    return DONE_FALSE
  }
  work.pending = true
  return insert_work(work, highpri)
}

function* insert_work(work: WorkStruct, highpri: boolean): Proc<boolean> {
  const { k } = work
  const flags = local_irq_save(k)
  // An item that still runs goes to the pool that runs it, to stay non-reentrant.
  const pool = work.runningPool ?? k.pools.local(k.current.cpu, highpri)
  yield* spin_lock(pool.lock)
  work.pool = pool
  pool.list.push(work)
  k.emit(T.workqueue_queue_work, work.id, pool.cpu.index)
  if (pool.wantsWorker) {
    if (!k.tryCharge(k.costs.wake_up)) yield Req.CHARGE
    pool.wakeIdleWorker()
  }
  yield* spin_unlock(pool.lock)
  if (k.current.cpu.irqsOff !== flags) yield* local_irq_restore(k, flags)
  return true
}

/** Takes the item off its queue and waits for a running instance. True if it was pending. */
export function* cancel_work_sync(work: WorkStruct): Proc<boolean> {
  const { k } = work
  let wasPending = false
  while (work.pending && !wasPending) {
    const { pool } = work
    if (pool !== null) wasPending = yield* grab(work, pool)
    // Another processor has set PENDING and not queued it yet (-EAGAIN): cpu_relax().
    else if (!k.tryChargeNs(RELAX_NS)) yield Req.CHARGE
  }
  yield* flush(work, true)
  return wasPending
}

const RELAX_NS = 100

/** Takes it off its list, if it still is there. Kernel: try_to_grab_pending(). */
function* grab(work: WorkStruct, pool: WorkerPool): Proc<boolean> {
  const { k } = work
  const flags = local_irq_save(k)
  yield* spin_lock(pool.lock)
  const at = pool.list.indexOf(work)
  if (at >= 0) {
    pool.list.splice(at, 1)
    work.pool = null
    work.pending = false
  }
  yield* spin_unlock(pool.lock)
  yield* local_irq_restore(k, flags)
  return at >= 0
}

/** Waits for the last queued instance. Kernel: flush_work(). */
export function flush_work(work: WorkStruct): Proc {
  return flush(work, false)
}

function* flush(work: WorkStruct, fromCancel: boolean): Proc {
  const { k } = work
  if (!work.initialised) {
    warnUninitialisedWork(k)
    return
  }
  if (mightSleep(k, 'kernel/workqueue.c:3042')) yield* cond_resched(k)
  const busy = work.worker !== null || (!fromCancel && work.pending)
  // 6.1 touches the map always; 6.12 only when there is something to wait for.
  if (busy || k.config.version === '6.1') {
    work.map.acquire()
    work.map.release()
  }
  if (busy) yield* waitForEnd(work)
  if (k.sim.trace.accesses) k.emit(T.work_flush, work.id)
}

/** Kernel: the barrier of insert_wq_barrier(), and the wait for it. */
function* waitForEnd(work: WorkStruct): Proc {
  const { k } = work
  const task = currentTask(k)
  work.flushers.push(task)
  while (work.flushers.includes(task)) {
    task.state = TaskState.UNINTERRUPTIBLE
    task.waitingOn = work
    checkWaitCycle(task)
    schedule_debug(k)
    yield Req.BLOCK
  }
}

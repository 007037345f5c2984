/**
 * Worker pools: two for each processor, normal and high priority. A pool runs one worker as long as
 * it is runnable; when it blocks, another is woken, and one idle worker is always kept in reserve.
 * Kernel: kernel/workqueue.c (worker_thread, wq_worker_sleeping, process_one_work), 6.1.
 */
import { removeAt } from '../../base/arrays.ts'
import { present } from '../../base/assert.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Cpu } from '../machine/cpu.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { schedule_debug } from './bug.ts'
import { bugWorkqueueLeak } from './bug-locks.ts'
import type { Kernel } from './kernel.ts'
import { LockMap } from './lock-base.ts'
import { raw_spin_lock_init, type SpinlockT, spin_lock_irq, spin_unlock_irq } from './spinlock.ts'
import type { WorkStruct } from './workqueue.ts'

/** Work items of one pool that may be in flight (WQ_DFL_ACTIVE). */
const WORKERS_MAX = 256

export class WorkerPool {
  readonly cpu: Cpu
  readonly lock: SpinlockT
  readonly list: WorkStruct[] = []
  /** Workers that run an item and are not blocked. */
  running = 0
  private readonly idle: Task[] = []
  private workers = 0
  private readonly k: Kernel
  private readonly highpri: boolean
  private readonly map: LockMap

  constructor(k: Kernel, cpu: Cpu, highpri: boolean, map: LockMap) {
    this.k = k
    this.cpu = cpu
    this.highpri = highpri
    this.map = map
    const name = `pool/${cpu.index}${highpri ? 'H' : ''}`
    this.lock = raw_spin_lock_init(k, '&pool->lock', name)
  }

  /** Whether queued work would otherwise wait for nobody. Kernel: need_more_worker(). */
  get wantsWorker(): boolean {
    return this.list.length > 0 && this.running === 0
  }

  /**
   * Wakes the worker that went idle last, or makes one. It is idle until it runs: a second item
   * queued meanwhile finds it awake and wakes nobody. Kernel: first_idle_worker(), kick_pool().
   */
  wakeIdleWorker(): void {
    const worker = this.idle.at(-1)
    if (worker !== undefined) this.k.wake(worker)
    else if (this.workers < WORKERS_MAX) this.create()
  }

  private create(): void {
    const { cpu, highpri } = this
    const name = `kworker/${cpu.index}:${this.workers++}${highpri ? 'H' : ''}`
    const self: { task: Task | null } = { task: null }
    const body = () => this.worker_thread(self)
    const options = { affinity: [cpu.index], nice: highpri ? -20 : 0 }
    self.task = this.k.spawn(name, 'kworker', body, options)
    this.idle.push(self.task)
  }

  /** Kernel: worker_leave_idle(). */
  private leaveIdle(task: Task): void {
    removeAt(this.idle, this.idle.indexOf(task))
  }

  private *worker_thread(self: { task: Task | null }): Proc {
    const { k } = this
    yield Req.POINT
    const task = present(self.task, 'a worker knows its task')
    this.leaveIdle(task)
    for (;;) {
      if (this.list.length === 0 || this.running > 0) {
        this.idle.push(task)
        task.state = TaskState.INTERRUPTIBLE
        if (task.preemptCount !== 0) this.recover(task)
        yield Req.BLOCK
        if (!k.tryCharge(k.costs.kworker_start)) yield Req.CHARGE
        this.leaveIdle(task)
        continue
      }
      this.running++
      task.pool = this
      while (this.list.length > 0 && this.running <= 1) yield* this.process_one_work(task)
      task.pool = null
      this.running--
    }
  }

  private *process_one_work(task: Task): Proc {
    const { k } = this
    yield* spin_lock_irq(this.lock)
    const work = this.list.shift()
    if (work === undefined) {
      yield* spin_unlock_irq(this.lock)
      return
    }
    work.pool = null
    work.worker = task
    work.runningPool = this
    work.pending = false
    yield* spin_unlock_irq(this.lock)
    const { map, functionName } = work
    this.map.acquire()
    map.acquire()
    k.emit(T.workqueue_execute_start, work.id)
    yield* work.fn()
    // From here on the item may be gone: only what was copied is used.
    k.emit(T.workqueue_execute_end, work.id)
    map.release()
    this.map.release()
    if (task.preemptCount !== 0 || task.heldLocks.length > 0) {
      bugWorkqueueLeak(k, task, functionName)
    }
    k.pools.finished(work, task)
  }

  /** After a leak: schedule() complains and sets the count right. Kernel: schedule_debug(). */
  private recover(task: Task): void {
    schedule_debug(this.k)
    task.preemptCount = 0
  }
}

export class WorkerPools {
  private readonly k: Kernel
  private readonly pools: (readonly [normal: WorkerPool, highpri: WorkerPool])[]
  private readonly maps = new Map<string, LockMap>()

  constructor(k: Kernel) {
    this.k = k
    const events = this.mapOf('(wq_completion)events')
    const highpri = this.mapOf('(wq_completion)events_highpri')
    this.pools = k.cpus.map(
      (cpu) =>
        [new WorkerPool(k, cpu, false, events), new WorkerPool(k, cpu, true, highpri)] as const,
    )
  }

  /** The lockdep map of a class, made on first use. */
  mapOf(className: string): LockMap {
    let map = this.maps.get(className)
    if (map === undefined) {
      map = new LockMap(this.k, className)
      this.maps.set(className, map)
    }
    return map
  }

  local(cpu: Cpu, highpri: boolean): WorkerPool {
    return (this.pools[cpu.index] as (typeof this.pools)[number])[highpri ? 1 : 0]
  }

  finished(work: WorkStruct, task: Task): void {
    if (work.worker !== task) return
    work.worker = null
    work.runningPool = null
    for (const flusher of work.flushers.splice(0)) this.k.wake(flusher)
  }

  /** A worker blocks inside an item: another may start. Kernel: wq_worker_sleeping(). */
  onSleep(task: Task): void {
    const pool = task.pool as WorkerPool | null
    if (pool === null) return
    pool.running--
    if (pool.wantsWorker) pool.wakeIdleWorker()
  }

  /** Kernel: wq_worker_running(). */
  onWake(task: Task): void {
    const pool = task.pool as WorkerPool | null
    if (pool !== null && !task.onCpu && !task.queued) pool.running++
  }

  onTaskEnd(task: Task): void {
    task.pool = null
  }
}

/**
 * A task: a context that is scheduled. Scheduling classes are strict FIFO/RR priorities 1 to 99
 * above the fair class with its nice weights. Times are ns, virtual run times weighted ns.
 */
import { assert } from '../../base/assert.ts'
import type { Slots } from '../../base/slot.ts'
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { Context, type ContextKind, type Waitable } from './context.ts'
import type { Cpu } from './cpu.ts'
import type { Machine } from './machine.ts'

export type SchedPolicy = 'fair' | 'fifo' | 'rr'

/** What a task is doing, as the kernel's task state. */
export const TaskState = { RUNNING: 0, INTERRUPTIBLE: 1, UNINTERRUPTIBLE: 2, DEAD: 16 } as const

export interface TaskOptions {
  readonly policy?: SchedPolicy
  /** FIFO and RR: 1 (low) to 99. */
  readonly priority?: number
  /** Fair class: -20 to 19. */
  readonly nice?: number
  /** Processors it may run on; all when absent. */
  readonly affinity?: readonly number[]
  /** Processor of its first run; the lowest allowed when absent. */
  readonly cpu?: number
}

/** Weight of each nice level, -20 to 19 (kernel/sched/core.c, sched_prio_to_weight). */
const NICE_WEIGHTS = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
  3906, 3121, 2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87,
  70, 56, 45, 36, 29, 23, 18, 15,
]

export function niceWeight(nice: number): number {
  const weight = NICE_WEIGHTS[nice + 20]
  assert(weight !== undefined, `nice ${nice} is outside -20 .. 19`)
  return weight
}

export class Task extends Context {
  readonly slots: Slots = new Map()
  readonly pid: number
  policy: SchedPolicy
  /** Effective priority: raised above the own one while a waiter of higher priority is blocked. */
  priority: number
  readonly ownPolicy: SchedPolicy
  readonly ownPriority: number
  readonly weight: number
  readonly nice: number
  readonly affinity: readonly number[] | null
  state: number = TaskState.RUNNING
  /** In a run queue, waiting for a processor. */
  queued = false
  /** The current task of its processor. */
  onCpu = false
  /** Leaves its processor at the next point even in kernel mode (cond_resched). */
  mayYield = false
  vruntime = 0
  deadline = 0
  vlag = 0
  /** EEVDF: its request has been served while it runs; it has not, and is kept until then. */
  served = false
  parity = true
  /** Since when its run time is not accounted. */
  execStartNs: Ns = 0
  /** Run time since it was last picked. */
  sliceNs: Ns = 0
  sumExecNs: Ns = 0
  /** Contexts stacked on it when it was switched out; only a fault leaves any there. */
  overlay: Context[] = []
  irqsOffSaved = false
  signalPending = false
  /** More than 0: it stays on the processor where it is. Kernel: migration_disabled. */
  migrationDisabled = 0
  /** Has SIGKILL pending: it never returns to user mode. */
  killed = false
  /** The first task of its process, of threads beside it. Kernel: group_leader. */
  leader: Task | null = null
  /** Of a first task: the others. */
  readonly threads: Task[] = []
  /** It has come to the end of its program. Kernel: PF_EXITING. */
  exited = false
  /** The worker pool whose item it runs; a kernel model's business. */
  pool: unknown = null
  /** How often it left its processor. Kernel: nvcsw + nivcsw. */
  switches = 0
  /** Sleeping locks that it holds or waits for, in order. Kernel: lockdep's held locks. */
  readonly heldLocks: Waitable[] = []
  /** Locks that others spin for because this task runs. */
  spunFor: unknown[] = []

  constructor(
    machine: Machine,
    cpu: Cpu,
    name: string,
    kind: ContextKind,
    pid: number,
    options: TaskOptions,
  ) {
    super(machine, cpu, name, kind)
    this.pid = pid
    this.policy = options.policy ?? 'fair'
    this.priority = this.policy === 'fair' ? 0 : (options.priority ?? 1)
    this.ownPolicy = this.policy
    this.ownPriority = this.priority
    this.nice = options.nice ?? 0
    this.weight = niceWeight(this.nice)
    this.affinity = options.affinity ?? null
  }

  get isRealtime(): boolean {
    return this.policy !== 'fair'
  }

  allows(cpu: number): boolean {
    if (this.migrationDisabled > 0) return cpu === this.cpu.index
    return this.affinity === null || this.affinity.includes(cpu)
  }

  begin(body: Proc<unknown>): void {
    this.body = body
  }
}

/**
 * The kernel's watchdogs: tasks that sleep uninterruptibly for too long, and processors on which
 * nothing but one kernel function has run for too long. Neither takes processor time here.
 *
 * Kernel: kernel/hung_task.c (khungtaskd), kernel/watchdog.c (watchdog_timer_fn), 6.1. Differs: no
 * khungtaskd and no stopper threads; a hypervisor's pause is no lockup, as with kvmclock.
 */
import { NS_PER_SEC, type Ns } from '../../base/units.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import type { Cpu } from '../machine/cpu.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { bugHungTask, bugSoftLockup } from './bug.ts'
import type { Kernel } from './kernel.ts'

/** sysctl hung_task_timeout_secs. */
const HUNG_TASK_SECONDS = 120
/** sysctl hung_task_warnings. */
const HUNG_TASK_WARNINGS = 10

/** What was known of a sleeping task at the last look. */
interface Seen {
  readonly switches: number
  readonly sinceNs: Ns
}

export class HungTaskDetector {
  private readonly kernel: Kernel
  private readonly timer: Timer
  private readonly sleeping = new Map<Task, Seen | null>()
  private warnings = HUNG_TASK_WARNINGS

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.timer = kernel.sim.timer(() => this.check(), Priority.clock)
  }

  /** A task leaves its processor for an uninterruptible sleep. */
  sleeps(task: Task): void {
    if (!this.sleeping.has(task)) this.sleeping.set(task, null)
    if (!this.timer.armed) this.armNext()
  }

  private armNext(): void {
    const periodNs = HUNG_TASK_SECONDS * NS_PER_SEC
    this.timer.arm((Math.floor(this.kernel.sim.now / periodNs) + 1) * periodNs)
  }

  private check(): void {
    const { now } = this.kernel.sim
    for (const [task, seen] of this.sleeping) {
      if (task.state !== TaskState.UNINTERRUPTIBLE) this.sleeping.delete(task)
      else if (seen === null || seen.switches !== task.switches) {
        this.sleeping.set(task, { switches: task.switches, sinceNs: now })
      } else if (this.warnings > 0 && now - seen.sinceNs >= HUNG_TASK_SECONDS * NS_PER_SEC) {
        this.warnings--
        const seconds = Math.floor((now - seen.sinceNs) / NS_PER_SEC)
        bugHungTask(this.kernel, task, HUNG_TASK_SECONDS <= seconds ? HUNG_TASK_SECONDS : seconds)
      }
    }
    if (this.sleeping.size > 0) this.armNext()
  }
}

/** 2 * watchdog_thresh / 5. */
const SAMPLE_NS = 4 * NS_PER_SEC
/** 2 * watchdog_thresh, in the units of get_timestamp(). */
const SOFTLOCKUP_THRESH = 20
/** Turns without the stopper after which the scheduler is asked for it. */
const ASK_AFTER_NS = 2 * SAMPLE_NS

/** Kernel: get_timestamp(): about seconds, 2^30 ns. */
function timestamp(ns: Ns): number {
  return Math.floor(ns / 2 ** 30)
}

export class SoftLockupDetector {
  private readonly kernel: Kernel
  /** When something was last scheduled on each processor, or could have been. */
  private readonly touchedNs: Ns[]
  private readonly reportedNs: Ns[]
  private readonly sampledNs: Ns[]

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.touchedNs = kernel.cpus.map(() => 0)
    this.reportedNs = kernel.cpus.map(() => 0)
    this.sampledNs = kernel.cpus.map(() => 0)
  }

  /** The scheduler has run on `cpu`: the stopper would have. Kernel: softlockup_fn(). */
  touch(cpu: Cpu): void {
    this.touchedNs[cpu.index] = this.kernel.sim.now
  }

  /** In the tick of `cpu`; `below` can be preempted or not. Kernel: watchdog_timer_fn(). */
  sample(cpu: Cpu): void {
    const { now } = this.kernel.sim
    const at = cpu.index
    if (now - (this.sampledNs[at] as Ns) < SAMPLE_NS) return
    this.sampledNs[at] = now
    if (this.stopperWouldRun(cpu) || cpu.supply.wasPaused?.() === true) {
      this.touch(cpu)
      return
    }
    const touched = this.touchedNs[at] as Ns
    const reported = this.reportedNs[at] as Ns
    if (now - touched >= ASK_AFTER_NS) cpu.resched()
    const since = timestamp(touched > reported ? touched : reported)
    if (timestamp(now) <= since + SOFTLOCKUP_THRESH) return
    this.reportedNs[at] = now
    bugSoftLockup(this.kernel, at, cpu.task, timestamp(now) - timestamp(touched))
  }

  private stopperWouldRun(cpu: Cpu): boolean {
    const { task } = cpu
    if (task === cpu.idle || task.userMode) return true
    // The tick's own context is the only one above a task that may be preempted.
    return this.kernel.preemptsKernel && task.preemptCount === 0 && cpu.under.length === 1
  }
}

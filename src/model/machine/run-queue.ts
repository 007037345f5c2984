/**
 * The run queue of one processor: FIFO and RR tasks by strict priority, then the fair class in one
 * of two forms, 6.1-like (CFS: least virtual run time) or 6.6-like (EEVDF: earliest virtual
 * deadline among the eligible). Holds tasks that wait; the running one is known to the processor.
 *
 * Kernel: kernel/sched/{rt,fair}.c. Numbers as domain/guest-kernel.md §5: [E] where it says so.
 */
import { removeAt } from '../../base/arrays.ts'
import type { Ns } from '../../base/units.ts'
import type { Task } from './task.ts'

export type FairFlavour = 'cfs' | 'eevdf'

export interface FairTuning {
  readonly flavour: FairFlavour
  /** CFS: every runnable task runs once in this time, if their number allows. */
  readonly latencyNs: Ns
  readonly minGranularityNs: Ns
  readonly wakeupGranularityNs: Ns
  /** EEVDF: length of a request, and the most that a sleeper may keep of its lag. */
  readonly sliceNs: Ns
  readonly lagNsMax: Ns
}

/** The kernel's defaults, scaled by 1 + log2 of the number of processors (capped at 8). */
export function fairTuning(flavour: FairFlavour, cpus: number, tickNs: Ns): FairTuning {
  let scale = 1
  for (let n = 2; n <= (cpus < 8 ? cpus : 8); n *= 2) scale++
  const sliceNs = 750_000 * scale
  return {
    flavour,
    latencyNs: 6_000_000 * scale,
    minGranularityNs: 750_000 * scale,
    wakeupGranularityNs: 1_000_000 * scale,
    sliceNs,
    lagNsMax: 2 * sliceNs > tickNs ? 2 * sliceNs : tickNs,
  }
}

const NICE_0_WEIGHT = 1024
/** Time slice of SCHED_RR. */
export const RR_TIMESLICE_NS = 100_000_000

export class RunQueue {
  private readonly realtime: Task[] = []
  private readonly fair: Task[] = []
  private minVruntime = 0
  private readonly tuning: FairTuning
  /** RT tasks are not picked while set (sched_rt_runtime_us used up). */
  throttled = false

  constructor(tuning: FairTuning) {
    this.tuning = tuning
  }

  /** Tasks waiting, the running one not counted. */
  get waiting(): number {
    return this.realtime.length + this.fair.length
  }

  get waitingFair(): number {
    return this.fair.length
  }

  get waitingRealtime(): number {
    return this.realtime.length
  }

  /** Adds a task that woke up, or that gave the processor up; `current` is the running one. */
  enqueue(task: Task, woken: boolean, current: Task): void {
    task.queued = true
    if (task.isRealtime) {
      this.insertRealtime(task, woken)
      return
    }
    if (woken) this.place(task, current)
    this.fair.push(task)
  }

  remove(task: Task): void {
    const queue = task.isRealtime ? this.realtime : this.fair
    const at = queue.indexOf(task)
    if (at >= 0) removeAt(queue, at)
    task.queued = false
  }

  /** Takes the task that should run next; null when none may. */
  pick(): Task | null {
    if (this.realtime.length > 0 && !this.throttled) return taken(this.realtime.shift())
    if (this.fair.length === 0) return null
    const at = this.tuning.flavour === 'cfs' ? this.leastVruntime() : this.earliestEligible(null)
    const task = this.fair[at] as Task
    removeAt(this.fair, at)
    if (task.vruntime > this.minVruntime) this.minVruntime = task.vruntime
    return taken(task)
  }

  /** A fair task to be moved to an idle processor `cpu`, if any; not taken out. */
  pullable(cpu: number): Task | null {
    for (const task of this.realtime) if (task.allows(cpu)) return task
    for (const task of this.fair) if (task.allows(cpu)) return task
    return null
  }

  /** Whether a task that just woke up takes the processor from the running one. */
  preempts(woken: Task, current: Task): boolean {
    if (woken.isRealtime) {
      if (this.throttled) return false
      return !current.isRealtime || woken.priority > current.priority
    }
    if (current.isRealtime) return this.throttled
    if (this.tuning.flavour === 'cfs') {
      const behind = current.vruntime - woken.vruntime
      return behind > (this.tuning.wakeupGranularityNs * NICE_0_WEIGHT) / woken.weight
    }
    return this.eevdfPreempts(woken, current)
  }

  /**
   * Kernel: check_preempt_wakeup_fair(), update_curr(), pick_eevdf() of 6.12: a running task whose
   * request is served is rescheduled if others wait too. RUN_TO_PARITY keeps one that is eligible
   * until then. Else the woken task must have the earliest deadline of the eligible ones.
   */
  private eevdfPreempts(woken: Task, current: Task): boolean {
    if (current.served) {
      current.served = false
      if (this.fair.length > 1) return true
    }
    const eligible = current.vruntime <= this.averageVruntime(current)
    if (eligible && current.parity) return false
    const best = this.fair[this.earliestEligible(current)]
    return best === woken && !(eligible && current.deadline < woken.deadline)
  }

  /** Charges run time to the running task. */
  account(current: Task, ranNs: Ns): void {
    current.sumExecNs += ranNs
    current.sliceNs += ranNs
    if (current.isRealtime) return
    current.vruntime += (ranNs * NICE_0_WEIGHT) / current.weight
    if (this.tuning.flavour === 'cfs' || current.vruntime < current.deadline) return
    // Kernel: update_deadline(): the next request begins where this one ended.
    current.deadline = current.vruntime + (this.tuning.sliceNs * NICE_0_WEIGHT) / current.weight
    current.served = true
    current.parity = false
  }

  /** At the tick: whether the running task has had its turn. */
  expired(current: Task): boolean {
    if (current.policy === 'fifo') return this.throttled
    if (current.policy === 'rr') {
      if (current.sliceNs < RR_TIMESLICE_NS) return this.throttled
      const next = this.realtime[0]
      return next !== undefined && next.priority === current.priority
    }
    if (this.realtime.length > 0 && !this.throttled) return true
    if (this.fair.length === 0) return false
    return this.tuning.flavour === 'cfs' ? this.cfsExpired(current) : this.eevdfExpired(current)
  }

  /**
   * Remembers what a fair task that goes to sleep has not had (EEVDF). One that had more than its
   * share waits in the queue until it is even. Kernel: update_entity_lag(), DELAY_DEQUEUE (6.12).
   */
  leave(task: Task): void {
    if (task.isRealtime || this.tuning.flavour === 'cfs') return
    const lag = this.averageVruntime(task) - task.vruntime
    const limit = (this.tuning.lagNsMax * NICE_0_WEIGHT) / task.weight
    task.vlag = lag > limit ? limit : lag
  }

  private insertRealtime(task: Task, woken: boolean): void {
    // A task that was preempted stays at the head of its level, one that woke goes to the tail.
    const queue = this.realtime
    const full = task.policy === 'rr' && task.sliceNs >= RR_TIMESLICE_NS
    const atTail = woken || full
    if (full) task.sliceNs = 0
    let at = 0
    while (at < queue.length) {
      const other = (queue[at] as Task).priority
      if (other < task.priority || (other === task.priority && !atTail)) break
      at++
    }
    queue.splice(at, 0, task)
  }

  private place(task: Task, current: Task): void {
    if (this.tuning.flavour === 'cfs') {
      const floor = this.currentMin(current) - this.tuning.latencyNs / 2
      if (task.vruntime < floor) task.vruntime = floor
      return
    }
    this.placeLagging(task, current)
    task.deadline = task.vruntime + (this.tuning.sliceNs * NICE_0_WEIGHT) / task.weight
  }

  /** Kernel: place_entity(): joining the queue moves its average, so the lag is stretched. */
  private placeLagging(task: Task, current: Task): void {
    const average = this.averageVruntime(current)
    if (task.vlag < 0) {
      // It has become even meanwhile, or is as far ahead as it was (DELAY_ZERO).
      if (task.vruntime < average) task.vruntime = average
      return
    }
    let weights = current.isRealtime || current.kind === 'idle' ? 0 : current.weight
    for (const other of this.fair) weights += other.weight
    const stretch = weights === 0 ? 1 : (weights + task.weight) / weights
    task.vruntime = average - task.vlag * stretch
  }

  private currentMin(current: Task): number {
    let least = current.isRealtime || current.kind === 'idle' ? -1 : current.vruntime
    for (const task of this.fair) if (least < 0 || task.vruntime < least) least = task.vruntime
    if (least > this.minVruntime) this.minVruntime = least
    return this.minVruntime
  }

  /** Load-weighted average virtual run time of the queue and the running task. */
  private averageVruntime(current: Task | null): number {
    let weights = 0
    let sum = 0
    const base = this.minVruntime
    for (const task of this.fair) {
      weights += task.weight
      sum += (task.vruntime - base) * task.weight
    }
    if (current !== null && !current.isRealtime && current.kind !== 'idle') {
      weights += current.weight
      sum += (current.vruntime - base) * current.weight
    }
    const average = weights === 0 ? base : base + sum / weights
    if (average > this.minVruntime) this.minVruntime = average
    return average
  }

  private leastVruntime(): number {
    let best = 0
    for (let i = 1; i < this.fair.length; i++) {
      if ((this.fair[i] as Task).vruntime < (this.fair[best] as Task).vruntime) best = i
    }
    return best
  }

  private earliestEligible(current: Task | null): number {
    const average = this.averageVruntime(current)
    let best = -1
    for (let i = 0; i < this.fair.length; i++) {
      const task = this.fair[i] as Task
      if (task.vruntime > average) continue
      if (best < 0 || task.deadline < (this.fair[best] as Task).deadline) best = i
    }
    return best < 0 ? this.leastVruntime() : best
  }

  private cfsExpired(current: Task): boolean {
    const { latencyNs, minGranularityNs } = this.tuning
    let weights = current.weight
    for (const task of this.fair) weights += task.weight
    const count = this.fair.length + 1
    const span = count * minGranularityNs > latencyNs ? count * minGranularityNs : latencyNs
    const ideal = (span * current.weight) / weights
    if (current.sliceNs > ideal) return true
    if (current.sliceNs < minGranularityNs) return false
    const least = this.fair[this.leastVruntime()] as Task
    return current.vruntime - least.vruntime > ideal
  }

  private eevdfExpired(current: Task): boolean {
    const { served } = current
    current.served = false
    return served
  }
}

function taken(task: Task | undefined): Task | null {
  if (task === undefined) return null
  task.queued = false
  task.sliceNs = 0
  task.served = false
  task.parity = true
  return task
}

/**
 * A machine: processors, tasks, and what is said about them to the trace. The guest and the host
 * are both machines; a kernel model extends this class through the hooks at its end.
 */
import { assert, present, unreachable } from '../../base/assert.ts'
import type { Ns } from '../../base/units.ts'
import { DONE, type Proc, pause, Req } from '../../sim/process.ts'
import type { Simulation } from '../../sim/scheduler.ts'
import { T } from '../../sim/trace.ts'
import { Context, type ContextKind } from './context.ts'
import { type Cost, type CostName, type CostTable, type Holding, priceNs } from './cost.ts'
import { Cpu } from './cpu.ts'
import { type FairFlavour, type FairTuning, fairTuning } from './run-queue.ts'
import { Task, type TaskOptions, TaskState } from './task.ts'

export interface MachineOptions {
  readonly name: string
  readonly cpus: number
  readonly costs: CostTable
  readonly fair?: FairFlavour
  /** Tasks in kernel mode may be preempted wherever preempt_count is 0 and interrupts are on. */
  readonly preemptsKernel?: boolean
  /** Period of the timer tick. */
  readonly tickNs?: Ns
  /** Cost entry of a task switch. */
  readonly switchCost: CostName
}

const TASKS_MAX = 100_000
const TICK_NS = 4_000_000

export class Machine {
  readonly sim: Simulation
  readonly name: string
  readonly costs: CostTable
  readonly cpus: Cpu[] = []
  readonly fairTuning: FairTuning
  readonly preemptsKernel: boolean
  /** Stands for everything beside the processors. */
  readonly hardware: Context
  /** The context whose code is running now; `hardware` outside the processors. */
  current: Context
  private readonly switchCost: Cost
  private readonly policySteers: boolean
  private nextPid = 1

  constructor(sim: Simulation, options: MachineOptions) {
    this.sim = sim
    this.policySteers = sim.policy.steers
    this.name = options.name
    this.costs = options.costs
    this.fairTuning = fairTuning(options.fair ?? 'eevdf', options.cpus, options.tickNs ?? TICK_NS)
    this.preemptsKernel = options.preemptsKernel ?? false
    this.switchCost = options.costs[options.switchCost]
    // The hardware context needs no processor; it never runs.
    this.hardware = new Context(this, undefined as never, `${options.name}-hardware`, 'host')
    this.current = this.hardware
    for (let i = 0; i < options.cpus; i++) this.cpus.push(new Cpu(this, i, 0))
    assert(this.cpus.length > 0, 'a machine needs a processor')
  }

  /** Record from the context that is running. */
  emit(kind: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    const { current } = this
    const cpu = current === this.hardware ? 255 : current.cpu.index
    this.sim.trace.emit(kind, cpu, current.id, a, b, c, d, e, f)
  }

  // ---- time -----------------------------------------------------------------------------------

  /** Price of an entry for the running context. */
  priceNs(cost: Cost): Ns {
    if (this.policySteers) return this.steeredNs(cost)
    if (cost.constantNs >= 0) return cost.constantNs
    return priceNs(this.sim.policy, cost, this.current)
  }

  /** Asks the policy for the price, and whether the context is held back first. */
  private steeredNs(cost: Cost): Ns {
    const { current } = this
    const ns = this.sim.policy.cost(cost, current.rng)
    if (cost.holding === null) return ns
    const heldNs = this.sim.policy.delay(current.id, cost.name)
    if (heldNs === 0) return ns
    this.emit(T.held_back, heldNs, this.sim.trace.symbols.text(cost.name))
    return ns + this.holdBack(current, cost.holding, heldNs)
  }

  /** Hot form of `charge`: `if (!m.tryCharge(cost)) yield Req.CHARGE`. */
  tryCharge(cost: Cost): boolean {
    return this.tryChargeNs(this.priceNs(cost))
  }

  /** `if (!m.tryChargeNs(ns)) yield Req.CHARGE`: CPU time of the running context. */
  tryChargeNs(ns: Ns): boolean {
    const context = this.current
    const total = ns + context.remainingNs
    const { cpu } = context
    if (!(cpu.attention && cpu.wouldAttend(context)) && this.sim.tryAdvance(total)) {
      context.remainingNs = 0
      return true
    }
    context.remainingNs = total
    return false
  }

  // ---- tasks ----------------------------------------------------------------------------------

  /** Creates a task; it is runnable from now on. */
  spawn(
    name: string,
    kind: ContextKind,
    body: () => Proc<unknown>,
    options: TaskOptions = {},
  ): Task {
    assert(this.nextPid < TASKS_MAX, `more than ${TASKS_MAX} tasks on machine ${this.name}`)
    const first = options.cpu ?? options.affinity?.[0] ?? 0
    const cpu = present(this.cpus[first], `machine ${this.name} has no processor ${first}`)
    const task = new Task(this, cpu, name, kind, this.nextPid++, options)
    task.begin(body())
    task.state = TaskState.UNINTERRUPTIBLE
    this.wake(task)
    return task
  }

  /** Makes a sleeping task runnable. Returns false if it was not asleep. Kernel: try_to_wake_up. */
  wake(task: Task): boolean {
    if (task.state === TaskState.RUNNING || task.state === TaskState.DEAD) return false
    task.state = TaskState.RUNNING
    task.waitingOn = null
    this.onWake(task)
    if (task.onCpu || task.queued) {
      this.emit(T.sched_waking, task.id, task.cpu.index)
      return true
    }
    const cpu = this.selectCpu(task)
    this.emit(T.sched_waking, task.id, cpu.index)
    task.cpu = cpu
    cpu.accountTask()
    cpu.runQueue.enqueue(task, true, cpu.task)
    if (cpu.isIdle || cpu.runQueue.preempts(task, cpu.task)) cpu.resched()
    else this.onEnqueue(cpu)
    return true
  }

  /** Previous processor if idle, else an idle one it may use, else the previous one. */
  private selectCpu(task: Task): Cpu {
    const prev = task.cpu
    if (this.cpus.length === 1) return prev
    const allowed = task.allows(prev.index)
    if (allowed && prev.isIdle && prev.runQueue.waiting === 0) return prev
    for (let i = 0; i < this.cpus.length; i++) {
      const cpu = this.cpus[i] as Cpu
      if (cpu.isIdle && cpu.runQueue.waiting === 0 && task.allows(cpu.index)) return cpu
    }
    if (task.isRealtime) return this.lowestPriorityCpu(task, prev)
    if (allowed) return prev
    return present(
      this.cpus.find((cpu) => task.allows(cpu.index)),
      `task ${task.name} may run on no processor`,
    )
  }

  private lowestPriorityCpu(task: Task, prev: Cpu): Cpu {
    let best = task.allows(prev.index) ? prev : null
    for (const cpu of this.cpus) {
      if (!task.allows(cpu.index)) continue
      if (best === null || cpu.task.priority < best.task.priority) best = cpu
    }
    return present(best, `task ${task.name} may run on no processor`)
  }

  /**
   * A task for a processor that would go idle, from the fullest queue among those that run
   * something: a task queued on an idle processor is about to run there (rd->overload).
   * Kernel: newidle_balance().
   */
  pullTask(to: Cpu): Task | null {
    if (this.cpus.length === 1) return null
    let from: Cpu | null = null
    for (let i = 0; i < this.cpus.length; i++) {
      const cpu = this.cpus[i] as Cpu
      if (cpu === to || cpu.isIdle || cpu.runQueue.waiting === 0) continue
      if (from === null || cpu.runQueue.waiting > from.runQueue.waiting) from = cpu
    }
    const task = from?.runQueue.pullable(to.index) ?? null
    if (task === null || from === null) return null
    from.runQueue.remove(task)
    task.sliceNs = 0
    return task
  }

  switchCostNs(next: Task): Ns {
    return priceNs(this.sim.policy, this.switchCost, next)
  }

  // ---- hooks for kernel models and hypervisors --------------------------------------------------

  /**
   * A policy holds the running context back for `ns`: returns what is added to its charge. Here the
   * context itself is slow; a virtual processor loses its time instead.
   */
  holdBack(_context: Context, _how: Holding, ns: Ns): Ns {
    return ns
  }

  /** Another context wants `cpu` to reschedule. */
  sendReschedule(cpu: Cpu): void {
    cpu.supply.notify(cpu)
  }

  onSchedule(_cpu: Cpu): void {}

  onEnqueue(_cpu: Cpu): void {}

  onRan(_cpu: Cpu, _task: Task, _ranNs: Ns): void {}

  /** A task is about to sleep, and the next is not picked yet. Kernel: sched_submit_work(). */
  onSleep(_task: Task): void {}

  /** A task leaves its processor: it goes to sleep or ends, or it is preempted. */
  onSwitchOut(_task: Task, _asleep: boolean): void {}

  /** A sleeping task has become runnable. */
  onWake(_task: Task): void {}

  onIrqFromIdle(_cpu: Cpu): void {}

  onTaskEnd(_task: Task): void {}

  onBlockInInterrupt(context: Context): void {
    unreachable(`${context.name} blocks in interrupt context on machine ${this.name}`)
  }

  softirqOnIrqExit(_cpu: Cpu): Context | null {
    return null
  }

  borrowerOf(context: Context): Cpu {
    return unreachable(`${context.name} lends time to nobody`)
  }

  withdrawCostNs(_context: Context): Ns {
    return 0
  }
}

/** Spends CPU time of a cost entry, `times` over. */
export function charge(machine: Machine, cost: Cost, times = 1): Proc {
  const ns = times === 1 ? machine.priceNs(cost) : Math.round(machine.priceNs(cost) * times)
  return machine.tryChargeNs(ns) ? DONE : pause(Req.CHARGE)
}

/** Spends `ns` of CPU time. */
export function chargeNs(machine: Machine, ns: Ns): Proc {
  return machine.tryChargeNs(ns) ? DONE : pause(Req.CHARGE)
}

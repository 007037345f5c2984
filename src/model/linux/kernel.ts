/**
 * The guest kernel: a machine with jiffies, a tick, softirqs and the kernel's configuration.
 *
 * Kernel: kernel/time/tick-sched.c, timekeeping.c; 6.1 and 6.12. NO_HZ_IDLE: the tick stops on an
 * idle processor and jiffies catch up in one jump at its next interrupt.
 */
import type { Slots } from '../../base/slot.ts'
import { NS_PER_SEC, type Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { Req } from '../../sim/process.ts'
import type { Simulation } from '../../sim/scheduler.ts'
import { T } from '../../sim/trace.ts'
import { ClockEvent } from '../machine/clock-event.ts'
import type { Context } from '../machine/context.ts'
import type { CostTable, Holding } from '../machine/cost.ts'
import type { Cpu } from '../machine/cpu.ts'
import { Machine } from '../machine/machine.ts'
import { RtThrottle } from '../machine/rt-throttle.ts'
import type { FairFlavour } from '../machine/run-queue.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { blockInInterrupt, logOnce } from './bug.ts'
import { Freezer } from './freezer.ts'
import type { KernelCommit } from './kernel-commits.ts'
import { type Mutex, stopSpinning } from './mutex.ts'
import type { Gfp } from './slab.ts'
import { Softirqs } from './softirq.ts'
import { TimerBase } from './timer.ts'
import { HungTaskDetector, SoftLockupDetector } from './watchdog.ts'
import { WorkerPools } from './worker-pool.ts'

export type PreemptModel = 'none' | 'voluntary' | 'full' | 'rt'
export type KernelVersion = '6.1' | '6.12'

export interface KernelConfig {
  readonly hz: 100 | 250 | 300 | 1000
  readonly preempt: PreemptModel
  readonly version: KernelVersion
  /** Commits that this kernel is built without. */
  readonly reverted?: readonly KernelCommit[]
  readonly cpus: number
  readonly costs: CostTable
  /** CFS up to 6.5, EEVDF from 6.6 on; by default as the version says. */
  readonly fair?: FairFlavour
  /** sched_rt_runtime_us: time per second that RT tasks may take; negative means no limit. */
  readonly rtRuntimeNs?: Ns
  /** The parameter `threadirqs`: handlers run in threads; on PREEMPT_RT they always do. */
  readonly threadirqs?: boolean
  /** Processor of each interrupt line by its name; 0 for others. */
  readonly irqAffinity?: Readonly<Record<string, number>>
}

/** jiffies starts five minutes before it wraps; the model only needs it to be positive. */
const INITIAL_JIFFIES = 10_000

export class Kernel extends Machine {
  readonly slots: Slots = new Map()
  /** Objects allocated so far: the last one's number. */
  objects = 0
  readonly config: KernelConfig
  readonly reverted: ReadonlySet<KernelCommit>
  readonly tickNs: Ns
  jiffies = INITIAL_JIFFIES
  /** Processor that advances jiffies; -1 while none ticks. Kernel: tick_do_timer_cpu. */
  private timekeeper = -1
  readonly clockEvents: ClockEvent[]
  readonly softirqs: Softirqs
  readonly timers: TimerBase
  readonly pools: WorkerPools
  readonly freezer: Freezer
  /** A fault that makes allocations fail, when a scenario asks for one. */
  allocationFails: ((gfp: Gfp) => boolean) | null = null
  private readonly throttle: RtThrottle
  private readonly hungTasks: HungTaskDetector
  private readonly softLockups: SoftLockupDetector

  constructor(sim: Simulation, name: string, config: KernelConfig) {
    super(sim, {
      name,
      tickNs: Math.floor(NS_PER_SEC / config.hz),
      cpus: config.cpus,
      costs: config.costs,
      fair: config.fair ?? (config.version === '6.1' ? 'cfs' : 'eevdf'),
      preemptsKernel: config.preempt === 'full' || config.preempt === 'rt',
      switchCost: 'task_switch',
    })
    this.config = config
    this.reverted = new Set(config.reverted)
    this.tickNs = Math.floor(NS_PER_SEC / config.hz)
    this.clockEvents = this.cpus.map(
      (cpu) => new ClockEvent(cpu, this.tickNs, () => this.localTimerInterrupt(cpu)),
    )
    this.timers = new TimerBase(this)
    this.softirqs = new Softirqs(this)
    this.pools = new WorkerPools(this)
    this.freezer = new Freezer(this)
    this.throttle = new RtThrottle(this, config.rtRuntimeNs ?? 950_000_000, () => {
      // 6.12's fair server does the same in silence.
      if (config.version === '6.1') logOnce(this, 'sched: RT throttling activated')
    })
    this.hungTasks = new HungTaskDetector(this)
    this.softLockups = new SoftLockupDetector(this)
  }

  override onSchedule(cpu: Cpu): void {
    this.softLockups.touch(cpu)
    const idle = cpu.isIdle
    const clock = this.clockEvents[cpu.index] as ClockEvent
    if (!idle && this.timekeeper < 0) this.timekeeper = cpu.index
    if (idle && this.timekeeper === cpu.index) this.timekeeper = -1
    clock.setTick(!idle)
    if (idle) this.timers.programIdle(cpu)
  }

  override onSleep(task: Task): void {
    if (task.kind === 'kworker') this.pools.onSleep(task)
  }

  override onSwitchOut(task: Task, asleep: boolean): void {
    task.switches++
    if (asleep && task.state === TaskState.UNINTERRUPTIBLE) this.hungTasks.sleeps(task)
    if (task.spunFor.length > 0)
      for (const lock of task.spunFor.splice(0)) stopSpinning(lock as Mutex)
  }

  override onWake(task: Task): void {
    if (task.kind === 'kworker') this.pools.onWake(task)
  }

  override onRan(cpu: Cpu, task: Task, ranNs: Ns): void {
    this.throttle.account(cpu, task, ranNs)
  }

  /** An interrupt ends the idle sleep: jiffies are brought up to date first (tick_irq_enter). */
  override onIrqFromIdle(_cpu: Cpu): void {
    if (this.timekeeper < 0) this.updateJiffies()
  }

  override softirqOnIrqExit(cpu: Cpu): Context | null {
    return this.softirqs.onIrqExit(cpu)
  }

  override onTaskEnd(task: Task): void {
    this.pools.onTaskEnd(task)
  }

  override onBlockInInterrupt(context: Context): void {
    blockInInterrupt(this, context)
  }

  /** The least charge after which the virtual processor has lost its time. */
  override holdBack(context: Context, how: Holding, ns: Ns): Ns {
    const { supply } = context.cpu
    if (how !== 'vcpu' || supply.steal === undefined) return ns
    supply.steal(ns)
    return 1
  }

  /** A reschedule interrupt: in a virtual machine the sender leaves the guest for it. */
  override sendReschedule(cpu: Cpu): void {
    const { current } = this
    if (current !== this.hardware && current.cpu !== cpu) {
      current.remainingNs += this.priceNs(this.costs.ipi)
    }
    cpu.supply.notify(cpu)
  }

  updateJiffies(): void {
    this.jiffies = INITIAL_JIFFIES + Math.floor(this.sim.now / this.tickNs)
  }

  /** Time at which jiffies reach `jiffies` if nothing delays the tick. */
  jiffiesToNs(jiffies: number): Ns {
    return (jiffies - INITIAL_JIFFIES) * this.tickNs
  }

  /** Kernel: sysvec_apic_timer_interrupt() to hrtimer_interrupt() and tick_sched_handle(). */
  private *localTimerInterrupt(cpu: Cpu): Proc {
    const clock = this.clockEvents[cpu.index] as ClockEvent
    if (!this.tryCharge(this.costs.irq_entry)) yield Req.CHARGE
    const { now } = this.sim
    for (;;) {
      const timer = clock.expire(now)
      if (timer === null) break
      if (timer.handler === null) timer.callback()
      else yield* timer.handler()
    }
    if (clock.tickDue) {
      clock.tickDue = false
      if (this.timekeeper === cpu.index || this.timekeeper < 0) this.updateJiffies()
      this.emit(T.tick, this.jiffies)
      if (!this.tryCharge(this.costs.tick)) yield Req.CHARGE
      this.scheduler_tick(cpu)
    }
    this.timers.checkExpired(cpu)
    if (!this.tryCharge(this.costs.irq_exit)) yield Req.CHARGE
  }

  private scheduler_tick(cpu: Cpu): void {
    cpu.accountTask()
    this.softLockups.sample(cpu)
    if (!cpu.isIdle && cpu.runQueue.expired(cpu.task)) cpu.resched()
  }
}

/**
 * The host: physical processors, the threads of the hypervisor's processes, other load. Its tick
 * runs only where tasks compete, because that is the only thing that it decides here.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Simulation } from '../../sim/scheduler.ts'
import { ClockEvent } from '../machine/clock-event.ts'
import type { Context } from '../machine/context.ts'
import type { CostTable } from '../machine/cost.ts'
import type { Cpu } from '../machine/cpu.ts'
import { Machine } from '../machine/machine.ts'
import { RtThrottle } from '../machine/rt-throttle.ts'
import type { FairFlavour } from '../machine/run-queue.ts'
import type { Task } from '../machine/task.ts'

export interface HostOptions {
  readonly cpus: number
  readonly costs: CostTable
  /** Tick period; 4 ms (HZ=250) by default. */
  readonly tickNs?: Ns
  readonly rtRuntimeNs?: Ns
  readonly fair?: FairFlavour
}

export class HostMachine extends Machine {
  private readonly clockEvents: ClockEvent[]
  private readonly throttle: RtThrottle
  /** Guest processor that each vCPU thread lends its time to. */
  readonly borrowers = new Map<Context, Cpu>()

  constructor(sim: Simulation, options: HostOptions) {
    const tickNs = options.tickNs ?? 4_000_000
    super(sim, {
      name: 'host',
      tickNs,
      cpus: options.cpus,
      costs: options.costs,
      fair: options.fair ?? 'eevdf',
      preemptsKernel: true,
      switchCost: 'host_task_switch',
    })
    this.clockEvents = this.cpus.map((cpu) => new ClockEvent(cpu, tickNs, () => this.tick(cpu)))
    this.throttle = new RtThrottle(this, options.rtRuntimeNs ?? 950_000_000)
  }

  override onSchedule(cpu: Cpu): void {
    this.updateTick(cpu)
  }

  override onEnqueue(cpu: Cpu): void {
    this.updateTick(cpu)
  }

  override onRan(cpu: Cpu, task: Task, ranNs: Ns): void {
    this.throttle.account(cpu, task, ranNs)
  }

  override borrowerOf(context: Context): Cpu {
    return this.borrowers.get(context) ?? super.borrowerOf(context)
  }

  /** An interrupted vCPU has left the guest and must enter it again. */
  override withdrawCostNs(_context: Context): Ns {
    return this.priceNs(this.costs.vm_exit) + this.priceNs(this.costs.vm_entry)
  }

  private updateTick(cpu: Cpu): void {
    const clock = this.clockEvents[cpu.index] as ClockEvent
    const { runQueue } = cpu
    clock.setTick(runQueue.waiting > 0 && !cpu.isIdle)
  }

  private *tick(cpu: Cpu): Proc {
    const clock = this.clockEvents[cpu.index] as ClockEvent
    clock.tickDue = false
    if (!this.tryCharge(this.costs.host_irq)) yield Req.CHARGE
    cpu.accountTask()
    if (!cpu.isIdle && cpu.runQueue.expired(cpu.task)) cpu.resched()
  }
}

/**
 * RT throttling: realtime tasks may use `runtime` of each second of a processor; then they wait for
 * the next period. Kernel: sched_rt_period_us 1,000,000, sched_rt_runtime_us 950,000 (rt.c).
 */
import { NS_PER_SEC, type Ns } from '../../base/units.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import type { Cpu } from './cpu.ts'
import type { Machine } from './machine.ts'
import type { Task } from './task.ts'

const PERIOD_NS = NS_PER_SEC

export class RtThrottle {
  private readonly machine: Machine
  private readonly runtimeNs: Ns
  private readonly usedNs: Ns[]
  private readonly period: Timer
  private readonly onThrottled: () => void

  constructor(machine: Machine, runtimeNs: Ns, onThrottled: () => void = () => {}) {
    this.machine = machine
    this.runtimeNs = runtimeNs
    this.onThrottled = onThrottled
    this.usedNs = machine.cpus.map(() => 0)
    this.period = machine.sim.timer(() => this.onPeriod(), Priority.clock)
  }

  account(cpu: Cpu, task: Task, ranNs: Ns): void {
    if (this.runtimeNs < 0 || !task.isRealtime) return
    if (!this.period.armed) this.period.arm(this.machine.sim.now + PERIOD_NS)
    const used = (this.usedNs[cpu.index] as number) + ranNs
    this.usedNs[cpu.index] = used
    if (used > this.runtimeNs && !cpu.runQueue.throttled) {
      cpu.runQueue.throttled = true
      this.onThrottled()
      cpu.resched()
    }
  }

  private onPeriod(): void {
    let active = false
    for (const cpu of this.machine.cpus) {
      cpu.accountTask()
      const used = this.usedNs[cpu.index] as number
      if (used === 0) continue
      const left = used > this.runtimeNs ? used - this.runtimeNs : 0
      this.usedNs[cpu.index] = left
      active = true
      if (cpu.runQueue.throttled && left < this.runtimeNs) {
        cpu.runQueue.throttled = false
        if (cpu.runQueue.waitingRealtime > 0) cpu.resched()
      }
    }
    if (active) this.period.arm(this.machine.sim.now + PERIOD_NS)
  }
}

/**
 * The local timer interrupt of each processor: the scheduler tick and high-resolution timers. The
 * tick runs only where it is needed; its times are the multiples of the tick period since boot.
 */
import { removeAt } from '../../base/arrays.ts'
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import type { Cpu } from './cpu.ts'
import { IrqVector } from './irq-vector.ts'

/** A one-shot timer in hardirq context of one processor. Kernel: struct hrtimer. */
export class ClockTimer {
  /** May expire from here on, if the processor takes a timer interrupt anyway. */
  softNs: Ns = -1
  /** Time for which the interrupt is programmed. */
  hardNs: Ns = -1
  readonly cpu: Cpu
  readonly callback: () => void
  /** In place of the callback, what takes time in the interrupt. */
  handler: (() => Proc) | null = null

  constructor(cpu: Cpu, callback: () => void) {
    this.cpu = cpu
    this.callback = callback
  }

  get armed(): boolean {
    return this.hardNs >= 0
  }
}

export class ClockEvent {
  readonly vector: IrqVector
  private readonly cpu: Cpu
  private readonly tickNs: Ns
  private readonly tickTimer: Timer
  private readonly oneShot: Timer
  private readonly timers: ClockTimer[] = []
  private tickNeeded = false
  /** A tick has come and not been handled. */
  tickDue = false

  constructor(cpu: Cpu, tickNs: Ns, body: () => Proc<unknown>) {
    this.cpu = cpu
    this.tickNs = tickNs
    const { sim } = cpu.machine
    this.vector = new IrqVector(cpu.machine, cpu, `local_timer/${cpu.index}`, body)
    this.tickTimer = sim.timer(() => this.onTick(), Priority.clock)
    this.oneShot = sim.timer(() => cpu.raise(this.vector), Priority.clock)
  }

  /**
   * Keeps the tick running, or lets it rest. A tick that is not needed any more stays armed and
   * does nothing when it comes: a processor that dozes off and wakes within a tick costs nothing.
   */
  setTick(needed: boolean): void {
    this.tickNeeded = needed
    if (needed && !this.tickTimer.armed) this.armTick()
  }

  /** Programs `timer`; slack allows it to be merged with a later interrupt. */
  start(timer: ClockTimer, atNs: Ns, slackNs: Ns): void {
    this.cancel(timer)
    timer.softNs = atNs
    timer.hardNs = atNs + slackNs
    this.timers.push(timer)
    this.program()
  }

  cancel(timer: ClockTimer): void {
    if (!timer.armed) return
    timer.hardNs = -1
    removeAt(this.timers, this.timers.indexOf(timer))
    this.program()
  }

  /** Takes the timers that may expire now, earliest first; the caller runs their callbacks. */
  expire(nowNs: Ns): ClockTimer | null {
    let first: ClockTimer | null = null
    for (const timer of this.timers) {
      if (timer.softNs > nowNs) continue
      if (first === null || timer.softNs < first.softNs) first = timer
    }
    if (first !== null) this.cancel(first)
    return first
  }

  private program(): void {
    let next = -1
    for (let i = 0; i < this.timers.length; i++) {
      const { hardNs } = this.timers[i] as ClockTimer
      if (next < 0 || hardNs < next) next = hardNs
    }
    if (next < 0) this.oneShot.cancel()
    else if (this.oneShot.atNs !== next) {
      const { now } = this.cpu.machine.sim
      this.oneShot.arm(next < now ? now : next)
    }
  }

  private onTick(): void {
    if (!this.tickNeeded) return
    this.tickDue = true
    this.armTick()
    this.cpu.raise(this.vector)
  }

  private armTick(): void {
    const { now } = this.cpu.machine.sim
    this.tickTimer.arm((Math.floor(now / this.tickNs) + 1) * this.tickNs)
  }
}

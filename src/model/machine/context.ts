/**
 * A context: something that runs on a processor. Tasks are scheduled; hardirq and softirq contexts
 * are stacked on whatever they interrupt. A charge in progress is a remaining number of ns that is
 * carried over interruptions.
 */
import type { Prng } from '../../base/prng.ts'
import type { Ns } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import type { Cpu } from './cpu.ts'
import type { IrqVector } from './irq-vector.ts'
import type { Machine } from './machine.ts'

/** What a context is, in the trace's words. */
export type ContextKind =
  | 'task'
  | 'client'
  | 'kworker'
  | 'irq-thread'
  | 'softirq'
  | 'hardirq'
  | 'idle'
  | 'vcpu'
  | 'host'

/** Something that a context can wait for; used to find cycles of waiting. */
export interface Waitable {
  /** How a report names it. */
  readonly waitName: string
  /** What stands between it and its owner in a report; missing: it is a lock, `held by`. */
  readonly waitWord?: string
  /** The context whose progress ends the wait; null when nobody in particular. */
  waitOwner(): Context | null
  /** A waiter who is served before this one, and keeps it waiting whoever owns the thing. */
  waitedBefore?(waiter: Context): Context | null
}

/** Fields of preempt_count above its depth (include/linux/preempt.h). */
export const SOFTIRQ_OFFSET = 0x100
export const SOFTIRQ_DISABLE_OFFSET = 0x200
export const HARDIRQ_OFFSET = 0x10000

export class Context {
  /** Number in the trace's context table. */
  readonly id: number
  readonly name: string
  readonly kind: ContextKind
  readonly machine: Machine
  /** Processor that it runs or last ran on. */
  cpu: Cpu
  body: Proc<unknown> | null = null
  /** What is left of the charge in progress. */
  remainingNs: Ns = 0
  /** Occupies its processor until granted what it spins for. */
  spinning = false
  /** Gives its processor's time to another machine's processor. */
  lending = false
  preemptCount = 0
  /** In user mode a task may be preempted under every preemption model. */
  userMode = false
  /** What it waits for, while it does. */
  waitingOn: Waitable | null = null
  /** The interrupt whose body it runs; null for every other kind of context. */
  vector: IrqVector | null = null
  private stream: Prng | null = null

  constructor(machine: Machine, cpu: Cpu, name: string, kind: ContextKind) {
    this.machine = machine
    this.cpu = cpu
    this.name = name
    this.kind = kind
    const symbols = machine.sim.trace.symbols
    this.id = symbols.define('ctx', { name, kind, group: machine.name })
  }

  /** The actor's own random stream: a new actor shifts nobody. */
  get rng(): Prng {
    if (this.stream === null) {
      this.stream = this.machine.sim.stream(`${this.machine.name}/${this.name}`)
    }
    return this.stream
  }

  get isTask(): boolean {
    return this.kind !== 'hardirq' && this.kind !== 'softirq'
  }
}

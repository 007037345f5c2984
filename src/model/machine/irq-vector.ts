/**
 * An interrupt as a processor sees it: a pending bit and a body to run in hardirq context. What
 * the body does (handlers, masking, threads) is the kernel model's business.
 */
import type { Proc } from '../../sim/process.ts'
import { Context, HARDIRQ_OFFSET } from './context.ts'
import type { Cpu } from './cpu.ts'
import type { Machine } from './machine.ts'

export class IrqVector {
  readonly context: Context
  readonly body: () => Proc<unknown>
  /** Raised and not yet taken: further edges merge into it. */
  pending = false
  /** Raised while its body was running, or parked with a task that it interrupted. */
  again = false
  /** How often it was raised, and how often an edge merged into a pending one. */
  raised = 0
  merged = 0

  constructor(machine: Machine, cpu: Cpu, name: string, body: () => Proc<unknown>) {
    this.context = new Context(machine, cpu, name, 'hardirq')
    this.context.preemptCount = HARDIRQ_OFFSET
    this.context.vector = this
    this.body = body
  }
}

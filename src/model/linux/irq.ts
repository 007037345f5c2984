/**
 * Interrupt lines: a vector on one processor with its handlers, hard or threaded. A threaded line
 * with the default primary handler is masked until its thread has finished (IRQF_ONESHOT).
 * Kernel: kernel/irq/manage.c, handle.c, 6.1.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Cpu } from '../machine/cpu.ts'
import { IrqVector } from '../machine/irq-vector.ts'
import { type Task, TaskState } from '../machine/task.ts'
import type { Kernel } from './kernel.ts'
import { preempt_count } from './preempt.ts'

export const IRQ_NONE = 0
export const IRQ_HANDLED = 1
export const IRQ_WAKE_THREAD = 2

export type IrqHandler = () => Proc<number>

export interface IrqOptions {
  /** Handlers run in a task irq/N-name, SCHED_FIFO 50. */
  readonly threaded?: boolean
  /** Processor that takes the interrupt. */
  readonly cpu?: number
}

export class IrqLine {
  readonly k: Kernel
  readonly name: string
  readonly id: number
  readonly vector: IrqVector
  /** Several for a shared line; every one runs. */
  readonly handlers: IrqHandler[]
  cpu: Cpu
  thread: Task | null = null
  private masked = false
  private raisedWhileMasked = false
  private threadWork = false

  constructor(k: Kernel, name: string, handler: IrqHandler, cpu: Cpu) {
    this.k = k
    this.name = name
    this.handlers = [handler]
    this.cpu = cpu
    this.id = k.sim.trace.symbols.define('irq', { name })
    this.vector = new IrqVector(k, cpu, `irq/${this.id}-${name}`, () => this.handle())
  }

  /** The line is asserted at its processor; edges that find it pending merge. */
  raise(): void {
    if (this.masked) this.raisedWhileMasked = true
    else this.cpu.raise(this.vector)
  }

  /** Kernel: handle_edge_irq(), handle_irq_event(). */
  private *handle(): Proc {
    const { k } = this
    if (!k.tryCharge(k.costs.irq_entry)) yield Req.CHARGE
    k.emit(T.irq_handler_entry, this.id)
    let ret = IRQ_NONE
    if (this.thread !== null) {
      ret = IRQ_WAKE_THREAD
      this.masked = true
      this.threadWork = true
      k.wake(this.thread)
    } else for (const handler of this.handlers) ret |= yield* handler()
    k.emit(T.irq_handler_exit, this.id, ret)
    if (!k.tryCharge(k.costs.irq_exit)) yield Req.CHARGE
  }

  /** Kernel: irq_thread(). */
  *threadBody(): Proc {
    const { k } = this
    for (;;) {
      while (!this.threadWork) {
        ;(this.thread as Task).state = TaskState.INTERRUPTIBLE
        yield Req.BLOCK
      }
      this.threadWork = false
      if (!k.tryCharge(k.costs.irq_thread_start)) yield Req.CHARGE
      for (const handler of this.handlers) yield* handler()
      this.unmask()
    }
  }

  private unmask(): void {
    this.masked = false
    if (!this.raisedWhileMasked) return
    this.raisedWhileMasked = false
    this.cpu.raise(this.vector)
  }

  /** For reports: whether a handler left atomic state behind. */
  get leaksAtomic(): boolean {
    return preempt_count(this.k) !== 0
  }
}

/** Kernel: request_irq(), request_threaded_irq(). On PREEMPT_RT every handler gets a thread. */
export function request_irq(
  k: Kernel,
  name: string,
  handler: IrqHandler,
  options: IrqOptions = {},
): IrqLine {
  const cpu = k.cpus[options.cpu ?? 0] as Cpu
  const line = new IrqLine(k, name, handler, cpu)
  if (options.threaded === true || k.config.preempt === 'rt') {
    const policy = { policy: 'fifo', priority: 50, cpu: cpu.index } as const
    line.thread = k.spawn(`irq/${line.id}-${name}`, 'irq-thread', () => line.threadBody(), policy)
  }
  return line
}

/** Kernel: free_irq(): the line keeps its vector but calls nobody any more. */
export function free_irq(line: IrqLine, handler: IrqHandler): void {
  const at = line.handlers.indexOf(handler)
  if (at >= 0) line.handlers.splice(at, 1)
}

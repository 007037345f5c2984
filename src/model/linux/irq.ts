/**
 * Interrupt lines: a vector on one processor with its handlers, hard or threaded. A threaded line
 * with the default primary handler is masked until its thread has finished (IRQF_ONESHOT).
 * Kernel: kernel/irq/manage.c, handle.c, chip.c, spurious.c, 6.1.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Cpu } from '../machine/cpu.ts'
import { IrqVector } from '../machine/irq-vector.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { bugIrqUnhandled } from './bug.ts'
import type { Kernel } from './kernel.ts'

export const IRQ_NONE = 0
export const IRQ_HANDLED = 1
export const IRQ_WAKE_THREAD = 2

export type IrqHandler = () => Proc<number>

export interface IrqOptions {
  /** Handlers run in a task irq/N-name, SCHED_FIFO 50. */
  readonly threaded?: boolean
  /** Processor that takes the interrupt; by default what the configuration says of the name. */
  readonly cpu?: number
}

/** Of this many interrupts ... */
const SPURIOUS_WINDOW = 100_000
/** ... so many may go unhandled before the line is disabled. Kernel: note_interrupt(). */
const SPURIOUS_MAX = 99_900

export class IrqLine {
  readonly k: Kernel
  readonly name: string
  readonly id: number
  readonly vector: IrqVector
  /** Several for a shared line; every one runs. */
  readonly handlers: IrqHandler[]
  cpu: Cpu
  thread: Task | null = null
  /** Turned off for good: nobody cared. */
  disabled = false
  /** The handlers expect a hard interrupt's conditions though they run in a thread. */
  private readonly forced: boolean
  private masked = false
  private raisedWhileMasked = false
  private threadWork = false
  private count = 0
  private unhandled = 0
  private lastUnhandled = 0

  constructor(k: Kernel, name: string, handler: IrqHandler, cpu: Cpu, forced = false) {
    this.k = k
    this.name = name
    this.handlers = [handler]
    this.cpu = cpu
    this.forced = forced
    this.id = k.sim.trace.symbols.define('irq', { name })
    this.vector = new IrqVector(k, cpu, `irq/${this.id}-${name}`, () => this.handle())
  }

  /** The line is asserted at its processor; edges that find it pending merge. */
  raise(): void {
    if (this.disabled) return
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
    this.note_interrupt(ret)
    if (!k.tryCharge(k.costs.irq_exit)) yield Req.CHARGE
  }

  /** Kernel: note_interrupt(), __report_bad_irq(). */
  private note_interrupt(ret: number): void {
    const { k } = this
    this.count++
    if (ret === IRQ_NONE) {
      // Stray interrupts more than a tenth of a second apart do not add up.
      const soon = k.jiffies - this.lastUnhandled <= k.config.hz / 10
      this.unhandled = soon ? this.unhandled + 1 : 1
      this.lastUnhandled = k.jiffies
    }
    if (this.count < SPURIOUS_WINDOW) return
    this.count = 0
    if (this.unhandled > SPURIOUS_MAX) {
      bugIrqUnhandled(k, this.id)
      this.disabled = true
    }
    this.unhandled = 0
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
      if (this.forced) yield* this.forcedHandlers()
      else for (const handler of this.handlers) yield* handler()
      this.unmask()
    }
  }

  /** Kernel: irq_forced_thread_fn(): as in a hard interrupt, but interrupts stay on under RT. */
  private *forcedHandlers(): Proc {
    const { k } = this
    const { cpu } = this.thread as Task
    const rt = k.config.preempt === 'rt'
    k.softirqs.disable(cpu)
    if (!rt) cpu.irqsOff = true
    for (const handler of this.handlers) yield* handler()
    if (!rt) cpu.irqsOff = false
    yield* k.softirqs.enable(cpu)
    if (cpu.attention) yield Req.POINT
  }

  private unmask(): void {
    this.masked = false
    if (!this.raisedWhileMasked) return
    this.raisedWhileMasked = false
    this.cpu.raise(this.vector)
  }
}

/** Kernel: request_irq(), request_threaded_irq(). On PREEMPT_RT every handler gets a thread. */
export function request_irq(
  k: Kernel,
  name: string,
  handler: IrqHandler,
  options: IrqOptions = {},
): IrqLine {
  const { preempt, threadirqs, irqAffinity } = k.config
  const cpu = k.cpus[options.cpu ?? irqAffinity?.[name] ?? 0] as Cpu
  const forced = options.threaded !== true && (preempt === 'rt' || threadirqs === true)
  const line = new IrqLine(k, name, handler, cpu, forced)
  if (options.threaded === true || forced) {
    // The thread stays where its interrupt goes (irq_thread_check_affinity).
    const policy = { policy: 'fifo', priority: 50, affinity: [cpu.index] } as const
    line.thread = k.spawn(`irq/${line.id}-${name}`, 'irq-thread', () => line.threadBody(), policy)
  }
  return line
}

/** Kernel: free_irq(): the line keeps its vector but calls nobody any more. */
export function free_irq(line: IrqLine, handler: IrqHandler): void {
  const at = line.handlers.indexOf(handler)
  if (at >= 0) line.handlers.splice(at, 1)
}

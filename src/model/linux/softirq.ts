/**
 * Softirqs: raised in interrupts, run on interrupt exit with interrupts on, at most ten rounds or
 * two milliseconds at a time; the rest is left to ksoftirqd, an ordinary nice-0 task.
 *
 * Kernel: kernel/softirq.c, handle_softirqs() (MAX_SOFTIRQ_TIME 2 ms, MAX_SOFTIRQ_RESTART 10), 6.1.
 */
import { present } from '../../base/assert.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { Context, SOFTIRQ_DISABLE_OFFSET, SOFTIRQ_OFFSET } from '../machine/context.ts'
import type { Cpu } from '../machine/cpu.ts'
import { Task, TaskState } from '../machine/task.ts'
import { warnOnce } from './bug.ts'
import type { Kernel } from './kernel.ts'

export const HI_SOFTIRQ = 0
export const TIMER_SOFTIRQ = 1
export const TASKLET_SOFTIRQ = 6
export const HRTIMER_SOFTIRQ = 8
export const NR_SOFTIRQS = 10

const MAX_SOFTIRQ_RESTART = 10
const MAX_SOFTIRQ_TIME_NS = 2_000_000

type SoftirqAction = (cpu: Cpu) => Proc

class SoftirqCpu {
  readonly context: Context
  pending = 0
  /** Serving, or bottom halves disabled, on this processor. */
  disabled = 0
  ksoftirqd: Task | null = null

  constructor(kernel: Kernel, cpu: Cpu) {
    this.context = new Context(kernel, cpu, `softirq/${cpu.index}`, 'softirq')
    this.context.preemptCount = SOFTIRQ_OFFSET
  }
}

export class Softirqs {
  private readonly kernel: Kernel
  private readonly perCpu: SoftirqCpu[]
  private readonly actions: (SoftirqAction | null)[] = new Array(NR_SOFTIRQS).fill(null)

  constructor(kernel: Kernel) {
    this.kernel = kernel
    this.perCpu = kernel.cpus.map((cpu) => new SoftirqCpu(kernel, cpu))
    this.open(TIMER_SOFTIRQ, (cpu) => kernel.timers.run_timer_softirq(cpu))
  }

  /** Kernel: open_softirq(). */
  open(vec: number, action: SoftirqAction): void {
    this.actions[vec] = action
  }

  /** Kernel: __raise_softirq_irqoff(); runs on exit of the interrupt. */
  raise(cpu: Cpu, vec: number): void {
    this.of(cpu).pending |= 1 << vec
  }

  /** Context to run on return from a hardirq, if softirqs wait and may run. */
  onIrqExit(cpu: Cpu): Context | null {
    const state = this.of(cpu)
    if (state.pending === 0 || state.disabled > 0) return null
    if (this.rt || this.ksoftirqdRuns(state)) {
      this.wakeup_softirqd(cpu)
      return null
    }
    // Bottom halves are off before interrupts come on again: one that comes at once adds nothing.
    state.disabled++
    state.context.body = this.handle_softirqs(cpu, state)
    return state.context
  }

  /** Kernel: local_bh_disable(). On PREEMPT_RT the task stays preemptible, but where it is. */
  disable(cpu: Cpu): void {
    this.of(cpu).disabled++
    const { current } = this.kernel
    if (!this.rt) current.preemptCount += SOFTIRQ_DISABLE_OFFSET
    else if (current instanceof Task) current.migrationDisabled++
  }

  /** Kernel: local_bh_enable(): runs what has become pending. */
  *enable(cpu: Cpu): Proc {
    const state = this.of(cpu)
    if (cpu.irqsOff) warnOnce(this.kernel, 'kernel/softirq.c:376', '__local_bh_enable_ip')
    state.disabled--
    const { current } = this.kernel
    if (!this.rt) current.preemptCount -= SOFTIRQ_DISABLE_OFFSET
    else if (current instanceof Task) current.migrationDisabled--
    if (state.disabled === 0 && state.pending !== 0 && !cpu.irqsOff) {
      state.disabled++
      yield* this.serveInTask(cpu, state)
    }
  }

  isDisabled(cpu: Cpu): boolean {
    return this.of(cpu).disabled > 0
  }

  private of(cpu: Cpu): SoftirqCpu {
    return this.perCpu[cpu.index] as SoftirqCpu
  }

  private ksoftirqdRuns(state: SoftirqCpu): boolean {
    return state.ksoftirqd !== null && state.ksoftirqd.state === TaskState.RUNNING
  }

  /** In ksoftirqd, or where a task enables bottom halves: not preemptible meanwhile, but on RT. */
  private *serveInTask(cpu: Cpu, state: SoftirqCpu): Proc {
    const task = this.kernel.current
    if (!this.rt) task.preemptCount += SOFTIRQ_OFFSET
    yield* this.handle_softirqs(cpu, state)
    if (!this.rt) task.preemptCount -= SOFTIRQ_OFFSET
    if (cpu.attention) yield Req.POINT
  }

  private get rt(): boolean {
    return this.kernel.config.preempt === 'rt'
  }

  /** The caller has disabled bottom halves; they are enabled at the end. */
  private *handle_softirqs(cpu: Cpu, state: SoftirqCpu): Proc {
    const { kernel } = this
    const endNs = kernel.sim.now + MAX_SOFTIRQ_TIME_NS
    for (let restart = MAX_SOFTIRQ_RESTART; ; ) {
      const pending = state.pending
      state.pending = 0
      for (let vec = 0; vec < NR_SOFTIRQS; vec++) {
        if ((pending & (1 << vec)) !== 0) yield* this.runOne(cpu, vec)
      }
      if (state.pending === 0) break
      if (kernel.sim.now < endNs && --restart > 0) continue
      this.wakeup_softirqd(cpu)
      break
    }
    state.disabled--
  }

  private *runOne(cpu: Cpu, vec: number): Proc {
    const { kernel } = this
    kernel.emit(T.softirq_entry, vec)
    if (!kernel.tryCharge(kernel.costs.softirq_dispatch)) yield Req.CHARGE
    const action = present(this.actions[vec], `softirq ${vec} has no action`)
    yield* action(cpu)
    kernel.emit(T.softirq_exit, vec)
  }

  private wakeup_softirqd(cpu: Cpu): void {
    const state = this.of(cpu)
    if (state.ksoftirqd === null) {
      const name = `ksoftirqd/${cpu.index}`
      const body = () => this.ksoftirqd(cpu, state)
      const options = { affinity: [cpu.index] }
      state.ksoftirqd = this.kernel.spawn(name, 'task', body, options)
    } else this.kernel.wake(state.ksoftirqd)
  }

  private *ksoftirqd(cpu: Cpu, state: SoftirqCpu): Proc {
    for (;;) {
      if (state.pending !== 0) {
        state.disabled++
        yield* this.serveInTask(cpu, state)
      } else {
        present(state.ksoftirqd, 'ksoftirqd exists while it runs').state = TaskState.INTERRUPTIBLE
        yield Req.BLOCK
      }
    }
  }
}

/**
 * preempt_count and interrupt state of the running context, and what the kernel asks of them.
 * Kernel: include/linux/preempt.h, kernel/sched/core.c.
 */

import {
  LOCK_HARDIRQS_OFF,
  LOCK_IN_HARDIRQ,
  LOCK_IN_SOFTIRQ,
  LOCK_SOFTIRQS_OFF,
} from '../../sim/lock-flags.ts'
import { DONE, type Proc, pause, Req } from '../../sim/process.ts'
import type { Context } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { bugSleepInAtomic, warnBlockingWhileNotRunning } from './bug.ts'
import type { Kernel } from './kernel.ts'
import { preempt_count } from './preempt-count.ts'

export { in_atomic, irqs_disabled, preempt_count } from './preempt-count.ts'

/** The task that runs, also inside an interrupt. Kernel: current. */
export function currentTask(k: Kernel): Task {
  return k.current.cpu.task
}

/** Context part of a lock record's flags word. */
export function contextFlags(k: Kernel, context: Context): number {
  const { cpu } = context
  let flags = cpu.irqsOff ? LOCK_HARDIRQS_OFF : 0
  if (context.kind === 'hardirq') return flags | LOCK_IN_HARDIRQ
  if (context.kind === 'softirq') flags |= LOCK_IN_SOFTIRQ | LOCK_SOFTIRQS_OFF
  else if (k.softirqs.isDisabled(cpu)) flags |= LOCK_SOFTIRQS_OFF
  return flags
}

/** Kernel: local_irq_disable() and local_irq_save(): returns whether they were off. */
export function local_irq_save(k: Kernel): boolean {
  const { cpu } = k.current
  const flags = cpu.irqsOff
  cpu.irqsOff = true
  return flags
}

/** Kernel: local_irq_restore(); pending interrupts are taken here. */
export function local_irq_restore(k: Kernel, flags: boolean): Proc {
  const { cpu } = k.current
  cpu.irqsOff = flags
  return cpu.attention ? pause(Req.POINT) : DONE
}

/** Kernel: preempt_disable(). */
export function preempt_disable(k: Kernel): void {
  k.current.preemptCount++
}

/** Kernel: preempt_enable(): a point where a fully preemptible kernel switches. */
export function preempt_enable(k: Kernel): Proc {
  k.current.preemptCount--
  return k.current.cpu.attention ? pause(Req.POINT) : DONE
}

/** Kernel: cond_resched(): lets another task run if one should. */
export function* cond_resched(k: Kernel): Proc {
  const task = currentTask(k)
  if (!task.cpu.needResched || k.current !== task) return
  task.mayYield = true
  yield Req.POINT
  task.mayYield = false
}

/** Kernel: __might_resched() and cond_resched(), for what may sleep in any task state. */
export function mightResched(k: Kernel, where: string): boolean {
  if (preempt_count(k) !== 0 || k.current.cpu.irqsOff) bugSleepInAtomic(k, where)
  return k.config.preempt === 'voluntary' && k.current.cpu.needResched
}

/**
 * The plain part of might_sleep(): reports atomic context. Returns true when the caller must also
 * `yield* cond_resched(k)` (CONFIG_PREEMPT_VOLUNTARY, and something waits for the processor).
 */
export function mightSleep(k: Kernel, where: string): boolean {
  const { task } = k.current.cpu
  if (task.state !== TaskState.RUNNING && k.current === task) {
    warnBlockingWhileNotRunning(k, task.state)
  }
  return mightResched(k, where)
}

/** Kernel: might_sleep(). */
export function might_sleep(k: Kernel, where: string): Proc {
  return mightSleep(k, where) ? cond_resched(k) : DONE
}

/**
 * What the kernel prints when its primitives are misused, in its text form, and the record by which
 * analyses know. Kernel: kernel/sched/core.c (__might_resched, __schedule_bug), workqueue.c.
 */
import { NS_PER_SEC, type Ns } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Context } from '../machine/context.ts'
import type { Kernel } from './kernel.ts'
import { in_atomic, irqs_disabled, preempt_count } from './preempt-count.ts'

/** Latest might_sleep report of each kernel: at most one a second. */
const lastReports = new WeakMap<Kernel, Ns>()

/** A BUG or WARNING: one record for analyses, one log line for each line of text. */
export function bug(k: Kernel, kind: string, text: string): void {
  const { symbols } = k.sim.trace
  const code = (CODES.bug as readonly string[]).indexOf(kind)
  k.emit(T.bug, code, symbols.text(text))
  for (const line of text.split('\n')) k.emit(T.printk, symbols.text(line))
}

export function bugSleepInAtomic(k: Kernel, where: string): void {
  const last = lastReports.get(k)
  if (last !== undefined && k.sim.now - last < NS_PER_SEC) return
  lastReports.set(k, k.sim.now)
  const task = k.current.cpu.task
  const lines = [
    `BUG: sleeping function called from invalid context at ${where}`,
    `in_atomic(): ${Number(in_atomic(k))}, irqs_disabled(): ${Number(irqs_disabled(k))}, ` +
      `non_block: 0, pid: ${task.pid}, name: ${task.name}`,
    `preempt_count: ${preempt_count(k).toString(16)}, expected: 0`,
  ]
  bug(k, 'sleep-in-atomic', lines.join('\n'))
}

/** Kernel: __schedule_bug(). */
export function bugSchedulingWhileAtomic(k: Kernel): void {
  const task = k.current.cpu.task
  // schedule() itself has disabled preemption once.
  const count = (preempt_count(k) + 1).toString(16).padStart(8, '0')
  bug(
    k,
    'scheduling-while-atomic',
    `BUG: scheduling while atomic: ${task.name}/${task.pid}/0x${count}`,
  )
}

export function bugBlockInInterrupt(k: Kernel, _context: Context): void {
  bugSchedulingWhileAtomic(k)
}

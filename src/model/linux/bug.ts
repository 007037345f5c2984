/**
 * What the kernel prints when its primitives are misused, in its text form, and the record by which
 * analyses know. Kernel: kernel/sched/core.c, kernel/irq/spurious.c, kernel/hung_task.c, 6.1.
 * Locks are in bug-locks.ts. Differs: no "cut here" lines, rulers, offsets in functions or stacks.
 */
import { Slot } from '../../base/slot.ts'
import { NS_PER_SEC, type Ns } from '../../base/units.ts'
import { T } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Context } from '../machine/context.ts'
import { type Task, TaskState } from '../machine/task.ts'
import type { Kernel } from './kernel.ts'
import { in_atomic, irqs_disabled, preempt_count } from './preempt-count.ts'

/** What has been said, for messages that come once, or once a second. */
interface Said {
  sleepNs: Ns
  idleNs: Ns
  readonly once: Set<string>
}

const said = new Slot<Kernel, Said>(() => ({
  sleepNs: -NS_PER_SEC,
  idleNs: -NS_PER_SEC,
  once: new Set(),
}))

/** One log line without a report for analyses. */
export function logLine(k: Kernel, text: string): void {
  k.emit(T.printk, k.sim.trace.symbols.text(text))
}

/** Kernel: printk_once(). */
export function logOnce(k: Kernel, text: string): void {
  const { once } = said.of(k)
  if (once.has(text)) return
  once.add(text)
  logLine(k, text)
}

/** A BUG or WARNING: one record for analyses, one log line for each line of text. */
export function bug(k: Kernel, kind: string, text: string): void {
  const { symbols } = k.sim.trace
  const code = (CODES.bug as readonly string[]).indexOf(kind)
  k.emit(T.bug, code, symbols.text(text))
  for (const line of text.split('\n')) logLine(k, line)
}

/** Kernel: WARN(): the message, if any, and where it was raised. */
export function warn(k: Kernel, where: string, fn: string, message?: string): void {
  const { cpu } = k.current
  const at = `WARNING: CPU: ${cpu?.index ?? 0} PID: ${cpu?.task.pid ?? 0} at ${where} ${fn}`
  bug(k, 'warning', message === undefined ? at : `${message}\n${at}`)
}

/** Kernel: WARN_ONCE(): each place speaks once. */
export function warnOnce(k: Kernel, where: string, fn: string, message?: string): void {
  const { once } = said.of(k)
  if (once.has(where)) return
  once.add(where)
  warn(k, where, fn, message)
}

/** Kernel: __might_resched(). */
export function bugSleepInAtomic(k: Kernel, where: string): void {
  const state = said.of(k)
  if (k.sim.now - state.sleepNs < NS_PER_SEC) return
  state.sleepNs = k.sim.now
  const task = k.current.cpu.task
  const lines = [
    `BUG: sleeping function called from invalid context at ${where}`,
    `in_atomic(): ${Number(in_atomic(k))}, irqs_disabled(): ${Number(irqs_disabled(k))}, ` +
      `non_block: 0, pid: ${task.pid}, name: ${task.name}`,
    `preempt_count: ${(preempt_count(k) >>> 0).toString(16)}, expected: 0`,
  ]
  bug(k, 'sleep-in-atomic', lines.join('\n'))
}

/** A function that sleeps would end the sleep that is being prepared. Kernel: __might_sleep(). */
export function warnBlockingWhileNotRunning(k: Kernel, state: number): void {
  const text = `do not call blocking ops when !TASK_RUNNING; state=${state.toString(16)}`
  warnOnce(k, 'kernel/sched/core.c:9908', '__might_sleep', text)
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

/**
 * The check at the head of schedule(), for code of a task; what blocks in an interrupt is noticed
 * by the processor. Kernel: schedule_debug(). Differs: preempt_count is not reset afterwards, so
 * the unlock that follows does not make it negative.
 */
export function schedule_debug(k: Kernel): void {
  if (!k.current.isTask) return
  if (preempt_count(k) !== 0) bugSchedulingWhileAtomic(k)
  // schedule() comes back with interrupts on, whatever they were (finish_lock_switch).
  k.current.cpu.irqsOff = false
}

/** How long one turn takes of an idle task that cannot leave: a stack dump of some twenty lines. */
const IDLE_TURN_LINES = 20
const IDLE_TURN_NS_MIN = 10_000

/**
 * A handler sleeps: the task that it interrupted goes to sleep with the handler on top of it. The
 * idle task cannot: it is picked again and tries again, until something else is runnable. Kernel:
 * __schedule_bug(), dequeue_task_idle(). Differs: the latter speaks at most once a second.
 */
export function blockInInterrupt(k: Kernel, context: Context): void {
  const { cpu } = context
  const { task } = cpu
  // As every schedule(), this one comes back with interrupts on.
  cpu.irqsOff = false
  if (task !== cpu.idle) {
    bugSchedulingWhileAtomic(k)
    return
  }
  const state = said.of(k)
  if (k.sim.now - state.idleNs >= NS_PER_SEC) {
    state.idleNs = k.sim.now
    bugSchedulingWhileAtomic(k)
    logLine(k, 'bad: scheduling from the idle thread!')
  }
  task.state = TaskState.RUNNING
  const dumpNs = k.priceNs(k.costs.printk) * IDLE_TURN_LINES
  context.remainingNs += dumpNs > IDLE_TURN_NS_MIN ? dumpNs : IDLE_TURN_NS_MIN
  if (cpu.runQueue.waiting > 0) cpu.leaveIdle()
}

/** Kernel: __report_bad_irq(), note_interrupt(). */
export function bugIrqUnhandled(k: Kernel, irq: number): void {
  const first = `irq ${irq}: nobody cared (try booting with the "irqpoll" option)`
  bug(k, 'warning', `${first}\nDisabling IRQ #${irq}`)
}

/** Kernel: check_hung_task(). */
export function bugHungTask(k: Kernel, task: Task, seconds: number): void {
  const lines = [
    `INFO: task ${task.name}:${task.pid} blocked for more than ${seconds} seconds.`,
    `      Not tainted ${k.config.version}`,
    '"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
  ]
  bug(k, 'warning', lines.join('\n'))
}

/** Kernel: watchdog_timer_fn(). */
export function bugSoftLockup(k: Kernel, cpu: number, task: Task, seconds: number): void {
  const who = `[${task.name}:${task.pid}]`
  bug(k, 'warning', `watchdog: BUG: soft lockup - CPU#${cpu} stuck for ${seconds}s! ${who}`)
}

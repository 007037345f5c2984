/**
 * Tasklets: a function in softirq context, once however often it is scheduled before it runs, and
 * never on two processors at a time. Kernel: kernel/softirq.c, 6.1. Left out: tasklet_disable(),
 * the high-priority list.
 */

import { removeAt } from '../../base/arrays.ts'
import { Slot } from '../../base/slot.ts'
import { type Proc, Req } from '../../sim/process.ts'
import type { Context, Waitable } from '../machine/context.ts'
import type { Cpu } from '../machine/cpu.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { checkWaitCycle } from '../machine/wait-graph.ts'
import type { Kernel } from './kernel.ts'
import { currentTask, might_sleep } from './preempt.ts'
import { TASKLET_SOFTIRQ } from './softirq.ts'

/** Kernel: struct tasklet_struct. */
export class Tasklet implements Waitable {
  readonly k: Kernel
  readonly fn: () => Proc
  readonly waitName: string
  /** TASKLET_STATE_SCHED: on a list, or about to run. */
  scheduled = false
  /** TASKLET_STATE_RUN. */
  running: Context | null = null
  /** Those that wait until it neither runs nor is to. */
  readonly waiters: Task[] = []

  /** Kernel: DECLARE_TASKLET(). */
  constructor(k: Kernel, name: string, fn: () => Proc) {
    this.k = k
    this.fn = fn
    this.waitName = name
  }

  waitOwner(): Context | null {
    return this.running
  }
}

/** Scheduled tasklets of each processor. Kernel: tasklet_vec. */
const vectors = new Slot<Kernel, Tasklet[][]>((k) => {
  k.softirqs.open(TASKLET_SOFTIRQ, (cpu) => tasklet_action(k, cpu))
  return k.cpus.map(() => [])
})

const vectorOf = (k: Kernel, cpu: Cpu): Tasklet[] => vectors.of(k)[cpu.index] as Tasklet[]

/** Does nothing if it is scheduled already. Context: interrupt. Kernel: tasklet_schedule(). */
export function tasklet_schedule(tasklet: Tasklet): void {
  if (tasklet.scheduled) return
  tasklet.scheduled = true
  queue(tasklet)
}

function queue(tasklet: Tasklet): void {
  const { k } = tasklet
  const { cpu } = k.current
  vectorOf(k, cpu).push(tasklet)
  k.softirqs.raise(cpu, TASKLET_SOFTIRQ)
}

/** Kernel: tasklet_action_common(). Context: softirq. */
function* tasklet_action(k: Kernel, cpu: Cpu): Proc {
  for (const tasklet of vectorOf(k, cpu).splice(0)) {
    if (tasklet.running !== null) {
      queue(tasklet)
      continue
    }
    tasklet.running = k.current
    tasklet.scheduled = false
    yield* tasklet.fn()
    tasklet.running = null
    if (!tasklet.scheduled) letGo(tasklet)
    yield Req.POINT
  }
}

function letGo({ k, waiters }: Tasklet): void {
  for (const waiter of waiters.splice(0)) k.wake(waiter)
}

/**
 * Waits until it has run, if it is scheduled, and until it has ended.
 *
 * Kernel: tasklet_kill(). Context: process; from the tasklet itself for ever.
 */
export function* tasklet_kill(tasklet: Tasklet): Proc {
  const { k } = tasklet
  yield* might_sleep(k, 'kernel/softirq.c:898')
  while (tasklet.scheduled || tasklet.running !== null) {
    const task = currentTask(k)
    tasklet.waiters.push(task)
    task.state = TaskState.UNINTERRUPTIBLE
    task.waitingOn = tasklet
    checkWaitCycle(task)
    yield Req.BLOCK
    const at = tasklet.waiters.indexOf(task)
    if (at >= 0) removeAt(tasklet.waiters, at)
  }
}

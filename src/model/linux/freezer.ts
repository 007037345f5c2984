/**
 * Tasks of user space stand still while the system is suspended. Kernel: kernel/freezer.c,
 * kernel/power/process.c, 6.1. Differs: a task that sleeps in a call is not woken to freeze; it
 * stops when that call returns.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { type Task, TaskState } from '../machine/task.ts'
import type { Kernel } from './kernel.ts'
import { currentTask } from './preempt.ts'

/** The refrigerator of one kernel. */
export class Freezer {
  frozen = false
  private readonly inside: Task[] = []
  private readonly k: Kernel

  constructor(k: Kernel) {
    this.k = k
  }

  /** On the way back to user space. Kernel: try_to_freeze(), __refrigerator(). */
  *enter(): Proc {
    const task = currentTask(this.k)
    this.inside.push(task)
    while (this.frozen) {
      task.state = TaskState.UNINTERRUPTIBLE
      yield Req.BLOCK
    }
  }

  /** Kernel: freeze_processes(). */
  freeze(): void {
    this.frozen = true
  }

  /** Kernel: thaw_processes(). */
  thaw(): void {
    this.frozen = false
    for (const task of this.inside.splice(0)) this.k.wake(task)
  }
}

/**
 * Where a thread of a plain machine (the host) sleeps: a flag and at most one waiter. A wake that
 * comes first is kept. Stands for eventfds, condition variables and poll() with a time-out. Where
 * only one context can end the sleep, the point says so, and the wait may be part of a deadlock.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { Priority, type Timer } from '../../sim/scheduler.ts'
import type { Context, Waitable } from './context.ts'
import type { Machine } from './machine.ts'
import { type Task, TaskState } from './task.ts'

export class WaitPoint implements Waitable {
  readonly machine: Machine
  readonly waitName: string
  readonly waitWord = 'from'
  signalled = false
  waiter: Task | null = null
  private readonly timer: Timer
  private readonly waker: () => Context | null

  constructor(machine: Machine, name: string, waker: () => Context | null = nobody) {
    this.machine = machine
    this.waitName = name
    this.waker = waker
    this.timer = machine.sim.timer(() => this.onTimeout(), Priority.clock)
  }

  waitOwner(): Context | null {
    return this.waker()
  }

  wake(): void {
    this.signalled = true
    if (this.waiter !== null) this.machine.wake(this.waiter)
  }

  /** For `waits`. */
  armTimeout(atNs: Ns): void {
    this.timer.arm(atNs)
  }

  cancelTimeout(): void {
    this.timer.cancel()
  }

  private onTimeout(): void {
    if (this.waiter !== null) this.machine.wake(this.waiter)
  }
}

function nobody(): null {
  return null
}

/**
 * Whether the running task must go on sleeping at the point: it has not been woken and the time has
 * not come. The plain half of a sleep: `while (waits(point, deadlineNs)) yield Req.BLOCK`.
 * Infinity as the deadline means none.
 */
export function waits(point: WaitPoint, deadlineNs: Ns): boolean {
  const { sim, current } = point.machine
  if (point.signalled || sim.now >= deadlineNs) {
    point.waiter = null
    point.cancelTimeout()
    point.signalled = false
    return false
  }
  const { task } = current.cpu
  point.waiter = task
  if (deadlineNs !== Number.POSITIVE_INFINITY) point.armTimeout(deadlineNs)
  task.state = TaskState.INTERRUPTIBLE
  task.waitingOn = point
  return true
}

/** Sleeps until woken or until `deadlineNs`. */
export function* waitUntil(point: WaitPoint, deadlineNs: Ns): Proc {
  while (waits(point, deadlineNs)) yield Req.BLOCK
}

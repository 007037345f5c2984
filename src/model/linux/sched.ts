/**
 * Going to sleep: task states, schedule(), time-outs, signals. Kernel: kernel/sched/core.c,
 * kernel/time/timer.c, 6.1. Time-outs are in jiffies.
 */
import { Slot } from '../../base/slot.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { type Task, TaskState } from '../machine/task.ts'
import { schedule_debug } from './bug.ts'
import type { Kernel } from './kernel.ts'
import { currentTask } from './preempt.ts'
import { TimerList } from './timer.ts'

export const TASK_RUNNING = TaskState.RUNNING
export const TASK_INTERRUPTIBLE = TaskState.INTERRUPTIBLE
export const TASK_UNINTERRUPTIBLE = TaskState.UNINTERRUPTIBLE

/** Kernel: MAX_SCHEDULE_TIMEOUT. */
export const MAX_SCHEDULE_TIMEOUT = Number.POSITIVE_INFINITY

/** Rounds up; negative means for ever. Kernel: msecs_to_jiffies(). */
export function msecs_to_jiffies(k: Kernel, ms: number): number {
  return ms < 0 ? MAX_SCHEDULE_TIMEOUT : Math.ceil((ms * k.config.hz) / 1000)
}

/** Monotonic time in ns. Kernel: ktime_get(). */
export function ktime_get(k: Kernel): number {
  return k.sim.now
}

export function set_current_state(k: Kernel, state: number): void {
  currentTask(k).state = state
}

/** Sleeps unless the state has gone back to running. Kernel: schedule(). */
export function* schedule(k: Kernel): Proc {
  schedule_debug(k)
  yield Req.BLOCK
}

/** Sleeps at most `timeout` jiffies; returns what is left of them. Kernel: schedule_timeout(). */
export function* schedule_timeout(k: Kernel, timeout: number): Proc<number> {
  const expire = timeoutBegins(k, timeout)
  yield Req.BLOCK
  return timeoutEnds(k, expire)
}

/**
 * schedule_timeout() up to its sleep, for a hot path that yields Req.BLOCK itself. Returns the
 * jiffies at which the time is up, for timeoutEnds().
 */
export function timeoutBegins(k: Kernel, timeout: number): number {
  schedule_debug(k)
  const expire = k.jiffies + timeout
  if (timeout !== MAX_SCHEDULE_TIMEOUT) k.timers.mod_timer(timeoutTimers.of(currentTask(k)), expire)
  return expire
}

/** schedule_timeout() after its sleep. Returns what is left, in jiffies. */
export function timeoutEnds(k: Kernel, expire: number): number {
  if (expire === MAX_SCHEDULE_TIMEOUT) return expire
  k.timers.timer_delete(timeoutTimers.of(currentTask(k)))
  const left = expire - k.jiffies
  return left < 0 ? 0 : left
}

/** The on-stack timer of schedule_timeout(); one a task, because a task sleeps once at a time. */
const timeoutTimers = new Slot<Task, TimerList>((task) => {
  return new TimerList(() => process_timeout(task))
})

function* process_timeout(task: Task): Proc {
  const k = task.machine
  k.wake(task)
  if (!k.tryCharge(k.costs.wake_up)) yield Req.CHARGE
}

/** Kernel: signal_pending(current). */
export function signal_pending(k: Kernel): boolean {
  return currentTask(k).signalPending
}

/** Sends a signal: an interruptible sleep ends. Kernel: send_sig(). */
export function send_sig(k: Kernel, task: Task): void {
  task.signalPending = true
  if (task.state === TaskState.INTERRUPTIBLE) k.wake(task)
}

/** Kills a process: sleeps that signals interrupt end. Kernel: send_sig(SIGKILL). */
export function kill_task(k: Kernel, leader: Task): void {
  for (const task of [leader, ...leader.threads]) {
    if (task.exited) continue
    task.killed = true
    send_sig(k, task)
  }
}

/** Back in user space, the signal has been handled. */
export function clear_signal(task: Task): void {
  task.signalPending = false
}

/** Sleeps at least `ms`, uninterruptibly. Kernel: msleep(), kernel/time/timer.c. */
export function* msleep(k: Kernel, ms: number): Proc {
  let left = msecs_to_jiffies(k, ms) + 1
  while (left > 0) {
    currentTask(k).state = TaskState.UNINTERRUPTIBLE
    left = yield* schedule_timeout(k, left)
  }
}

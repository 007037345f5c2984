/**
 * High-resolution sleeps. Tasks of the fair class get 50 us of slack, realtime tasks none. Kernel:
 * kernel/time/hrtimer.c, schedule_hrtimeout_range(); current->timer_slack_ns, 6.1.
 */
import type { Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { ClockTimer } from '../machine/clock-event.ts'
import { TaskState } from '../machine/task.ts'
import type { Kernel } from './kernel.ts'
import { currentTask } from './preempt.ts'

/** Default timer_slack_ns of a fair task. */
export const TIMER_SLACK_NS = 50_000

/** Sleeps until `atNs` (plus slack) or a wake-up; true if the time ran out. */
export function* sleepUntil(k: Kernel, atNs: Ns, interruptible = true): Proc<boolean> {
  const task = currentTask(k)
  const clock = k.clockEvents[task.cpu.index] as (typeof k.clockEvents)[number]
  let expired = false
  const timer = new ClockTimer(task.cpu, () => {
    expired = true
    k.wake(task)
  })
  task.state = interruptible ? TaskState.INTERRUPTIBLE : TaskState.UNINTERRUPTIBLE
  if (atNs <= k.sim.now) {
    task.state = TaskState.RUNNING
    return true
  }
  clock.start(timer, atNs, task.isRealtime ? 0 : TIMER_SLACK_NS)
  yield Req.BLOCK
  clock.cancel(timer)
  return expired
}

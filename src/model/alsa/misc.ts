/**
 * Asynchronous notification: SIGIO for clients that asked for it, sent by a work item because the
 * callers hold locks. Mirrors the snd_fasync_*() helpers of sound/core/misc.c, the same in 6.1 and
 * 6.12. Differs: lock and work item are made with the first client that asks.
 */

import { removeAt } from '../../base/arrays.ts'
import { Slot } from '../../base/slot.ts'
import type { Proc } from '../../sim/process.ts'
import type { Kernel } from '../linux/kernel.ts'
import { currentTask } from '../linux/preempt.ts'
import { send_sig } from '../linux/sched.ts'
import {
  SpinlockT,
  spin_lock_irq,
  spin_lock_irqsave,
  spin_unlock_irq,
  spin_unlock_irqrestore,
} from '../linux/spinlock.ts'
import { flush_work, schedule_work, WorkStruct } from '../linux/workqueue.ts'
import type { Task } from '../machine/task.ts'

/** The static data of misc.c, one for each kernel. */
class FasyncQueue {
  readonly lock: SpinlockT
  readonly list: SndFasync[] = []
  readonly work: WorkStruct

  constructor(k: Kernel) {
    this.lock = new SpinlockT(k, 'snd_fasync_lock')
    const fn = () => snd_fasync_work_fn(this)
    this.work = new WorkStruct(k, 'snd_fasync_work', fn, 'snd_fasync_work_fn')
  }
}

const queues = new Slot<Kernel, FasyncQueue>((k) => new FasyncQueue(k))

/** Kernel: struct snd_fasync. */
export class SndFasync {
  readonly queue: FasyncQueue
  on = false
  /** Who gets the signal. Kernel: the list of struct fasync_struct, by file owner. */
  readonly tasks: Task[] = []

  constructor(k: Kernel) {
    this.queue = queues.of(k)
  }
}

function* snd_fasync_work_fn(queue: FasyncQueue): Proc {
  yield* spin_lock_irq(queue.lock)
  for (let next = queue.list.shift(); next !== undefined; next = queue.list.shift()) {
    yield* spin_unlock_irq(queue.lock)
    if (next.on) for (const task of next.tasks) send_sig(task.machine as Kernel, task)
    yield* spin_lock_irq(queue.lock)
  }
  yield* spin_unlock_irq(queue.lock)
}

/** Turns notification of the calling task on or off. Kernel: snd_fasync_helper(). */
export function* snd_fasync_helper(k: Kernel, fasync: SndFasync, on: boolean): Proc {
  const task = currentTask(k)
  const flags = yield* spin_lock_irqsave(fasync.queue.lock)
  const at = fasync.tasks.indexOf(task)
  if (on && at < 0) fasync.tasks.push(task)
  if (!on && at >= 0) removeAt(fasync.tasks, at)
  fasync.on = fasync.tasks.length > 0
  yield* spin_unlock_irqrestore(fasync.queue.lock, flags)
}

/** Has the signal sent. Kernel: snd_kill_fasync(). Context: any. Locks: snd_fasync_lock. */
export function* snd_kill_fasync(fasync: SndFasync | null): Proc {
  if (fasync === null || !fasync.on) return
  const { queue } = fasync
  const flags = yield* spin_lock_irqsave(queue.lock)
  if (!queue.list.includes(fasync)) queue.list.push(fasync)
  yield* schedule_work(queue.work)
  yield* spin_unlock_irqrestore(queue.lock, flags)
}

/** Nobody is signalled after this. Kernel: snd_fasync_free(). Context: process; may sleep. */
export function* snd_fasync_free(fasync: SndFasync | null): Proc {
  if (fasync === null) return
  fasync.on = false
  yield* flush_work(fasync.queue.work)
}

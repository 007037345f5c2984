/**
 * Misuse of locks that the kernel reports at once, in its words. Not the validator's predictions.
 * Kernel: kernel/locking/{lockdep,spinlock_debug,mutex}.c, kernel/workqueue.c, 6.1.
 */
import type { Context } from '../machine/context.ts'
import type { Task } from '../machine/task.ts'
import { bug, warn } from './bug.ts'
import type { Kernel } from './kernel.ts'
import type { LockBase } from './lock-base.ts'

/** Nobody holds the lock, or not this task. Kernel: print_unlock_imbalance_bug(). */
export function warnUnlockImbalance(k: Kernel, lock: LockBase): void {
  const task = k.current.cpu.task
  const lines = [
    'WARNING: bad unlock balance detected!',
    `${task.name}/${task.pid} is trying to release lock (${lock.className}) at:`,
    'but there are no more locks to release!',
  ]
  bug(k, 'lock-imbalance', lines.join('\n'))
}

/**
 * A mutex is unlocked by a task that is not its owner; the lock is free afterwards. Kernel:
 * __mutex_unlock_slowpath() with CONFIG_DEBUG_MUTEXES. With lockdep on, "bad unlock balance"
 * would come instead and switch this one off.
 */
export function warnMutexOwner(k: Kernel, lock: LockBase): void {
  const { cpu } = k.current
  const lines = [
    'DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)',
    `WARNING: CPU: ${cpu.index} PID: ${cpu.task.pid} at kernel/locking/mutex.c:919 ` +
      '__mutex_unlock_slowpath',
    `lock: ${lock.waitName} owner: ${lock.waitOwner()?.name ?? '<none>'}`,
  ]
  bug(k, 'lock-imbalance', lines.join('\n'))
}

/** The task below a context: what `current` is there. */
function taskOf(context: Context): Task {
  return context.isTask ? (context as Task) : context.cpu.task
}

/**
 * A context is about to spin for a lock that its own task, or its own processor, holds: it will
 * spin for ever. Kernel: debug_spin_lock_before(), CONFIG_DEBUG_SPINLOCK.
 */
export function checkSpinRecursion(k: Kernel, lock: LockBase, owner: Context): void {
  const { current } = k
  const { cpu } = current
  const own = taskOf(owner)
  const recursion = own === cpu.task
  if (!recursion && owner.cpu !== cpu) return
  const what = recursion ? 'recursion' : 'cpu recursion'
  const lines = [
    `BUG: spinlock ${what} on CPU#${cpu.index}, ${cpu.task.name}/${cpu.task.pid}`,
    ` lock: ${lock.waitName}, .magic: dead4ead, .owner: ${own.name}/${own.pid}, ` +
      `.owner_cpu: ${owner.cpu.index}`,
  ]
  bug(k, 'warning', lines.join('\n'))
}

/** What stands in `heldLocks`: only sleeping locks put themselves there. */
function locksOf(task: Task): readonly LockBase[] {
  return task.heldLocks as unknown as readonly LockBase[]
}

function heldLines(task: Task, held: readonly LockBase[]): string[] {
  if (held.length === 0) return []
  const plural = held.length === 1 ? 'lock' : 'locks'
  const list = held.map((lock, i) => ` #${i}: ${lock.waitName} (${lock.className})`)
  return [`${held.length} ${plural} held by ${task.name}/${task.pid}:`, ...list]
}

/** Kernel: lockdep_sys_exit(): nothing may be held on the way back to user space. */
export function lockdep_sys_exit(k: Kernel): void {
  const { task } = k.current.cpu
  if (task.heldLocks.length === 0 && task.preemptCount === 0) return
  const held = locksOf(task)
  const lines = [
    'WARNING: lock held when returning to user space!',
    `${task.name}/${task.pid} is leaving the kernel with locks still held!`,
    ...heldLines(task, held),
  ]
  bug(k, 'warning', lines.join('\n'))
}

/**
 * Memory with a lock in it is freed, or the lock initialised again, while this task holds it.
 * Kernel: debug_check_no_locks_freed(), called by every lock's init function and by kfree().
 */
export function debug_check_no_locks_freed(k: Kernel, lock: LockBase): void {
  const { task } = k.current.cpu
  const held = locksOf(task)
  if (!held.includes(lock)) return
  const lines = [
    'WARNING: held lock freed!',
    `${task.name}/${task.pid} is freeing memory of ${lock.waitName}, with a lock still held there!`,
    ...heldLines(task, held),
  ]
  bug(k, 'warning', lines.join('\n'))
}

/** A worker comes out of an item in atomic context or with a lock. Kernel: process_one_work(). */
export function bugWorkqueueLeak(k: Kernel, task: Task, functionName: string): void {
  const count = task.preemptCount.toString(16).padStart(8, '0')
  const text = `BUG: workqueue leaked lock or atomic: ${task.name}/0x${count}/${task.pid}`
  const held = locksOf(task)
  const lines = [text, `     last function: ${functionName}`, ...heldLines(task, held)]
  bug(k, 'workqueue-leak', lines.join('\n'))
}

/** An item that was never initialised is flushed or cancelled. Kernel: __flush_work(). */
export function warnUninitialisedWork(k: Kernel): void {
  warn(k, 'kernel/workqueue.c:3066', '__flush_work')
}

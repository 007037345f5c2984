/**
 * A lock of user-space threads on the host (pthread mutex): QEMU's big lock, a stream's
 * queue_mutex. First come, first served; the waiter sleeps. Records as lock records of kind
 * `pthread`, so that contention on the big lock can be seen.
 */
import { unreachable } from '../../base/assert.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import type { Context, Waitable } from './context.ts'
import type { Machine } from './machine.ts'
import { type Task, TaskState } from './task.ts'
import { checkWaitCycle } from './wait-graph.ts'

export class SleepLock implements Waitable {
  readonly machine: Machine
  readonly waitName: string
  readonly id: number
  owner: Task | null = null
  readonly waiters: Task[] = []

  constructor(machine: Machine, name: string) {
    this.machine = machine
    this.waitName = name
    const entry = { name, kind: 'pthread', group: name }
    this.id = machine.sim.trace.symbols.define('lock', entry)
  }

  waitOwner(): Context | null {
    return this.owner
  }
}

/** Takes the lock if it is free: `if (!tryAcquire(lock)) yield* acquire(lock)`. */
export function tryAcquire(lock: SleepLock): boolean {
  if (lock.owner !== null) return false
  lock.owner = lock.machine.current.cpu.task
  lock.machine.emit(T.lock_acquire, lock.id, 0, 0)
  return true
}

export function* acquire(lock: SleepLock): Proc {
  if (tryAcquire(lock)) return
  const { machine } = lock
  const { task } = machine.current.cpu
  machine.emit(T.lock_acquire, lock.id, 0, 0)
  machine.emit(T.lock_contended, lock.id)
  lock.waiters.push(task)
  // A vCPU's thread is woken by interrupts of its guest too, and then goes on waiting.
  for (let waits = false; lock.owner !== task; waits = true) {
    task.state = TaskState.UNINTERRUPTIBLE
    task.waitingOn = lock
    if (!waits) checkWaitCycle(task)
    yield Req.BLOCK
  }
  machine.emit(T.lock_acquired, lock.id)
}

export function release(lock: SleepLock): void {
  const { machine } = lock
  if (!(lock.owner === machine.current.cpu.task))
    unreachable(`${lock.waitName} is released by its owner`)
  machine.emit(T.lock_release, lock.id)
  const next = lock.waiters.shift()
  lock.owner = next ?? null
  if (next !== undefined) machine.wake(next)
}

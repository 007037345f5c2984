/**
 * What all clients share: the stalls in which a client sleeps in user space, its messages, its own
 * work, and what is known of it when it has ended. Times are ns, sizes frames.
 */
import type { Frames, Ns } from '../../base/units.ts'
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { errnoName } from '../linux/errno.ts'
import type { Kernel } from '../linux/kernel.ts'
import { currentTask } from '../linux/preempt.ts'
import type { Task, TaskOptions } from '../machine/task.ts'
import { sys_sleep_until } from './syscall.ts'

/** Before the first write that it would begin at or after `atNs` the client sleeps `forNs`. */
export interface Stall {
  readonly atNs: Ns
  readonly forNs: Ns
}

/** Where a client stands, and at the end how it came out. */
export class ClientResult {
  /** Frames of the source that a write accepted; those lost in an xrun are counted. */
  framesWritten: Frames = 0
  framesRead: Frames = 0
  xruns = 0
  /** The error that ended it, as -errno; 0 when it ended well. */
  error = 0
  done = false
}

/** Sleeps through stalls that are due, in order of their times. */
export class Stalls {
  private readonly left: Stall[]

  constructor(stalls: readonly Stall[]) {
    this.left = [...stalls]
    this.left.sort((a, b) => a.atNs - b.atNs || a.forNs - b.forNs)
  }

  /** Whether one is due; a plain test for the client's loop. */
  due(nowNs: Ns): boolean {
    const next = this.left[0]
    return next !== undefined && nowNs >= next.atNs
  }

  *pass(k: Kernel, stream: number): Proc {
    while (this.due(k.sim.now)) {
      const stall = this.left.shift() as Stall
      yield* sys_sleep_until(k, stream, k.sim.now + stall.forNs)
    }
  }
}

/** A line that the program prints. */
export function clientLog(k: Kernel, stream: number, text: string): void {
  k.emit(T.client_log, stream, k.sim.trace.symbols.text(text))
}

/** Reports the error that ends a client and keeps it. */
export function fail(
  k: Kernel,
  stream: number,
  result: ClientResult,
  what: string,
  err: number,
): void {
  result.error = err
  clientLog(k, stream, `${what}: ${errnoName(err)}`)
}

/** Starts a client's process; its body begins in user mode, at or after `startAtNs`. */
export function spawnClient(
  k: Kernel,
  name: string,
  body: () => Proc<unknown>,
  start: { readonly stream: number; readonly atNs: Ns },
  options: TaskOptions,
): Task {
  const task = k.spawn(name, 'client', () => clientBody(k, body, start), options)
  task.userMode = true
  return task
}

/** Starts another thread of the process whose first task is `leader`. Kernel: CLONE_THREAD. */
export function spawnThread(
  k: Kernel,
  leader: Task,
  name: string,
  body: () => Proc<unknown>,
  options: TaskOptions,
): void {
  const task = k.spawn(name, 'client', () => threadBody(k, body), options)
  task.userMode = true
  task.leader = leader
  leader.threads.push(task)
}

function* threadBody(k: Kernel, body: () => Proc<unknown>): Proc {
  yield* body()
  currentTask(k).exited = true
}

function* clientBody(
  k: Kernel,
  body: () => Proc<unknown>,
  start: { readonly stream: number; readonly atNs: Ns },
): Proc {
  if (start.atNs > k.sim.now) yield* sys_sleep_until(k, start.stream, start.atNs)
  yield* body()
}

/** The client's own computation for one chunk. */
export function* work(k: Kernel): Proc {
  if (!k.tryCharge(k.costs.client_work)) yield Req.CHARGE
}

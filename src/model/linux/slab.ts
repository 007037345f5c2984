/**
 * Allocation as far as timing, context and lifetime matter: every object has a number, and records
 * say where it was allocated and freed. What was leaked or used too late is found from them
 * (analysis/memory.ts); nothing is kept here. Kernel: kmalloc(), kfree(); mm/slab.
 */
import { type Proc, Req } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { CODES } from '../../sim/trace-kinds.ts'
import type { Kernel } from './kernel.ts'
import type { LockBase } from './lock-base.ts'
import { cond_resched, mightSleep } from './preempt.ts'

export type Gfp = 'GFP_KERNEL' | 'GFP_ATOMIC'

/** Number of an object in the records; 0 is the null pointer. */
export type ObjectId = number

/** What is allocated, and by whom. */
export interface ObjectInfo {
  /** As a declaration: `struct virtio_snd_msg`. */
  readonly what: string
  /** The function that allocates. */
  readonly site: string
  /** Stream that it belongs to, -1 for none. */
  readonly stream?: number
  /** The object whose end should be its end too, such as the driver's device structure. */
  readonly owner?: ObjectId
}

/** Returns the object, or 0 when there is no memory; GFP_KERNEL may sleep. */
export function* kmalloc(k: Kernel, gfp: Gfp, info: ObjectInfo): Proc<ObjectId> {
  if (gfp === 'GFP_KERNEL') {
    if (mightSleep(k, 'include/linux/sched/mm.h:274')) yield* cond_resched(k)
    if (!k.tryCharge(k.costs.kmalloc_kernel)) yield Req.CHARGE
  } else if (!k.tryCharge(k.costs.kmalloc_atomic)) yield Req.CHARGE
  if (k.allocationFails?.(gfp) === true) return 0
  return newObject(k, info)
}

/** An allocation whose time and failure are not modelled: part of set-up, or paid otherwise. */
export function newObject(k: Kernel, info: ObjectInfo): ObjectId {
  const object = ++k.objects
  const { symbols } = k.sim.trace
  const what = symbols.text(info.what)
  k.emit(T.kmalloc, object, what, symbols.text(info.site), info.stream ?? -1, info.owner ?? 0)
  return object
}

const BUG_USE_AFTER_FREE = (CODES['bug'] as readonly string[]).indexOf('use-after-free')

/** Reports the use of memory whose owner gave it back; the machine goes on. */
export function reportUseAfterFree(k: Kernel, text: string): void {
  k.emit(T.bug, BUG_USE_AFTER_FREE, k.sim.trace.symbols.text(text))
}

/** Gives an object back, and the locks in it. Kernel: kfree(), debug_check_no_locks_freed(). */
export function kfree(
  k: Kernel,
  object: ObjectId,
  site: string,
  locks: readonly LockBase[] = [],
): void {
  for (const lock of locks) lock.recordFree(k.current)
  k.emit(T.kfree, object, k.sim.trace.symbols.text(site))
}

/** Allocation as far as timing and context matter. Kernel: kmalloc(); mm/slab. */
import { type Proc, Req } from '../../sim/process.ts'
import type { Kernel } from './kernel.ts'
import { cond_resched, mightSleep } from './preempt.ts'

export type Gfp = 'GFP_KERNEL' | 'GFP_ATOMIC'

/** Returns whether memory was to be had; GFP_KERNEL may sleep. */
export function* kmalloc(k: Kernel, gfp: Gfp): Proc<boolean> {
  if (gfp === 'GFP_KERNEL') {
    if (mightSleep(k, 'include/linux/sched/mm.h:274')) yield* cond_resched(k)
    if (!k.tryCharge(k.costs.kmalloc_kernel)) yield Req.CHARGE
  } else if (!k.tryCharge(k.costs.kmalloc_atomic)) yield Req.CHARGE
  return k.allocationFails === null || !k.allocationFails(gfp)
}

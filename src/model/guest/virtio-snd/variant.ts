/**
 * Changes that the review of v5 and v6 talked about, and one that later versions invite, for trying
 * them out. Ours: the kernel never had them. None is on by default.
 */
import type { Proc } from '../../../sim/process.ts'
import {
  type IrqFlags,
  type SpinlockT,
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../../linux/spinlock.ts'
import { schedule_highpri_work, schedule_work, type WorkStruct } from '../../linux/workqueue.ts'

/**
 * `cancel`: remove cancels the item and waits, even if it is called by it. `resetting-flag`: a
 * table by card number; remove does not wait if the item has set a flag there. `current-work`: a
 * record for each device; remove does not wait if the item calls it, and looks up again what is
 * bound after it has waited; `-no-reread`: without that; `card-table`: in the table by card number.
 * `self-freeing`: an item for each request, which nobody waits for.
 */
export const resetWorkVariants = [
  'cancel',
  'resetting-flag',
  'current-work',
  'current-work-no-reread',
  'card-table',
  'self-freeing',
] as const
export type ResetWorkVariant = (typeof resetWorkVariants)[number]

export interface VirtioSndVariant {
  /** "Drop nonatomic": the stream lock is a spinlock, callbacks are atomic. v5, v6. */
  readonly atomic?: boolean
  /** "You can remove irqsave": plain locks in trigger and pointer. v5, v6. */
  readonly plain_locks?: boolean
  /** "Free them in hw_free": messages are freed whatever the device still has. v5. */
  readonly free_always?: boolean
  /** How remove gets along with the reset work item (v5/reset-work.ts). v5. */
  readonly reset_work?: ResetWorkVariant
  /** What the item calls: device_reprobe() of v5, or bus->remove() without a lock, as v2. v5. */
  readonly reset_by?: 'device-reprobe' | 'bus-remove'
  /** The period work item goes to system_highpri_wq, whose workers are at nice -20. v7, ack. */
  readonly highpri_work?: boolean
}

/** schedule_work(), or on system_highpri_wq where the variant says so. */
export function variantScheduleWork(variant: VirtioSndVariant, work: WorkStruct): Proc<boolean> {
  return variant.highpri_work === true ? schedule_highpri_work(work) : schedule_work(work)
}

/** spin_lock_irqsave(), or the plain lock where the variant says so. */
export function variantLock(variant: VirtioSndVariant, lock: SpinlockT): Proc<IrqFlags> {
  return variant.plain_locks === true ? plainLock(lock) : spin_lock_irqsave(lock)
}

function* plainLock(lock: SpinlockT): Proc<IrqFlags> {
  yield* spin_lock(lock)
  return false
}

export function variantUnlock(variant: VirtioSndVariant, lock: SpinlockT, flags: IrqFlags): Proc {
  return variant.plain_locks === true ? spin_unlock(lock) : spin_unlock_irqrestore(lock, flags)
}

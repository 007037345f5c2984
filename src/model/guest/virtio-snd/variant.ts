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

export interface VirtioSndVariant {
  /** "Drop nonatomic": the stream lock is a spinlock, callbacks are atomic. v5, v6. */
  readonly atomic?: boolean
  /** "You can remove irqsave": plain locks in trigger and pointer. v5, v6. */
  readonly plain_locks?: boolean
  /** "Free them in hw_free": messages are freed whatever the device still has. v5. */
  readonly free_always?: boolean
  /**
   * How remove gets along with the reset work item: `cancel` it and wait, even from the item
   * itself; not if the item has set a flag; not if remove is called by the item (current_work()).
   * v5.
   */
  readonly reset_work?: 'cancel' | 'resetting-flag' | 'current-work'
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

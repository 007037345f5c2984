/**
 * The work item that binds the driver anew when the device asks for a reset: as v5 has it, and what
 * the review of v5 proposed for a removal that meets it. Ours: only the posted form was ever code.
 *
 * Source: patch series v5 [9/9] and its review of 25 and 26 February 2021. The races that the
 * review talks of are those of v2, whose item called bus->remove() and bus->probe() itself; in v5
 * device_reprobe() takes &dev->mutex, as every other unbinding does, and two removals come one
 * after the other (`reset_by`).
 */
import { Slot } from '../../../../base/slot.ts'
import type { Proc } from '../../../../sim/process.ts'
import type { SndCard } from '../../../alsa/core.ts'
import type { Kernel } from '../../../linux/kernel.ts'
import { Mutex, mutex_lock, mutex_unlock } from '../../../linux/mutex.ts'
import { currentTask } from '../../../linux/preempt.ts'
import { kfree, kmalloc, reportUseAfterFree } from '../../../linux/slab.ts'
import { cancel_work_sync, schedule_work, WorkStruct } from '../../../linux/workqueue.ts'
import { bus_reprobe, device_reprobe } from '../../../virtio/virtio_bus.ts'
import type { VirtioPciDevice } from '../../../virtio/virtio_pci.ts'
import type { VirtioSndVariant } from '../variant.ts'
import type { VirtioSnd } from '../virtio_snd_device.ts'

/** What it needs of a driver's structure. */
export interface Resettable extends VirtioSnd {
  /** The item as posted, inside the structure. */
  readonly reset_work: WorkStruct
}

/** A record of the proposals: static memory, which outlives every `struct virtio_snd`. */
class ResetWork<S extends Resettable> {
  readonly mutex: Mutex
  readonly work: WorkStruct
  snd: S | null = null
  /** The item has begun: remove shall not wait for it. */
  resetting = false

  constructor(k: Kernel) {
    this.mutex = new Mutex(k, '&reset_works[i].mutex')
    const fn = () => virtsnd_reset_works_fn(this)
    this.work = new WorkStruct(k, '&reset_works[i].work', fn, 'virtsnd_reset_fn')
  }
}

/** `reset_works[SNDRV_CARDS]`, and the records that belong to a device. */
interface ResetWorks {
  readonly ofCard: Map<number, ResetWork<Resettable>>
  readonly ofDevice: Map<VirtioPciDevice, ResetWork<Resettable>>
}

const tables = new Slot<Kernel, ResetWorks>(() => ({ ofCard: new Map(), ofDevice: new Map() }))

/** The record of a card's number, or of the device: what the variant goes by. */
function recordOf<S extends Resettable>(snd: S): ResetWork<S> {
  const { k, variant, vdev } = snd
  const table = tables.of(k)
  const byCard = variant.reset_work === 'resetting-flag' || variant.reset_work === 'card-table'
  const { number } = snd.card as SndCard
  const found = byCard ? table.ofCard.get(number) : table.ofDevice.get(vdev)
  const record = found ?? new ResetWork<Resettable>(k)
  if (byCard) table.ofCard.set(number, record)
  else table.ofDevice.set(vdev, record)
  return record as unknown as ResetWork<S>
}

/** Whether the variant keeps its item outside the structure. */
function usesRecords({ reset_work }: VirtioSndVariant): boolean {
  return reset_work !== undefined && reset_work !== 'cancel' && reset_work !== 'self-freeing'
}

/** The card is there: enters the structure where the item will look for it. */
export function enterReset(snd: Resettable): void {
  if (usesRecords(snd.variant)) recordOf(snd).snd = snd
}

/** The device has set NEEDS_RESET. Context: hardirq. */
export function* requestReset(snd: Resettable): Proc {
  if (snd.variant.reset_work === 'self-freeing') yield* scheduleSelfFreeing(snd)
  else yield* schedule_work(usesRecords(snd.variant) ? recordOf(snd).work : snd.reset_work)
}

/**
 * An item for each request, which frees itself: the worker copies its lockdep map before the
 * callback and does not touch the item afterwards (process_one_work()).
 */
function* scheduleSelfFreeing(snd: Resettable): Proc {
  const { k } = snd
  const site = 'virtsnd_config_changed'
  const item = yield* kmalloc(k, 'GFP_ATOMIC', { what: 'struct reset_work', site })
  if (item === 0) return
  const fn = () => resetAndFree(snd, item)
  yield* schedule_work(new WorkStruct(k, '&item->work', fn, 'virtsnd_reset_fn'))
}

function* resetAndFree({ k, vdev, variant }: Resettable, item: number): Proc {
  yield* reprobe(vdev, variant)
  kfree(k, item, 'virtsnd_reset_fn')
}

function reprobe(vdev: VirtioPciDevice, { reset_by }: VirtioSndVariant): Proc<number> {
  return reset_by === 'bus-remove' ? bus_reprobe(vdev) : device_reprobe(vdev)
}

/**
 * Unbinds the driver from the device that asked for a reset and binds it again.
 *
 * Kernel: virtsnd_reset_fn(). Context: process (kworker): the very work item that stands in the
 * structure that the removal frees.
 */
export function* virtsnd_reset_fn(snd: Resettable & { readonly freed: boolean }): Proc {
  if (snd.freed) reportUseAfterFree(snd.k, 'reset_work runs on a freed struct virtio_snd')
  yield* reprobe(snd.vdev, snd.variant)
}

/** The same of the proposals: nothing to do if the structure has gone. Context: process. */
function* virtsnd_reset_works_fn(record: ResetWork<Resettable>): Proc {
  yield* mutex_lock(record.mutex)
  const { snd } = record
  if (snd !== null) record.resetting = true
  yield* mutex_unlock(record.mutex)
  if (snd === null) return
  yield* reprobe(snd.vdev, snd.variant)
  record.resetting = false
}

/**
 * remove() meets the item. Returns what is left to remove: null if nothing, another structure if
 * the item has bound the driver anew meanwhile.
 */
export function* leaveReset<S extends Resettable>(snd: S): Proc<S | null> {
  switch (snd.variant.reset_work) {
    case 'cancel':
      yield* cancel_work_sync(snd.reset_work)
      return snd
    case 'resetting-flag':
      yield* leaveByFlag(snd)
      return snd
    case 'current-work':
    case 'card-table':
      return yield* leaveByCurrentWork(snd)
    case 'current-work-no-reread':
      yield* leaveByCurrentWork(snd)
      return snd
    default:
      return snd
  }
}

/** The item is cancelled unless it has said that it is at it. */
function* leaveByFlag(snd: Resettable): Proc {
  if (snd.card === null) return
  const record = recordOf(snd)
  yield* mutex_lock(record.mutex)
  record.snd = null
  const { resetting } = record
  yield* mutex_unlock(record.mutex)
  if (!resetting) yield* cancel_work_sync(record.work)
}

/** The item is cancelled unless remove runs in it; what it has left behind is looked up again. */
function* leaveByCurrentWork<S extends Resettable>(snd: S): Proc<S | null> {
  if (snd.card === null) return snd
  const record = recordOf(snd)
  const isOwn = record.work.worker !== null && record.work.worker === currentTask(snd.k)
  if (!isOwn) yield* cancel_work_sync(record.work)
  const left = isOwn ? snd : record.snd
  record.snd = null
  return left
}

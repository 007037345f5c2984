/**
 * What a program does with control elements: information, value, TLV data, and news of changes.
 * While the driver asks its device, the card's controls_rwsem is held: for reading by those who
 * read, for writing by those who write.
 *
 * Kernel: sound/core/control.c, 6.1 and 6.12.
 */
import type { Proc } from '../../sim/process.ts'
import { EAGAIN, EBADFD, ENODEV, ENOENT, ENXIO, EPERM, ERESTARTSYS } from '../linux/errno.ts'
import { currentTask } from '../linux/preempt.ts'
import { down_read, down_write, up_read, up_write } from '../linux/rwsem.ts'
import { schedule, TASK_INTERRUPTIBLE } from '../linux/sched.ts'
import { kfree } from '../linux/slab.ts'
import { spin_lock_irq, spin_unlock_irq } from '../linux/spinlock.ts'
import { add_wait_queue, remove_wait_queue, WaitQueueEntry } from '../linux/wait.ts'
import {
  SNDRV_CTL_ELEM_ACCESS_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_COMMAND,
  SNDRV_CTL_ELEM_ACCESS_TLV_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_WRITE,
  SNDRV_CTL_ELEM_ACCESS_WRITE,
  SNDRV_CTL_EVENT_MASK_VALUE,
  type SndCtlElemInfo,
  type SndCtlElemValue,
  type SndCtlFile,
  type SndCtlTlvOp,
  snd_ctl_find_id,
  snd_ctl_notify_one,
} from './control.ts'
import { EPOLLERR, EPOLLIN } from './pcm_poll.ts'
import { snd_power_wait } from './pcm_power.ts'

/** The element that a program names: of those of one name, `index` says which. */
export interface SndCtlElemId {
  readonly name: string
  readonly index: number
}

/** Kernel: snd_ctl_elem_info(). Return: the information, or -ENOENT, -ENODEV. */
export function* snd_ctl_elem_info(
  { card }: SndCtlFile,
  id: SndCtlElemId,
): Proc<SndCtlElemInfo | number> {
  const err = yield* snd_power_wait(card)
  if (err < 0) return err
  yield* down_read(card.controls_rwsem)
  const kctl = snd_ctl_find_id(card, id.name, id.index)
  const info = kctl === null ? -ENOENT : kctl.ops.info(kctl)
  yield* up_read(card.controls_rwsem)
  return info
}

/**
 * Asks for an element's value.
 *
 * Kernel: snd_ctl_elem_read(). Context: process. Locks: controls_rwsem (reading), across the
 * driver's get(). Return: 0 or -errno: -ENOENT, -EPERM, or what the driver gave.
 */
export function* snd_ctl_elem_read(
  { card }: SndCtlFile,
  id: SndCtlElemId,
  value: SndCtlElemValue,
): Proc<number> {
  const err = yield* snd_power_wait(card)
  if (err < 0) return err
  yield* down_read(card.controls_rwsem)
  const kctl = snd_ctl_find_id(card, id.name, id.index)
  let ret = kctl === null ? -ENOENT : -EPERM
  if (kctl !== null && (kctl.access & SNDRV_CTL_ELEM_ACCESS_READ) !== 0) {
    const { get } = kctl.ops
    if (get !== undefined) ret = yield* get(kctl, value)
  }
  yield* up_read(card.controls_rwsem)
  return ret
}

/**
 * Sets an element's value; other subscribers are told if the driver says that it changed.
 *
 * Kernel: snd_ctl_elem_write(). Context: process. Locks: controls_rwsem (writing), across the
 * driver's put(). Return: 0 or -errno. Differs: the notification holds the semaphore for writing
 * still; the kernel downgrades it first.
 */
export function* snd_ctl_elem_write(
  { card }: SndCtlFile,
  id: SndCtlElemId,
  value: SndCtlElemValue,
): Proc<number> {
  const err = yield* snd_power_wait(card)
  if (err < 0) return err
  yield* down_write(card.controls_rwsem)
  const kctl = snd_ctl_find_id(card, id.name, id.index)
  let ret = kctl === null ? -ENOENT : -EPERM
  if (kctl !== null && (kctl.access & SNDRV_CTL_ELEM_ACCESS_WRITE) !== 0) {
    const { put } = kctl.ops
    if (put !== undefined) ret = yield* put(kctl, value)
    if (ret > 0) yield* snd_ctl_notify_one(card, SNDRV_CTL_EVENT_MASK_VALUE, kctl)
  }
  yield* up_write(card.controls_rwsem)
  return ret > 0 ? 0 : ret
}

const TLV_ACCESS: Readonly<Record<SndCtlTlvOp, number>> = {
  read: SNDRV_CTL_ELEM_ACCESS_TLV_READ,
  write: SNDRV_CTL_ELEM_ACCESS_TLV_WRITE,
  command: SNDRV_CTL_ELEM_ACCESS_TLV_COMMAND,
}

/**
 * Reads or writes an element's TLV data, `size` bytes.
 *
 * Kernel: snd_ctl_tlv_ioctl(), call_tlv_handler(). Context: process. Locks: controls_rwsem, for
 * reading if it reads. Return: 0 or -errno: -ENOENT, -ENXIO, or what the driver gave.
 */
export function* snd_ctl_tlv_ioctl(
  { card }: SndCtlFile,
  id: SndCtlElemId,
  op: SndCtlTlvOp,
  size: number,
): Proc<number> {
  const { controls_rwsem } = card
  const err = yield* snd_power_wait(card)
  if (err < 0) return err
  yield* op === 'read' ? down_read(controls_rwsem) : down_write(controls_rwsem)
  const kctl = snd_ctl_find_id(card, id.name, id.index)
  let ret = kctl === null ? -ENOENT : -ENXIO
  if (kctl !== null && (kctl.access & TLV_ACCESS[op]) !== 0) {
    const { tlv } = kctl.ops
    if (tlv !== undefined) ret = yield* tlv(kctl, op, size)
  }
  yield* op === 'read' ? up_read(controls_rwsem) : up_write(controls_rwsem)
  return ret
}

/** An event as a program reads it. Kernel: struct snd_ctl_event. */
export interface SndCtlEvent {
  readonly name: string
  readonly index: number
  readonly mask: number
}

/**
 * Reads the events that wait; without any, waits for one unless `nonblock`.
 *
 * Kernel: snd_ctl_read(). Context: process. Locks: the file's read_lock. Return: the events, or
 * -EBADFD (not subscribed), -EAGAIN, -ENODEV, -ERESTARTSYS.
 */
export function* snd_ctl_read(ctl: SndCtlFile, nonblock: boolean): Proc<SndCtlEvent[] | number> {
  const { card } = ctl
  if (!ctl.subscribed) return -EBADFD
  yield* spin_lock_irq(ctl.read_lock)
  while (ctl.events.length === 0) {
    if (nonblock) {
      yield* spin_unlock_irq(ctl.read_lock)
      return -EAGAIN
    }
    const err = yield* waitForEvent(ctl)
    if (err < 0) return err
    yield* spin_lock_irq(ctl.read_lock)
  }
  const events: SndCtlEvent[] = []
  for (let next = ctl.events.shift(); next !== undefined; next = ctl.events.shift()) {
    // The copy to user space may fault: without the lock.
    yield* spin_unlock_irq(ctl.read_lock)
    const { kctl, mask, object } = next
    events.push({ name: kctl.name, index: kctl.index, mask })
    kfree(card.k, object, 'snd_ctl_read')
    yield* spin_lock_irq(ctl.read_lock)
  }
  yield* spin_unlock_irq(ctl.read_lock)
  return events
}

/** Kernel: snd_ctl_poll(). Return: EPOLL* bits. */
export function snd_ctl_poll({ subscribed, events, card }: SndCtlFile): number {
  if (!subscribed) return 0
  return (events.length > 0 ? EPOLLIN : 0) | (card.shutdown ? EPOLLERR : 0)
}

/** Called with the read_lock, which it gives back. Return: 0 or -errno. */
function* waitForEvent(ctl: SndCtlFile): Proc<number> {
  const { card } = ctl
  const task = currentTask(card.k)
  const entry = new WaitQueueEntry(task)
  yield* add_wait_queue(ctl.change_sleep, entry)
  task.state = TASK_INTERRUPTIBLE
  yield* spin_unlock_irq(ctl.read_lock)
  yield* schedule(card.k)
  yield* remove_wait_queue(ctl.change_sleep, entry)
  if (card.shutdown) return -ENODEV
  return task.signalPending ? -ERESTARTSYS : 0
}

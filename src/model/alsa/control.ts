/**
 * Control elements of a card and the files through which programs reach them: registration, lookup,
 * notification. What a program may do with an element is in control_elem.ts.
 *
 * Kernel: sound/core/control.c, 6.1 and 6.12. Left out: elements made by user space, locking of
 * elements by a file, LED layers (their semaphore is taken), the hash of names.
 */
import { removeAt } from '../../base/arrays.ts'
import type { Proc } from '../../sim/process.ts'
import { EBUSY, ENODEV, ENOMEM } from '../linux/errno.ts'
import {
  read_lock_irqsave,
  read_unlock_irqrestore,
  write_lock_irqsave,
  write_unlock_irqrestore,
} from '../linux/rwlock.ts'
import { down_read, down_write, up_read, up_write } from '../linux/rwsem.ts'
import { kfree, kmalloc, type ObjectId } from '../linux/slab.ts'
import {
  SpinlockT,
  spin_lock,
  spin_lock_irqsave,
  spin_unlock,
  spin_unlock_irqrestore,
} from '../linux/spinlock.ts'
import { WaitQueueHead, wake_up } from '../linux/wait.ts'
import type { SndCard } from './core.ts'

export const SNDRV_CTL_ELEM_IFACE_CARD = 0
export const SNDRV_CTL_ELEM_IFACE_MIXER = 2
export const SNDRV_CTL_ELEM_IFACE_PCM = 3

export const SNDRV_CTL_ELEM_ACCESS_READ = 1 << 0
export const SNDRV_CTL_ELEM_ACCESS_WRITE = 1 << 1
export const SNDRV_CTL_ELEM_ACCESS_VOLATILE = 1 << 2
export const SNDRV_CTL_ELEM_ACCESS_TLV_READ = 1 << 4
export const SNDRV_CTL_ELEM_ACCESS_TLV_WRITE = 1 << 5
export const SNDRV_CTL_ELEM_ACCESS_TLV_COMMAND = 1 << 6
export const SNDRV_CTL_ELEM_ACCESS_INACTIVE = 1 << 8

export const SNDRV_CTL_EVENT_MASK_VALUE = 1 << 0
export const SNDRV_CTL_EVENT_MASK_INFO = 1 << 1
export const SNDRV_CTL_EVENT_MASK_ADD = 1 << 2
export const SNDRV_CTL_EVENT_MASK_TLV = 1 << 3
export const SNDRV_CTL_EVENT_MASK_REMOVE = -1

/** Kernel: struct snd_ctl_elem_info, as far as it says what values there are. */
export interface SndCtlElemInfo {
  readonly type: 'boolean' | 'integer' | 'integer64' | 'enumerated' | 'bytes' | 'iec958'
  readonly count: number
  readonly min: number
  readonly max: number
  readonly step: number
  /** Names of an enumerated element. */
  readonly items: readonly string[]
}

/** Kernel: struct snd_ctl_elem_value. */
export interface SndCtlElemValue {
  value: readonly number[]
}

export type SndCtlTlvOp = 'read' | 'write' | 'command'

/** What a driver says of an element. Kernel: struct snd_kcontrol_new. */
export interface SndKcontrolNew {
  readonly iface: number
  readonly device: number
  readonly name: string
  readonly index: number
  /** 0: readable and writable. */
  readonly access: number
  readonly private_value: number
  /** Return: the element's information. */
  info(kctl: SndKcontrol): SndCtlElemInfo
  /** Context: process, controls_rwsem. Return: 0 or -errno. */
  get?(kctl: SndKcontrol, value: SndCtlElemValue): Proc<number>
  /** Return: 1 if the value changed (the core notifies), 0 if not, or -errno. */
  put?(kctl: SndKcontrol, value: SndCtlElemValue): Proc<number>
  /** Return: 0 or -errno. `size`: bytes. */
  tlv?(kctl: SndKcontrol, op: SndCtlTlvOp, size: number): Proc<number>
}

/** Kernel: struct snd_kcontrol. */
export class SndKcontrol {
  readonly object: ObjectId
  readonly ops: SndKcontrolNew
  readonly name: string
  readonly index: number
  readonly access: number
  /** Decided by snd_ctl_add(). */
  numid = 0
  private_value: number

  constructor(object: ObjectId, ops: SndKcontrolNew) {
    this.object = object
    this.ops = ops
    this.name = ops.name
    this.index = ops.index
    const usual = SNDRV_CTL_ELEM_ACCESS_READ | SNDRV_CTL_ELEM_ACCESS_WRITE
    this.access = ops.access === 0 ? usual : ops.access
    this.private_value = ops.private_value
  }
}

/** What has changed, waiting to be read. Kernel: struct snd_kctl_event. */
interface SndKctlEvent {
  readonly object: ObjectId
  readonly kctl: SndKcontrol
  mask: number
}

/** A program's open control device. Kernel: struct snd_ctl_file. */
export class SndCtlFile {
  readonly card: SndCard
  readonly object: ObjectId
  readonly read_lock: SpinlockT
  readonly change_sleep: WaitQueueHead
  readonly events: SndKctlEvent[] = []
  subscribed = false

  constructor(card: SndCard, object: ObjectId) {
    const { k } = card
    this.card = card
    this.object = object
    this.read_lock = new SpinlockT(k, '&ctl->read_lock')
    this.change_sleep = new WaitQueueHead(k, '&ctl->change_sleep', 'ctl->change_sleep')
  }
}

/** Kernel: snd_ctl_new1(). Context: process. Return: null when there is no memory. */
export function* snd_ctl_new1(card: SndCard, ncontrol: SndKcontrolNew): Proc<SndKcontrol | null> {
  const info = { what: 'struct snd_kcontrol', site: 'snd_ctl_new', owner: card.object }
  const object = yield* kmalloc(card.k, 'GFP_KERNEL', info)
  return object === 0 ? null : new SndKcontrol(object, ncontrol)
}

/** Kernel: snd_ctl_find_id(), by name. Context: controls_rwsem. */
export function snd_ctl_find_id(card: SndCard, name: string, index: number): SndKcontrol | null {
  return card.controls.find((one) => one.name === name && one.index === index) ?? null
}

/**
 * Adds an element to the card; one that cannot be added is freed.
 *
 * Kernel: snd_ctl_add(). Context: process. Locks: controls_rwsem for writing; then, in 6.12,
 * controls_rwlock. Return: 0, or -EBUSY if there is one of that name and index.
 */
export function* snd_ctl_add(card: SndCard, kctl: SndKcontrol): Proc<number> {
  yield* down_write(card.controls_rwsem)
  const isTaken = snd_ctl_find_id(card, kctl.name, kctl.index) !== null
  if (!isTaken) {
    yield* enterList(card, kctl)
    yield* snd_ctl_notify_one(card, SNDRV_CTL_EVENT_MASK_ADD, kctl)
  }
  yield* up_write(card.controls_rwsem)
  if (!isTaken) return 0
  kfree(card.k, kctl.object, 'snd_ctl_free_one')
  return -EBUSY
}

function* enterList(card: SndCard, kctl: SndKcontrol): Proc {
  const guarded = card.k.config.version !== '6.1'
  const flags = guarded ? yield* write_lock_irqsave(card.controls_rwlock) : false
  card.controls.push(kctl)
  kctl.numid = ++card.last_numid
  if (guarded) yield* write_unlock_irqrestore(card.controls_rwlock, flags)
}

/**
 * Tells every subscribed file that an element has changed; news of one element are joined.
 *
 * Kernel: snd_ctl_notify(). Context: any, also hardirq. Locks: controls_rwlock (reading), then each
 * file's read_lock. An event for which there is no memory is lost.
 */
export function* snd_ctl_notify(card: SndCard, mask: number, kctl: SndKcontrol): Proc {
  if (card.shutdown) return
  const flags = yield* read_lock_irqsave(card.controls_rwlock)
  for (const ctl of card.ctl_files) {
    if (!ctl.subscribed) continue
    yield* spin_lock(ctl.read_lock)
    yield* queueEvent(ctl, mask, kctl)
    yield* wake_up(ctl.change_sleep)
    yield* spin_unlock(ctl.read_lock)
  }
  yield* read_unlock_irqrestore(card.controls_rwlock, flags)
}

function* queueEvent(ctl: SndCtlFile, mask: number, kctl: SndKcontrol): Proc {
  const waiting = ctl.events.find((one) => one.kctl === kctl)
  if (waiting !== undefined) {
    waiting.mask |= mask
    return
  }
  const what = 'struct snd_kctl_event'
  const info = { what, site: 'snd_ctl_notify', owner: ctl.object }
  const object = yield* kmalloc(ctl.card.k, 'GFP_ATOMIC', info)
  if (object !== 0) ctl.events.push({ object, kctl, mask })
}

/** Kernel: snd_ctl_notify_one(). Context: process. Locks: also snd_ctl_layer_rwsem (reading). */
export function* snd_ctl_notify_one(card: SndCard, mask: number, kctl: SndKcontrol): Proc {
  const { snd_ctl_layer_rwsem } = card.core
  yield* snd_ctl_notify(card, mask, kctl)
  yield* down_read(snd_ctl_layer_rwsem)
  yield* up_read(snd_ctl_layer_rwsem)
}

/** Opens the control device. Kernel: snd_ctl_open(). Context: process. Return: file or -errno. */
export function* snd_ctl_open(card: SndCard): Proc<SndCtlFile | number> {
  if (card.shutdown) return -ENODEV
  card.files++
  const info = { what: 'struct snd_ctl_file', site: 'snd_ctl_open', owner: card.object }
  const object = yield* kmalloc(card.k, 'GFP_KERNEL', info)
  if (object === 0) {
    yield* snd_card_file_remove(card)
    return -ENOMEM
  }
  const ctl = new SndCtlFile(card, object)
  for (const lock of locksOf(ctl)) lock.recordInit(card.k.current)
  const flags = yield* write_lock_irqsave(card.controls_rwlock)
  card.ctl_files.push(ctl)
  yield* write_unlock_irqrestore(card.controls_rwlock, flags)
  return ctl
}

/** Kernel: snd_ctl_release(). Context: process. Return: 0. */
export function* snd_ctl_release(ctl: SndCtlFile): Proc<number> {
  const { card } = ctl
  const flags = yield* write_lock_irqsave(card.controls_rwlock)
  removeAt(card.ctl_files, card.ctl_files.indexOf(ctl))
  yield* write_unlock_irqrestore(card.controls_rwlock, flags)
  // Elements that the file had locked are let go; none is, but it looks.
  yield* down_write(card.controls_rwsem)
  yield* up_write(card.controls_rwsem)
  yield* snd_ctl_empty_read_queue(ctl)
  kfree(card.k, ctl.object, 'snd_ctl_release', locksOf(ctl))
  yield* snd_card_file_remove(card)
  return 0
}

function locksOf(ctl: SndCtlFile) {
  return [ctl.read_lock, ctl.change_sleep.lock]
}

function* snd_ctl_empty_read_queue(ctl: SndCtlFile): Proc {
  const flags = yield* spin_lock_irqsave(ctl.read_lock)
  for (const { object } of ctl.events.splice(0)) {
    kfree(ctl.card.k, object, 'snd_ctl_empty_read_queue')
  }
  yield* spin_unlock_irqrestore(ctl.read_lock, flags)
}

/** A file of the card is closed; the last one lets a removed card go. */
export function* snd_card_file_remove(card: SndCard): Proc {
  card.files--
  if (card.files === 0 && card.shutdown) yield* wake_up(card.remove_sleep)
}

/**
 * The card is there for programs. Kernel: snd_card_register(), of which only the control device's
 * part is modelled: those of PCMs take nothing that anybody could wait for.
 */
export function snd_card_register(card: SndCard): Proc {
  return snd_ctl_dev_register(card)
}

/** Kernel: snd_ctl_dev_register(). */
function* snd_ctl_dev_register(card: SndCard): Proc {
  const { snd_ctl_layer_rwsem } = card.core
  yield* down_read(card.controls_rwsem)
  yield* down_read(snd_ctl_layer_rwsem)
  yield* up_read(snd_ctl_layer_rwsem)
  yield* up_read(card.controls_rwsem)
}

/** The card goes: whoever waits for events is woken. Kernel: snd_ctl_dev_disconnect(). */
export function* snd_ctl_dev_disconnect(card: SndCard): Proc {
  const { snd_ctl_layer_rwsem } = card.core
  const flags = yield* read_lock_irqsave(card.controls_rwlock)
  for (const ctl of card.ctl_files) yield* wake_up(ctl.change_sleep)
  yield* read_unlock_irqrestore(card.controls_rwlock, flags)
  yield* down_read(card.controls_rwsem)
  yield* down_read(snd_ctl_layer_rwsem)
  yield* up_read(snd_ctl_layer_rwsem)
  yield* up_read(card.controls_rwsem)
}

/** Kernel: snd_ctl_dev_free(). Context: process. Locks: controls_rwsem for writing. */
export function* snd_ctl_dev_free(card: SndCard): Proc {
  yield* down_write(card.controls_rwsem)
  for (const kctl of card.controls.splice(0)) {
    yield* snd_ctl_notify_one(card, SNDRV_CTL_EVENT_MASK_REMOVE, kctl)
    kfree(card.k, kctl.object, 'snd_ctl_free_one')
  }
  yield* up_write(card.controls_rwsem)
}

/**
 * Whether a control file of this process prefers a substream. No model sets one, so the answer is
 * always "any"; the lock is taken (captured: &pcm->open_mutex -> &card->controls_rwlock).
 *
 * Kernel: snd_ctl_get_preferred_subdevice(). Context: process. Return: -1, any substream.
 */
export function* snd_ctl_get_preferred_subdevice(card: SndCard): Proc<number> {
  const flags = yield* read_lock_irqsave(card.controls_rwlock)
  yield* read_unlock_irqrestore(card.controls_rwlock, flags)
  return -1
}

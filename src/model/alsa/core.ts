/**
 * The sound card and what is global to all of them: the mutex of card registration and the
 * semaphore that guards links between streams. Mirrors sound/core/init.c and the globals of pcm.c.
 */
import { Slot } from '../../base/slot.ts'
import type { IrqLine } from '../linux/irq.ts'
import type { Kernel } from '../linux/kernel.ts'
import { Mutex } from '../linux/mutex.ts'
import { RwLock } from '../linux/rwlock.ts'
import { RwSemaphore } from '../linux/rwsem.ts'
import { newObject, type ObjectId } from '../linux/slab.ts'
import { WaitQueueHead } from '../linux/wait.ts'
import type { SndCtlFile, SndKcontrol } from './control.ts'
import type { SndPcm } from './pcm.ts'
import { type BufferGuard, bufferGuardOf } from './pcm_buffer_guard.ts'
import type { RatelimitState } from './pcm_log.ts'

export const SNDRV_CTL_POWER_D0 = 0x0000
export const SNDRV_CTL_POWER_D3HOT = 0x0300

/** Static data of the sound core, one for each kernel. */
export class SndCore {
  readonly register_mutex: Mutex
  readonly snd_pcm_link_rwsem: RwSemaphore
  /** Its counterpart of atomic PCMs up to 5.0; null since f57f3df03a8e. */
  readonly snd_pcm_link_rwlock: RwLock | null
  readonly buffer_guard: BufferGuard
  /** Layers above the controls, such as LEDs; there are none. */
  readonly snd_ctl_layer_rwsem: RwSemaphore
  /** State of each rate-limited log call, by its text. */
  readonly ratelimits = new Map<string, RatelimitState>()
  /** Numbers of registered cards. Kernel: snd_cards_lock. */
  readonly snd_cards = new Set<number>()

  constructor(k: Kernel) {
    this.register_mutex = new Mutex(k, 'register_mutex')
    this.snd_pcm_link_rwsem = new RwSemaphore(k, 'snd_pcm_link_rwsem')
    this.buffer_guard = bufferGuardOf(k)
    const global = k.reverted.has('f57f3df03a8e')
    this.snd_pcm_link_rwlock = global ? new RwLock(k, 'snd_pcm_link_rwlock') : null
    this.snd_ctl_layer_rwsem = new RwSemaphore(k, 'snd_ctl_layer_rwsem')
  }
}

const cores = new Slot<Kernel, SndCore>((k) => new SndCore(k))

/** The sound core of a kernel, made when it is first asked for. */
export function sndCore(k: Kernel): SndCore {
  return cores.of(k)
}

/** Kernel: struct snd_card, include/sound/core.h. */
export class SndCard {
  readonly k: Kernel
  readonly core: SndCore
  readonly number: number
  readonly pcms: SndPcm[] = []
  /** Memory of its jacks. */
  readonly jacks: ObjectId[] = []
  readonly controls: SndKcontrol[] = []
  last_numid = 0
  readonly ctl_files: SndCtlFile[] = []
  /** Guards the list of controls, and is held while a driver reads or writes one. */
  readonly controls_rwsem: RwSemaphore
  /** Guards ctl_files, in 6.12 also the list of controls; 6.1 calls it ctl_files_rwlock. */
  readonly controls_rwlock: RwLock
  power_state = SNDRV_CTL_POWER_D0
  readonly power_sleep: WaitQueueHead
  shutdown = false
  /** Open files; the card is freed when there is none. */
  files = 0
  readonly remove_sleep: WaitQueueHead
  private_data: unknown = null
  /** Line to synchronise with after a stop, when the driver has no sync_stop op. */
  sync_irq: IrqLine | null = null

  readonly object: ObjectId

  constructor(k: Kernel, number: number, owner: ObjectId) {
    this.k = k
    this.object = newObject(k, { what: 'struct snd_card', site: 'snd_card_new', owner })
    this.core = sndCore(k)
    this.number = number
    const rwlock = k.config.version === '6.1' ? '&card->ctl_files_rwlock' : '&card->controls_rwlock'
    this.controls_rwsem = new RwSemaphore(k, '&card->controls_rwsem', `card${number} controls`)
    this.controls_rwlock = new RwLock(k, rwlock, `card${number} controls_rwlock`)
    this.remove_sleep = new WaitQueueHead(k, '&card->remove_sleep', `card${number} remove_sleep`)
    this.power_sleep = new WaitQueueHead(k, '&card->power_sleep', `card${number} power_sleep`)
  }
}

/** Takes the lowest card number that is free. Kernel: the `idx < 0` of snd_card_init(). */
export function takeCardNumber(k: Kernel): number {
  const { snd_cards } = sndCore(k)
  let number = 0
  while (snd_cards.has(number)) number++
  snd_cards.add(number)
  return number
}

/**
 * Makes a card under the lowest free number. Kernel: snd_card_new(SNDRV_DEFAULT_IDX1); registration
 * itself is not modelled. `owner` is the driver's own structure.
 */
export function snd_card_new(k: Kernel, owner: ObjectId = 0): SndCard {
  return new SndCard(k, takeCardNumber(k), owner)
}

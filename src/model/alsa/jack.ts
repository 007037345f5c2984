/**
 * Jacks: a boolean control, "... Jack", that says whether something is plugged in. Type and status
 * are bits of SND_JACK_*.
 *
 * Kernel: sound/core/jack.c, ctljack.c, 6.1.192 and 6.12. Left out: input devices (a phantom jack
 * has none, and the drivers here make no other), injection by debugfs. From 5.19 until 6.5, and in
 * stable kernels before July 2023, snd_jack_report() took a mutex, input_dev_lock, whether or not
 * there was an input device: a virtio-snd jack event slept in the interrupt. Neither of our kernels
 * has it any more.
 */
import type { Proc } from '../../sim/process.ts'
import { ENOMEM } from '../linux/errno.ts'
import { kmalloc } from '../linux/slab.ts'
import {
  SNDRV_CTL_ELEM_ACCESS_READ,
  SNDRV_CTL_ELEM_IFACE_CARD,
  SNDRV_CTL_EVENT_MASK_VALUE,
  type SndCtlElemInfo,
  type SndCtlElemValue,
  type SndKcontrol,
  snd_ctl_add,
  snd_ctl_find_id,
  snd_ctl_new1,
  snd_ctl_notify,
} from './control.ts'
import type { SndCard } from './core.ts'

export const SND_JACK_HEADPHONE = 1 << 0
export const SND_JACK_MICROPHONE = 1 << 1
export const SND_JACK_LINEOUT = 1 << 2
export const SND_JACK_VIDEOOUT = 1 << 4
export const SND_JACK_AVOUT = SND_JACK_LINEOUT | SND_JACK_VIDEOOUT
export const SND_JACK_LINEIN = 1 << 5

/** Kernel: struct snd_jack, with the one control that it has. */
export class SndJack {
  readonly card: SndCard
  readonly type: number
  readonly kctl: SndKcontrol

  constructor(card: SndCard, type: number, kctl: SndKcontrol) {
    this.card = card
    this.type = type
    this.kctl = kctl
  }
}

const BOOLEAN: SndCtlElemInfo = {
  type: 'boolean',
  count: 1,
  min: 0,
  max: 1,
  step: 1,
  items: [],
}

/** Kernel: jack_detect_kctl_get(). */
function* jack_detect_kctl_get(kctl: SndKcontrol, value: SndCtlElemValue): Proc<number> {
  value.value = [kctl.private_value]
  return 0
}

/** Kernel: snd_kctl_jack_new(): the first index that the name is free under. */
function snd_kctl_jack_new(card: SndCard, label: string): Proc<SndKcontrol | null> {
  const name = label.endsWith(' Jack') ? label : `${label} Jack`
  let index = 0
  while (snd_ctl_find_id(card, name, index) !== null) index++
  return snd_ctl_new1(card, {
    iface: SNDRV_CTL_ELEM_IFACE_CARD,
    device: 0,
    name,
    index,
    access: SNDRV_CTL_ELEM_ACCESS_READ,
    private_value: 0,
    info: () => BOOLEAN,
    get: jack_detect_kctl_get,
  })
}

/**
 * A phantom jack with its control. Kernel: snd_jack_new(). Context: process. Return: the jack, or
 * -errno.
 */
export function* snd_jack_new(card: SndCard, label: string, type: number): Proc<SndJack | number> {
  const kctl = yield* snd_kctl_jack_new(card, label)
  if (kctl === null) return -ENOMEM
  const err = yield* snd_ctl_add(card, kctl)
  if (err < 0) return -ENOMEM
  const info = { what: 'struct snd_jack', site: 'snd_jack_new', owner: card.object }
  const object = yield* kmalloc(card.k, 'GFP_KERNEL', info)
  if (object === 0) return -ENOMEM
  card.jacks.push(object)
  return new SndJack(card, type, kctl)
}

/**
 * Says what is plugged in now: tells subscribers if that changed.
 *
 * Kernel: snd_jack_report(), snd_kctl_jack_report(). Context: any. Locks: snd_ctl_notify()'s.
 */
export function* snd_jack_report(jack: SndJack, status: number): Proc {
  const value = (status & jack.type) !== 0 ? 1 : 0
  if (jack.kctl.private_value === value) return
  jack.kctl.private_value = value
  yield* snd_ctl_notify(jack.card, SNDRV_CTL_EVENT_MASK_VALUE, jack.kctl)
}

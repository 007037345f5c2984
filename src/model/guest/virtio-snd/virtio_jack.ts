/**
 * Jacks of the device: asked for at probe, each a control of the card, reported by events. The same
 * in all versions.
 *
 * Kernel: sound/virtio/virtio_jack.c, v6.1 (patch series v5 [7/9]: taken as equal, inferred).
 * JACK_REMAP is not used by the driver.
 */
import type { Proc } from '../../../sim/process.ts'
import { T } from '../../../sim/trace.ts'
import type { SndCard } from '../../alsa/core.ts'
import {
  SND_JACK_AVOUT,
  SND_JACK_HEADPHONE,
  SND_JACK_LINEIN,
  SND_JACK_LINEOUT,
  SND_JACK_MICROPHONE,
  type SndJack,
  snd_jack_new,
  snd_jack_report,
} from '../../alsa/jack.ts'
import { ENOMEM } from '../../linux/errno.ts'
import { kfree, kmalloc } from '../../linux/slab.ts'
import {
  traceEvent,
  VIRTIO_SND_EVT_JACK_CONNECTED,
  VIRTIO_SND_R_JACK_INFO,
  type VirtioSndEvent,
} from '../../virtio/virtio_snd.ts'
import {
  AC_DEFCFG_DEVICE_SHIFT,
  AC_DEFCFG_LOCATION_SHIFT,
  AC_JACK_DEVICES,
  AC_JACK_LOC_HDMI,
  type VirtioSndJackInfo,
} from '../../virtio/virtio_snd_ctl.ts'
import { virtsnd_ctl_query_info } from './virtio_ctl_msg.ts'
import type { VirtioSnd } from './virtio_snd_device.ts'

/** Kernel: struct virtio_jack. */
export interface VirtioJack {
  readonly info: VirtioSndJackInfo
  connected: boolean
  jack: SndJack | null
}

type PinDevice = (typeof AC_JACK_DEVICES)[number]

/** Kernel: virtsnd_jack_get_label(), virtsnd_jack_get_type(); others are "Misc", line in. */
const PINS: Partial<Readonly<Record<PinDevice, readonly [label: string, type: number]>>> = {
  'line-out': ['Line Out', SND_JACK_LINEOUT],
  speaker: ['Speaker', SND_JACK_LINEOUT],
  headphone: ['Headphone', SND_JACK_HEADPHONE],
  cd: ['CD', SND_JACK_LINEIN],
  'spdif-out': ['SPDIF Out', SND_JACK_AVOUT],
  'digital-out': ['SPDIF Out', SND_JACK_AVOUT],
  'line-in': ['Line', SND_JACK_LINEIN],
  aux: ['Aux', SND_JACK_LINEIN],
  mic: ['Mic', SND_JACK_MICROPHONE],
  'spdif-in': ['SPDIF In', SND_JACK_LINEIN],
  'digital-in': ['Digital In', SND_JACK_LINEIN],
}

function pinOf({ hda_reg_defconf: defconf }: VirtioSndJackInfo): readonly [string, number] {
  const device = AC_JACK_DEVICES[(defconf >> AC_DEFCFG_DEVICE_SHIFT) & 0xf]
  const location = (defconf >> AC_DEFCFG_LOCATION_SHIFT) & 0x3f
  const [label, type] = (device && PINS[device]) ?? ['Misc', SND_JACK_LINEIN]
  const isHdmi = type === SND_JACK_AVOUT && location === AC_JACK_LOC_HDMI
  return [isHdmi ? 'HDMI Out' : label, type]
}

/** Kernel: virtsnd_jack_parse_cfg(). Context: process. Return: 0 or -errno. */
export function* virtsnd_jack_parse_cfg(snd: VirtioSnd): Proc<number> {
  const { k, object: owner } = snd
  const { jacks } = snd.config
  if (jacks === 0) return 0
  const site = 'virtsnd_jack_parse_cfg'
  const object = yield* kmalloc(k, 'GFP_KERNEL', { what: 'struct virtio_jack[]', site, owner })
  if (object === 0) return -ENOMEM
  snd.vdev.devm.push({ object, locks: [] })
  const what = 'struct virtio_snd_jack_info[]'
  const answer = yield* kmalloc(k, 'GFP_KERNEL', { what, site, owner })
  if (answer === 0) return -ENOMEM
  const command = VIRTIO_SND_R_JACK_INFO
  const infos = yield* virtsnd_ctl_query_info<VirtioSndJackInfo>(snd, command, 0, jacks, answer)
  // Also after a time-out, when the device may still write there.
  kfree(k, answer, site)
  if (typeof infos === 'number') return infos
  snd.jacks = infos.map((info) => ({ info, connected: info.connected, jack: null }))
  return 0
}

/** Kernel: virtsnd_jack_build_devs(). Context: process. Return: 0 or -errno. */
export function* virtsnd_jack_build_devs(snd: VirtioSnd): Proc<number> {
  for (const vjack of snd.jacks) {
    const [label, type] = pinOf(vjack.info)
    const jack = yield* snd_jack_new(snd.card as SndCard, label, type)
    if (typeof jack === 'number') return jack
    vjack.jack = jack
    yield* snd_jack_report(jack, vjack.connected ? type : 0)
  }
  return 0
}

/** Kernel: virtsnd_jack_event(). Context: hardirq; caller holds the event queue's lock. */
export function* virtsnd_jack_event(snd: VirtioSnd, event: VirtioSndEvent): Proc {
  const vjack = snd.jacks[event.data]
  snd.k.emit(T.driver_event, -1, traceEvent(event.code), vjack === undefined ? 0 : 1)
  if (vjack === undefined) return
  vjack.connected = event.code === VIRTIO_SND_EVT_JACK_CONNECTED
  const { jack } = vjack
  if (jack !== null) yield* snd_jack_report(jack, vjack.connected ? jack.type : 0)
}

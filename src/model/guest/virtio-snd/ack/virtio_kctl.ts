/**
 * Control elements of a device with VIRTIO_SND_F_CTLS: asked for at probe, read and written by
 * control requests, changed by events. In the kernel since 6.9; earlier versions do not accept the
 * feature, so the device has none for them.
 *
 * Kernel: sound/virtio/virtio_kctl.c, v6.12.107.
 */
import type { Proc } from '../../../../sim/process.ts'
import { T } from '../../../../sim/trace.ts'
import {
  SNDRV_CTL_ELEM_ACCESS_INACTIVE,
  SNDRV_CTL_ELEM_ACCESS_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_COMMAND,
  SNDRV_CTL_ELEM_ACCESS_TLV_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_WRITE,
  SNDRV_CTL_ELEM_ACCESS_VOLATILE,
  SNDRV_CTL_ELEM_ACCESS_WRITE,
  SNDRV_CTL_ELEM_IFACE_MIXER,
  SNDRV_CTL_EVENT_MASK_INFO,
  SNDRV_CTL_EVENT_MASK_TLV,
  SNDRV_CTL_EVENT_MASK_VALUE,
  type SndCtlElemInfo,
  type SndCtlElemValue,
  type SndCtlTlvOp,
  type SndKcontrol,
  snd_ctl_add,
  snd_ctl_new1,
  snd_ctl_notify,
} from '../../../alsa/control.ts'
import type { SndCard } from '../../../alsa/core.ts'
import { ENOMEM } from '../../../linux/errno.ts'
import { kfree, kmalloc, type ObjectId } from '../../../linux/slab.ts'
import {
  traceEvent,
  VIRTIO_SND_F_CTLS,
  VIRTIO_SND_R_CTL_ENUM_ITEMS,
  VIRTIO_SND_R_CTL_INFO,
  VIRTIO_SND_R_CTL_READ,
  VIRTIO_SND_R_CTL_TLV_COMMAND,
  VIRTIO_SND_R_CTL_TLV_READ,
  VIRTIO_SND_R_CTL_TLV_WRITE,
  VIRTIO_SND_R_CTL_WRITE,
  VirtioSndControl,
  type VirtioSndEvent,
} from '../../../virtio/virtio_snd.ts'
import {
  VIRTIO_SND_CTL_TYPE_ENUMERATED,
  VIRTIO_SND_CTL_TYPES,
  type VirtioSndCtlInfo,
} from '../../../virtio/virtio_snd_ctl.ts'
import {
  virtsnd_ctl_msg_alloc,
  virtsnd_ctl_msg_ref,
  virtsnd_ctl_msg_send,
  virtsnd_ctl_msg_send_sync,
  virtsnd_ctl_msg_unref,
  virtsnd_ctl_query_info,
} from '../virtio_ctl_msg.ts'
import { VirtioSnd } from '../virtio_snd_device.ts'
import type { VirtioPcmSubstream } from './virtio_pcm_substream.ts'

/** Kernel: struct virtio_kctl, with the information that belongs to it. */
interface VirtioKctl {
  readonly info: VirtioSndCtlInfo
  items: readonly string[]
  kctl: SndKcontrol | null
}

/** Kernel: struct virtio_snd, with the controls that 6.9 added. */
export class VirtioSndAck extends VirtioSnd<VirtioPcmSubstream> {
  kctls: VirtioKctl[] = []

  /** Kernel: virtio_has_feature(vdev, VIRTIO_SND_F_CTLS). */
  get hasControls(): boolean {
    return (this.vdev.features & VIRTIO_SND_F_CTLS) !== 0
  }

  override kctl_event(event: VirtioSndEvent): Proc {
    return virtsnd_kctl_event(this, event)
  }
}

/** Kernel: g_v2a_access_map, by bit. */
const ACCESS = [
  SNDRV_CTL_ELEM_ACCESS_READ,
  SNDRV_CTL_ELEM_ACCESS_WRITE,
  SNDRV_CTL_ELEM_ACCESS_VOLATILE,
  SNDRV_CTL_ELEM_ACCESS_INACTIVE,
  SNDRV_CTL_ELEM_ACCESS_TLV_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_WRITE,
  SNDRV_CTL_ELEM_ACCESS_TLV_COMMAND,
] as const

/** Kernel: g_v2a_mask_map, by bit. */
const MASKS = [
  SNDRV_CTL_EVENT_MASK_VALUE,
  SNDRV_CTL_EVENT_MASK_INFO,
  SNDRV_CTL_EVENT_MASK_TLV,
] as const

/** The bits of `wanted` in ALSA's numbers. */
function mapBits(table: readonly number[], wanted: number): number {
  return table.reduce((bits, alsa, i) => ((wanted & (1 << i)) === 0 ? bits : bits | alsa), 0)
}

/** Kernel: virtsnd_kctl_parse_cfg(). Context: process. Return: 0 or -errno. */
export function* virtsnd_kctl_parse_cfg(snd: VirtioSndAck): Proc<number> {
  const { controls = 0 } = snd.config
  if (controls === 0) return 0
  const site = 'virtsnd_kctl_parse_cfg'
  const answer = yield* devmAlloc(snd, 'struct virtio_snd_ctl_info[]', site)
  if (answer === 0) return -ENOMEM
  if ((yield* devmAlloc(snd, 'struct virtio_kctl[]', site)) === 0) return -ENOMEM
  const command = VIRTIO_SND_R_CTL_INFO
  const infos = yield* virtsnd_ctl_query_info<VirtioSndCtlInfo>(snd, command, 0, controls, answer)
  if (typeof infos === 'number') return infos
  snd.kctls = infos.map((info) => ({ info, items: [], kctl: null }))
  for (const [cid, { info }] of snd.kctls.entries()) {
    if (info.type !== VIRTIO_SND_CTL_TYPE_ENUMERATED) continue
    const rc = yield* virtsnd_kctl_get_enum_items(snd, cid)
    if (rc !== 0) return rc
  }
  return 0
}

/** Kernel: devm_kcalloc(). Return: 0 when there is no memory. */
function* devmAlloc(snd: VirtioSndAck, what: string, site: string): Proc<ObjectId> {
  const object = yield* kmalloc(snd.k, 'GFP_KERNEL', { what, site, owner: snd.object })
  if (object !== 0) snd.vdev.devm.push({ object, locks: [] })
  return object
}

/** Kernel: virtsnd_kctl_get_enum_items(). Context: process. Return: 0 or -errno. */
function* virtsnd_kctl_get_enum_items(snd: VirtioSndAck, cid: number): Proc<number> {
  const kctl = snd.kctls[cid] as VirtioKctl
  const request = new VirtioSndControl(VIRTIO_SND_R_CTL_ENUM_ITEMS, cid, kctl.info.items, -1)
  const msg = yield* virtsnd_ctl_msg_alloc(snd, request, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  const what = 'struct virtio_snd_ctl_enum_item[]'
  msg.data = yield* devmAlloc(snd, what, 'virtsnd_kctl_get_enum_items')
  if (msg.data === 0) {
    virtsnd_ctl_msg_unref(snd, msg)
    return -ENOMEM
  }
  const rc = yield* virtsnd_ctl_msg_send(snd, msg, false)
  if (rc === 0) kctl.items = request.items
  return rc
}

/** Kernel: virtsnd_kctl_build_devs(). Context: process. Return: 0 or -errno. */
export function* virtsnd_kctl_build_devs(snd: VirtioSndAck): Proc<number> {
  for (const [cid, vkctl] of snd.kctls.entries()) {
    const kctl = yield* snd_ctl_new1(snd.card as SndCard, {
      iface: SNDRV_CTL_ELEM_IFACE_MIXER,
      device: 0,
      name: vkctl.info.name,
      index: vkctl.info.index,
      access: mapBits(ACCESS, vkctl.info.access),
      private_value: cid,
      info: () => virtsnd_kctl_info(vkctl),
      get: (_kctl, value) => virtsnd_kctl_get(snd, cid, value),
      put: (_kctl, value) => virtsnd_kctl_put(snd, cid, value),
      tlv: (_kctl, op, size) => virtsnd_kctl_tlv_op(snd, cid, op, size),
    })
    if (kctl === null) return -ENOMEM
    vkctl.kctl = kctl
    const rc = yield* snd_ctl_add(snd.card as SndCard, kctl)
    if (rc !== 0) return rc
  }
  return 0
}

/** Kernel: virtsnd_kctl_info(): known since probe. */
function virtsnd_kctl_info({ info, items }: VirtioKctl): SndCtlElemInfo {
  const { count, min, max, step } = info
  return { type: VIRTIO_SND_CTL_TYPES[info.type] ?? 'bytes', count, min, max, step, items }
}

/**
 * Kernel: virtsnd_kctl_get(). Context: process, controls_rwsem (reading) while the device answers.
 * Return: 0 or -errno.
 */
function* virtsnd_kctl_get(snd: VirtioSndAck, cid: number, value: SndCtlElemValue): Proc<number> {
  const request = new VirtioSndControl(VIRTIO_SND_R_CTL_READ, cid, 0, -1)
  const msg = yield* virtsnd_ctl_msg_alloc(snd, request, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  // The answer is looked at after the message has been let go of: a reference of its own.
  virtsnd_ctl_msg_ref(msg)
  const rc = yield* virtsnd_ctl_msg_send_sync(snd, msg)
  if (rc === 0) value.value = request.value
  virtsnd_ctl_msg_unref(snd, msg)
  return rc
}

/**
 * Kernel: virtsnd_kctl_put(). Context: process, controls_rwsem (writing) while the device answers.
 * Return: 0, never 1: the core tells nobody, it is for the device to send an event; or -errno.
 */
function* virtsnd_kctl_put(snd: VirtioSndAck, cid: number, value: SndCtlElemValue): Proc<number> {
  const request = new VirtioSndControl(VIRTIO_SND_R_CTL_WRITE, cid, 0, -1)
  const msg = yield* virtsnd_ctl_msg_alloc(snd, request, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  request.value = value.value
  return yield* virtsnd_ctl_msg_send_sync(snd, msg)
}

const TLV_REQUESTS: Readonly<Record<SndCtlTlvOp, number>> = {
  read: VIRTIO_SND_R_CTL_TLV_READ,
  write: VIRTIO_SND_R_CTL_TLV_WRITE,
  command: VIRTIO_SND_R_CTL_TLV_COMMAND,
}

/**
 * Kernel: virtsnd_kctl_tlv_op(). Context: process, controls_rwsem. Return: 0 or -errno. The buffer
 * is freed when the wait ends, also by a time-out, although the device still has it.
 */
function* virtsnd_kctl_tlv_op(
  snd: VirtioSndAck,
  cid: number,
  op: SndCtlTlvOp,
  size: number,
): Proc<number> {
  const { k } = snd
  const request = new VirtioSndControl(TLV_REQUESTS[op], cid, 0, -1)
  const msg = yield* virtsnd_ctl_msg_alloc(snd, request, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  request.tlv_bytes = size
  const site = 'virtsnd_kctl_tlv_op'
  const tlv = yield* kmalloc(k, 'GFP_KERNEL', { what: 'TLV data', site, owner: snd.object })
  if (tlv === 0) {
    virtsnd_ctl_msg_unref(snd, msg)
    return -ENOMEM
  }
  msg.data = tlv
  const rc = yield* virtsnd_ctl_msg_send(snd, msg, false)
  kfree(k, tlv, site)
  return rc
}

/** Kernel: virtsnd_kctl_event(). Context: hardirq; caller holds the event queue's lock. */
function* virtsnd_kctl_event(snd: VirtioSndAck, event: VirtioSndEvent): Proc {
  const vkctl = snd.kctls[event.data]
  snd.k.emit(T.driver_event, -1, traceEvent(event.code), vkctl === undefined ? 0 : 1)
  if (vkctl === undefined || vkctl.kctl === null) return
  yield* snd_ctl_notify(snd.card as SndCard, mapBits(MASKS, event.mask), vkctl.kctl)
}

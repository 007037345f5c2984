/**
 * Probe and remove of the driver as of v5.
 *
 * Kernel: sound/virtio/virtio_card.c, patch series v5 (in part v4, which its cover letter calls
 * equal).
 */
import type { Proc } from '../../../../sim/process.ts'
import { snd_card_register } from '../../../alsa/control.ts'
import { snd_card_new } from '../../../alsa/core.ts'
import { snd_card_free } from '../../../alsa/pcm_disconnect.ts'
import { WorkStruct } from '../../../linux/workqueue.ts'
import { type VirtioPciDevice, vp_del_vqs, vp_reset } from '../../../virtio/virtio_pci.ts'
import type { VirtioSndModuleParams } from '../module_params.ts'
import type { VirtioSndVariant } from '../variant.ts'
import { virtsnd_chmap_build_devs, virtsnd_chmap_parse_cfg } from '../virtio_chmap.ts'
import { virtsnd_ctl_msg_cancel_all, virtsnd_ctl_notify_cb } from '../virtio_ctl_msg.ts'
import { virtsnd_jack_build_devs, virtsnd_jack_parse_cfg } from '../virtio_jack.ts'
import { dev_err, VirtioSnd } from '../virtio_snd_device.ts'
import {
  freeEvents,
  virtsnd_enable_event_vq,
  virtsnd_event_notify_cb,
  virtsnd_find_vqs,
} from '../virtio_snd_queues.ts'
import { enterReset, leaveReset, requestReset, virtsnd_reset_fn } from './reset-work.ts'
import { virtsnd_pcm_build_devs, virtsnd_pcm_parse_cfg } from './virtio_pcm.ts'
import {
  virtsnd_pcm_msg_free,
  virtsnd_pcm_rx_notify_cb,
  virtsnd_pcm_tx_notify_cb,
} from './virtio_pcm_msg.ts'
import type { VirtioPcmSubstream } from './virtio_pcm_substream.ts'

/** Kernel: struct virtio_snd, with the work item that v6 dropped. */
export class VirtioSndV5 extends VirtioSnd<VirtioPcmSubstream> {
  readonly reset_work: WorkStruct

  constructor(vdev: VirtioPciDevice, params: VirtioSndModuleParams, variant: VirtioSndVariant) {
    super(vdev, params, variant)
    const fn = () => virtsnd_reset_fn(this)
    this.reset_work = new WorkStruct(vdev.k, '&snd->reset_work', fn, 'virtsnd_reset_fn')
  }
}

/** Feature bits that the driver accepts: it knows nothing of controls. */
export const feature_table = 0

/** Kernel: virtsnd_find_vqs(): one callback for each queue. */
function findQueues(snd: VirtioSndV5): Proc<number> {
  return virtsnd_find_vqs(snd, [
    (vqueue) => virtsnd_ctl_notify_cb(snd, vqueue),
    () => virtsnd_event_notify_cb(snd),
    (vqueue) => virtsnd_pcm_tx_notify_cb(snd, vqueue),
    (vqueue) => virtsnd_pcm_rx_notify_cb(snd, vqueue),
  ])
}

/**
 * Sets up the queues, asks the device what it has and makes a card of it.
 *
 * Kernel: virtsnd_probe(), virtsnd_build_devs(). Context: process. Return: the device, or -errno.
 */
export function* virtsnd_probe(
  vdev: VirtioPciDevice,
  params: VirtioSndModuleParams,
  variant: VirtioSndVariant = {},
): Proc<VirtioSndV5 | number> {
  const snd = new VirtioSndV5(vdev, params, variant)
  const config_changed = () => virtsnd_config_changed(snd)
  vdev.config_changed = config_changed
  const rc = yield* build(snd)
  if (rc === 0) return snd
  yield* virtsnd_remove(snd)
  return rc
}

function* build(snd: VirtioSndV5): Proc<number> {
  let rc = yield* findQueues(snd)
  if (rc !== 0) return rc
  snd.card = snd_card_new(snd.k, snd.object)
  snd.card.private_data = snd
  enterReset(snd)
  rc = yield* parseConfig(snd)
  if (rc === 0) rc = yield* buildDevices(snd)
  if (rc !== 0) return rc
  yield* snd_card_register(snd.card)
  yield* virtsnd_enable_event_vq(snd)
  return 0
}

/** What the device has. Kernel: the first half of virtsnd_build_devs(). Return: 0 or -errno. */
function* parseConfig(snd: VirtioSndV5): Proc<number> {
  let rc = yield* virtsnd_jack_parse_cfg(snd)
  if (rc === 0) rc = yield* virtsnd_pcm_parse_cfg(snd)
  if (rc === 0) rc = yield* virtsnd_chmap_parse_cfg(snd)
  return rc
}

/** What ALSA gets of it. Kernel: the second half of virtsnd_build_devs(). Return: 0 or -errno. */
function* buildDevices(snd: VirtioSndV5): Proc<number> {
  let rc = yield* virtsnd_jack_build_devs(snd)
  if (rc !== 0) return rc
  virtsnd_pcm_build_devs(snd)
  rc = yield* virtsnd_chmap_build_devs(snd)
  return rc
}

/** Kernel: virtsnd_remove(), as in v4. Context: process. As posted: reset_work is not cancelled. */
export function* virtsnd_remove(bound: VirtioSndV5): Proc {
  const snd = yield* leaveReset(bound)
  if (snd === null) return
  yield* vp_reset(snd.vdev)
  yield* virtsnd_ctl_msg_cancel_all(snd)
  if (snd.card !== null) yield* snd_card_free(snd.card)
  vp_del_vqs(snd.vdev)
  for (const vss of snd.substreams) virtsnd_pcm_msg_free(vss)
  freeEvents(snd, 'virtsnd_remove')
  // The structure itself is the device's (devm): gone once the driver is unbound.
  snd.freed = true
}

/** Kernel: virtsnd_config_changed(). Context: hardirq. */
function* virtsnd_config_changed(snd: VirtioSndV5): Proc {
  if (snd.vdev.port.needsReset) yield* requestReset(snd)
  else yield* dev_err(snd, 'sound device configuration was changed')
}

/** Kernel: virtsnd_freeze(); inferred from its remove. Context: process. */
export function* virtsnd_freeze(snd: VirtioSndV5): Proc {
  yield* vp_reset(snd.vdev)
  yield* virtsnd_ctl_msg_cancel_all(snd)
  vp_del_vqs(snd.vdev)
  freeEvents(snd, 'virtsnd_freeze')
}

/** Kernel: virtsnd_restore(). Context: process. Return: 0 or -errno. */
export function* virtsnd_restore(snd: VirtioSndV5): Proc<number> {
  const rc = yield* findQueues(snd)
  if (rc !== 0) return rc
  yield* virtsnd_enable_event_vq(snd)
  return 0
}

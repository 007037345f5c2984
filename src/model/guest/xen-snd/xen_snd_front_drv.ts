/**
 * Binding of the front end, and what it does when the back end changes its state. The second half
 * of sound/xen/xen_snd_front.c, apart because the first is used by the file that this one uses.
 *
 * Kernel: sound/xen/xen_snd_front.c, v6.1 and v6.12. Times are milliseconds.
 */
import type { Proc } from '../../../sim/process.ts'
import { printk } from '../../linux/printk.ts'
import { msleep } from '../../linux/sched.ts'
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
  xenbus_strstate,
} from '../../xen/seam.ts'
import {
  type XenbusDevice,
  type XenbusDriver,
  xenbus_read_state,
  xenbus_switch_state,
} from '../../xen/xenbus.ts'
import type { XenSndVariant } from './variant.ts'
import {
  type XenSndFrontCardInfo,
  xen_snd_front_alsa_fini,
  xen_snd_front_alsa_init,
} from './xen_snd_front_alsa.ts'
import { type XenFrontCfgPcmInstance, xen_snd_front_cfg_card } from './xen_snd_front_cfg.ts'
import { xen_snd_front_alsa_handle_cur_pos } from './xen_snd_front_cur_pos.ts'
import {
  type EvtchnlPair,
  xen_snd_front_evtchnl_create_all,
  xen_snd_front_evtchnl_free_all,
  xen_snd_front_evtchnl_publish_all,
} from './xen_snd_front_evtchnl.ts'

/** How often, and for how long each time, a removal waits for the back end. */
const REMOVE_TRIES = 100
const REMOVE_SLEEP_MS = 10

/** Kernel: struct xen_snd_front_info. */
export class XenSndFrontInfo {
  readonly xb_dev: XenbusDevice
  readonly variant: XenSndVariant
  cfg: XenFrontCfgPcmInstance | null = null
  evt_pairs: EvtchnlPair[] | null = null
  card_info: XenSndFrontCardInfo | null = null

  constructor(xb_dev: XenbusDevice, variant: XenSndVariant) {
    this.xb_dev = xb_dev
    this.variant = variant
  }
}

/** Kernel: xen_snd_drv_fini(). Context: process; waits until every file of the card is closed. */
function* xen_snd_drv_fini(info: XenSndFrontInfo): Proc {
  if (info.card_info !== null) yield* xen_snd_front_alsa_fini(info.card_info)
  info.card_info = null
  if (info.evt_pairs === null) return
  yield* xen_snd_front_evtchnl_free_all(info.xb_dev.port, info.evt_pairs)
  info.evt_pairs = null
}

/** Kernel: sndback_initwait(). Context: process (xenwatch). */
function sndback_initwait(info: XenSndFrontInfo): void {
  const { k, port } = info.xb_dev
  info.cfg = xen_snd_front_cfg_card(port.store)
  const num_streams = info.cfg.streams_pb.length + info.cfg.streams_cap.length
  const handler = xen_snd_front_alsa_handle_cur_pos
  info.evt_pairs = xen_snd_front_evtchnl_create_all(k, port, num_streams, handler)
  xen_snd_front_evtchnl_publish_all(port, info.evt_pairs)
}

/** Kernel: sndback_disconnect(). Context: process (xenwatch). */
function* sndback_disconnect(info: XenSndFrontInfo): Proc {
  yield* xen_snd_drv_fini(info)
  yield* xenbus_switch_state(info.xb_dev, XenbusStateInitialising)
}

/** Kernel: sndback_changed(). Context: process (xenwatch). */
function* sndback_changed(info: XenSndFrontInfo, backend_state: number): Proc {
  const { xb_dev } = info
  switch (backend_state) {
    case XenbusStateInitialising:
      yield* sndback_disconnect(info)
      break
    case XenbusStateInitWait:
      yield* sndback_disconnect(info)
      sndback_initwait(info)
      yield* xenbus_switch_state(xb_dev, XenbusStateInitialised)
      break
    case XenbusStateConnected:
      if (xb_dev.state !== XenbusStateInitialised) break
      if (info.cfg !== null && info.evt_pairs !== null) {
        info.card_info = xen_snd_front_alsa_init(xb_dev, info.cfg, info.evt_pairs, info.variant)
      }
      yield* xenbus_switch_state(xb_dev, XenbusStateConnected)
      break
    case XenbusStateUnknown:
    case XenbusStateClosed:
      if (xb_dev.state !== XenbusStateClosed) yield* sndback_disconnect(info)
      break
    default:
      break
  }
}

/** Kernel: xen_drv_probe(). Context: process. Return: the front end. */
function* xen_drv_probe(xb_dev: XenbusDevice, variant: XenSndVariant): Proc<object> {
  const info = new XenSndFrontInfo(xb_dev, variant)
  yield* xenbus_switch_state(xb_dev, XenbusStateInitialising)
  return info
}

/**
 * Nobody tells a driver that is being removed of states, so it asks, for a second at least.
 *
 * Kernel: xen_drv_remove(). Context: process. Locks: &dev->mutex of the caller.
 */
function* xen_drv_remove(xb_dev: XenbusDevice): Proc {
  const info = xb_dev.priv as XenSndFrontInfo
  yield* xenbus_switch_state(xb_dev, XenbusStateClosing)
  let to = REMOVE_TRIES
  while ((yield* xenbus_read_state(xb_dev)) !== XenbusStateInitWait && --to > 0) {
    yield* msleep(xb_dev.k, REMOVE_SLEEP_MS)
  }
  if (to === 0) {
    const state = xenbus_strstate(yield* xenbus_read_state(xb_dev))
    yield* printk(xb_dev.k, `Backend state is ${state} while removing driver`)
  }
  yield* xen_snd_drv_fini(info)
  yield* xenbus_switch_state(xb_dev, XenbusStateClosed)
}

/** The driver with a variant of its code: what xenbus_dev_probe() binds. */
export function xenSndDriver(variant: XenSndVariant): XenbusDriver {
  return {
    probe: (xb_dev) => xen_drv_probe(xb_dev, variant),
    remove: xen_drv_remove,
    otherend_changed: (xb_dev, state) => sndback_changed(xb_dev.priv as XenSndFrontInfo, state),
  }
}

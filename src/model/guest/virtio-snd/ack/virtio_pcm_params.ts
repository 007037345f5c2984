/**
 * PCM operators that set a stream up. Sizes are bytes.
 *
 * Kernel: sound/virtio/virtio_pcm_ops.c, v6.12.107.
 */
import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmSubstream } from '../../../alsa/pcm.ts'
import type { SndPcmHwParams } from '../../../alsa/pcm_params.ts'
import { snd_pcm_lib_buffer_bytes } from '../../../alsa/pcm_runtime.ts'
import { EBADFD, EINVAL, ENOMEM } from '../../../linux/errno.ts'
import {
  VIRTIO_SND_R_PCM_PREPARE,
  VIRTIO_SND_R_PCM_SET_PARAMS,
} from '../../../virtio/virtio_snd.ts'
import {
  type DeviceParams,
  fillRequest,
  isMappable,
  requestedParams,
  runtimeParams,
} from '../device_params.ts'
import { virtsnd_ctl_msg_send_sync } from '../virtio_ctl_msg.ts'
import { dev_err } from '../virtio_snd_device.ts'
import {
  sendCommand,
  virtsnd_pcm_ctl_msg_alloc,
  virtsnd_pcm_msg_alloc,
  virtsnd_pcm_msg_free,
  virtsnd_pcm_msg_pending_num,
} from './virtio_pcm_msg.ts'
import { chipOf, type VirtioPcmSubstream } from './virtio_pcm_substream.ts'

/** Kernel: virtsnd_pcm_dev_set_params(). Context: process. Return: 0 or -errno. */
function* virtsnd_pcm_dev_set_params(vss: VirtioPcmSubstream, params: DeviceParams): Proc<number> {
  if (!isMappable(params)) return -EINVAL
  const msg = yield* virtsnd_pcm_ctl_msg_alloc(vss, VIRTIO_SND_R_PCM_SET_PARAMS, 'GFP_KERNEL')
  if (msg === null) return -ENOMEM
  fillRequest(msg.request, params)
  return yield* virtsnd_ctl_msg_send_sync(vss.snd, msg)
}

/** Kernel: virtsnd_pcm_hw_params(). Context: process, buffer_mutex. Return: 0 or -errno. */
export function* virtsnd_pcm_hw_params(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
): Proc<number> {
  const vss = chipOf(substream)
  if ((yield* virtsnd_pcm_msg_pending_num(vss)) !== 0) return yield* invalidQueue(vss)
  const wanted = requestedParams(params)
  const rc = yield* virtsnd_pcm_dev_set_params(vss, wanted)
  if (rc !== 0) return rc
  // Left over when hw_params is called several times in a row or hw_free could not free them.
  virtsnd_pcm_msg_free(vss)
  return yield* virtsnd_pcm_msg_alloc(vss, wanted.periods, wanted.period_bytes)
}

function* invalidQueue(vss: VirtioPcmSubstream): Proc<number> {
  yield* dev_err(vss.snd, `SID ${vss.sid}: invalid I/O queue state`)
  return -EBADFD
}

/** Kernel: virtsnd_pcm_hw_free(): messages that the device still has are kept. */
export function* virtsnd_pcm_hw_free(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  if ((yield* virtsnd_pcm_msg_pending_num(vss)) === 0) virtsnd_pcm_msg_free(vss)
  return 0
}

/** Kernel: virtsnd_pcm_prepare(). Context: process, buffer_mutex. Return: 0 or -errno. */
export function* virtsnd_pcm_prepare(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  if (!vss.suspended) {
    if ((yield* virtsnd_pcm_msg_pending_num(vss)) !== 0) return yield* invalidQueue(vss)
    vss.buffer_bytes = snd_pcm_lib_buffer_bytes(substream)
    vss.hw_ptr = 0
  } else {
    const rc = yield* virtsnd_pcm_dev_set_params(vss, runtimeParams(substream))
    if (rc !== 0) return rc
  }
  vss.xfer_xrun = false
  vss.suspended = false
  vss.msg_count = 0
  vss.pcm_indirect.reset(snd_pcm_lib_buffer_bytes(substream))
  return yield* sendCommand(vss, VIRTIO_SND_R_PCM_PREPARE)
}

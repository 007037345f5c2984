/**
 * PCM operators that set a stream up. Sizes are bytes.
 *
 * Kernel: sound/virtio/virtio_pcm_ops.c, patch series v5 (in part v4, which its cover letter calls
 * equal).
 */
import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmSubstream } from '../../../alsa/pcm.ts'
import { SNDRV_PCM_STATE_SUSPENDED } from '../../../alsa/pcm_constants.ts'
import type { SndPcmHwParams } from '../../../alsa/pcm_params.ts'
import { EBADFD, EINVAL, ENOMEM } from '../../../linux/errno.ts'
import { spin_lock_irqsave, spin_unlock_irqrestore } from '../../../linux/spinlock.ts'
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

/**
 * Kernel: virtsnd_pcm_hw_params(). Context: process, buffer_mutex; from a resume: stream lock.
 * `params` null: those of the runtime. Return: 0 or -errno.
 */
export function* virtsnd_pcm_hw_params(
  substream: SndPcmSubstream,
  params: SndPcmHwParams | null,
): Proc<number> {
  const vss = chipOf(substream)
  if (vss.msg_flushing) return yield* invalidQueue(vss)
  const wanted = params === null ? runtimeParams(substream) : requestedParams(params)
  const rc = yield* virtsnd_pcm_dev_set_params(vss, wanted)
  if (rc !== 0) return rc
  // Messages of a suspended stream still fit.
  if (substream.runtime.state === SNDRV_PCM_STATE_SUSPENDED) return 0
  // The old ones are still there: hw_free does not free them.
  virtsnd_pcm_msg_free(vss)
  return yield* virtsnd_pcm_msg_alloc(vss, wanted.periods, wanted.period_bytes)
}

function* invalidQueue(vss: VirtioPcmSubstream): Proc<number> {
  yield* dev_err(vss.snd, `SID ${vss.sid}: invalid I/O queue state`)
  return -EBADFD
}

/** Kernel: virtsnd_pcm_hw_free(): the messages stay until the next hw_params or the removal. */
export function* virtsnd_pcm_hw_free(substream: SndPcmSubstream): Proc<number> {
  const vss = chipOf(substream)
  if (vss.snd.variant.free_always === true) virtsnd_pcm_msg_free(vss)
  return 0
}

/** Kernel: virtsnd_pcm_prepare(). Context: process, buffer_mutex. Return: 0 or -errno. */
export function* virtsnd_pcm_prepare(substream: SndPcmSubstream): Proc<number> {
  const { runtime } = substream
  const vss = chipOf(substream)
  if (vss.msg_flushing) return yield* invalidQueue(vss)
  const flags = yield* spin_lock_irqsave(vss.lock)
  vss.frame_bytes = runtime.frame_bits / 8
  vss.period_size = runtime.period_size
  vss.buffer_size = runtime.buffer_size
  vss.hw_ptr = 0
  vss.xfer_xrun = false
  vss.msg_last_enqueued = -1
  vss.msg_count = 0
  yield* spin_unlock_irqrestore(vss.lock, flags)
  return yield* sendCommand(vss, VIRTIO_SND_R_PCM_PREPARE)
}

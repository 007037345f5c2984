/**
 * The structures of the driver as of v6's PCM streams. hw_ptr, buffer_bytes, length: bytes.
 *
 * Kernel: sound/virtio/virtio_pcm.h, patch series v6 of 27 February 2021.
 */

import type { Proc } from '../../../../sim/process.ts'
import type { SndPcmHardware, SndPcmSubstream } from '../../../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_CAPTURE, SNDRV_PCM_STREAM_PLAYBACK } from '../../../alsa/pcm_constants.ts'
import { declareShared, unrecorded } from '../../../linux/kcsan.ts'
import type { ObjectId } from '../../../linux/slab.ts'
import { SpinlockT, spin_lock_irqsave, spin_unlock_irqrestore } from '../../../linux/spinlock.ts'
import { WaitQueueHead } from '../../../linux/wait.ts'
import {
  VIRTIO_SND_D_OUTPUT,
  VIRTIO_SND_EVT_PCM_XRUN,
  VIRTIO_SND_VQ_RX,
  VIRTIO_SND_VQ_TX,
  type VirtioSndPcmInfo,
  type VirtioSndXfer,
} from '../../../virtio/virtio_snd.ts'
import type { VirtioSnd, VirtioSndEventTarget, VirtioSndQueue } from '../virtio_snd_device.ts'

const PAGE_SIZE = 4096

/** Kernel: struct virtio_pcm_msg (virtio_pcm_msg.c). */
export class VirtioPcmMsg {
  readonly object: ObjectId
  readonly substream: VirtioPcmSubstream
  readonly index: number
  readonly xfer: VirtioSndXfer
  readonly length: number
  /** Segments of the data: pages of vmalloc memory, taken as never contiguous. */
  readonly data_sgs: number
  /** The ring that they are pieces of. */
  readonly data: ObjectId

  constructor(object: ObjectId, substream: VirtioPcmSubstream, index: number, xfer: VirtioSndXfer) {
    this.object = object
    this.substream = substream
    this.data = (substream.substream as SndPcmSubstream).dma_object
    this.index = index
    this.xfer = xfer
    this.length = xfer.bytes
    const first = Math.floor(xfer.offset / PAGE_SIZE)
    this.data_sgs = Math.floor((xfer.offset + xfer.bytes - 1) / PAGE_SIZE) - first + 1
  }
}

/** Variables that callbacks, interrupts and work items share. */
const SHARED = [
  'hw_ptr',
  'xfer_enabled',
  'xfer_xrun',
  'release',
  'msg_last_enqueued',
  'msg_count',
  'buffer_bytes',
] as const

/** Kernel: struct virtio_pcm_substream. */
export class VirtioPcmSubstream implements VirtioSndEventTarget {
  readonly snd: VirtioSnd<VirtioPcmSubstream>
  readonly nid: number
  readonly sid: number
  readonly direction: number
  readonly features: number
  readonly hw: SndPcmHardware
  substream: SndPcmSubstream | null = null
  readonly lock: SpinlockT
  buffer_bytes = 0
  hw_ptr = 0
  xfer_enabled = false
  xfer_xrun = false
  /** The device owes us the queue: RELEASE is due. */
  release = false
  msgs: VirtioPcmMsg[] = []
  msg_last_enqueued = -1
  msg_count = 0
  readonly msg_empty: WaitQueueHead

  constructor(
    snd: VirtioSnd<VirtioPcmSubstream>,
    sid: number,
    info: VirtioSndPcmInfo,
    hw: SndPcmHardware,
  ) {
    const { k } = snd
    this.snd = snd
    this.sid = sid
    this.nid = info.hda_fn_nid
    this.features = info.features
    this.direction =
      info.direction === VIRTIO_SND_D_OUTPUT ? SNDRV_PCM_STREAM_PLAYBACK : SNDRV_PCM_STREAM_CAPTURE
    this.hw = hw
    this.lock = new SpinlockT(k, '&vss->lock', `vss${sid}->lock`)
    this.msg_empty = new WaitQueueHead(k, '&vss->msg_empty', `vss${sid}->msg_empty`)
    declareShared(k, this, `vss${sid}`, SHARED)
  }

  /** The condition that sync_stop waits for; the kernel reads it under the lock. */
  isEmpty(): boolean {
    return unrecorded(this.snd.k, () => this.msg_count === 0)
  }

  /**
   * The device reported something. Kernel: virtsnd_pcm_event(). Context: hardirq. Locks: vss->lock.
   */
  *event(code: number): Proc {
    if (code !== VIRTIO_SND_EVT_PCM_XRUN) return
    const flags = yield* spin_lock_irqsave(this.lock)
    if (this.xfer_enabled) this.xfer_xrun = true
    yield* spin_unlock_irqrestore(this.lock, flags)
  }
}

/** The queue that carries a substream's messages. Kernel: virtsnd_pcm_queue(). */
export function virtsnd_pcm_queue(vss: VirtioPcmSubstream): VirtioSndQueue {
  const playback = vss.direction === SNDRV_PCM_STREAM_PLAYBACK
  return vss.snd.queues[playback ? VIRTIO_SND_VQ_TX : VIRTIO_SND_VQ_RX] as VirtioSndQueue
}

/** Kernel: snd_pcm_substream_chip(). */
export function chipOf(substream: SndPcmSubstream): VirtioPcmSubstream {
  return substream.private_data as VirtioPcmSubstream
}

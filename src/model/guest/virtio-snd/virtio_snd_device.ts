/**
 * The driver's view of one device: queues with their locks, pending control messages, events. The
 * part of virtio_card.h and virtio_card.c that is the same in v5, v6, v7 and ack.
 *
 * Kernel: sound/virtio/virtio_card.c, virtio_card.h.
 */
import { DONE, type Proc } from '../../../sim/process.ts'
import type { SndCard } from '../../alsa/core.ts'
import type { SndPcmSubstream } from '../../alsa/pcm.ts'
import type { Completion } from '../../linux/completion.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { printk } from '../../linux/printk.ts'
import { newObject, type ObjectId, reportUseAfterFree } from '../../linux/slab.ts'
import { SpinlockT } from '../../linux/spinlock.ts'
import { WorkStruct } from '../../linux/workqueue.ts'
import type { VirtioPciDevice } from '../../virtio/virtio_pci.ts'
import type { Virtqueue } from '../../virtio/virtio_ring.ts'
import {
  VIRTIO_SND_VQ_MAX,
  type VirtioSndConfig,
  type VirtioSndControl,
  type VirtioSndEvent,
} from '../../virtio/virtio_snd.ts'
import type { VirtioSndChmapInfo } from '../../virtio/virtio_snd_ctl.ts'
import type { VirtioSndModuleParams } from './module_params.ts'
import type { VirtioSndVariant } from './variant.ts'
import type { VirtioJack } from './virtio_jack.ts'

/** Kernel: struct virtio_snd_queue. All four locks are initialised by one statement: one class. */
export class VirtioSndQueue {
  readonly lock: SpinlockT
  vqueue: Virtqueue | null = null

  constructor(k: Kernel, index: number) {
    this.lock = new SpinlockT(k, '&snd->queues[i].lock', `&snd->queues[${index}].lock`)
  }
}

/** Kernel: struct virtio_snd_msg (virtio_ctl_msg.c). */
export class VirtioSndMsg {
  readonly object: ObjectId
  readonly id: number
  readonly request: VirtioSndControl
  readonly notify: Completion
  /** Memory of the further segment, of requests that have one. */
  data: ObjectId = 0
  ref_count = 1

  constructor(object: ObjectId, id: number, request: VirtioSndControl, notify: Completion) {
    this.object = object
    this.id = id
    this.request = request
    this.notify = notify
  }
}

/** What the event queue and the channel maps need of a substream. */
export interface VirtioSndEventTarget {
  readonly substream: SndPcmSubstream | null
  readonly nid: number
  /** SNDRV_PCM_STREAM_*. */
  readonly direction: number
  event(code: number): Proc
}

/** Kernel: struct virtio_snd. `S` is the version's struct virtio_pcm_substream. */
export class VirtioSnd<S extends VirtioSndEventTarget = VirtioSndEventTarget> {
  readonly k: Kernel
  readonly vdev: VirtioPciDevice
  readonly params: VirtioSndModuleParams
  readonly variant: VirtioSndVariant
  readonly queues: readonly VirtioSndQueue[]
  readonly ctl_msgs: VirtioSndMsg[] = []
  /** Numbers of control messages in the trace. */
  next_msg = 0
  /** Completions of messages that were freed: the next ones lie in the same memory. */
  readonly completions: Completion[] = []
  /** Memory of the structure itself, and of the array of events. */
  readonly object: ObjectId
  events_object: ObjectId = 0
  readonly event_msgs: VirtioSndEvent[] = []
  card: SndCard | null = null
  jacks: VirtioJack[] = []
  chmaps: readonly VirtioSndChmapInfo[] = []
  substreams: S[] = []
  /** Work items of the substreams that probe left unbuilt: remove() cancels them all the same. */
  readonly unbuilt: WorkStruct[] = []
  /** The structure was given back: whoever still uses it is reported. */
  freed = false

  constructor(
    vdev: VirtioPciDevice,
    params: VirtioSndModuleParams,
    variant: VirtioSndVariant = {},
  ) {
    this.k = vdev.k
    this.variant = variant
    this.vdev = vdev
    this.params = params
    this.queues = Array.from({ length: VIRTIO_SND_VQ_MAX }, (_, i) => new VirtioSndQueue(vdev.k, i))
    this.object = newObject(vdev.k, { what: 'struct virtio_snd', site: 'virtsnd_probe' })
    const locks = this.queues.map((queue) => queue.lock)
    for (const lock of locks) lock.recordInit(vdev.k.current)
    vdev.devm.push({ object: this.object, locks })
  }

  /** A control element changed, in versions that know of controls. */
  kctl_event(_event: VirtioSndEvent): Proc {
    return DONE
  }

  get config(): VirtioSndConfig {
    return this.vdev.port.config as VirtioSndConfig
  }
}

/**
 * Probe gives up with fewer substreams than the device has, and remove() goes through all of them.
 * Since 3c7df2e27346 INIT_WORK() comes before anything that may fail. Up to then it had run for
 * the first `reached` only, and the rest is zeroed memory. Differs: the items are made only here,
 * where somebody can see them.
 *
 * Kernel: the error paths of virtsnd_pcm_parse_cfg(). Return: `rc`.
 */
export function leaveUnbuilt(snd: VirtioSnd, reached: number, rc: number): number {
  const late = snd.k.reverted.has('3c7df2e27346')
  for (let sid = snd.substreams.length; sid < snd.config.streams; sid++) {
    const name = '&vss->elapsed_period'
    const work = new WorkStruct(snd.k, name, () => DONE, 'virtsnd_pcm_period_elapsed')
    work.initialised = !late || sid < reached
    snd.unbuilt.push(work)
  }
  return rc
}

/** The ring of a queue that is set up. */
export function vqueueOf(queue: VirtioSndQueue): Virtqueue {
  return queue.vqueue as Virtqueue
}

/** A line of the driver in the kernel log, as dev_err() and dev_warn() write it. */
export function dev_err(snd: VirtioSnd, text: string): Proc {
  return printk(snd.k, `virtio_snd ${snd.vdev.name}: ${text}`)
}

/**
 * Whether a completion finds its stream closed; then it is reported, and the caller leaves it at
 * that. A START of linked streams that fails or is interrupted is undone for the others only, so
 * transfers stay enabled when the stream is closed.
 *
 * Kernel: virtsnd_pcm_msg_complete() has no such test: it follows the null pointer, an oops in the
 * interrupt. Differs: here the machine goes on.
 */
export function isRuntimeGone(snd: VirtioSnd, substream: SndPcmSubstream): boolean {
  if (substream.isOpen) return false
  const where = `a message of ${substream.name} completes after the close`
  reportUseAfterFree(snd.k, `${where}: null pointer dereference of substream->runtime`)
  return true
}

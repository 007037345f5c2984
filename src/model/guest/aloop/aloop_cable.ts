/**
 * The structures of the loopback card: a cable joins a playback substream of one PCM device to the
 * capture substream of the other that has its number. Sizes are bytes, as the driver counts them.
 *
 * Kernel: struct loopback, loopback_cable, loopback_pcm of sound/drivers/aloop.c, v6.1.
 */
import type { Bytes, Frames } from '../../../base/units.ts'
import type { SndPcmHardware, SndPcmSubstream } from '../../alsa/pcm.ts'
import { SNDRV_PCM_STREAM_CAPTURE, SNDRV_PCM_STREAM_PLAYBACK } from '../../alsa/pcm_constants.ts'
import { declareShared } from '../../linux/kcsan.ts'
import type { Kernel } from '../../linux/kernel.ts'
import { Mutex } from '../../linux/mutex.ts'
import { kfree, type ObjectId, reportUseAfterFree } from '../../linux/slab.ts'
import { SpinlockT } from '../../linux/spinlock.ts'
import type { TimerList } from '../../linux/timer.ts'
import { LOOPBACK_PCM_HARDWARE, MAX_PCM_SUBSTREAMS } from './aloop_hardware.ts'

export const CABLE_VALID_BOTH = (1 << SNDRV_PCM_STREAM_PLAYBACK) | (1 << SNDRV_PCM_STREAM_CAPTURE)

export class Loopback {
  readonly k: Kernel
  readonly cable_lock: Mutex
  /** By number of the substream, then by the device that plays. */
  readonly cables: (LoopbackCable | null)[][]

  constructor(k: Kernel) {
    this.k = k
    this.cable_lock = new Mutex(k, '&loopback->cable_lock', 'loopback cable_lock')
    this.cables = Array.from({ length: MAX_PCM_SUBSTREAMS }, () => [null, null])
  }
}

export class LoopbackCable {
  readonly object: ObjectId
  readonly lock: SpinlockT
  /** By direction. */
  readonly streams: (LoopbackPcm | null)[] = [null, null]
  /** What the other side must do: the parameters of the side that has set them. */
  hw: SndPcmHardware = LOOPBACK_PCM_HARDWARE
  /** Bits of the directions that are prepared, started, paused. */
  valid = 0
  running = 0
  pause = 0
  freed = false

  constructor(k: Kernel, object: ObjectId, name: string) {
    this.object = object
    this.lock = new SpinlockT(k, '&cable->lock', `${name} cable->lock`)
    this.lock.recordInit(k.current)
    declareShared(k, this as LoopbackCable, name, ['running', 'pause'])
  }
}

export class LoopbackPcm {
  readonly loopback: Loopback
  readonly substream: SndPcmSubstream
  readonly cable: LoopbackCable
  readonly object: ObjectId
  /** Set before anybody else may see it. */
  timer: TimerList | null = null
  pcm_buffer_size: Bytes = 0
  /** Position in the ring. */
  buf_pos: Bytes = 0
  pcm_period_size: Bytes = 0
  /** Bytes of a second, and of a frame. */
  pcm_bps: Bytes = 0
  pcm_salign: Bytes = 1
  period_update_pending = false
  /** What of a period has passed, and a period: bytes times HZ. */
  irq_pos = 0
  period_size_frac = 0
  last_drift: Bytes = 0
  last_jiffies = 0
  freed = false
  /** Ours, for the records: frame that the cable should find next, or records next. */
  index: Frames = -1

  constructor(
    loopback: Loopback,
    substream: SndPcmSubstream,
    cable: LoopbackCable,
    object: ObjectId,
  ) {
    this.loopback = loopback
    this.substream = substream
    this.cable = cable
    this.object = object
  }
}

/** Kernel: get_cable_index(). */
export function get_cable_index({ pcm, stream }: SndPcmSubstream): number {
  return pcm.device === 0 ? stream : 1 - stream
}

/**
 * Whether memory that a timer function goes on to use has been given back; then it is reported, and
 * the caller leaves it at that. Kernel: it has no such test. Differs: here the machine goes on.
 */
export function isFreed({ loopback: { k }, cable, freed }: LoopbackPcm, where: string): boolean {
  if (!freed && !cable.freed) return false
  const [what, by] = cable.freed
    ? ['struct loopback_cable', 'free_cable']
    : ['struct loopback_pcm', 'loopback_runtime_free']
  const text = `loopback_jiffies_timer_function() ${where} a ${what} that ${by}() has freed`
  reportUseAfterFree(k, text)
  return true
}

/** Kernel: free_cable(). Context: process, cable_lock held. */
export function kfree_cable(k: Kernel, cable: LoopbackCable): void {
  cable.freed = true
  kfree(k, cable.object, 'free_cable', [cable.lock])
}

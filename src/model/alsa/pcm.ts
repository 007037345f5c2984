/**
 * PCM devices, their substreams and groups: the structures that the core, the drivers and the
 * clients share. Mirrors include/sound/pcm.h and sound/core/pcm.c. The state of an open stream is
 * in pcm_runtime.ts, behaviour in the files named after the kernel's. Sizes are frames.
 */
import type { Bytes, Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { declareShared } from '../linux/kcsan.ts'
import type { Kernel } from '../linux/kernel.ts'
import type { LockBase } from '../linux/lock-base.ts'
import { Mutex } from '../linux/mutex.ts'
import { kfree, newObject, type ObjectId } from '../linux/slab.ts'
import { SpinlockT } from '../linux/spinlock.ts'
import { WaitQueueHead } from '../linux/wait.ts'
import type { GuestBuffer } from '../machine/guest-buffer.ts'
import type { SndCard, SndCore } from './core.ts'
import type { BufferGuard } from './pcm_buffer_guard.ts'
import { SNDRV_PCM_STREAM_CAPTURE, SNDRV_PCM_STREAM_PLAYBACK } from './pcm_constants.ts'
import type { UserFrames } from './pcm_copy.ts'
import type { SndPcmHwParams } from './pcm_params.ts'
import { SndPcmRuntime } from './pcm_runtime.ts'
import { snd_pcm_timer_init } from './pcm_timer.ts'
import type { SndPcmTimeInfo } from './pcm_tstamp.ts'
import type { SndTimer } from './timer.ts'

/** What a driver says about its hardware. Kernel: struct snd_pcm_hardware. */
export interface SndPcmHardware {
  /** SNDRV_PCM_INFO_* flags. */
  readonly info: number
  /** Format numbers (SNDRV_PCM_FORMATS). */
  readonly formats: readonly number[]
  /** Rates in Hz; `continuous` means any from rate_min to rate_max. */
  readonly rates: readonly number[] | 'continuous'
  readonly rate_min: number
  readonly rate_max: number
  readonly channels_min: number
  readonly channels_max: number
  readonly buffer_bytes_max: Bytes
  readonly period_bytes_min: Bytes
  readonly period_bytes_max: Bytes
  readonly periods_min: number
  readonly periods_max: number
}

/**
 * A driver's callbacks. Which locks are held: domain/alsa-core.md §3; trigger, pointer, ack and
 * fill_silence run under the stream lock and may sleep only if the PCM is nonatomic. Those that
 * return a number return 0 or -errno, `pointer` a frame position or SNDRV_PCM_POS_XRUN.
 */
export interface SndPcmOps {
  open(substream: SndPcmSubstream): Proc<number>
  close(substream: SndPcmSubstream): Proc<number>
  hw_params?(substream: SndPcmSubstream, params: SndPcmHwParams): Proc<number>
  hw_free?(substream: SndPcmSubstream): Proc<number>
  prepare(substream: SndPcmSubstream): Proc<number>
  trigger(substream: SndPcmSubstream, cmd: number): Proc<number>
  sync_stop?(substream: SndPcmSubstream): Proc<number>
  pointer(substream: SndPcmSubstream): Proc<number>
  ack?(substream: SndPcmSubstream): Proc<number>
  /** Stamps by the hardware's clock. Asked with each pointer if time stamps are enabled. */
  get_time_info?(substream: SndPcmSubstream, info: SndPcmTimeInfo): Proc<number>
  /** Moves frames between user memory and the driver's; the core then leaves the ring alone. */
  copy?(substream: SndPcmSubstream, offset: Frames, frames: Frames, user: UserFrames): Proc<number>
  fill_silence?(substream: SndPcmSubstream, offset: Frames, frames: Frames): Proc<number>
}

/** Streams that are started and stopped together, a single one included. */
export class SndPcmGroup {
  readonly lock: SpinlockT
  readonly mutex: Mutex
  readonly substreams: SndPcmSubstream[] = []
  refs = 1

  /** Kernel: snd_pcm_group_init(): one lock class for own and for linked groups. */
  constructor(k: Kernel, name: string) {
    this.lock = new SpinlockT(k, '&group->lock', `${name} group->lock`)
    this.mutex = new Mutex(k, '&group->mutex', `${name} group->mutex`)
  }
}

export class SndPcmSubstream {
  readonly pcm: SndPcm
  readonly k: Kernel
  /** SNDRV_PCM_STREAM_PLAYBACK or _CAPTURE. */
  readonly stream: number
  readonly number: number
  /** As in log lines: pcmC0D0p:0. */
  readonly name: string
  /** Number and name of its symbol in the trace; the first substream's name drops the `:0`. */
  readonly id: number
  readonly symbolName: string
  ops: SndPcmOps
  /** Limits that `open` starts from; the op may replace runtime.hw. */
  readonly hardware: SndPcmHardware
  private_data: unknown = null
  private current: SndPcmRuntime | null = null
  private object: ObjectId = 0
  /** The core allocates and frees the buffer around hw_params and hw_free. */
  managed_buffer = true
  /** Room for the buffer, in bytes; Infinity when only the hardware limits it. */
  dma_max: Bytes = Number.POSITIVE_INFINITY
  dma_buffer: GuestBuffer | null = null
  dma_buffer_bytes: Bytes = 0
  dma_object: ObjectId = 0
  /** Locks of links that its stream lock takes first, up to 5.0; null since f57f3df03a8e. */
  readonly link_locks: SndCore | null
  readonly self_group: SndPcmGroup
  group: SndPcmGroup
  hw_opened = false
  ref_count = 0
  mmap_count = 0
  f_flags = 0
  /** Timeout of in-kernel waits in ms, 0 for the core's own. */
  wait_time = 0
  /** Registered with the device. */
  readonly timer: SndTimer
  /** Somebody has started the timer. */
  timer_running = false
  readonly buffer_guard: BufferGuard
  readonly buffer_mutex: Mutex
  readonly sleep: WaitQueueHead
  readonly tsleep: WaitQueueHead

  constructor(pcm: SndPcm, stream: number, number: number, setup: SndPcmStreamSetup) {
    const { k } = pcm
    this.pcm = pcm
    this.k = k
    this.stream = stream
    this.number = number
    const base = `${pcm.name}${stream === SNDRV_PCM_STREAM_PLAYBACK ? 'p' : 'c'}`
    this.name = `${base}:${number}`
    const direction = stream === SNDRV_PCM_STREAM_PLAYBACK ? 'playback' : 'capture'
    this.symbolName = number === 0 ? base : this.name
    this.id = k.sim.trace.symbols.define('stream', {
      name: this.symbolName,
      kind: direction,
      group: direction,
    })
    this.ops = setup.ops
    this.hardware = setup.hardware
    this.link_locks = k.reverted.has('f57f3df03a8e') ? pcm.card.core : null
    this.self_group = new SndPcmGroup(k, this.name)
    this.self_group.substreams.push(this)
    this.group = this.self_group
    this.buffer_guard = pcm.card.core.buffer_guard
    this.buffer_mutex = new Mutex(k, '&runtime->buffer_mutex', `${this.name} buffer_mutex`)
    this.sleep = new WaitQueueHead(k, '&runtime->sleep', `${this.name} sleep`)
    this.tsleep = new WaitQueueHead(k, '&runtime->tsleep', `${this.name} tsleep`)
    this.timer = snd_pcm_timer_init(this)
  }

  /** State of the open stream. Only code that runs while it is open may ask. */
  get runtime(): SndPcmRuntime {
    return this.current as SndPcmRuntime
  }

  /** Kernel: PCM_RUNTIME_CHECK(). */
  get isOpen(): boolean {
    return this.current !== null
  }

  /** Kernel: the allocation in snd_pcm_attach_substream(). */
  attachRuntime(): void {
    const { k, id } = this
    const info = { what: 'struct snd_pcm_runtime', site: 'snd_pcm_attach_substream', stream: id }
    this.object = newObject(k, info)
    for (const lock of this.runtimeLocks()) lock.recordInit(k.current)
    this.current = new SndPcmRuntime(this)
    this.declareRuntime(this.current)
  }

  private declareRuntime(runtime: SndPcmRuntime): void {
    const { k } = this
    const name = `${this.symbolName} runtime`
    declareShared(k, runtime, name, ['delay'])
    declareShared(k, runtime.status, `${name}->status`, ['hw_ptr'])
    declareShared(k, runtime.control, `${name}->control`, ['appl_ptr'])
  }

  /** Kernel: snd_pcm_detach_substream(). */
  detachRuntime(): void {
    this.current?.private_free?.()
    this.current = null
    kfree(this.k, this.object, 'snd_pcm_detach_substream', this.runtimeLocks())
  }

  private runtimeLocks(): LockBase[] {
    return [this.sleep.lock, this.tsleep.lock, this.buffer_mutex]
  }
}

/** One direction of a PCM. */
export interface SndPcmStreamSetup {
  readonly ops: SndPcmOps
  readonly hardware: SndPcmHardware
  /** Number of substreams, 1 when absent. */
  readonly count?: number
}

export interface SndPcmOptions {
  /** The stream lock is a mutex and callbacks may sleep. */
  readonly nonatomic?: boolean
  readonly playback?: SndPcmStreamSetup
  readonly capture?: SndPcmStreamSetup
  /** Bits of xrun_debug (XRUN_DEBUG_*); 0 by default, as in the kernel. */
  readonly xrun_debug?: number
  /** Print debug-level lines too (dynamic debug); off by default, as in the kernel. */
  readonly debug?: boolean
}

export class SndPcm {
  readonly k: Kernel
  readonly card: SndCard
  readonly device: number
  /** As in log lines, without direction: pcmC0D0. */
  readonly name: string
  readonly nonatomic: boolean
  /** What stands in /proc/asound/cardN/pcmN/xrun_debug; may be written at any time. */
  xrun_debug: number
  readonly debug: boolean
  readonly playback: readonly SndPcmSubstream[]
  readonly capture: readonly SndPcmSubstream[]
  readonly open_mutex: Mutex
  readonly open_wait: WaitQueueHead
  private_data: unknown = null

  constructor(card: SndCard, device: number, options: SndPcmOptions) {
    this.k = card.k
    this.card = card
    this.device = device
    this.name = `pcmC${card.number}D${device}`
    this.nonatomic = options.nonatomic ?? false
    this.xrun_debug = options.xrun_debug ?? 0
    this.debug = options.debug ?? false
    this.open_mutex = new Mutex(this.k, '&pcm->open_mutex', `${this.name} open_mutex`)
    this.open_wait = new WaitQueueHead(this.k, '&pcm->open_wait', `${this.name} open_wait`)
    this.playback = this.substreams(SNDRV_PCM_STREAM_PLAYBACK, options.playback)
    this.capture = this.substreams(SNDRV_PCM_STREAM_CAPTURE, options.capture)
  }

  private substreams(stream: number, setup: SndPcmStreamSetup | undefined): SndPcmSubstream[] {
    if (setup === undefined) return []
    const numbers = Array.from({ length: setup.count ?? 1 }, (_, i) => i)
    return numbers.map((number) => new SndPcmSubstream(this, stream, number, setup))
  }

  /** Substreams of one direction. */
  streams(stream: number): readonly SndPcmSubstream[] {
    return stream === SNDRV_PCM_STREAM_PLAYBACK ? this.playback : this.capture
  }
}

/** Makes a PCM device of a card. Kernel: snd_pcm_new(), sound/core/pcm.c. */
export function snd_pcm_new(card: SndCard, device: number, options: SndPcmOptions): SndPcm {
  const pcm = new SndPcm(card, device, options)
  card.pcms.push(pcm)
  return pcm
}

/** Whether other streams share its group. Kernel: snd_pcm_stream_linked(), include/sound/pcm.h. */
export function snd_pcm_stream_linked(substream: SndPcmSubstream): boolean {
  return substream.group !== substream.self_group
}

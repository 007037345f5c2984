/**
 * The state of an open substream, and the inline helpers of include/sound/pcm.h on it. Pointers are
 * absolute frame counts modulo `boundary`; the model is of a 32-bit kernel, so that they stay below
 * 2^31. Sizes are frames, times jiffies where the name says so.
 */
import type { Bytes, Frames, Ns } from '../../base/units.ts'
import type { Mutex } from '../linux/mutex.ts'
import type { WaitQueueHead } from '../linux/wait.ts'
import type { GuestBuffer } from '../machine/guest-buffer.ts'
import type { SndFasync } from './misc.ts'
import type { SndPcmHardware, SndPcmSubstream } from './pcm.ts'
import {
  SNDRV_PCM_STATE_DRAINING,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_RUNNING,
  SNDRV_PCM_STREAM_PLAYBACK,
  SNDRV_PCM_TSTAMP_NONE,
} from './pcm_constants.ts'
import { SndPcmHwConstraints } from './pcm_refine.ts'
import { SndPcmTimeInfo } from './pcm_tstamp.ts'

/** The page that user space may map read-only. Kernel: struct snd_pcm_mmap_status. */
export class SndPcmMmapStatus {
  state = SNDRV_PCM_STATE_OPEN
  hw_ptr: Frames = 0
  tstamp: Ns = 0
  audio_tstamp: Ns = 0
  suspended_state = SNDRV_PCM_STATE_OPEN
}

/** The page that user space may map writable. Kernel: struct snd_pcm_mmap_control. */
export class SndPcmMmapControl {
  appl_ptr: Frames = 0
  avail_min: Frames = 0
}

/** Kernel: struct snd_pcm_runtime. */
export class SndPcmRuntime {
  readonly status = new SndPcmMmapStatus()
  readonly control = new SndPcmMmapControl()
  state = SNDRV_PCM_STATE_OPEN
  suspended_state = SNDRV_PCM_STATE_OPEN
  readonly stream: number
  trigger_master: SndPcmSubstream | null = null
  trigger_tstamp: Ns = 0
  trigger_tstamp_latched = false
  driver_tstamp: Ns = 0
  readonly timeInfo = new SndPcmTimeInfo()

  hw: SndPcmHardware
  /** Rules of refinement. */
  hw_constraints = new SndPcmHwConstraints()
  access = 0
  format = 0
  rate = 0
  channels = 0
  info = 0
  frame_bits = 0
  sample_bits = 0
  min_align: Frames = 1
  period_size: Frames = 0
  periods = 0
  buffer_size: Frames = 0
  no_period_wakeup = false

  tstamp_mode = SNDRV_PCM_TSTAMP_NONE
  period_step = 1
  start_threshold: Frames = 0
  stop_threshold: Frames = 0
  silence_threshold: Frames = 0
  silence_size: Frames = 0
  silence_start: Frames = 0
  silence_filled: Frames = 0
  boundary: Frames = 0

  hw_ptr_base: Frames = 0
  hw_ptr_interrupt: Frames = 0
  hw_ptr_wrap: Frames = 0
  hw_ptr_jiffies = 0
  hw_ptr_buffer_jiffies = 0
  avail_max: Frames = 0
  /** Capture overruns that a driver has counted since the last STATUS. */
  overrange = 0
  twake: Frames = 0
  /** Frames beyond the ring that the driver reports. */
  delay: Frames = 0
  readonly sleep: WaitQueueHead
  readonly tsleep: WaitQueueHead
  stop_operating = false
  readonly buffer_mutex: Mutex
  /** Positive: copies in flight; negative: parameters are being changed. */
  buffer_accessing = 0
  dma_area: GuestBuffer | null = null
  dma_bytes: Bytes = 0
  /** Clients that want SIGIO. */
  fasync: SndFasync | null = null
  /** 6.12: number of xruns since open. */
  xrun_counter = 0
  private_data: unknown = null
  /** Gives private_data back, when the stream has been closed. */
  private_free: (() => void) | null = null
  /** Ours: the last update took a late interrupt for a lost ring pass. */
  tookFalseWrap = false

  constructor(substream: SndPcmSubstream) {
    this.stream = substream.stream
    this.hw = substream.hardware
    this.sleep = substream.sleep
    this.tsleep = substream.tsleep
    this.buffer_mutex = substream.buffer_mutex
  }
}

/** Kernel: snd_pcm_running(): RUNNING, or DRAINING playback. */
export function snd_pcm_running(substream: SndPcmSubstream): boolean {
  const { state } = substream.runtime
  if (state === SNDRV_PCM_STATE_RUNNING) return true
  return state === SNDRV_PCM_STATE_DRAINING && substream.stream === SNDRV_PCM_STREAM_PLAYBACK
}

/** Frames that may be written. Kernel: snd_pcm_playback_avail(). */
export function snd_pcm_playback_avail(runtime: SndPcmRuntime): Frames {
  const avail = runtime.status.hw_ptr + runtime.buffer_size - runtime.control.appl_ptr
  if (avail < 0) return avail + runtime.boundary
  return avail >= runtime.boundary ? avail - runtime.boundary : avail
}

/** Frames that may be read. Kernel: snd_pcm_capture_avail(). */
export function snd_pcm_capture_avail(runtime: SndPcmRuntime): Frames {
  const avail = runtime.status.hw_ptr - runtime.control.appl_ptr
  return avail < 0 ? avail + runtime.boundary : avail
}

/** Kernel: snd_pcm_avail(), sound/core/pcm_local.h. */
export function snd_pcm_avail(substream: SndPcmSubstream): Frames {
  const { runtime } = substream
  return runtime.stream === SNDRV_PCM_STREAM_PLAYBACK
    ? snd_pcm_playback_avail(runtime)
    : snd_pcm_capture_avail(runtime)
}

/** Frames queued for the device; negative once the device has passed the application. */
export function snd_pcm_playback_hw_avail(runtime: SndPcmRuntime): Frames {
  return runtime.buffer_size - snd_pcm_playback_avail(runtime)
}

/** Room that the device may still fill. Kernel: snd_pcm_capture_hw_avail(). */
export function snd_pcm_capture_hw_avail(runtime: SndPcmRuntime): Frames {
  return runtime.buffer_size - snd_pcm_capture_avail(runtime)
}

/** Kernel: snd_pcm_hw_avail(), sound/core/pcm_local.h. */
export function snd_pcm_hw_avail(substream: SndPcmSubstream): Frames {
  return substream.runtime.buffer_size - snd_pcm_avail(substream)
}

/** Whether there is something to play. Kernel: snd_pcm_playback_data(). */
export function snd_pcm_playback_data(runtime: SndPcmRuntime): boolean {
  if (runtime.stop_threshold >= runtime.boundary) return true
  return snd_pcm_playback_avail(runtime) < runtime.buffer_size
}

/** Kernel: snd_pcm_playback_empty(). */
export function snd_pcm_playback_empty(runtime: SndPcmRuntime): boolean {
  return snd_pcm_playback_avail(runtime) >= runtime.buffer_size
}

/** Kernel: snd_pcm_capture_empty(). */
export function snd_pcm_capture_empty(runtime: SndPcmRuntime): boolean {
  return snd_pcm_capture_avail(runtime) === 0
}

/** Kernel: frames_to_bytes(). */
export function frames_to_bytes(runtime: SndPcmRuntime, frames: Frames): Bytes {
  return (frames * runtime.frame_bits) / 8
}

/** Kernel: bytes_to_frames(). */
export function bytes_to_frames(runtime: SndPcmRuntime, bytes: Bytes): Frames {
  return Math.floor((bytes * 8) / runtime.frame_bits)
}

export function snd_pcm_lib_buffer_bytes(substream: SndPcmSubstream): Bytes {
  return frames_to_bytes(substream.runtime, substream.runtime.buffer_size)
}

export function snd_pcm_lib_period_bytes(substream: SndPcmSubstream): Bytes {
  return frames_to_bytes(substream.runtime, substream.runtime.period_size)
}

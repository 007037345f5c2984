/**
 * Setting and clearing the hardware parameters of a stream. Mirrors snd_pcm_hw_params() and
 * snd_pcm_hw_free() of sound/core/pcm_native.c, 6.1 and 6.12. Sizes are frames.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import { T } from '../../sim/trace.ts'
import { EBADFD } from '../linux/errno.ts'
import type { SndPcmSubstream } from './pcm.ts'
import { snd_pcm_set_state } from './pcm_action.ts'
import {
  LONG_MAX,
  Op,
  SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP,
  SNDRV_PCM_INFO_NO_PERIOD_WAKEUP,
  SNDRV_PCM_STATE_OPEN,
  SNDRV_PCM_STATE_PREPARED,
  SNDRV_PCM_STATE_SETUP,
  SNDRV_PCM_TSTAMP_NONE,
} from './pcm_constants.ts'
import { snd_pcm_format_physical_width } from './pcm_format.ts'
import {
  snd_pcm_buffer_access_lock,
  snd_pcm_buffer_access_unlock,
  snd_pcm_stream_lock_irq,
  snd_pcm_stream_unlock_irq,
} from './pcm_locking.ts'
import { snd_pcm_lib_free_pages, snd_pcm_lib_malloc_pages } from './pcm_memory.ts'
import { recorded, snd_pcm_sync_stop } from './pcm_ops.ts'
import {
  params_access,
  params_buffer_bytes,
  params_buffer_size,
  params_channels,
  params_format,
  params_period_size,
  params_periods,
  params_rate,
  type SndPcmHwParams,
} from './pcm_params.ts'
import { RMASK_ALL, snd_pcm_hw_params_choose, snd_pcm_hw_refine } from './pcm_refine.ts'
import type { SndPcmRuntime } from './pcm_runtime.ts'

const BITS_PER_BYTE = 8

/** Whether parameters may be set, or only cleared, in the present state. Return: 0 or -EBADFD. */
function* checkState(substream: SndPcmSubstream, open: boolean): Proc<number> {
  const { runtime } = substream
  yield* snd_pcm_stream_lock_irq(substream)
  const { state } = runtime
  const allowed =
    (open && state === SNDRV_PCM_STATE_OPEN) ||
    state === SNDRV_PCM_STATE_SETUP ||
    state === SNDRV_PCM_STATE_PREPARED
  const err = allowed && substream.mmap_count === 0 ? 0 : -EBADFD
  yield* snd_pcm_stream_unlock_irq(substream)
  return err
}

/**
 * Sets the hardware parameters; what `params` leaves open is chosen, and stands in it afterwards.
 *
 * Kernel: snd_pcm_hw_params(). Context: process. Locks: buffer_mutex; ops->hw_params may sleep.
 * Return: 0, -EBUSY while a copy is in flight, -EBADFD, -EINVAL, -ENOMEM or the driver's error.
 */
export function* snd_pcm_hw_params(
  substream: SndPcmSubstream,
  params: SndPcmHwParams,
): Proc<number> {
  let err = yield* snd_pcm_buffer_access_lock(substream, 'params')
  if (err < 0) return err
  err = yield* checkState(substream, true)
  if (err >= 0) {
    yield* snd_pcm_sync_stop(substream)
    err = yield* applyParams(substream, params)
    if (err < 0) yield* abandonParams(substream)
  }
  yield* snd_pcm_buffer_access_unlock(substream, 'params')
  return err
}

/** From the refinement on: an error here leaves the stream in OPEN. */
function* applyParams(substream: SndPcmSubstream, params: SndPcmHwParams): Proc<number> {
  const { runtime, ops, k } = substream
  params.rmask = RMASK_ALL
  let err = yield* snd_pcm_hw_refine(substream, params)
  if (err >= 0) err = yield* snd_pcm_hw_params_choose(substream, params)
  if (err < 0) return err
  const buffer_size = params_buffer_size(params)
  if (substream.managed_buffer) {
    err = yield* snd_pcm_lib_malloc_pages(substream, params_buffer_bytes(params), buffer_size)
    if (err < 0) return err
  }
  const { hw_params } = ops
  if (hw_params !== undefined) {
    const call = (): Proc<number> => hw_params.call(ops, substream, params)
    err = yield* recorded(substream, Op.hw_params, call)
    if (err < 0) return err
  }
  storeHwParams(runtime, params)
  setSwDefaults(runtime)
  if (ops.copy === undefined) runtime.dma_area?.reset(buffer_size, k.sim.now)
  const frameBytes = runtime.frame_bits / BITS_PER_BYTE
  const { rate, channels, period_size } = runtime
  k.emit(
    T.snd_pcm_hw_params,
    substream.id,
    rate,
    channels,
    frameBytes,
    period_size,
    runtime.buffer_size,
  )
  yield* snd_pcm_set_state(substream, SNDRV_PCM_STATE_SETUP)
  return 0
}

/** The device may be unusable: the application has to set parameters again. */
function* abandonParams(substream: SndPcmSubstream): Proc {
  yield* snd_pcm_set_state(substream, SNDRV_PCM_STATE_OPEN)
  yield* callHwFree(substream)
  if (substream.managed_buffer) snd_pcm_lib_free_pages(substream)
}

function storeHwParams(runtime: SndPcmRuntime, params: SndPcmHwParams): void {
  runtime.access = params_access(params)
  runtime.format = params_format(params)
  runtime.channels = params_channels(params)
  runtime.rate = params_rate(params)
  runtime.period_size = params_period_size(params)
  runtime.periods = params_periods(params)
  runtime.buffer_size = params_buffer_size(params)
  runtime.info = params.info
  runtime.no_period_wakeup =
    (params.info & SNDRV_PCM_INFO_NO_PERIOD_WAKEUP) !== 0 &&
    (params.flags & SNDRV_PCM_HW_PARAMS_NO_PERIOD_WAKEUP) !== 0
  runtime.sample_bits = snd_pcm_format_physical_width(runtime.format)
  runtime.frame_bits = runtime.sample_bits * runtime.channels
  let frames: Frames = 1
  while ((runtime.frame_bits * frames) % BITS_PER_BYTE !== 0) frames *= 2
  runtime.min_align = frames
}

/** The software parameters that new hardware parameters bring. */
function setSwDefaults(runtime: SndPcmRuntime): void {
  runtime.tstamp_mode = SNDRV_PCM_TSTAMP_NONE
  runtime.period_step = 1
  runtime.control.avail_min = runtime.period_size
  runtime.start_threshold = 1
  runtime.stop_threshold = runtime.buffer_size
  runtime.silence_threshold = 0
  runtime.silence_size = 0
  runtime.boundary = boundaryOf(runtime.buffer_size)
}

/** Where pointers wrap: the buffer size doubled while it fits into a 32-bit kernel's long. */
export function boundaryOf(buffer_size: Frames): Frames {
  let boundary = buffer_size
  while (boundary * 2 <= LONG_MAX - buffer_size) boundary *= 2
  return boundary
}

function* callHwFree(substream: SndPcmSubstream): Proc<number> {
  const { ops } = substream
  const { hw_free } = ops
  if (hw_free === undefined) return 0
  return yield* recorded(substream, Op.hw_free, () => hw_free.call(ops, substream))
}

/**
 * Gives the buffer and the driver's resources back.
 *
 * Kernel: do_hw_free(). Context: process; on close without buffer_mutex. Return: ops->hw_free's.
 */
export function* do_hw_free(substream: SndPcmSubstream): Proc<number> {
  yield* snd_pcm_sync_stop(substream)
  const err = yield* callHwFree(substream)
  if (substream.managed_buffer) snd_pcm_lib_free_pages(substream)
  return err
}

/**
 * Kernel: snd_pcm_hw_free(). Context: process. Return: 0, -EBUSY, -EBADFD or the driver's error.
 */
export function* snd_pcm_hw_free(substream: SndPcmSubstream): Proc<number> {
  let err = yield* snd_pcm_buffer_access_lock(substream, 'params')
  if (err < 0) return err
  err = yield* checkState(substream, false)
  if (err >= 0) {
    err = yield* do_hw_free(substream)
    yield* snd_pcm_set_state(substream, SNDRV_PCM_STATE_OPEN)
  }
  yield* snd_pcm_buffer_access_unlock(substream, 'params')
  return err
}

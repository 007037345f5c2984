/**
 * The thresholds that a client sets, as it states them: in frames, as
 * `buffer` for as many as the buffer has, or as `boundary` for "never". What
 * it does not state stays as the kernel chose it with the hardware parameters.
 */
import type { Frames } from '../../base/units.ts'
import type { Proc } from '../../sim/process.ts'
import {
  SNDRV_PCM_SYNC_PTR_APPL,
  SNDRV_PCM_TSTAMP_ENABLE,
  SNDRV_PCM_TSTAMP_NONE,
} from '../alsa/pcm_constants.ts'
import { pcm_control_mmap_allowed } from '../alsa/pcm_mmap.ts'
import type { SndPcmFile } from '../alsa/pcm_native.ts'
import type { SndPcmRuntime } from '../alsa/pcm_runtime.ts'
import { currentSwParams, type SndPcmSwParams } from '../alsa/pcm_sw_params.ts'
import { SndPcmSyncPtr } from '../alsa/pcm_sync_ptr.ts'
import { sys_sw_params, sys_sync_ptr } from './syscall.ts'

export type Threshold = Frames | 'buffer' | 'boundary'

export interface Thresholds {
  readonly start_threshold?: Threshold
  readonly stop_threshold?: Threshold
  readonly avail_min?: Frames
  readonly silence_threshold?: Frames
  readonly silence_size?: Threshold
}

function framesOf(runtime: SndPcmRuntime, size: Threshold): Frames {
  if (size === 'boundary') return runtime.boundary
  return size === 'buffer' ? runtime.buffer_size : size
}

/** The parameters of an open stream with a client's thresholds in them. */
export function swParamsOf(runtime: SndPcmRuntime, wanted: Thresholds): SndPcmSwParams {
  const params = currentSwParams(runtime)
  params.avail_min = wanted.avail_min ?? params.avail_min
  params.start_threshold = framesOf(runtime, wanted.start_threshold ?? params.start_threshold)
  params.stop_threshold = framesOf(runtime, wanted.stop_threshold ?? params.stop_threshold)
  params.silence_threshold = wanted.silence_threshold ?? params.silence_threshold
  params.silence_size = framesOf(runtime, wanted.silence_size ?? params.silence_size)
  return params
}

/** Sets a client's thresholds, and whether the pointer is stamped. Return: 0 or -errno. */
export function setSwParams(file: SndPcmFile, wanted: Thresholds, tstamp?: boolean): Proc<number> {
  const params = swParamsOf(file.substream.runtime, wanted)
  if (tstamp !== undefined) {
    params.tstamp_mode = tstamp ? SNDRV_PCM_TSTAMP_ENABLE : SNDRV_PCM_TSTAMP_NONE
  }
  return sys_sw_params(file, params)
}

/**
 * Changes avail_min and nothing else, for which the library spares the SW_PARAMS ioctl: it stores
 * into the control page where that is mapped, else one SYNC_PTR ioctl takes the value along.
 *
 * Library: snd_pcm_sw_params(), alsa-lib 1.2 (hw plugin). Return: 0 or -errno.
 */
export function* setAvailMin(file: SndPcmFile, avail_min: Frames): Proc<number> {
  const { substream } = file
  if (pcm_control_mmap_allowed(substream)) {
    substream.runtime.control.avail_min = avail_min
    return 0
  }
  const sync = new SndPcmSyncPtr()
  sync.flags = SNDRV_PCM_SYNC_PTR_APPL
  sync.avail_min = avail_min
  return yield* sys_sync_ptr(file, sync)
}

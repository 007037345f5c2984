/**
 * What SET_PARAMS carries, taken from a request of the core or from an open stream. Sizes: bytes.
 * Ours: the kernel has these lines inside virtsnd_pcm_hw_params() and its like.
 */
import type { Bytes } from '../../../base/units.ts'
import type { SndPcmSubstream } from '../../alsa/pcm.ts'
import {
  params_buffer_bytes,
  params_channels,
  params_format,
  params_period_bytes,
  params_periods,
  params_rate,
  type SndPcmHwParams,
} from '../../alsa/pcm_params.ts'
import { snd_pcm_lib_buffer_bytes, snd_pcm_lib_period_bytes } from '../../alsa/pcm_runtime.ts'
import type { VirtioSndControl } from '../../virtio/virtio_snd.ts'
import { formatToVirtio, rateToVirtio } from './virtio_pcm_hw.ts'

export interface DeviceParams {
  readonly format: number
  readonly channels: number
  readonly rate: number
  readonly buffer_bytes: Bytes
  readonly period_bytes: Bytes
  readonly periods: number
}

export function requestedParams(params: SndPcmHwParams): DeviceParams {
  return {
    format: params_format(params),
    channels: params_channels(params),
    rate: params_rate(params),
    buffer_bytes: params_buffer_bytes(params),
    period_bytes: params_period_bytes(params),
    periods: params_periods(params),
  }
}

export function runtimeParams(substream: SndPcmSubstream): DeviceParams {
  const { format, channels, rate, periods } = substream.runtime
  return {
    format,
    channels,
    rate,
    buffer_bytes: snd_pcm_lib_buffer_bytes(substream),
    period_bytes: snd_pcm_lib_period_bytes(substream),
    periods,
  }
}

/** Whether the protocol has numbers for the format and the rate. */
export function isMappable(params: DeviceParams): boolean {
  return formatToVirtio(params.format) >= 0 && rateToVirtio(params.rate) >= 0
}

/** Fills in a SET_PARAMS request. */
export function fillRequest(request: VirtioSndControl, params: DeviceParams): void {
  request.buffer_bytes = params.buffer_bytes
  request.period_bytes = params.period_bytes
  request.channels = params.channels
  request.format = formatToVirtio(params.format)
  request.rate = rateToVirtio(params.rate)
}

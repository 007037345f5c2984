/**
 * What the sound hardware allows: the virtio-snd driver's constraints for the capabilities that the
 * QEMU device reports. Integer divisions are the kernel's.
 *
 * Kernel: sound/virtio/virtio_pcm.c, virtsnd_pcm_build_hw(). Device: QEMU hw/audio/virtio-snd.c.
 * Sizes are bytes unless named otherwise.
 */
import { LOOPBACK_PCM_DEVICES, LOOPBACK_PCM_HARDWARE } from '../model/guest/aloop/aloop_hardware.ts'
import { IDEAL_HARDWARE } from '../model/guest/ideal/ideal_hardware.ts'
import { PCSP_FORMATS, SND_PCSP_PLAYBACK } from '../model/guest/pcsp/pcsp_hardware.ts'
import { SOF_FORMATS, SOF_PCM_HARDWARE } from '../model/guest/soundwire/sof_sdw_hardware.ts'
import { XEN_SND_LIMITS } from '../model/guest/xen-snd/xen_snd_limits.ts'
import { GENERIC_DEFAULTS } from '../model/host/generic/options.ts'
import type { DeviceSpec } from './device-spec.ts'
import type { DriverOptions, DriverSpec } from './spec.ts'

/** ALSA's format names that the QEMU device knows, with the bytes of one sample. */
export const sampleBytes: Readonly<Record<string, number>> = {
  S8: 1,
  U8: 1,
  S16_LE: 2,
  U16_LE: 2,
  S32_LE: 4,
  U32_LE: 4,
  FLOAT_LE: 4,
}

export const pcmFormats: readonly string[] = Object.keys(sampleBytes)

export const pcmRates: readonly number[] = [
  5_512, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400,
  192_000, 384_000,
]

export const channelsMax = 2
const pageBytes = 4_096
const widestSampleBytes = 4

export interface PcmLimits {
  readonly periodBytesMin: number
  readonly periodBytesMax: number
  readonly bufferBytesMax: number
  readonly periodsMin: number
  readonly periodsMax: number
  /** The pointer moves by whole periods only (SNDRV_PCM_INFO_BATCH). */
  readonly batch: boolean
  /** PCM devices of the card. */
  readonly pcmDevices: number
  /** A card with one rate and nothing to record, which knows few formats. */
  readonly only: OnlyLimits | null
}

export interface OnlyLimits {
  readonly rate: number
  readonly channels: number
  readonly formats: readonly string[]
}

/** What a device says of itself, as far as the driver's constraints follow from it. */
interface Capabilities {
  readonly slowestHz: number
  readonly fastestHz: number
  readonly channels: number
}

const qemuDevice: Capabilities = { slowestHz: 5_512, fastestHz: 384_000, channels: channelsMax }

/** The generic device's, unless it is QEMU's. */
function capabilities({ kind }: DeviceSpec): Capabilities {
  if (kind === 'qemu') return qemuDevice
  const { rates, channelsMax: channels } = GENERIC_DEFAULTS
  return { slowestHz: Math.min(...rates), fastestHz: Math.max(...rates), channels }
}

const pcspOnly: OnlyLimits = {
  rate: SND_PCSP_PLAYBACK.rate_max,
  channels: SND_PCSP_PLAYBACK.channels_max,
  formats: PCSP_FORMATS,
}

const sofOnly: OnlyLimits = {
  rate: SOF_PCM_HARDWARE.rate_max,
  channels: SOF_PCM_HARDWARE.channels_max,
  formats: SOF_FORMATS,
}

/** What a driver's constraints allow. */
export function pcmLimits({ kind, options, soundwire }: DriverSpec, device: DeviceSpec): PcmLimits {
  switch (kind) {
    case 'ideal':
      return hardwareLimits(IDEAL_HARDWARE)
    case 'aloop':
      return { ...hardwareLimits(LOOPBACK_PCM_HARDWARE), pcmDevices: LOOPBACK_PCM_DEVICES }
    case 'pcsp':
      return { ...hardwareLimits(SND_PCSP_PLAYBACK), only: pcspOnly }
    case 'soundwire': {
      const pcmDevices = soundwire.dai_links.length
      return { ...hardwareLimits(SOF_PCM_HARDWARE), pcmDevices, only: sofOnly }
    }
    case 'xen-snd':
      return { ...hardwareLimits(XEN_SND_LIMITS), batch: true }
    case 'virtio-snd':
      return virtioLimits(options, capabilities(device))
  }
}

/** Limits in bytes, by the kernel's names. */
interface Hardware {
  readonly period_bytes_min: number
  readonly period_bytes_max: number
  readonly buffer_bytes_max: number
  readonly periods_min: number
  readonly periods_max: number
}

function hardwareLimits(hw: Hardware): PcmLimits {
  return {
    batch: false,
    pcmDevices: 1,
    only: null,
    periodBytesMin: hw.period_bytes_min,
    periodBytesMax: hw.period_bytes_max,
    bufferBytesMax: hw.buffer_bytes_max,
    periodsMin: hw.periods_min,
    periodsMax: hw.periods_max,
  }
}

function virtioLimits(options: DriverOptions, device: Capabilities): PcmLimits {
  const slowestKhz = Math.floor(device.slowestHz / 1_000)
  const fastestKhz = Math.floor(device.fastestHz / 1_000)
  const widest = widestSampleBytes * device.channels * fastestKhz
  return {
    periodBytesMin: options.pcm_period_ms_min * slowestKhz,
    periodBytesMax: widest * options.pcm_period_ms_max,
    bufferBytesMax: Math.ceil((widest * options.pcm_buffer_ms) / pageBytes) * pageBytes,
    periodsMin: options.pcm_periods_min,
    periodsMax: options.pcm_periods_max,
    batch: true,
    pcmDevices: 1,
    only: null,
  }
}

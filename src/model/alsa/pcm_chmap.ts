/**
 * The control of a PCM stream that says where its channels are heard. Positions are names.
 *
 * Kernel: sound/core/pcm_lib.c, snd_pcm_add_chmap_ctls(), 6.1 and 6.12. Left out: setting a map.
 */
import type { Proc } from '../../sim/process.ts'
import { EINVAL, ENOMEM } from '../linux/errno.ts'
import {
  SNDRV_CTL_ELEM_ACCESS_READ,
  SNDRV_CTL_ELEM_ACCESS_TLV_READ,
  SNDRV_CTL_ELEM_ACCESS_VOLATILE,
  SNDRV_CTL_ELEM_IFACE_PCM,
  type SndCtlElemValue,
  snd_ctl_add,
  snd_ctl_new1,
} from './control.ts'
import type { SndPcm } from './pcm.ts'
import { SNDRV_PCM_STREAM_PLAYBACK } from './pcm_constants.ts'

/** SNDRV_CHMAP_*: a number a position. Kernel: enum snd_pcm_chmap_position. */
const POSITIONS = [
  ...['UNKNOWN', 'NA', 'MONO', 'FL', 'FR', 'RL', 'RR', 'FC', 'LFE', 'SL', 'SR', 'RC', 'FLC'],
  ...['FRC', 'RLC', 'RRC', 'FLW', 'FRW', 'FLH', 'FCH', 'FRH', 'TC', 'TFL', 'TFR', 'TFC', 'TRL'],
  ...['TRR', 'TRC', 'TFLC', 'TFRC', 'TSL', 'TSR', 'LLFE', 'RLFE', 'BC', 'BLC', 'BRC'],
] as readonly string[]

/** Where each channel is, of as many channels as there are positions. */
export type SndPcmChmapElem = readonly string[]

/**
 * Kernel: snd_pcm_add_chmap_ctls(). Context: process. Return: 0 or -errno; -EINVAL for a position
 * that ALSA has no number for.
 */
export function* snd_pcm_add_chmap_ctls(
  pcm: SndPcm,
  stream: number,
  chmaps: readonly SndPcmChmapElem[],
): Proc<number> {
  const numbers = chmaps.map((map) => map.map((name) => POSITIONS.indexOf(name)))
  if (numbers.some((map) => map.includes(-1))) return -EINVAL
  const count = Math.max(...chmaps.map((map) => map.length))
  const type = stream === SNDRV_PCM_STREAM_PLAYBACK ? 'Playback' : 'Capture'
  const kctl = yield* snd_ctl_new1(pcm.card, {
    iface: SNDRV_CTL_ELEM_IFACE_PCM,
    device: pcm.device,
    name: `${type} Channel Map`,
    index: 0,
    access:
      SNDRV_CTL_ELEM_ACCESS_READ | SNDRV_CTL_ELEM_ACCESS_TLV_READ | SNDRV_CTL_ELEM_ACCESS_VOLATILE,
    private_value: stream,
    info: () => ({ type: 'integer', count, min: 0, max: POSITIONS.length - 1, step: 0, items: [] }),
    get: (_kctl, value) => pcm_chmap_ctl_get(pcm, stream, numbers, count, value),
    tlv: pcm_chmap_ctl_tlv,
  })
  return kctl === null ? -ENOMEM : yield* snd_ctl_add(pcm.card, kctl)
}

/** Kernel: pcm_chmap_ctl_get(): of the map that fits the open stream; zeros while none is. */
function* pcm_chmap_ctl_get(
  pcm: SndPcm,
  stream: number,
  chmaps: readonly (readonly number[])[],
  count: number,
  value: SndCtlElemValue,
): Proc<number> {
  const [substream] = pcm.streams(stream)
  value.value = Array<number>(count).fill(0)
  if (substream === undefined || !substream.isOpen || substream.runtime.channels === 0) return 0
  const map = chmaps.find((one) => one.length === substream.runtime.channels)
  if (map === undefined) return -EINVAL
  value.value = [...map, ...Array<number>(count - map.length).fill(0)]
  return 0
}

/** Kernel: pcm_chmap_ctl_tlv(): all maps, out of memory that the core has. */
function* pcm_chmap_ctl_tlv(): Proc<number> {
  return 0
}

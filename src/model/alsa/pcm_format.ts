/**
 * Sample formats: numbers as in uapi/sound/asound.h, with the bits that one sample occupies in
 * memory. Names drop the prefix SNDRV_PCM_FORMAT_.
 */

/** Format name to number. */
export const SNDRV_PCM_FORMATS = {
  S8: 0,
  U8: 1,
  S16_LE: 2,
  S16_BE: 3,
  U16_LE: 4,
  U16_BE: 5,
  S24_LE: 6,
  S24_BE: 7,
  U24_LE: 8,
  U24_BE: 9,
  S32_LE: 10,
  S32_BE: 11,
  U32_LE: 12,
  U32_BE: 13,
  FLOAT_LE: 14,
  FLOAT_BE: 15,
  FLOAT64_LE: 16,
  FLOAT64_BE: 17,
  IEC958_SUBFRAME_LE: 18,
  IEC958_SUBFRAME_BE: 19,
  MU_LAW: 20,
  A_LAW: 21,
  IMA_ADPCM: 22,
  S20_LE: 25,
  S20_BE: 26,
  U20_LE: 27,
  U20_BE: 28,
  S24_3LE: 32,
  S24_3BE: 33,
  U24_3LE: 34,
  U24_3BE: 35,
  S20_3LE: 36,
  S20_3BE: 37,
  U20_3LE: 38,
  U20_3BE: 39,
  S18_3LE: 40,
  S18_3BE: 41,
  U18_3LE: 42,
  U18_3BE: 43,
  DSD_U8: 48,
  DSD_U16_LE: 49,
  DSD_U32_LE: 50,
} as const
export type PcmFormatName = keyof typeof SNDRV_PCM_FORMATS

/** Number of formats that a mask has room for. */
export const FORMATS_MAX = 64

const PHYSICAL_BITS: readonly number[] = physicalBits()

function physicalBits(): number[] {
  const bits = new Array<number>(FORMATS_MAX).fill(0)
  for (const [name, number] of Object.entries(SNDRV_PCM_FORMATS)) bits[number] = bitsOf(name)
  return bits
}

function bitsOf(name: string): number {
  if (name === 'IMA_ADPCM') return 4
  if (/_3[LB]E$/.test(name)) return 24
  if (/FLOAT64/.test(name)) return 64
  if (/32|FLOAT|24|20|IEC958/.test(name)) return 32
  return /16/.test(name) ? 16 : 8
}

/**
 * Bits of one sample in memory.
 *
 * Kernel: snd_pcm_format_physical_width(), sound/core/pcm_misc.c. Return: bits, 0 if unknown.
 */
export function snd_pcm_format_physical_width(format: number): number {
  return PHYSICAL_BITS[format] ?? 0
}

/** Number of a format given by name, -1 if there is none of that name. */
export function snd_pcm_format_value(name: string): number {
  return name in SNDRV_PCM_FORMATS ? SNDRV_PCM_FORMATS[name as PcmFormatName] : -1
}
